use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
};

use super::CliError;
use crate::security::{
    Boundary,
    replay::{Decided, Decision, Recording, replay},
};

/// The longest line of a file of episodes, in bytes.
const MAX_LINE: u64 = 64 * 1024 * 1024;

/// How decisions are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A summary for people.
    Summary,
    /// One line of JSON for each call.
    Json,
}

#[derive(Default)]
struct Tally {
    episodes: usize,
    permitted: usize,
    denied: BTreeMap<(String, &'static str), usize>,
    unexpected: Vec<String>,
}

/// Decides the calls of all episodes; 1 when a decision is not the expected one.
pub(super) fn replay_all(boundary: &Path, episodes: &Path, form: Form, out: &mut dyn Write) -> Result<u8, CliError> {
    let boundary = Boundary::load_rules(boundary)?;
    let failed = |reason: String| CliError::Episodes { file: episodes.display().to_string(), reason };
    let file = File::open(episodes).map_err(|error| failed(error.to_string()))?;
    let (mut lines, mut line) = (BufReader::new(file), Vec::new());
    let mut tally = Tally::default();
    for number in 1_usize.. {
        line.clear();
        let read = lines.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut line);
        let read = read.map_err(|error| failed(format!("line {number}: {error}")))?;
        if read == 0 {
            break;
        }
        if line.len() as u64 > MAX_LINE {
            return Err(failed(format!("line {number}: is longer than {MAX_LINE} bytes")));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let wrong = |error: serde_json::Error| failed(place(number, &error));
        let recording: Recording = serde_json::from_slice(line.trim_ascii_end()).map_err(wrong)?;
        let decided = replay(&boundary, &recording).map_err(|error| failed(format!("line {number}: {error}")))?;
        if form == Form::Json {
            for decision in &decided {
                serde_json::to_writer(&mut *out, decision).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        tally.add(&decided);
    }
    if form == Form::Summary {
        tally.show(out)?;
    }
    Ok(u8::from(!tally.unexpected.is_empty()))
}

impl Tally {
    fn add(&mut self, decided: &[Decided<'_>]) {
        self.episodes += 1;
        for one in decided {
            match one.event {
                None => self.permitted += 1,
                Some(event) => *self.denied.entry((one.rule.clone(), event.code())).or_default() += 1,
            }
            if !one.is_as_expected() {
                let found = if one.decision == Decision::Permit { "permitted" } else { "denied" };
                self.unexpected.push(format!("{:?}, call {}: {found} by {}", one.id, one.call, one.rule));
            }
        }
    }

    fn show(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let denied: usize = self.denied.values().sum();
        writeln!(
            out,
            "{} episodes, {} calls: {} permitted, {denied} denied",
            self.episodes,
            self.permitted + denied,
            self.permitted
        )?;
        for ((rule, event), count) in &self.denied {
            writeln!(out, "{count:>7}  {event}  {rule}")?;
        }
        for unexpected in &self.unexpected {
            writeln!(out, "not as expected: {unexpected}")?;
        }
        Ok(())
    }
}

/// Where and what, in the words of the reader, which counts lines within one line.
fn place(number: usize, error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    format!("line {number}, column {}: {reason}", error.column())
}
