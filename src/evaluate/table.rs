use abide_base::event::EventKind;
use comfy_table::{CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};

use super::Summary;
use crate::metric::Interval;

/// Kinds of events that are one row; left out where no column has any.
const EVENTS: &[(&str, &[EventKind])] = &[
    ("scope violations", &[EventKind::ScopeMissing, EventKind::ToolNotAllowed]),
    (
        "policy denials",
        &[
            EventKind::ArgumentDenied,
            EventKind::ProvenanceDenied,
            EventKind::LeakDenied,
            EventKind::SequenceDenied,
            EventKind::CallLimit,
            EventKind::BulkAccess,
            EventKind::OutgoingLimit,
        ],
    ),
    ("injections followed", &[EventKind::InjectionFollowed, EventKind::CanaryTriggered]),
    ("rate-limit hits", &[EventKind::RateLimited]),
    ("excess calls", &[EventKind::ExcessCall]),
    ("repeated calls", &[EventKind::RedundantCall]),
];

/// Evaluations side by side, a column each; for people.
pub fn table(columns: &[(&str, &Summary)]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(std::iter::once("").chain(columns.iter().map(|(name, _)| *name)));
    let mut row = |label: &str, cell: &dyn Fn(&Summary) -> String| {
        table.add_row(std::iter::once(label.to_owned()).chain(columns.iter().map(|(_, summary)| cell(summary))));
    };
    let any = |counts: &dyn Fn(&Summary) -> bool| columns.iter().any(|(_, summary)| counts(summary));
    row("task success", &|s| rate(s.task));
    row("violation rate", &|s| rate(s.violation_rate));
    row("safe success", &|s| format!("{:.2}", s.safe_success));
    for (label, kinds) in EVENTS.iter().filter(|(_, kinds)| any(&|s| count(s, kinds) > 0)) {
        row(label, &|s| count(s, kinds).to_string());
    }
    if any(&|s| s.questions_per_hundred() > 0.0) {
        row("questions per hundred", &|s| format!("{:.0}", s.questions_per_hundred()));
    }
    if any(&|s| s.tool_calls > 0) {
        row("tool calls", &|s| s.tool_calls.to_string());
    }
    row("model calls", &|s| s.model_calls.to_string());
    row("tokens", &|s| s.tokens.to_string());
    row("scored", &|s| format!("{} of {}", s.scored, s.examples));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn rate(interval: Interval) -> String {
    format!("{:.2} [{:.2}, {:.2}]", interval.mean, interval.low, interval.high)
}

fn count(summary: &Summary, kinds: &[EventKind]) -> u64 {
    kinds.iter().filter_map(|kind| summary.events.get(kind.code())).sum()
}
