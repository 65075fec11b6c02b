//! Broken workload folders: each fault gives its own error, with file, line, key, allowed values and way out.
//!
//! Every case is the sound folder `fixtures/workloads/shop` with one thing changed. The rendered errors are a
//! contract with authors, so they are snapshots.

#[path = "support/folder.rs"]
mod folder;
use folder::copy;

use std::fs;
use std::path::{Path, PathBuf};

use indexproof::commands::check::{Format, check};
use indexproof::workload;

const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/workloads/shop");

/// A snapshot of the words alone, without the Rust expression that made them.
macro_rules! snapshot {
    ($text:expr) => {{
        let text = $text;
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(text) });
    }};
}

/// A copy of the sound folder, to be broken.
struct Folder {
    root: tempfile::TempDir,
}

impl Folder {
    fn new() -> Folder {
        let folder = Folder { root: tempfile::tempdir().unwrap() };
        copy(Path::new(SHOP), &folder.dir());
        folder
    }

    fn dir(&self) -> PathBuf {
        self.root.path().join("shop")
    }

    /// Replaces a text that must be there exactly once.
    fn edit(self, file: &str, from: &str, to: &str) -> Folder {
        let path = self.dir().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}");
        fs::write(path, text.replace(from, to)).unwrap();
        self
    }

    fn write(self, file: &str, text: &str) -> Folder {
        fs::write(self.dir().join(file), text).unwrap();
        self
    }

    fn rename(self, from: &str, to: &str) -> Folder {
        fs::rename(self.dir().join(from), self.dir().join(to)).unwrap();
        self
    }

    fn remove(self, file: &str) -> Folder {
        fs::remove_file(self.dir().join(file)).unwrap();
        self
    }

    /// What `indexproof check` prints.
    fn checked(&self) -> String {
        checked(&[self.dir()], self.root.path())
    }
}

fn checked(dirs: &[PathBuf], root: &Path) -> String {
    let mut out = Vec::new();
    let format = Format::Text { color: false, width: 400 };
    check(dirs, format, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    text.replace(&format!("{}/", root.display()), "")
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

const MANIFEST: &str = "workload.toml";
const CLAIMS: &str = "claims.toml";
const OPEN: &str = "queries/open_orders.sql";
const OF_CUSTOMER: &str = "queries/orders_of_customer.sql";
const SEND: &str = "queries/send_order.sql";

/// Edits of one file, each in a folder of its own; all errors together.
fn each(file: &str, edits: &[(&str, &str)]) -> String {
    let outcomes = edits.iter().map(|(from, to)| {
        let found = Folder::new().edit(file, from, to).checked();
        assert!(!found.contains(": ok"), "replacing `{from}` by `{to}` in {file} is not noticed");
        format!("# {to}\n{found}")
    });
    outcomes.collect::<Vec<_>>().join("\n\n")
}

#[test]
fn the_sound_folder_is_read_whole() {
    let shop = workload::load(Path::new(SHOP)).unwrap();
    assert_eq!(shop.name, "shop");
    assert_eq!(shop.index_sets["as-written"].len(), 2);
    assert_eq!(shop.index_sets["as-written"][0].line, 2);
    assert!(shop.setups["functions"].starts_with("CREATE FUNCTION open_orders()"));
    assert!(shop.queries["open_orders"].sql_in("functions").contains("open_orders()"));
    assert!(!shop.queries["open_orders"].sql_in("bare").contains("open_orders()"));
    let tables: Vec<_> = shop.manifest.tables.keys().collect();
    assert_eq!(tables, ["customer", "orders"], "in the order of the file");
    assert_eq!(shop.manifest.tables["orders"].keys().next().map(String::as_str), Some("id"));
    let folder = Folder::new();
    assert_eq!(folder.checked(), "shop: ok, 2 tables, 1 data set, 3 variants, 4 statements, 3 claims");
}

#[test]
fn toml_of_the_wrong_form() {
    snapshot!(each(
        MANIFEST,
        &[
            ("title = \"Orders of a shop\"", "title = \"Orders of a shop"),
            ("[datasets.orders]\nsummary", "[datasets.orders]\nsumary"),
            ("boolean = { probability", "boolean = { probabilty"),
            ("id = \"row\"", "id = \"rows\""),
            ("{ ci = 100, small = 1_000, full = 1_000 }", "{ ci = 100, small = 1_000 }"),
            ("document = { id = \"900\", title = \"Indexing a shop\" }", "document = \"900\""),
        ]
    ));
}

#[test]
fn several_set_up_files_run_in_order() {
    let folder = Folder::new()
        .edit(MANIFEST, "\"variants/functions.sql\"", "[\"variants/first.sql\", \"variants/functions.sql\"]")
        .write("variants/first.sql", "SELECT 'first' -- no semicolon");
    assert!(folder.checked().contains(": ok"), "{}", folder.checked());
    let shop = workload::load(&folder.dir()).unwrap();
    assert!(shop.setups["functions"].starts_with("SELECT 'first' -- no semicolon\n;\nCREATE FUNCTION"));
}

#[test]
fn several_faults_are_reported_together() {
    let folder = Folder::new()
        .edit(MANIFEST, "id = \"row\"", "id = \"rows\"")
        .edit(MANIFEST, "name = \"bare\"", "nam = \"bare\"")
        .edit(CLAIMS, "below_ms = 5.0", "below_ms = \"5\"")
        .edit(OPEN, "rows = {", "row = {");
    snapshot!(folder.checked());
}

#[test]
fn names_and_data_sets_of_the_manifest() {
    snapshot!(each(
        MANIFEST,
        &[
            ("[tables.orders]", "[tables.order]"),
            ("rows.orders = { ci", "rows.order = { ci"),
            ("name = \"as-written\"", "name = \"as_written\""),
            ("name = \"functions\"", "name = \"bare\""),
            ("rows.customer = { ci = 100,", "rows.customer = { ci = 0,"),
            ("full = 500_000 }", "full = 5_000 }"),
            ("indexes = \"indexes/as-written.sql\"", "indexes = \"indexes/as-writen.sql\""),
            ("setup = \"variants/functions.sql\"", "setup = \"../functions.sql\""),
            (
                "setup = \"variants/functions.sql\"",
                "setup = [\"variants/functions.sql\", \"variants/function.sql\"]"
            ),
            ("setup = \"variants/functions.sql\"", "setup = []"),
            ("setup = \"variants/functions.sql\"", "setup = 1"),
        ]
    ));
}

#[test]
fn generators() {
    snapshot!(each(
        MANIFEST,
        &[
            ("{ words = { min = 1, max = 2 } }", "{ words = { min = 3, max = 2 } }"),
            ("probability = 0.1", "probability = 1.1"),
            ("{ boolean = { probability = 0.1 } }", "{ float = { min = -1e308, max = 1e308 } }"),
            ("weight = 3", "weight = 0"),
            (
                "{ weight = 3, value = \"paid\" }, { weight = 1,",
                "{ weight = 1e308, value = \"paid\" }, { weight = 1e308,",
            ),
            ("{ weight = 1, value = \"sent\" }", "{ weight = 1 }"),
            ("exponent = 1.1", "exponent = 0.0"),
            ("table = \"customer\", column", "table = \"customers\", column"),
            ("column = \"id\", pick", "column = \"ids\", pick"),
            ("column = \"placed_at\"", "column = \"placed\""),
            ("column = \"placed_at\"", "column = \"status\""),
            ("column = \"placed_at\"", "column = \"details\""),
            ("when = { sent =", "when = { send ="),
            ("from = \"-30d\"", "from = \"-30 dates\""),
            ("from = \"-30d\", to = \"0s\"", "from = \"0s\", to = \"-30d\""),
            ("{given} of {place}", "{given} of {town}"),
            ("{given} of {place}", "{given of {place}"),
            ("gift = \"$gift\"", "gift = \"gift\""),
            ("rows = { ci = 50, small = 500, full = 500 }", "rows = 6_000"),
            (
                "rest = { weighted = [{ weight = 3, value = \"paid\" }, { weight = 1, value = \"sent\" }] }",
                "rest = { quota = { values = [{ value = \"sent\", rows = 1 }], rest = \"null\" } }"
            ),
            ("id = \"uuid\"\n", "id = { reference = { table = \"orders\", column = \"customer_id\" } }\n"),
        ]
    ));
}

#[test]
fn queries() {
    let mut all = vec![
        each(
            OPEN,
            &[
                ("/*---", "/*"),
                ("---*/", "*/"),
                ("uses = [\"orders_open\"]", "uses = [\"orders_opn\"]"),
                ("rows = { min = 1,", "rows = { min = 30,"),
                ("rows = {", "compare = \"none\"\nrows = {"),
                ("ORDER BY placed_at, id ", ""),
                ("LIMIT 20;", "LIMIT 20; SELECT 1;"),
                ("LIMIT 20;", "LIMIT $1;"),
                ("status = 'open'", "status = 'open"),
                ("rows = {", "effect = \"write\"\nrows = {"),
            ],
        ),
        each(
            OF_CUSTOMER,
            &[
                ("draw = \"SELECT id FROM customer ORDER BY id LIMIT 50\"\n", ""),
                ("ORDER BY id LIMIT 50", ""),
                ("draw = \"id\"", ""),
                ("LIMIT $2", "LIMIT 10"),
                ("name = \"limit\"", "name = \"customer\""),
                (
                    "gen = { weighted",
                    "gen = { case = { column = \"status\", when = {}, otherwise = \"null\" } } # ",
                ),
            ],
        ),
        each(SEND, &[("restore = ", "# "), ("effect = \"commit\"", "effect = \"rollback\"")]),
    ];
    all.push(each("queries/open_orders.functions.sql", &[("---*/", "draw = \"SELECT 1\"\n---*/")]));
    snapshot!(all.join("\n\n"));
}

#[test]
fn a_commit_may_pile_up_when_the_header_says_why() {
    let folder = Folder::new().edit(SEND, "restore = ", "restore_why = \"few of many\"\n# ");
    assert!(folder.checked().starts_with("shop: ok"), "{}", folder.checked());
}

#[test]
fn claims() {
    snapshot!(each(
        CLAIMS,
        &[
            ("id = \"SH-02\"", "id = \"SH-01\""),
            ("id = \"SH-02\"", "id = \"sh2\""),
            ("kind = \"size\"\ndataset = \"orders\"", "kind = \"size\"\ndataset = \"order\""),
            ("kind = \"size\"", "kind = \"sizes\""),
            ("variants = [\"bare\", \"as-written\", \"functions\"]", "variants = [\"bare\", \"as-writen\"]"),
            ("expect = { bare = \"refuted\"", "expect = { bear = \"refuted\""),
            ("expect = { bare = \"refuted\"", "expect = { bare = \"refutd\""),
            ("variants = [\"as-written\"]\nmeasure = { plan", "variants = [\"corrected\"]\nmeasure = { plan"),
            ("claimed = 500", "claimed = 0"),
            (
                "held = { ci = 50, small = 500, full = 500 }\ncount",
                "held = { ci = 500, small = 50, full = 500 }\ncount"
            ),
            ("count = \"SELECT count(*) FROM orders WHERE status = 'open'\"\n\n", "count = \"500\"\n\n"),
            ("statement = \"open_orders\", below_ms = 5.0", "statement = \"open_order\", below_ms = 5.0"),
            ("below_ms = 5.0", "below_ms = -5.0"),
            ("index = \"orders_open\", without = [\"Sort\", \"Seq Scan\"]", ""),
            ("without = [\"Sort\"", "without = [\"Sorted\""),
            ("index = \"orders_open\", without", "index = \"orders_opened\", without"),
            ("index = \"orders_open\", full", "index = \"orders_opened\", full"),
            ("full = \"CREATE INDEX ON orders (placed_at)\"", "full = \"orders_all\""),
            ("smaller_by_percent = 90.0", "smaller_by_percent = 190.0"),
            ("statements = 2", "statements = 3"),
            ("oracle = \"orders_by_age\"", "oracle = \"orders_of_customer\""),
            ("oracle = \"orders_by_age\"", "oracle = \"SELECT id FROM orders\""),
            ("WHERE id = $1\"", "WHERE id = $3\""),
            ("rollback_share = 0.5", "rollback_share = 5.0"),
            ("above = 1.05", "above = 1.05, baseline = \"functions\""),
            ("above = 1.05", "above = 1.05, baseline = \"as-written\""),
        ]
    ));
}

#[test]
fn mixes() {
    snapshot!(each(
        MANIFEST,
        &[
            ("browsing = {", "Browsing = {"),
            ("{ orders_of_customer = 9, open_orders = 1 }", "{}"),
            ("orders_of_customer = 9", "order_of_customer = 9"),
            ("orders_of_customer = 9", "orders_of_customer = 0"),
            ("orders_of_customer = 9", "orders_of_customer = \"many\""),
        ],
    ));
}

/// Loads as parts of the first claim, each with one fault.
#[test]
fn loads() {
    let time = "latency = { statement = \"open_orders\", below_ms = 5.0 }";
    let open = |rest: &str| format!("open_loop = {{ mix = \"browsing\", {rest} }}");
    let closed = |rest: &str| format!("closed_loop = {{ mix = \"browsing\", {rest} }}");
    let sound = Folder::new().edit(CLAIMS, time, &open("rate = 100, connections = 8")).checked();
    assert!(sound.starts_with("shop: ok"), "{sound}");
    let faults = [
        open("rate = 0, connections = 8"),
        open("rate = 100, connections = 0"),
        open("rate = 1e6, connections = 8"),
        open("rate = 100, connections = 8, arrivals = \"random\""),
        open("rate = 100, connections = 8, seconds = { ci = 3, small = 1, full = 5 }"),
        open("rate = 100, connections = 8, seconds = 0"),
        open("rate = 100, connections = 8, rtt_ms = -1"),
        open("rate = 100, connections = 8, target = { latency = { below_ms = 20_000 } }"),
        open("rate = 100, connections = 8, target = { throughput = { at_least = 5 } }"),
        closed("connections = 8, rate = 100"),
        closed("connections = 8, target = { throughput = { at_least = -1 } }"),
        closed("connections = 8, target = { ratio = { above = 2, baseline = \"corrected\" } }"),
        closed("connections = 8").replace("browsing", "browse"),
    ];
    let edits: Vec<_> = faults.iter().map(|fault| (time, fault.as_str())).collect();
    snapshot!(each(CLAIMS, &edits));
}

#[test]
fn what_a_mix_commits_must_be_put_back() {
    let time = "latency = { statement = \"open_orders\", below_ms = 5.0 }";
    let folder = || {
        let load = "closed_loop = { mix = \"working\", connections = 8 }";
        Folder::new().edit(CLAIMS, time, load)
    };
    let piles_up = folder().edit(SEND, "restore = ", "# ").checked();
    let rolled_back =
        folder().edit(SEND, "effect = \"commit\"\nrestore = ", "effect = \"rollback\"\n# ").checked();
    snapshot!(format!("{piles_up}\n\n{rolled_back}"));
}

#[test]
fn a_claim_needs_a_part() {
    let claims = fs::read_to_string(Path::new(SHOP).join(CLAIMS)).unwrap();
    let (first, _) = claims.split_once("[[claim.part]]").unwrap();
    let missing = Folder::new().write(CLAIMS, first).checked();
    let partial = Folder::new()
        .edit(CLAIMS, "name = \"time\"\n", "name = \"time\"\nvariants = [\"as-written\"]\n")
        .checked();
    snapshot!(format!("{missing}\n\n{partial}"));
}

#[test]
fn files() {
    let cases = [
        Folder::new().remove("README.md"),
        Folder::new().rename(CLAIMS, "claim.toml"),
        Folder::new().write("queries/open_orders.fucntions.sql", "/*---\nsummary = \"s\"\n---*/\nSELECT 1"),
        Folder::new().write("queries/open.functions.sql", "/*---\nsummary = \"s\"\n---*/\nSELECT 1"),
        Folder::new().write("queries/notes.txt", ""),
        Folder::new().write("indexes/corrected.sql", "CREATE INDEX ON orders (id)"),
        Folder::new().write("indexes/as-written.sql", "-- none"),
        Folder::new().write(
            "indexes/as-written.sql",
            "CREATE INDEX a ON orders (id);\nCREATE INDEX b ON orders ('id);",
        ),
    ];
    let found: Vec<_> = cases.iter().map(Folder::checked).collect();
    snapshot!(found.join("\n\n"));
}

#[test]
fn files_of_editors_are_no_part_of_a_folder() {
    let folder = Folder::new().write(".open_orders.sql.swp", "");
    assert!(folder.checked().starts_with("shop: ok"));
}

#[test]
fn a_claim_of_another_workload_is_taken() {
    let root = tempfile::tempdir().unwrap();
    let dirs = ["first", "second"].map(|name| root.path().join(name));
    dirs.iter().for_each(|dir| copy(Path::new(SHOP), dir));
    let path = dirs[1].join(CLAIMS);
    let claims = fs::read_to_string(&path).unwrap();
    fs::write(path, claims.replace("SH-02", "SH-12").replace("SH-03", "SH-13")).unwrap();
    snapshot!(checked(&dirs, root.path()));
}

#[test]
fn folders_are_discovered_by_their_manifest() {
    let root = tempfile::tempdir().unwrap();
    for name in ["b", "a"] {
        copy(Path::new(SHOP), &root.path().join(name));
    }
    fs::create_dir(root.path().join("none")).unwrap();
    fs::write(root.path().join("README.md"), "").unwrap();
    let found = workload::discover(root.path()).unwrap();
    assert_eq!(found, [root.path().join("a"), root.path().join("b")]);
    assert_eq!(workload::discover(&root.path().join("nowhere")).unwrap_err().fault.code(), "unreadable");
    let errors = workload::load_all(root.path()).unwrap_err();
    assert_eq!(errors.len(), 3, "the IDs of a are those of b");
}

#[test]
fn json_has_the_place_of_each_error() {
    let folder = Folder::new().edit(
        CLAIMS,
        "decided_on = \"as-written\"\nexpect",
        "decided_on = \"as-writen\"\nexpect",
    );
    let mut out = Vec::new();
    assert!(!check(&[folder.dir()], Format::Json, &mut out).unwrap());
    let text = String::from_utf8(out).unwrap().replace(&format!("{}/", folder.root.path().display()), "");
    snapshot!(text);
}
