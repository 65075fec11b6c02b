// The page reads without this; it adds the text filter, counts, and keyboard shortcuts.
(() => {
  "use strict";
  const form = document.getElementById("filters");
  const find = document.getElementById("find");
  const found = document.getElementById("found");
  const nothing = document.getElementById("nothing");
  const articles = new Map([...document.querySelectorAll("article.claim")].map((article) => [article.id, article]));
  const claims = [...document.querySelectorAll("tr[data-claim]")].map((row) => {
    const article = articles.get(row.dataset.claim);
    return { row, article, text: (row.textContent + " " + article.textContent).toLowerCase() };
  });

  const apply = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const claim of claims) {
      const hidden = !words.every((word) => claim.text.includes(word));
      claim.row.hidden = hidden;
      claim.article.hidden = hidden;
    }
    // The verdict filter is the style sheet's; what it hides has no box.
    const visible = claims.filter((claim) => claim.row.getClientRects().length > 0).length;
    found.textContent = `${visible} of ${claims.length} claims`;
    nothing.hidden = visible > 0;
    for (const part of document.querySelectorAll(".document-overview")) {
      part.hidden = false;
      part.hidden = ![...part.querySelectorAll("tr[data-claim]")].some((row) => row.getClientRects().length > 0);
    }
  };

  // A link to a hidden claim would lead nowhere.
  const reveal = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    const claim = target && target.closest("article.claim");
    if (claim && claim.getClientRects().length === 0) {
      form.reset();
      apply();
      target.scrollIntoView();
    }
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", apply);
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  window.addEventListener("hashchange", reveal);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      find.focus();
    } else if (event.key === "Escape" && event.target === find) {
      form.reset();
      find.blur();
    }
  });
  // Paper has no way to open what is folded.
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const details of folded) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
  });
  document.querySelector(".find").hidden = false;
  apply();
  reveal();
})();
