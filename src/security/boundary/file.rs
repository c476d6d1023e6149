//! From the text of `boundary.toml` to [`Parts`].

mod flow;
mod limits;
mod server;
mod token;
mod tool;

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    str::FromStr,
};

use toml::de::DeTable;

use self::server::Server;
pub(in crate::security) use self::tool::ARGUMENT_KEYS;
use super::{
    CompileWrites, Parts, Problem,
    lock::ToolLock,
    read_text,
    reader::{Findings, Lines, Table},
    validate::{self, Declared},
};
use crate::{
    call::{ServerId, ToolName},
    secret::Secret,
};

/// A file with a secret in it is small.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// The largest file of stand-ins or definitions, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

const ROOT_KEYS: &[&str] =
    &["servers", "tools", "registry", "sensitive", "limits", "answer", "canaries", "compile", "lock"];

/// Where relative paths start and secrets come from, and what for.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) base_dir: &'a Path,
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
    pub(super) purpose: Purpose,
}

/// What a boundary is read for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Purpose {
    /// To be kept.
    Work,
    /// To make its lock, which is not read.
    Lock,
    /// To be looked at: a file without any servers is no mistake.
    Review,
}

/// What is read of a file.
#[derive(Clone, Copy)]
pub(super) enum Extent<'a> {
    /// All of it.
    Whole(Surroundings<'a>),
    /// All but its servers, so no secret; the servers of tools need no entry. Relative paths start here.
    Rules(&'a Path),
}

impl<'a> Extent<'a> {
    fn base_dir(self) -> &'a Path {
        match self {
            Self::Whole(around) => around.base_dir,
            Self::Rules(base_dir) => base_dir,
        }
    }

    fn purpose(self) -> Purpose {
        match self {
            Self::Whole(around) => around.purpose,
            Self::Rules(_) => Purpose::Work,
        }
    }
}

/// What a file says, and on which lines.
pub(super) fn read(text: &str, extent: Extent<'_>) -> Result<(Parts, Lines), Vec<Problem>> {
    let findings = Findings::new(text);
    let document = DeTable::parse(text).map_err(|error| vec![no_toml(text, &findings, &error)])?;
    let root = Table::new(String::new(), 1, document.get_ref(), &findings);
    let mut parts = rules(&root, extent);
    match &extent {
        Extent::Whole(around) => servers(&root, around, &mut parts),
        Extent::Rules(_) => drop(root.table("servers")),
    }
    let names = |key| root.table(key).iter().flat_map(Table::keys).collect();
    let mut declared = Declared {
        servers: names("servers"),
        tools: names("tools"),
        lists: names("registry"),
        classes: names("sensitive"),
    };
    let is_without_servers = extent.purpose() == Purpose::Review && !root.has("servers");
    if is_without_servers || matches!(extent, Extent::Rules(_)) {
        declared.servers.extend(parts.tools.keys().filter_map(|tool| tool.server().map(str::to_owned)));
    }
    root.finish(ROOT_KEYS);
    // a key that could not be read has its problem already, whatever would follow from that
    let misread = findings.keys_with_problems();
    let found = validate::check(&parts, &declared).into_iter().filter(|problem| !misread.contains(&problem.key));
    found.for_each(|problem| findings.add(problem));
    match findings.into_parts() {
        (problems, lines) if problems.is_empty() => Ok((parts, lines)),
        (problems, _) => Err(problems),
    }
}

/// Shows names of keys only: the error's own form shows the line, which could hold a secret.
fn no_toml(text: &str, findings: &Findings<'_>, error: &toml::de::Error) -> Problem {
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

fn servers(root: &Table<'_>, around: &Surroundings<'_>, parts: &mut Parts) {
    for (id, table) in root.table("servers").iter().flat_map(Table::tables) {
        match ServerId::try_from(id) {
            Ok(id) => match server::server(id, table, around) {
                Some(Server::Http(config)) => drop(parts.servers.insert(config.id.clone(), *config)),
                Some(Server::Command(config)) => drop(parts.commands.insert(config.id.clone(), config)),
                None => {}
            },
            Err(error) => table.problem_here(error.to_string()),
        }
    }
}

/// Whether a table is the first half of a tool's name, `[tools.server.tool]`, and not a tool.
fn is_split(table: &Table<'_>) -> bool {
    let is_key = |key: String| tool::KEYS.contains(&key.as_str());
    !table.keys().any(is_key) && !table.tables().is_empty()
}

fn rules(root: &Table<'_>, extent: Extent<'_>) -> Parts {
    let base_dir = extent.base_dir();
    let mut parts = Parts::default();
    for (name, table) in root.table("tools").iter().flat_map(Table::tables) {
        match ToolName::try_from(name) {
            Ok(name) if is_split(&table) => {
                let inner = table.keys().next().unwrap_or_default();
                let reason = format!("a name with a dot stands in quotes: write `[tools.\"{name}.{inner}\"]`");
                table.problem_here(reason);
            }
            Ok(name) => {
                if let Some(rule) = tool::tool(&name, &table, base_dir) {
                    parts.tools.insert(name, rule);
                }
                table.finish(tool::KEYS);
            }
            Err(error) => table.problem_here(error.to_string()),
        }
    }
    if let Some(table) = root.table("registry") {
        let names: Vec<String> = table.keys().collect();
        for name in &names {
            parts.registry = parts.registry.with(name, table.texts(name).into_iter().flatten());
        }
        table.finish(&names.iter().map(String::as_str).collect::<Vec<_>>());
    }
    parts.sensitive = root.table("sensitive").map(|table| flow::classes(&table)).unwrap_or_default();
    parts.answer = root.table("answer").map(flow::answer).unwrap_or_default();
    if let Some(table) = root.table("canaries") {
        parts.canaries = table.texts("values").into_iter().flatten().map(str::to_owned).collect();
        table.finish(&["values"]);
    }
    if let Some(table) = root.table("limits") {
        parts.limits = limits::limits(&table);
        table.finish(limits::KEYS);
    }
    if let Some(table) = root.table("compile") {
        let words = [("dry_run", CompileWrites::DryRun), ("live", CompileWrites::Live)];
        parts.compile_writes = choice(&table, "writes", &words).unwrap_or_default();
        table.finish(&["writes"]);
    }
    let lock = |text: &str| ToolLock::parse(text).map_err(|error| error.to_string());
    match extent.purpose() {
        Purpose::Lock => drop(root.text("lock")),
        Purpose::Work | Purpose::Review => parts.lock = beside(root, "lock", base_dir, lock),
    }
    parts
}

/// What stands in a file that a key names.
fn beside<T>(
    table: &Table<'_>,
    key: &str,
    base_dir: &Path,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let path = base_dir.join(table.text(key)?);
    let unreadable = |error: std::io::Error| {
        let make = if key == "lock" { "; make it with `abide tools lock --boundary FILE`" } else { "" };
        format!(
            "the file `{}` cannot be read: {error}; paths start at the boundary file's folder{make}",
            path.display()
        )
    };
    let read = || {
        let text = read_text(&path, MAX_FILE_BYTES).map_err(unreadable)?;
        parse(&text).map_err(|reason| format!("the file `{}`: {reason}", path.display()))
    };
    read().map_err(|reason| table.problem(key, reason)).ok()
}

fn secret(table: &Table<'_>, around: &Surroundings<'_>) -> Option<Secret<String>> {
    let named = (table.text("client_secret_env"), table.text("client_secret_file"));
    if table.value("client_secret").is_some() {
        table.problem(
            "client_secret",
            "a secret must not stand in this file, because the file is read, copied and committed: put it into an environment \
             variable and name that with `client_secret_env`, or into a file and name that with `client_secret_file`; and \
             replace this secret, it may be known by now",
        );
        return None;
    }
    let found = match named {
        (Some(_), Some(_)) => {
            table.problem(
                "client_secret_file",
                "set only one of `client_secret_env` and `client_secret_file`",
            );
            return None;
        }
        (Some(name), None) => (around.env)(name).map(Secret::new).ok_or((
            "client_secret_env",
            format!("the environment variable `{name}` is not set: set it to the client secret"),
        )),
        (None, Some(path)) => {
            secret_file(&around.base_dir.join(path)).map_err(|error| ("client_secret_file", error))
        }
        (None, None) => Err((
            "client_secret_env",
            "is missing: name the environment variable that holds the client secret, or a file with `client_secret_file`".into(),
        )),
    };
    match found {
        Ok(secret) if !secret.expose().trim().is_empty() => Some(secret),
        Ok(_) => {
            let key = ["client_secret_env", "client_secret_file"].into_iter().find(|key| table.has(key));
            table.problem(key.unwrap_or_default(), "names an empty secret: put the client secret there");
            None
        }
        Err((key, reason)) => {
            // a key of the wrong type has its problem already
            if !table.has(key) || table.text(key).is_some() {
                table.problem(key, reason);
            }
            None
        }
    }
}

fn secret_file(path: &PathBuf) -> Result<Secret<String>, String> {
    let unreadable = |error: std::io::Error| {
        format!("the file `{}` cannot be read: {error}; paths start at the boundary file's folder", path.display())
    };
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut text = zeroize::Zeroizing::new(String::new());
    file.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_SECRET_BYTES {
        return Err(format!("the file `{}` has more than 64 KiB: it is no secret", path.display()));
    }
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn required_count(table: &Table<'_>, key: &str) -> Option<std::num::NonZeroU32> {
    if !table.has(key) {
        table.problem(key, "is missing: set it");
    }
    table.count(key)
}

fn choice<T: Copy>(table: &Table<'_>, key: &str, words: &[(&str, T)]) -> Option<T> {
    let text = table.text(key)?;
    let chosen = words.iter().find(|(word, _)| *word == text);
    if chosen.is_none() {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        table.problem(key, format!("must be one of `{}`", words.join("`, `")));
    }
    chosen.map(|(_, value)| *value)
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(table: &Table<'_>, key: &str, text: &str) -> Option<T> {
    text.parse().map_err(|error: T::Err| table.problem(key, error.to_string())).ok()
}
