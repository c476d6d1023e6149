//! From the text of a boundary file to a [`PolicySpec`].

use std::path::Path;

use abide_base::call::ToolName;
use toml::de::DeTable;

use super::{
    Answer, Class, CompileWrites, Limits, PolicySpec, Problem, ToolLock, ToolRule,
    reader::{Findings, Lines, Table},
    validate::{Declared, validate},
};

/// The keys of a boundary file. All but `servers` are a policy's.
const KEYS: &[&str] = &["servers", "tools", "registry", "sensitive", "limits", "answer", "canaries", "compile", "lock"];

/// What a boundary file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadMode {
    /// To be kept.
    Work,
    /// To make its lock, which is not read.
    Lock,
    /// To be looked at: a file without any servers is no mistake.
    Review,
}

/// Reads and validates the policy of a file, whose servers are not looked at, and says on which lines its keys stand.
pub(crate) fn read_policy(text: &str, base_dir: &Path) -> Result<(PolicySpec, Lines), Vec<Problem>> {
    read_file(text, base_dir, |root| {
        let mut spec = read(root, LoadMode::Work);
        let declared = Declared::in_file(root).with_servers_of(&spec);
        spec.servers = declared.server_ids().collect();
        let problems = validate(&spec, &declared);
        (spec, problems)
    })
}

/// Reads a file by its root, and says on which lines its keys stand. All problems come at once: those of reading, of keys that nothing has
/// asked for, and those that `read` finds in what it made.
pub fn read_file<T>(
    text: &str,
    base_dir: &Path,
    read: impl FnOnce(&Table<'_>) -> (T, Vec<Problem>),
) -> Result<(T, Lines), Vec<Problem>> {
    let findings = Findings::new(text, base_dir);
    let document = DeTable::parse(text).map_err(|error| vec![not_toml(text, &findings, &error)])?;
    let root = Table::new(String::new(), String::new(), 1, document.get_ref(), &findings);
    let (value, problems) = read(&root);
    root.finish(KEYS);
    findings.conclude(problems).map(|lines| (value, lines))
}

/// Shows names of keys only: the error's own form shows the line, which could hold a secret.
fn not_toml(text: &str, findings: &Findings<'_>, error: &toml::de::Error) -> Problem {
    let (message, span) = (error.message(), error.span().unwrap_or_default());
    let line = error.span().map(|span| findings.line_at(span.start));
    if !message.starts_with("duplicate key") {
        return Problem { line, ..Problem::new("", format!("is not TOML: {message}")) };
    }
    let of_line = line.and_then(|line| text.lines().nth(line - 1)).unwrap_or_default().trim();
    let header = of_line.starts_with('[').then(|| of_line.trim_start_matches('[').split(']').next()).flatten();
    let key = header.or_else(|| text.get(span)).unwrap_or_default().trim();
    let reason = "stands here a second time, which is not TOML: make one of the two";
    Problem { line, ..Problem::new(key, reason) }
}

/// Whether a table is the first half of a tool's name, `[tools.server.tool]`, and not a tool.
fn is_split(table: &Table<'_>) -> bool {
    let is_key = |key: String| ToolRule::KEYS.contains(&key.as_str());
    !table.keys().any(is_key) && !table.tables().is_empty()
}

/// What the tables of a file say but `[servers]`.
pub fn read(root: &Table<'_>, mode: LoadMode) -> PolicySpec {
    let mut spec = PolicySpec::default();
    for (name, table) in root.table("tools").iter().flat_map(Table::tables) {
        match ToolName::try_from(name) {
            Ok(name) if is_split(&table) => {
                let inner = table.keys().next().unwrap_or_default();
                let reason = format!("a name with a dot stands in quotes: write `[tools.\"{name}.{inner}\"]`");
                table.problem_here(reason);
            }
            Ok(name) => {
                if let Some(rule) = ToolRule::read(table) {
                    spec.tools.insert(name, rule);
                }
            }
            Err(error) => table.problem_here(error.to_string()),
        }
    }
    if let Some(table) = root.table("registry") {
        let names: Vec<String> = table.keys().collect();
        for name in &names {
            spec.registry = spec.registry.with(name, table.texts(name).into_iter().flatten());
        }
        table.finish(&names.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let classes = root.table("sensitive").map(|table| table.tables()).unwrap_or_default().into_iter();
    spec.sensitive = classes.filter_map(|(name, table)| Some((name, Class::read(table)?))).collect();
    spec.answer = root.table("answer").and_then(Answer::read).unwrap_or_default();
    if let Some(table) = root.table("canaries") {
        spec.canaries = table.texts("values").into_iter().flatten().map(str::to_owned).collect();
        table.finish(&["values"]);
    }
    spec.limits = root.table("limits").and_then(Limits::read).unwrap_or_default();
    if let Some(table) = root.table("compile") {
        let words = [("dry_run", CompileWrites::DryRun), ("live", CompileWrites::Live)];
        spec.compile_writes = table.choice("writes", &words).unwrap_or_default();
        table.finish(&["writes"]);
    }
    let lock = |text: &str| ToolLock::parse(text).map_err(|error| error.to_string());
    match mode {
        LoadMode::Lock => drop(root.text("lock")),
        LoadMode::Work | LoadMode::Review => spec.lock = root.beside("lock", lock),
    }
    spec
}
