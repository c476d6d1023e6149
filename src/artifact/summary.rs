use std::fmt;

use abide_base::shown::shown;
use comfy_table::{Table, presets};

use super::{
    Comparison, Measured,
    artifact::Artifact,
    diff::{estimate, origin, start},
};
use crate::SlotState;

/// An artifact in a few lines, for people.
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a>(&'a Artifact);

impl<'a> Summary<'a> {
    pub(super) fn of(artifact: &'a Artifact) -> Self {
        Self(artifact)
    }

    fn requires(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requires = &self.0.requires;
        writeln!(f, "requires")?;
        if requires.scopes.is_empty() && requires.tools.is_empty() {
            return writeln!(f, "  nothing");
        }
        for scope in requires.scopes.iter() {
            writeln!(f, "  scope {scope}")?;
        }
        for (tool, digest) in &requires.tools {
            writeln!(f, "  tool {tool} ({})", digest.short())?;
        }
        Ok(())
    }

    fn provenance(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = &self.0.provenance;
        writeln!(f, "provenance")?;
        writeln!(f, "  optimizer {} {}", shown(&from.optimizer), shown(&from.config.to_string()))?;
        writeln!(f, "  seed {}, data {}", from.seed, from.data_digest.short())?;
        for (role, model) in &from.models {
            writeln!(f, "  model {}: {}", shown(role), shown(&model.0))?;
        }
        if let Some(parent) = &from.parent {
            writeln!(f, "  parent {}", parent.short())?;
        }
        writeln!(f, "  abide {}", shown(&from.abide_version))
    }

    fn evidence(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let evidence = &self.0.evidence;
        if evidence.splits.is_empty() {
            return writeln!(f, "evidence: none");
        }
        let model = if evidence.simulated {
            "with a simulated model: says nothing about a real one"
        } else {
            "with a real model"
        };
        writeln!(f, "evidence {model}")?;
        for (split, comparison) in &evidence.splits {
            let mut table = Table::new();
            table.load_style(presets::NOTHING);
            table.set_header(["  ", &format!("{split}:"), "before", "after"]);
            for [name, before, after] in rows(comparison) {
                table.add_row(["", &name, &before, &after]);
            }
            for line in table.lines() {
                writeln!(f, " {}", line.trim_end())?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let artifact = self.0;
        let program = &artifact.program;
        writeln!(f, "program {}", program.name)?;
        writeln!(f, "digest {}", artifact.digest())?;
        writeln!(f, "boundary {}", artifact.boundary_digest)?;
        for (path, state) in &artifact.state.0 {
            let shape = program.slots.get(path).map_or("?", |shape| shape.short());
            writeln!(f, "slot {path} (shape {shape})")?;
            slot(f, state)?;
        }
        self.requires(f)?;
        self.provenance(f)?;
        self.evidence(f)
    }
}

fn slot(f: &mut fmt::Formatter<'_>, state: &SlotState) -> fmt::Result {
    match &state.instruction {
        None => writeln!(f, "  instruction: the signature's own")?,
        Some(text) => {
            writeln!(f, "  instruction")?;
            block(f, text)?;
        }
    }
    for (number, demo) in (1..).zip(&state.demos) {
        writeln!(f, "  demonstration {number} ({})", origin(&demo.origin))?;
        writeln!(f, "    | {} => {}", start(&demo.inputs), start(&demo.outputs))?;
    }
    for (tool, text) in &state.tool_docs {
        writeln!(f, "  description of tool {}", shown(tool))?;
        block(f, text)?;
    }
    Ok(())
}

/// Every line behind a bar, so that no text can pass for a part of the summary.
fn block(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.split('\n').try_for_each(|line| writeln!(f, "    | {}", shown(line)))
}

fn rows(comparison: &Comparison) -> Vec<[String; 3]> {
    let Comparison { before, after } = comparison;
    let row = |name: &str, of: &dyn Fn(&Measured) -> String| [name.to_owned(), of(before), of(after)];
    let mut rows = vec![
        row("task", &|m| estimate(m.task)),
        row("violation rate", &|m| estimate(m.violation_rate)),
        row("value", &|m| m.value.to_string()),
        row("scored", &|m| format!("{} of {}", m.scored, m.examples)),
        row("model calls", &|m| m.model_calls.to_string()),
        row("tool calls", &|m| m.tool_calls.to_string()),
        row("tokens", &|m| m.tokens.to_string()),
    ];
    let mut codes: Vec<&String> = before.events.keys().chain(after.events.keys()).collect();
    codes.sort_unstable();
    codes.dedup();
    rows.extend(codes.into_iter().map(|code| {
        let count = |m: &Measured| m.events.get(code).copied().unwrap_or(0).to_string();
        row(&format!("event {}", shown(code)), &count)
    }));
    rows
}

impl Artifact {
    /// What a person wants to know of it, in a few lines. Text that came from outside is escaped.
    pub fn summary(&self) -> Summary<'_> {
        Summary::of(self)
    }
}
