use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufReader, Write},
    path::{Path, PathBuf},
};

use abide::{
    call::ToolName,
    event::EventKind,
    guard::audit::{
        ChainFault, ChainHash, Entry, Known, Lines, Outcome, Row, RowVerdict, VerifyError, files_of, verify,
    },
    id::RunId,
};
use abide_base::shown::shown;
use comfy_table::{Cell, Table, presets};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    error::CliError,
    output_format::OutputFormat,
    text::{plain, plural, say_json},
};

/// Which rows are asked for; what is absent asks for all.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Filter {
    /// Of this run
    #[arg(long, value_parser = run_of)]
    run: Option<RunId>,
    /// Of this tool
    #[arg(long, value_parser = tool_of)]
    tool: Option<ToolName>,
    /// With this verdict; a dry run is a permit
    #[arg(long, value_enum)]
    verdict: Option<Side>,
    /// With this code, such as `scope_missing`, be it the reason or one of what else there was
    #[arg(long, value_parser = code_of)]
    code: Option<EventKind>,
    /// Of this candidate program
    #[arg(long, value_name = "NAME")]
    candidate: Option<String>,
    /// Not before this time (RFC 3339), such as `2027-01-15T08:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = time_of)]
    since: Option<OffsetDateTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Side {
    Permit,
    Deny,
    Unavailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Key {
    Tool,
    Code,
    Run,
}

/// Decisions, by what they are.
#[derive(Default)]
struct Count {
    permitted: u64,
    denied: u64,
    unavailable: u64,
}

type Opened = Vec<(String, BufReader<File>)>;

/// Follows the chain; 1 where it is broken.
pub(super) fn verify_all(files: &[PathBuf], known: Known, out: &mut dyn Write) -> Result<u8, CliError> {
    let opened = match files {
        [one] => files_of(one)?,
        several => open(several)?,
    };
    let found = match verify(opened, known) {
        Ok(found) => found,
        Err(VerifyError::ChainBreak(bad)) => {
            writeln!(out, "bad: {}", shown(&bad.to_string()))?;
            return Ok(1);
        }
        Err(error) => return Err(error.into()),
    };
    let files = plural(found.files, "file");
    writeln!(out, "ok: {} in {files}, log {}", plural(found.rows, "row"), shown(&found.log))?;
    writeln!(out, "last row {}, {}", found.last, shown(&found.time))?;
    writeln!(out, "head {}", found.head)?;
    if found.torn > 0 {
        writeln!(out, "half rows of killed processes, set aside: {}", found.torn)?;
    }
    match found.since {
        Some(0) => writeln!(out, "the last row is the known one")?,
        Some(rows) => writeln!(out, "{} after the known one", plural(rows, "row"))?,
        None => {}
    }
    Ok(0)
}

/// Shows decisions with what came of them.
pub(super) fn query(file: &Path, filter: &Filter, form: OutputFormat, out: &mut dyn Write) -> Result<u8, CliError> {
    let mut rows: Vec<(Row, Option<Outcome>)> = Vec::new();
    let mut at = HashMap::new();
    each(file, |entry, line| {
        let wanted = match entry {
            Entry::Decision(row) if filter.wants(&row) => {
                if form == OutputFormat::Summary {
                    at.insert(row.seq, rows.len());
                    rows.push((row, None));
                } else {
                    at.insert(row.seq, 0);
                }
                true
            }
            Entry::Outcome(outcome) => match at.remove(&outcome.decision) {
                Some(index) => {
                    if let Some((_, ended)) = rows.get_mut(index) {
                        *ended = Some(outcome);
                    }
                    true
                }
                None => false,
            },
            _ => false,
        };
        if wanted && form == OutputFormat::Json {
            writeln!(out, "{}", plain(line))?;
        }
        Ok(())
    })?;
    if form == OutputFormat::Summary {
        writeln!(out, "{}", table(&rows))?;
    }
    Ok(0)
}

/// Counts decisions by one of their parts, the most first.
pub(super) fn count(
    file: &Path,
    filter: &Filter,
    by: Key,
    form: OutputFormat,
    out: &mut dyn Write,
) -> Result<u8, CliError> {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    each(file, |entry, _| {
        if let Entry::Decision(row) = entry
            && filter.wants(&row)
        {
            counts.entry(by.of(&row)).or_default().add(row.verdict);
        }
        Ok(())
    })?;
    let mut counts: Vec<(String, Count)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(count.all()));
    if form == OutputFormat::Json {
        for (key, count) in &counts {
            say_json(
                &json!({
                    by.name(): key, "rows": count.all(),
                    "permitted": count.permitted, "denied": count.denied, "unavailable": count.unavailable,
                }),
                out,
            )?;
        }
        return Ok(0);
    }
    let mut table = empty(&["rows", "permitted", "denied", "unavailable", by.name()]);
    for (key, count) in &counts {
        let numbers = [count.all(), count.permitted, count.denied, count.unavailable].map(|number| number.to_string());
        table.add_row(numbers.into_iter().chain([safe(key)]).map(Cell::new));
    }
    writeln!(out, "{table}")?;
    Ok(0)
}

impl Filter {
    fn wants(&self, row: &Row) -> bool {
        let side = |side| match side {
            Side::Permit => row.verdict.is_permit(),
            Side::Deny => matches!(row.verdict, RowVerdict::Deny(_)),
            Side::Unavailable => row.verdict == RowVerdict::Unavailable,
        };
        // a row without a readable time is shown rather than hidden
        let late = |since| time_of(&row.time).map_or(true, |time| time >= since);
        let has = |kind| row.verdict.code() == Some(kind) || row.other_codes.contains(&kind);
        self.run.is_none_or(|run| run == row.run)
            && self.tool.as_ref().is_none_or(|tool| *tool == row.tool)
            && self.code.is_none_or(has)
            && self.candidate.as_ref().is_none_or(|candidate| row.labels.get("candidate") == Some(candidate))
            && self.verdict.is_none_or(side)
            && self.since.is_none_or(late)
    }
}

impl Key {
    fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Code => "code",
            Self::Run => "run",
        }
    }

    fn of(self, row: &Row) -> String {
        match self {
            Self::Tool => row.tool.to_string(),
            Self::Code => row.verdict.code().map_or(row.verdict.name(), |kind| kind.code()).to_owned(),
            Self::Run => row.run.to_string(),
        }
    }
}

impl Count {
    fn all(&self) -> u64 {
        self.permitted + self.denied + self.unavailable
    }

    fn add(&mut self, verdict: RowVerdict) {
        match verdict {
            RowVerdict::Permit | RowVerdict::PermitDryRun => self.permitted += 1,
            RowVerdict::Deny(_) => self.denied += 1,
            RowVerdict::Unavailable => self.unavailable += 1,
        }
    }
}

/// Every row of a file and of those before it. A row that is being written at the end of the last is left out.
fn each(file: &Path, mut visit: impl FnMut(Entry, &[u8]) -> Result<(), CliError>) -> Result<(), CliError> {
    let files = files_of(file)?;
    let last = files.len();
    for (number, (name, input)) in (1..).zip(files) {
        let mut lines = Lines::new(name, input);
        loop {
            match lines.advance() {
                Ok(true) => visit(lines.entry().map_err(VerifyError::from)?, lines.line())?,
                Ok(false) => break,
                Err(VerifyError::ChainBreak(bad)) if number == last && bad.fault == ChainFault::Cut => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

fn open(files: &[PathBuf]) -> Result<Opened, VerifyError> {
    let open = |path: &PathBuf| {
        let file = path.display().to_string();
        match File::open(path) {
            Ok(input) => Ok((file, BufReader::new(input))),
            Err(source) => Err(VerifyError::Read { file, reason: source }),
        }
    };
    files.iter().map(open).collect()
}

fn table(rows: &[(Row, Option<Outcome>)]) -> Table {
    let mut table = empty(&["row", "time", "run", "module", "tool", "verdict", "rule", "outcome", "ms"]);
    for (row, outcome) in rows {
        let verdict = row.verdict.code().map_or(row.verdict.name(), |kind| kind.code());
        let status = outcome.as_ref().map(|outcome| match outcome.code {
            Some(code) => format!("{} ({})", outcome.status.name(), code.code()),
            None => outcome.status.name().to_owned(),
        });
        let latency = outcome.as_ref().map(|outcome| format!("{:.1}", outcome.latency_us as f64 / 1_000.0));
        let cells = [
            row.seq.to_string(),
            safe(&row.time),
            row.run.to_string(),
            safe(row.module.as_deref().unwrap_or_default()),
            row.tool.to_string(),
            verdict.to_owned(),
            safe(row.rule.as_deref().unwrap_or_default()),
            status.unwrap_or_default(),
            latency.unwrap_or_default(),
        ];
        table.add_row(cells.map(Cell::new));
    }
    table
}

fn empty(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.iter().copied().map(Cell::new));
    table
}

fn safe(text: &str) -> String {
    shown(text).to_string()
}

fn run_of(text: &str) -> Result<RunId, String> {
    RunId::try_from(text.to_owned()).map_err(|error| error.to_string())
}

fn tool_of(text: &str) -> Result<ToolName, String> {
    ToolName::try_from(text).map_err(|error| error.to_string())
}

fn code_of(text: &str) -> Result<EventKind, String> {
    EventKind::named(text).ok_or_else(|| "is not the code of an event: see docs/events.md".to_owned())
}

fn time_of(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| error.to_string())
}

/// What `--head` and `--after` take.
pub(super) fn hash(text: &str) -> Result<ChainHash, String> {
    text.parse().map_err(|error: abide::guard::audit::HashError| error.to_string())
}
