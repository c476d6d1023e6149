//! Rows for those who watch while it happens. The file stays the record: a mirror is told of a row after it was written.

use std::panic::{self, AssertUnwindSafe};

use super::row::{Entry, Outcome, Row};

/// Is told of every decision and outcome after it was written, in the thread that decides: be quick. Rows of calls that are decided side by
/// side can come in another order than they were written; `seq` says which. What it does with a row changes no decision, nor does a panic.
pub trait Mirror: Send + Sync {
    /// A decision was written.
    fn decision(&self, row: &Row);

    /// An outcome was written.
    fn outcome(&self, outcome: &Outcome);
}

/// Tells a mirror of a row.
pub(super) fn show(mirror: &dyn Mirror, entry: &Entry) {
    let told = panic::catch_unwind(AssertUnwindSafe(|| match entry {
        Entry::Decision(row) => mirror.decision(row),
        Entry::Outcome(outcome) => mirror.outcome(outcome),
        Entry::Begin(_) | Entry::TruncatedRow(_) => {}
    }));
    if told.is_err() {
        tracing::error!(target: super::error::TARGET, "a mirror of the audit panicked: the row is written all the same");
    }
}

/// Events of `tracing`, with the target `abide::audit`.
pub(super) struct Events;

macro_rules! decided {
    ($level:ident, $row:ident) => {
        tracing::$level!(
            target: super::error::TARGET,
            seq = $row.seq,
            run = %$row.run,
            mode = $row.mode.name(),
            oversight = $row.oversight.name(),
            labels = ?$row.labels,
            caller_hash = $row.caller_hash.as_ref().map(|hash| hash.as_str()),
            module = $row.module.as_deref(),
            tool = $row.tool.as_str(),
            effect = $row.effect.map(|effect| effect.name()),
            arguments = ?$row.arguments,
            arguments_digest = $row.arguments_digest.as_str(),
            scopes = %$row.scopes,
            token_hash = $row.token_hash.as_deref(),
            jti_hash = $row.jti_hash.as_ref().map(|hash| hash.as_str()),
            verdict = $row.verdict.name(),
            code = $row.verdict.code().map(|kind| kind.code()),
            rule = $row.rule.as_deref(),
            field = $row.field.as_deref(),
            read_as = ?$row.read_as,
            other_codes = ?$row.other_codes,
            "decision"
        )
    };
}

impl Mirror for Events {
    fn decision(&self, row: &Row) {
        if row.verdict.is_permit() { decided!(info, row) } else { decided!(warn, row) }
    }

    fn outcome(&self, outcome: &Outcome) {
        tracing::info!(
            target: super::error::TARGET,
            seq = outcome.seq,
            decision = outcome.decision,
            run = %outcome.run,
            tool = outcome.tool.as_str(),
            status = outcome.status.name(),
            code = outcome.code.map(|kind| kind.code()),
            result_digest = outcome.result_digest.as_ref().map(|digest| digest.as_str()),
            latency_us = outcome.latency_us,
            "outcome"
        );
    }
}
