use std::collections::{BTreeMap, BTreeSet};

use abide_base::shown::shown;
use similar::{ChangeTag, TextDiff};

use super::{Diff, Mark, lines::Lines};
use crate::{Demo, Digest, Fields, Origin, SlotPath, SlotState, artifact::Contents};

/// Beyond this, texts are shown as replaced: comparing line by line takes time in the product of their differences.
const MAX_LINES: usize = 2_000;
const CONTEXT: usize = 2;

pub(super) fn sections(diff: &mut Diff, old: &Contents, new: &Contents) {
    let mut paths: Vec<&SlotPath> = old.state.0.keys().chain(new.state.0.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let title = format!("slot {path}");
        match (old.state.0.get(path), new.state.0.get(path)) {
            (Some(was), Some(is)) => {
                let shapes = (old.program.slots.get(path), new.program.slots.get(path));
                diff.section(title, |lines| {
                    if let (Some(was), Some(is)) = shapes {
                        lines.change("shape", was.short(), is.short());
                    }
                    state(lines, was, is);
                });
            }
            (was, is) => diff.section(title, |lines| {
                let (mark, word) = match is {
                    Some(_) => (Mark::Added, "slot added"),
                    None => (Mark::Removed, "slot removed"),
                };
                lines.push(mark, word);
                let none = SlotState::default();
                state(lines, was.unwrap_or(&none), is.unwrap_or(&none));
            }),
        }
    }
}

fn state(lines: &mut Lines, old: &SlotState, new: &SlotState) {
    match (&old.instruction, &new.instruction) {
        (None, Some(_)) => lines.push(Mark::Changed, "instruction: replaces the signature's own"),
        (Some(_), None) => lines.push(Mark::Changed, "instruction: the signature's own again"),
        (Some(was), Some(is)) if was != is => lines.push(Mark::Changed, "instruction"),
        _ => {}
    }
    text(lines, old.instruction.as_deref().unwrap_or_default(), new.instruction.as_deref().unwrap_or_default());
    demos(lines, &old.demos, &new.demos);
    tool_docs(lines, &old.tool_docs, &new.tool_docs);
}

fn tool_docs(lines: &mut Lines, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (was, is) = (old.get(name), new.get(name));
        if was != is {
            let mark = match (was, is) {
                (None, _) => Mark::Added,
                (_, None) => Mark::Removed,
                _ => Mark::Changed,
            };
            lines.push(mark, format!("description of tool {}", shown(name)));
            let plain = |text: Option<&String>| text.map(String::as_str).unwrap_or_default().to_owned();
            text(lines, &plain(was), &plain(is));
        }
    }
}

/// Line by line, with a little of what stayed.
fn text(lines: &mut Lines, old: &str, new: &str) {
    if old == new {
        return;
    }
    let size = old.lines().count().max(new.lines().count());
    if size > MAX_LINES {
        let count = |text: &str| format!("  | {} lines", text.lines().count());
        lines.push(Mark::Removed, count(old));
        lines.push(Mark::Added, count(new));
        return;
    }
    let (old, new) = (split(old), split(new));
    let compared = TextDiff::from_slices(&old, &new);
    for (i, group) in compared.grouped_ops(CONTEXT).iter().enumerate() {
        if i > 0 {
            lines.push(Mark::Same, "  | …");
        }
        for change in group.iter().flat_map(|op| compared.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Insert => Mark::Added,
                ChangeTag::Delete => Mark::Removed,
                ChangeTag::Equal => Mark::Same,
            };
            lines.push(mark, format!("  | {}", shown(change.value())));
        }
    }
}

/// At `\n` and nowhere else, so that a changed `\r` shows.
fn split(text: &str) -> Vec<&str> {
    if text.is_empty() { Vec::new() } else { text.split('\n').collect() }
}

fn demos(lines: &mut Lines, old: &[Demo], new: &[Demo]) {
    let digests = |demos: &[Demo]| -> Vec<String> {
        let short = |demo| Digest::of(demo).map_or("?".to_owned(), |d| d.short().to_owned());
        demos.iter().map(short).collect()
    };
    let (was, is) = (digests(old), digests(new));
    let mut left = is.clone();
    for (digest, demo) in was.iter().zip(old) {
        match left.iter().position(|other| other == digest) {
            Some(at) => drop(left.remove(at)),
            None => lines.push(Mark::Removed, described(digest, demo)),
        }
    }
    let mut left = was.clone();
    for (digest, demo) in is.iter().zip(new) {
        match left.iter().position(|other| other == digest) {
            Some(at) => drop(left.remove(at)),
            None => lines.push(Mark::Added, described(digest, demo)),
        }
    }
    let kept = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|d| those.contains(d)).cloned().collect()
    };
    if kept(&was, &is) != kept(&is, &was) {
        lines.push(Mark::Changed, "order of demonstrations");
    }
}

fn described(digest: &str, demo: &Demo) -> String {
    format!("demonstration {digest} ({}): {} => {}", origin(&demo.origin), start(&demo.inputs), start(&demo.outputs))
}

/// Where a demonstration came from, for people.
pub(in crate::artifact) fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Labeled { example } => format!("labelled example {}", shown(example)),
        Origin::Bootstrapped { example, step } => {
            format!("run over example {}, step {step}", shown(example))
        }
        Origin::Written => "written by a person".to_owned(),
    }
}

/// The first words of some fields, safe to show.
pub(in crate::artifact) fn start(fields: &Fields) -> String {
    const CHARS: usize = 80;
    let text = crate::canonical_json(fields).unwrap_or_default();
    let mut start: String = text.chars().take(CHARS).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    shown(&start).to_string()
}
