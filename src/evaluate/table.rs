use comfy_table::{CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};

use super::Summary;
use crate::metric::Interval;

/// Evaluations side by side, a column each; for people.
pub fn table(columns: &[(&str, &Summary)]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(std::iter::once("").chain(columns.iter().map(|(name, _)| *name)));
    let mut row = |label: &str, cell: &dyn Fn(&Summary) -> String| {
        table.add_row(std::iter::once(label.to_owned()).chain(columns.iter().map(|(_, summary)| cell(summary))));
    };
    row("task success", &|s| rate(s.task));
    row("violation rate", &|s| rate(s.violation_rate));
    row("safe success", &|s| format!("{:.2}", s.safe_success));
    row("scope violations", &|s| count(s, &["scope_missing", "tool_not_allowed"]));
    row("policy denials", &|s| count(s, &["argument_denied", "provenance_denied", "call_limit", "bulk_access"]));
    row("injections obeyed", &|s| count(s, &["injection_obeyed"]));
    row("rate-limit hits", &|s| count(s, &["rate_limited"]));
    row("excess calls", &|s| count(s, &["excess_call"]));
    row("repeated calls", &|s| count(s, &["redundant_call"]));
    row("tool calls", &|s| s.tool_calls.to_string());
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

fn count(summary: &Summary, codes: &[&str]) -> String {
    codes.iter().filter_map(|code| summary.events.get(code)).sum::<u64>().to_string()
}
