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

use crate::support::ROOT;

const MAX_LINES: usize = 600;
/// What users of Abide build.
const CRATES: [&str; 12] = [
    "src",
    "base/src",
    "cli/src",
    "credentials/src",
    "guard/src",
    "lm/src",
    "mcp/src",
    "net/src",
    "optimizers/src",
    "review/src",
    "signatures/derive/src",
    "signatures/src",
];
/// What is built beside them.
const OTHERS: [&str; 2] = ["cedar/src", "testbed/src"];
/// No crate has more of the lines of all of them.
const MOST_OF_ALL: f64 = 0.3;
/// Procedural macros, which Rust wants in the root of their crate.
const MACROS: &str = "`signatures/derive/src/lib.rs` defines fn signature, fn tunable";

#[test]
fn crates_know_only_what_the_table_says() {
    let walls = walls();
    let folders: BTreeSet<String> = CRATES.iter().map(|folder| folder.trim_end_matches("/src").to_owned()).collect();
    let listed: BTreeSet<String> = walls.iter().map(|wall| wall.folder.clone()).collect();
    assert_eq!(listed, folders, "left: ARCHITECTURE.md, right: the crates");
    let found: Vec<String> = walls.iter().flat_map(|wall| wall.broken(&tree(&wall.package))).collect();
    assert!(found.is_empty(), "against the table of crates in ARCHITECTURE.md:\n{}", found.join("\n"));
}

#[test]
fn a_search_can_reach_neither_a_token_nor_a_socket_and_a_guard_no_network() {
    let walls = walls();
    let wall = |folder: &str| walls.iter().find(|wall| wall.folder == folder).unwrap();
    for name in ["hyper", "jsonwebtoken", "reqwest", "rmcp", "rustls", "tokio"] {
        for folder in ["signatures", "optimizers"] {
            assert!(wall(folder).never.contains(&name.to_owned()), "`{folder}` may have `{name}`");
        }
    }
    for name in ["aws-lc-rs", "axum", "clap", "jsonwebtoken", "mio", "redb", "reqwest", "rmcp", "rustls"] {
        assert!(wall("guard").never.contains(&name.to_owned()), "the guard may have `{name}`");
    }
    assert!(wall("credentials").never.contains(&"rmcp".to_owned()));
    assert!(wall("net").never.contains(&"jsonwebtoken".to_owned()));
    // and the table is kept because it can be broken
    let broken = wall("guard").broken("abide-guard v0.1.0\nabide-net v0.1.0\nserde v1.0.0\nrmcp v3.11.0");
    assert_eq!(broken, ["`abide-guard` has `abide-net` in its tree", "`abide-guard` has `rmcp` in its tree"]);
}

#[test]
fn the_testbed_knows_nothing_of_abide() {
    let own = |tree: &str| packages(tree).into_iter().filter(|name| name.starts_with("abide")).collect::<Vec<_>>();
    assert_eq!(own(&tree("abide-testbed")), ["abide-testbed"]);
}

#[test]
fn no_crate_is_most_of_abide() {
    let lines = |folder: &str| sources(folder).iter().map(|source| source.lines).sum::<usize>();
    let all: usize = CRATES.iter().map(|folder| lines(folder)).sum();
    for folder in CRATES {
        let part = lines(folder) as f64 / all as f64;
        assert!(part <= MOST_OF_ALL, "`{folder}` has {:.0} % of all lines", part * 100.0);
    }
}

#[test]
fn modules_use_lower_layers_only() {
    let layers = layers();
    let sources = sources("src");
    let exports = exports(&sources, &layers);
    let found: Vec<String> = sources.iter().flat_map(|source| upward(source, &layers, &exports)).collect();
    assert!(found.is_empty(), "against the layer table of ARCHITECTURE.md:\n{}", found.join("\n"));
}

#[test]
fn a_use_of_a_higher_layer_is_found_however_it_is_written() {
    let layers = [("data", 0), ("adapter", 2), ("module", 2), ("runtime", 4), ("module/react", 6)];
    let layers = BTreeMap::from(layers.map(|(module, layer)| (module.to_owned(), layer)));
    let root = Source::new("src/lib.rs", "pub mod runtime; pub use runtime::{Runtime, Run as Episode};");
    let exports = exports(&[root, Source::new("src/module.rs", "mod react; pub use react::ReAct;")], &layers);
    for bad in [
        "use crate::runtime::Cx;",
        "use crate::{\n    data::Split,\n    runtime::{\n        Cx,\n    },\n};",
        "fn f(cx: &crate::runtime::Cx) {}",
        "fn f() { vec![crate::runtime::new()]; }",
        "use super::super::runtime;",
        "use super::super::{runtime as r};",
        "use abide::runtime;",
        "use ::abide::{runtime};",
        "use crate::Runtime;",
        "use crate::Episode;",
        "use crate::module::ReAct;",
        "use crate::{adapter::Chat, module::{Module, react}};",
        "use crate::*;",
    ] {
        assert_eq!(upward(&Source::new("src/adapter/chat.rs", bad), &layers, &exports).len(), 1, "{bad}");
    }
    let good = r#"
        //! See [`crate::runtime::Cx`].
        use crate::{data::Split, adapter::Chat, module::Module, Digest};
        use super::runtime; // a module of `adapter`
        const TEXT: &str = "crate::runtime::Cx";
        pub(crate) fn f() {}
        #[cfg(test)]
        mod tests { use crate::runtime::Cx; }
        #[cfg(test)]
        use crate::runtime::Cx;
    "#;
    assert_eq!(upward(&Source::new("src/adapter/chat.rs", good), &layers, &exports), [""; 0]);
    assert_eq!(upward(&Source::new("src/other.rs", ""), &layers, &exports).len(), 1, "not in the table");
}

#[test]
fn the_layer_table_names_every_module_once() {
    let (parts, listed): (BTreeSet<String>, BTreeSet<String>) =
        layers().into_keys().partition(|name| name.contains('/'));
    let absent: Vec<String> =
        parts.into_iter().filter(|part| !root().join(format!("src/{part}.rs")).is_file()).collect();
    assert_eq!(absent, [""; 0], "files that ARCHITECTURE.md names");
    let declared: BTreeSet<String> = modules(&library()).into_iter().collect();
    assert_eq!(listed, declared, "left: ARCHITECTURE.md, right: src/lib.rs");
    let source = Source::new("src/lib.rs", "pub mod a; mod b; #[cfg(feature = \"c\")] pub mod c; #[cfg(test)] mod d;");
    assert_eq!(modules(&source), ["a", "b", "c"]);
}

#[test]
fn no_files_use_each_other() {
    for folder in CRATES.into_iter().chain(OTHERS) {
        let graph = imports::read(root(), folder);
        assert_eq!(graph.unresolved, [""; 0], "`{folder}`: these may hide a use");
        let found: Vec<String> = graph.circles().iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn a_file_declares_modules_or_defines_something() {
    let folders = CRATES.into_iter().chain(OTHERS);
    let found: Vec<String> = folders.flat_map(|folder| imports::read(root(), folder).besides).collect();
    assert_eq!(found, [MACROS]);
}

#[test]
fn restricted_dependencies_stay_where_they_belong() {
    let rooms = rooms(&architecture());
    assert!(rooms.contains_key("rmcp") && rooms.contains_key("reqwest") && rooms.contains_key("jsonwebtoken"));
    let found: Vec<String> = all_sources().iter().flat_map(|source| outside(source, &rooms)).collect();
    assert!(found.is_empty(), "against the table of restricted dependencies in ARCHITECTURE.md:\n{}", found.join("\n"));
}

#[test]
fn a_restricted_dependency_elsewhere_is_found_however_it_is_written() {
    let rooms = BTreeMap::from([("rmcp".to_owned(), vec!["mcp/src/client".to_owned()])]);
    for bad in ["use rmcp::model::Tool;", "use rmcp;", "use {rmcp};", "use ::rmcp as r;", "type T = rmcp::Tool;"] {
        assert_eq!(outside(&Source::new("mcp/src/clients.rs", bad), &rooms).len(), 1, "{bad}");
    }
    for inside in ["mcp/src/client.rs", "mcp/src/client/http.rs"] {
        assert_eq!(outside(&Source::new(inside, "use rmcp::model::Tool;"), &rooms), [""; 0]);
    }
    assert_eq!(outside(&Source::new("lm/src/lib.rs", "// rmcp::Tool\nfn rmcp() {}"), &rooms), [""; 0]);
}

#[test]
fn no_state_is_shared_behind_the_scenes() {
    let allowed = named(&table(&architecture(), "Allowed statics"), 0);
    let found: BTreeSet<String> = all_sources().iter().flat_map(statics).collect();
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
    let folders = CRATES.into_iter().chain(OTHERS).chain(["examples"]);
    let found: Vec<String> = folders.flat_map(sources).filter_map(|source| too_long(&source)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(too_long(&Source::new("src/a.rs", &"\n".repeat(MAX_LINES + 1))).is_some());
    assert!(too_long(&Source::new("src/a.rs", &"\n".repeat(MAX_LINES))).is_none());
}

#[test]
fn no_feature_weakens_the_boundary() {
    const GUARDED: [&str; 6] = ["base/src", "credentials/src", "guard/src", "mcp/src", "net/src", "src/tool"];
    let guarded = |source: &&Source| GUARDED.iter().any(|part| within(&source.file, part));
    let found: Vec<String> = all_sources().iter().filter(guarded).filter_map(conditional).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    for bad in ["#[cfg(feature = \"fast\")] fn f() {}", "fn f() -> bool { cfg!(not(feature = \"fast\")) }"] {
        assert!(conditional(&Source::new("guard/src/guard.rs", bad)).is_some(), "{bad}");
    }
    assert!(conditional(&Source::new("guard/src/guard.rs", "fn feature(feature: u8) { /* feature = */ }")).is_none());
}

#[test]
fn every_key_that_a_message_names_exists() {
    let known = messages::known(root());
    let sources = all_sources();
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
        assert_eq!(messages::unknown(&Source::new("net/src/a.rs", bad), &known).len(), 1, "{bad}");
    }
    let good = r#"
        /// Set `nothing_at_all`.
        #[error("`{host}` is wrong: set `ca_bundle` or `SSL_CERT_FILE`, and run `abide login`; `code` has no `state`")]
        struct E;
        #[cfg(test)]
        mod tests { const TEXT: &str = "set `nothing_at_all`"; }
    "#;
    assert_eq!(messages::unknown(&Source::new("net/src/a.rs", good), &known), [""; 0]);
}

#[test]
fn no_error_says_what_its_source_says() {
    let texts = CRATES.iter().flat_map(|folder| source::texts(root(), folder));
    let found: Vec<String> = texts.flat_map(|(file, text)| said_twice(&file, &text)).collect();
    assert_eq!(found, [""; 0], "whoever prints the chain of errors reads it twice");
    for bad in [
        "    #[error(\"no token: {source}\")]\n    Token { source: io::Error },",
        "    #[error(\"no token: {0}\")]\n    Token(#[from] io::Error),",
    ] {
        assert_eq!(said_twice("a.rs", bad).len(), 1, "{bad}");
    }
    assert_eq!(said_twice("a.rs", "    #[error(transparent)]\n    Token(#[from] io::Error),"), [""; 0]);
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
    Path::new(ROOT)
}

fn architecture() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

fn sources(folder: &str) -> Vec<Source> {
    source::read(root(), folder)
}

fn all_sources() -> Vec<Source> {
    CRATES.into_iter().flat_map(sources).collect()
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

/// What a crate may have of Abide's in its tree, and what of others it never has.
struct Wall {
    folder: String,
    package: String,
    known: BTreeSet<String>,
    never: Vec<String>,
}

impl Wall {
    fn broken(&self, tree: &str) -> Vec<String> {
        let is_own = |name: &String| name.starts_with("abide");
        let strays = packages(tree).into_iter().filter(|name| match is_own(name) {
            true => *name != self.package && !self.known.contains(name),
            false => self.never.contains(name),
        });
        strays.map(|name| format!("`{}` has `{name}` in its tree", self.package)).collect()
    }
}

fn package_of(folder: &str) -> String {
    match folder {
        "src" => "abide".to_owned(),
        "signatures/derive" => "abide-derive".to_owned(),
        folder => format!("abide-{folder}"),
    }
}

/// The table of crates, with what each uses by way of the others.
fn walls() -> Vec<Wall> {
    let table = table(&architecture(), "Crates");
    let folder = |row: &Vec<String>| quoted(&row[0]).remove(0).trim_end_matches('/').to_owned();
    let uses: BTreeMap<String, Vec<String>> = table.iter().map(|row| (folder(row), quoted(&row[2]))).collect();
    let known = |folder: &str| {
        let (mut known, mut open) = (BTreeSet::new(), vec![folder.to_owned()]);
        while let Some(folder) = open.pop() {
            open.extend(uses[&folder].iter().filter(|used| known.insert((*used).clone())).cloned());
        }
        known.iter().map(|folder| package_of(folder)).collect()
    };
    let wall = |row: &Vec<String>| {
        let folder = folder(row);
        Wall { package: package_of(&folder), known: known(&folder), never: quoted(&row[3]), folder }
    };
    table.iter().map(wall).collect()
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

fn layers() -> BTreeMap<String, usize> {
    let mut layers = BTreeMap::new();
    for cells in table(&architecture(), "Layers") {
        let layer = cells[0].parse().unwrap_or_else(|_| panic!("`{}` is not the number of a layer", cells[0]));
        for module in quoted(&cells[1]) {
            assert_eq!(layers.insert(module.clone(), layer), None, "`{module}` stands in two layers");
        }
    }
    layers
}

fn rooms(markdown: &str) -> BTreeMap<String, Vec<String>> {
    let table = table(markdown, "Restricted dependencies");
    table.iter().flat_map(|cells| quoted(&cells[0]).into_iter().map(|name| (name, quoted(&cells[1])))).collect()
}

/// Modules that a crate root declares.
fn modules(root: &Source) -> Vec<String> {
    root.words.windows(3).filter(|words| words[0] == "mod" && words[2] == ";").map(|words| words[1].clone()).collect()
}

/// Names that a module re-exports out of the modules below it, with what they count as a use of: `Runtime` of `runtime`,
/// `module::Predict` of `module/predict`.
fn exports(sources: &[Source], layers: &BTreeMap<String, usize>) -> BTreeMap<String, String> {
    let mut exports = BTreeMap::new();
    for source in sources {
        let above = source.module();
        for path in source.paths.iter().filter(|path| path.len() > 1) {
            let below = [above.as_slice(), &[path[0].as_str()]].concat().join("/");
            if layers.contains_key(&below) {
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

fn upward(source: &Source, layers: &BTreeMap<String, usize>, exports: &BTreeMap<String, String>) -> Vec<String> {
    let module = source.module();
    let Some(top) = module.first() else { return Vec::new() };
    let below = module.get(1).and_then(|below| layers.get(&format!("{top}/{below}")));
    let Some(own) = below.or_else(|| layers.get(*top)) else {
        return vec![format!("`{}` is in no layer", source.file)];
    };
    let targets = source.paths.iter().filter_map(|path| from_root(path, module.len()));
    let higher = targets.filter(|target| layer_of(target, layers, exports).is_some_and(|layer| layer > *own));
    higher.map(|target| format!("`{}` uses `crate::{}`", source.file, target.join("::"))).collect()
}

/// The layer of what stands at a path below the crate root; `None` for names of other crates that the root re-exports.
fn layer_of(target: &[String], layers: &BTreeMap<String, usize>, exports: &BTreeMap<String, String>) -> Option<usize> {
    let first = target.first()?;
    if first == "*" {
        return Some(usize::MAX);
    }
    let exported = |name: &str| exports.get(name).and_then(|module| layers.get(module));
    let second = target.get(1).and_then(|second| {
        layers.get(&format!("{first}/{second}")).or_else(|| exported(&format!("{first}::{second}")))
    });
    second.or_else(|| layers.get(first)).or_else(|| exported(first)).copied()
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

/// The messages that hold their own source.
fn said_twice(file: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_twice = |pair: &&[&str]| {
        let (message, variant) = (pair[0], pair[1]);
        let is_source = variant.contains("#[from]") || variant.contains("#[source]");
        message.contains("#[error(") && (message.contains("{source}") || (message.contains("{0}") && is_source))
    };
    lines.windows(2).filter(is_twice).map(|pair| format!("`{file}`: {}", pair[0].trim())).collect()
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
