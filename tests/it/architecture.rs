//! ARCHITECTURE.md, enforced: its tables are the rules, and every rule is shown to be able to fail.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod imports;
mod messages;
mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use source::Source;

const NETWORKED: [&str; 7] = ["hyper", "jsonwebtoken", "reqwest", "rmcp", "rustls", "tokio", "tower"];
const MAX_LINES: usize = 600;
/// Crates in which no files use each other.
const CRATES: [&str; 6] =
    ["src", "signatures/src", "signatures/derive/src", "optimizers/src", "cedar/src", "testbed/src"];
/// Procedural macros, which Rust wants in the root of their crate.
const MACROS: &str = "`signatures/derive/src/lib.rs` defines fn signature, fn tunable";

#[test]
fn a_search_can_reach_neither_a_token_nor_a_socket() {
    for package in ["abide-signatures", "abide-optimizers"] {
        assert_eq!(forbidden(&tree(package), &NETWORKED), [""; 0], "`{package}` depends on them");
    }
    // the same question about a package that does
    assert!(forbidden(&tree("abide-testbed"), &NETWORKED).contains(&"tokio".to_owned()));
}

#[test]
fn the_testbed_knows_nothing_of_abide() {
    let own = |tree: &str| packages(tree).into_iter().filter(|name| name.starts_with("abide")).collect::<Vec<_>>();
    assert_eq!(own(&tree("abide-testbed")), ["abide-testbed"]);
    assert_eq!(own(&tree("abide-optimizers")), ["abide-derive", "abide-optimizers", "abide-signatures"][1..]);
}

#[test]
fn modules_use_lower_rows_only() {
    let rows = rows();
    let sources = sources("src");
    let exports = exports(&sources, &rows);
    let found: Vec<String> = sources.iter().flat_map(|source| upward(source, &rows, &exports)).collect();
    assert!(found.is_empty(), "against the row table of ARCHITECTURE.md:\n{}", found.join("\n"));
}

#[test]
fn a_use_of_a_higher_row_is_found_however_it_is_written() {
    let rows = [("net", 0), ("lm", 2), ("module", 2), ("runtime", 4), ("module/react", 6)];
    let rows = BTreeMap::from(rows.map(|(module, row)| (module.to_owned(), row)));
    let root = Source::new("src/lib.rs", "pub mod runtime; pub use runtime::{Runtime, Run as Episode};");
    let exports = exports(&[root, Source::new("src/module.rs", "mod react; pub use react::ReAct;")], &rows);
    for bad in [
        "use crate::runtime::Cx;",
        "use crate::{\n    net::Pin,\n    runtime::{\n        Cx,\n    },\n};",
        "fn f(cx: &crate::runtime::Cx) {}",
        "fn f() { vec![crate::runtime::new()]; }",
        "use super::super::runtime;",
        "use super::super::{runtime as r};",
        "use abide::runtime;",
        "use ::abide::{runtime};",
        "use crate::Runtime;",
        "use crate::Episode;",
        "use crate::module::ReAct;",
        "use crate::{lm::Lm, module::{Module, react}};",
        "use crate::*;",
    ] {
        assert_eq!(upward(&Source::new("src/lm/cache.rs", bad), &rows, &exports).len(), 1, "{bad}");
    }
    let good = r#"
        //! See [`crate::runtime::Cx`].
        use crate::{net::Pin, lm::Lm, module::Module, Digest};
        use super::runtime; // a module of `lm`
        const TEXT: &str = "crate::runtime::Cx";
        pub(crate) fn f() {}
        #[cfg(test)]
        mod tests { use crate::runtime::Cx; }
        #[cfg(test)]
        use crate::runtime::Cx;
    "#;
    assert_eq!(upward(&Source::new("src/lm/cache.rs", good), &rows, &exports), [""; 0]);
    assert_eq!(upward(&Source::new("src/other.rs", ""), &rows, &exports).len(), 1, "not in the table");
}

#[test]
fn the_row_table_names_every_module_once() {
    let (parts, listed): (BTreeSet<String>, BTreeSet<String>) = rows().into_keys().partition(|name| name.contains('/'));
    let absent: Vec<String> =
        parts.into_iter().filter(|part| !root().join(format!("src/{part}.rs")).is_file()).collect();
    assert_eq!(absent, [""; 0], "files that ARCHITECTURE.md names");
    let declared: BTreeSet<String> = modules(&library()).into_iter().chain(["main".to_owned()]).collect();
    assert_eq!(listed, declared, "left: ARCHITECTURE.md, right: src/lib.rs");
    let source = Source::new("src/lib.rs", "pub mod a; mod b; #[cfg(feature = \"c\")] pub mod c; #[cfg(test)] mod d;");
    assert_eq!(modules(&source), ["a", "b", "c"]);
}

#[test]
fn no_files_use_each_other() {
    for folder in CRATES {
        let graph = imports::read(root(), folder);
        assert_eq!(graph.unresolved, [""; 0], "`{folder}`: these may hide a use");
        let found: Vec<String> = graph.circles().iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn a_file_declares_modules_or_defines_something() {
    let found: Vec<String> = CRATES.iter().flat_map(|folder| imports::read(root(), folder).besides).collect();
    assert_eq!(found, [MACROS]);
}

#[test]
fn crates_stay_in_their_rooms() {
    let rooms = rooms(&architecture());
    assert!(rooms.contains_key("rmcp") && rooms.contains_key("reqwest") && rooms.contains_key("jsonwebtoken"));
    let found: Vec<String> = sources("src").iter().flat_map(|source| outside(source, &rooms)).collect();
    assert!(found.is_empty(), "against the table of rooms in ARCHITECTURE.md:\n{}", found.join("\n"));
}

#[test]
fn a_crate_outside_its_room_is_found_however_it_is_written() {
    let rooms = BTreeMap::from([("rmcp".to_owned(), vec!["src/tool/mcp".to_owned()])]);
    for bad in ["use rmcp::model::Tool;", "use rmcp;", "use {rmcp};", "use ::rmcp as r;", "type T = rmcp::Tool;"] {
        assert_eq!(outside(&Source::new("src/tool/mcpx.rs", bad), &rooms).len(), 1, "{bad}");
    }
    for inside in ["src/tool/mcp.rs", "src/tool/mcp/http.rs"] {
        assert_eq!(outside(&Source::new(inside, "use rmcp::model::Tool;"), &rooms), [""; 0]);
    }
    assert_eq!(outside(&Source::new("src/lm.rs", "// rmcp::Tool\nfn rmcp() {}"), &rooms), [""; 0]);
}

#[test]
fn no_state_is_shared_behind_the_scenes() {
    let allowed = named(&table(&architecture(), "Allowed statics"), 0);
    let folders = ["src", "signatures/src", "signatures/derive/src", "optimizers/src"];
    let found: BTreeSet<String> = folders.iter().flat_map(|folder| sources(folder)).flat_map(|s| statics(&s)).collect();
    assert_eq!(found, allowed.into_iter().collect(), "left: the code, right: ARCHITECTURE.md");
}

#[test]
fn a_static_is_found_and_a_lifetime_is_none() {
    for (bad, name) in [
        ("static mut COUNT: u8 = 0;", "COUNT"),
        ("pub static CELL: OnceLock<u8> = OnceLock::new();", "CELL"),
        ("fn f() { static MEMO: LazyLock<u8> = LazyLock::new(|| 1); }", "MEMO"),
        ("thread_local! { static LOCAL: u8 = 0; }", "thread_local"),
        ("tokio::task_local! { static LOCAL: u8; }", "task_local"),
        ("use tokio::task_local;", "task_local"),
    ] {
        assert!(statics(&Source::new("src/a.rs", bad)).contains(&format!("src/a.rs::{name}")), "{bad}");
    }
    let good =
        "fn f(text: &'static str) -> Box<dyn Any + 'static> { /* static X: u8 */ g::<&'static u8>(\"static Y\") }";
    assert_eq!(statics(&Source::new("src/a.rs", good)), [""; 0]);
}

#[test]
fn files_are_short() {
    let folders = ["src", "signatures/src", "signatures/derive/src", "optimizers/src", "testbed/src", "examples"];
    let found: Vec<String> = folders.iter().flat_map(|folder| sources(folder)).filter_map(|s| too_long(&s)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(too_long(&Source::new("src/a.rs", &"\n".repeat(MAX_LINES + 1))).is_some());
    assert!(too_long(&Source::new("src/a.rs", &"\n".repeat(MAX_LINES))).is_none());
}

#[test]
fn no_feature_weakens_the_boundary() {
    let guarded =
        |source: &&Source| ["src/net", "src/security", "src/tool"].iter().any(|part| within(&source.file, part));
    let found: Vec<String> = sources("src").iter().filter(guarded).filter_map(conditional).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    for bad in ["#[cfg(feature = \"fast\")] fn f() {}", "fn f() -> bool { cfg!(not(feature = \"fast\")) }"] {
        assert!(conditional(&Source::new("src/security/guard.rs", bad)).is_some(), "{bad}");
    }
    assert!(
        conditional(&Source::new("src/security/guard.rs", "fn feature(feature: u8) { /* feature = */ }")).is_none()
    );
}

#[test]
fn every_key_that_a_message_names_exists() {
    let known = messages::known(root());
    let sources = sources("src");
    let named: BTreeSet<String> = sources.iter().flat_map(messages::named).collect();
    assert!(named.len() > 25 && named.contains("certificate_file") && named.contains("limits.tool_calls"), "{named:?}");
    let found: Vec<String> = sources.iter().flat_map(|source| messages::unknown(source, &known)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    for bad in [
        "#[error(\"no certificate: set `client_certificate`\")] struct E;",
        "#[error(\"no certificate: set `certificate_file` and `certificate_key`\")] struct E;",
        "fn f() -> String { format!(\"{} is too small: raise `limits.calls_per_tool`\", 1) }",
        "fn f() { problem(\"stands alone: \\\n     see the `inputs` of it\") }",
        "const TEXT: &str = r#\"allow that network with `addresses`\"#;",
    ] {
        assert_eq!(messages::unknown(&Source::new("src/net/a.rs", bad), &known).len(), 1, "{bad}");
    }
    let good = r#"
        /// Set `nothing_at_all`.
        #[error("`{host}` is wrong: set `ca_bundle` or `SSL_CERT_FILE`, and run `abide login`; `code` has no `state`")]
        struct E;
        #[cfg(test)]
        mod tests { const TEXT: &str = "set `nothing_at_all`"; }
    "#;
    assert_eq!(messages::unknown(&Source::new("src/net/a.rs", good), &known), [""; 0]);
}

#[test]
fn documents_name_files_and_tests_that_exist() {
    for (document, least) in [("ARCHITECTURE.md", 10), ("SECURITY.md", 30)] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let named: BTreeSet<String> = quoted(&text).into_iter().filter(|name| name.contains(".rs")).collect();
        let tests = named.iter().filter(|name| name.contains("::")).count();
        assert!(tests >= least, "{document} names {tests} tests");
        let missing: Vec<String> = named.into_iter().filter(|name| !exists(name)).collect();
        assert!(missing.is_empty(), "{document} names what does not exist:\n{}", missing.join("\n"));
    }
    for missing in ["tests/it/architecture.rs::nobody_wrote_this", "tests/it/nowhere.rs::files_are_short", "src/no.rs"]
    {
        assert!(!exists(missing), "{missing}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn architecture() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

fn sources(folder: &str) -> Vec<Source> {
    source::read(root(), folder)
}

fn library() -> Source {
    Source::new("src/lib.rs", &fs::read_to_string(root().join("src/lib.rs")).unwrap())
}

/// What a package is built from, one line each.
fn tree(package: &str) -> String {
    let arguments = ["tree", "--offline", "--locked", "-e", "normal", "--prefix", "none", "-p", package];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn packages(tree: &str) -> BTreeSet<String> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn forbidden(tree: &str, names: &[&str]) -> Vec<String> {
    packages(tree).into_iter().filter(|package| names.contains(&package.as_str())).collect()
}

/// The text under a second-level heading.
fn section(markdown: &str, heading: &str) -> String {
    let mut lines = markdown.lines().skip_while(|line| line.strip_prefix("## ") != Some(heading));
    assert!(lines.next().is_some(), "ARCHITECTURE.md has no section `{heading}`");
    lines.take_while(|line| !line.starts_with("## ")).collect::<Vec<_>>().join("\n")
}

/// The cells of the table under a heading, without its head.
fn table(markdown: &str, heading: &str) -> Vec<Vec<String>> {
    let section = section(markdown, heading);
    let rows: Vec<Vec<String>> = section
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(rows.len() > 2, "section `{heading}` of ARCHITECTURE.md has no table");
    rows[2..].to_vec()
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn named(table: &[Vec<String>], column: usize) -> Vec<String> {
    table.iter().flat_map(|row| quoted(&row[column])).collect()
}

fn rows() -> BTreeMap<String, usize> {
    let mut rows = BTreeMap::new();
    for cells in table(&architecture(), "Rows") {
        let row = cells[0].parse().unwrap_or_else(|_| panic!("`{}` is no row", cells[0]));
        for module in quoted(&cells[1]) {
            assert_eq!(rows.insert(module.clone(), row), None, "`{module}` stands in two rows");
        }
    }
    rows
}

fn rooms(markdown: &str) -> BTreeMap<String, Vec<String>> {
    let table = table(markdown, "Rooms");
    table.iter().flat_map(|cells| quoted(&cells[0]).into_iter().map(|name| (name, quoted(&cells[1])))).collect()
}

/// Modules that a crate root declares.
fn modules(root: &Source) -> Vec<String> {
    root.words.windows(3).filter(|words| words[0] == "mod" && words[2] == ";").map(|words| words[1].clone()).collect()
}

/// Names that a module re-exports out of the modules below it, with what they count as a use of: `Runtime` of `runtime`,
/// `module::Predict` of `module/predict`.
fn exports(sources: &[Source], rows: &BTreeMap<String, usize>) -> BTreeMap<String, String> {
    let mut exports = BTreeMap::new();
    for source in sources {
        let above = source.module();
        for path in source.paths.iter().filter(|path| path.len() > 1) {
            let below = [above.as_slice(), &[path[0].as_str()]].concat().join("/");
            if rows.contains_key(&below) {
                let name = renamed(source, path.last().unwrap());
                exports.insert([above.as_slice(), &[name.as_str()]].concat().join("::"), below);
            }
        }
    }
    exports
}

fn renamed(source: &Source, name: &str) -> String {
    let at = source.words.windows(3).find(|words| words[0] == name && words[1] == "as");
    at.map_or(name, |words| &words[2]).to_owned()
}

fn upward(source: &Source, rows: &BTreeMap<String, usize>, exports: &BTreeMap<String, String>) -> Vec<String> {
    let module = source.module();
    let Some(top) = module.first() else { return Vec::new() };
    let below = module.get(1).and_then(|below| rows.get(&format!("{top}/{below}")));
    let Some(own) = below.or_else(|| rows.get(*top)) else { return vec![format!("`{}` is in no row", source.file)] };
    let targets = source.paths.iter().filter_map(|path| from_root(path, module.len()));
    let higher = targets.filter(|target| row_of(target, rows, exports).is_some_and(|row| row > *own));
    higher.map(|target| format!("`{}` uses `crate::{}`", source.file, target.join("::"))).collect()
}

/// The row of what stands at a path below the crate root; `None` for names of other crates that the root re-exports.
fn row_of(target: &[String], rows: &BTreeMap<String, usize>, exports: &BTreeMap<String, String>) -> Option<usize> {
    let first = target.first()?;
    if first == "*" {
        return Some(usize::MAX);
    }
    let exported = |name: &str| exports.get(name).and_then(|module| rows.get(module));
    let second = target
        .get(1)
        .and_then(|second| rows.get(&format!("{first}/{second}")).or_else(|| exported(&format!("{first}::{second}"))));
    second.or_else(|| rows.get(first)).or_else(|| exported(first)).copied()
}

/// What a path names below the crate root; `None` where it stays inside its own top-level module or names another crate.
fn from_root(path: &[String], depth: usize) -> Option<&[String]> {
    match path[0].as_str() {
        "crate" | "abide" => Some(&path[1..]),
        "super" => {
            let up = path.iter().take_while(|segment| *segment == "super").count();
            (up >= depth).then(|| &path[up..])
        }
        _ => None,
    }
}

fn outside(source: &Source, rooms: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let used: BTreeSet<&String> = source.paths.iter().map(|path| &path[0]).collect();
    let strays = used
        .into_iter()
        .filter(|name| rooms.get(*name).is_some_and(|rooms| !rooms.iter().any(|room| within(&source.file, room))));
    strays.map(|name| format!("`{}` uses `{name}`", source.file)).collect()
}

/// Whether a file is `room.rs`, in the folder `room`, or `room` itself.
fn within(file: &str, room: &str) -> bool {
    let rest = file.strip_prefix(room);
    rest.is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
}

fn statics(source: &Source) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (at, word) in source.words.iter().enumerate() {
        let lifetime = at > 0 && source.words[at - 1] == "'";
        let name = match word.as_str() {
            "static" if !lifetime => source.words[at + 1..].iter().find(|next| *next != "mut"),
            "thread_local" | "task_local" => Some(word),
            _ => None,
        };
        found.extend(name.map(|name| format!("{}::{name}", source.file)));
    }
    found.into_iter().collect()
}

fn too_long(source: &Source) -> Option<String> {
    (source.lines > MAX_LINES).then(|| format!("`{}` has {} lines", source.file, source.lines))
}

fn conditional(source: &Source) -> Option<String> {
    let found = source.words.windows(2).any(|words| words[0] == "feature" && words[1] == "=");
    found.then(|| format!("`{}` depends on a Cargo feature", source.file))
}

/// Whether there is a file `path`, or a function or static in it where the name is `path::item`. Bare file names are not
/// looked for: the text around them says where they are.
fn exists(name: &str) -> bool {
    let (file, item) = name.split_once("::").unwrap_or((name, ""));
    let text = fs::read_to_string(root().join(file));
    match item {
        "" => text.is_ok() || !file.contains('/'),
        item => {
            text.is_ok_and(|text| text.contains(&format!("fn {item}(")) || text.contains(&format!("static {item}:")))
        }
    }
}
