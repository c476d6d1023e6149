use std::{collections::BTreeMap, fmt};

use abide_base::shown::shown;

/// What changed between two artifacts. Text that came from outside is escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diff {
    /// The parts that differ.
    pub sections: Vec<Section>,
}

/// The changes of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// Which part.
    pub title: String,
    /// The changes, in reading order.
    pub lines: Vec<Line>,
}

/// One line of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// What it says of the text.
    pub mark: Mark,
    /// The text, safe to show.
    pub text: String,
}

/// What a line of a diff says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mark {
    /// Only in the second.
    Added,
    /// Only in the second, and the program needs more than before.
    Widened,
    /// Only in the first.
    Removed,
    /// In both, but not the same.
    Changed,
    /// In both; context.
    Same,
}

impl Diff {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// Whether the new program needs a scope or a tool that the old one did not.
    pub fn widens(&self) -> bool {
        self.sections.iter().flat_map(|section| &section.lines).any(|line| line.mark == Mark::Widened)
    }

    pub(super) fn section(&mut self, title: impl Into<String>, fill: impl FnOnce(&mut Lines)) {
        let mut lines = Lines(Vec::new());
        fill(&mut lines);
        if !lines.0.is_empty() {
            self.sections.push(Section { title: title.into(), lines: lines.0 });
        }
    }
}

/// Lines being written.
pub(super) struct Lines(Vec<Line>);

impl Lines {
    pub(super) fn push(&mut self, mark: Mark, text: impl Into<String>) {
        let text = text.into();
        self.0.push(Line { mark, text });
    }

    /// A line when the two are not the same.
    pub(super) fn change<T: fmt::Display>(&mut self, what: &str, old: T, new: T) {
        let (old, new) = (old.to_string(), new.to_string());
        if old != new {
            self.push(Mark::Changed, format!("{what}: {} -> {}", shown(&old), shown(&new)));
        }
    }

    /// Lines for what two maps do not have in common.
    pub(super) fn maps<K: Ord + fmt::Display, V: PartialEq>(
        &mut self,
        (old, new): (&BTreeMap<K, V>, &BTreeMap<K, V>),
        added: Mark,
        word: impl Fn(&K, Option<&V>, Option<&V>) -> String,
    ) {
        for (key, value) in old {
            match new.get(key) {
                None => self.push(Mark::Removed, word(key, Some(value), None)),
                Some(now) if now != value => {
                    self.push(Mark::Changed, word(key, Some(value), Some(now)));
                }
                Some(_) => {}
            }
        }
        for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(key)) {
            self.push(added, word(key, None, Some(value)));
        }
    }
}

impl Mark {
    /// The sign at the start of the line.
    fn sign(self) -> char {
        match self {
            Self::Added | Self::Widened => '+',
            Self::Removed => '-',
            Self::Changed => '~',
            Self::Same => ' ',
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widened = if self.mark == Mark::Widened { "  (widening: needs more than before)" } else { "" };
        write!(f, "{} {}{widened}", self.mark.sign(), self.text)
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for section in &self.sections {
            writeln!(f, "{}", section.title)?;
            for line in &section.lines {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}
