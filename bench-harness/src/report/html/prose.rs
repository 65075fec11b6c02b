//! Prose as HTML: notes written in Markdown, and our own sentences with code in backticks.

use minijinja::HtmlEscape;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// Markdown as HTML. HTML in it is shown as text; links and images shrink to their text, so that the page
/// refers to nothing outside and runs nothing.
pub(super) fn markdown(text: &str) -> String {
    let events =
        Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).filter_map(|event| {
            match event {
                Event::Html(raw) | Event::InlineHtml(raw) => {
                    Some(Event::Text(CowStr::from(raw.into_string())))
                }
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock)
                | Event::End(TagEnd::Link | TagEnd::Image | TagEnd::HtmlBlock) => None,
                // The page has its own outline of headings.
                Event::Start(Tag::Heading { .. }) => Some(Event::Start(Tag::Paragraph)),
                Event::End(TagEnd::Heading(_)) => Some(Event::End(TagEnd::Paragraph)),
                other => Some(other),
            }
        });
    let mut page = String::new();
    html::push_html(&mut page, events);
    page
}

/// `` run `x` `` becomes `run <code>x</code>`; everything else is escaped.
pub(super) fn code_spans(text: &str) -> String {
    text.split('`')
        .enumerate()
        .map(|(at, piece)| {
            let escaped = HtmlEscape(piece);
            if at % 2 == 1 { format!("<code>{escaped}</code>") } else { escaped.to_string() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_keeps_emphasis_and_loses_html_links_and_images() {
        let html = markdown(
            "**bold** `code` <script>x</script> [text](javascript:x) ![alt](//outside/x.png)\n\n<div onclick=x>block</div>",
        );
        assert!(html.contains("<strong>bold</strong> <code>code</code>"), "{html}");
        assert!(html.contains("&lt;script&gt;x&lt;/script&gt; text alt"), "{html}");
        assert!(html.contains("&lt;div onclick=x&gt;block"), "{html}");
        for forbidden in ["<script", "<a ", "<img", "<div", "javascript:"] {
            assert!(!html.contains(forbidden), "{forbidden} in {html}");
        }
    }

    #[test]
    fn code_spans_escape_inside_and_outside() {
        assert_eq!(code_spans("a <b> `c <d>` e"), "a &lt;b&gt; <code>c &lt;d&gt;</code> e");
        assert_eq!(code_spans("odd ` tick"), "odd <code> tick</code>");
    }
}
