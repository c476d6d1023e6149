use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use abide::{
    event::EventKind,
    guard::{
        Policy,
        replay::{Decided, Decision, replay},
    },
};

use crate::{
    episodes::{self, Stop},
    error::CliError,
    output_format::OutputFormat,
    text::{plural, say_json},
};

#[derive(Default)]
struct Tally {
    episodes: usize,
    permitted: usize,
    denied: BTreeMap<(String, EventKind), usize>,
    questions: usize,
    unexpected: Vec<String>,
}

/// Decides the calls of all episodes; 1 when a decision is not the expected one.
pub(super) fn replay_all(
    boundary: &Path,
    file: &Path,
    form: OutputFormat,
    out: &mut dyn Write,
) -> Result<u8, CliError> {
    let policy = Policy::load(boundary)?;
    let mut tally = Tally::default();
    episodes::each(file, |recording| {
        let decided = replay(&policy, &recording).map_err(|error| Stop::Line(error.to_string()))?;
        if form == OutputFormat::Json {
            for decision in &decided {
                say_json(decision, out)?;
            }
        }
        tally.add(&decided);
        Ok(())
    })?;
    if tally.episodes == 0 {
        let reason = "there is no episode in it: see docs/episodes.md".to_owned();
        return Err(CliError::Episodes { file: file.display().to_string(), reason });
    }
    if form == OutputFormat::Summary {
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
                Some(event) => *self.denied.entry((one.rule.clone(), event)).or_default() += 1,
            }
            self.questions += usize::from(one.ask.is_some());
            if !one.is_as_expected() {
                let found = if one.decision == Decision::Permit { "permitted" } else { "denied" };
                self.unexpected.push(format!("{:?}, calls[{}]: {found} by {}", one.id, one.call, one.rule));
            }
        }
    }

    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let denied: usize = self.denied.values().sum();
        writeln!(
            out,
            "{}, {}: {} permitted, {denied} denied",
            plural(self.episodes, "episode"),
            plural(self.permitted + denied, "call"),
            self.permitted
        )?;
        for ((rule, event), count) in &self.denied {
            writeln!(out, "{count:>7}  {}  {rule}: {}", event.code(), event.remedy())?;
        }
        if self.questions > 0 {
            let share = self.questions as f64 * 100.0 / self.episodes as f64;
            writeln!(out, "{} to approvers: {share:.0} per hundred episodes", plural(self.questions, "question"))?;
        }
        for unexpected in &self.unexpected {
            writeln!(out, "not as expected: {unexpected}")?;
        }
        Ok(())
    }
}
