//! Audit rows as OpenTelemetry log records.
//!
//! Where the [semantic conventions](https://opentelemetry.io/docs/specs/semconv/gen-ai/) have a name for an attribute it is theirs:
//! `gen_ai.operation.name`, `gen_ai.tool.name`, `error.type`. All others begin with `abide.`. The trace of a record is its run. No record
//! holds the value of an argument or of a reply.

use std::time::SystemTime;

use abide_base::id::RunId;
use abide_guard::audit::{Mirror, Outcome, Row};
use opentelemetry::{
    InstrumentationScope, SpanId, TraceId,
    logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity},
};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Sends audit rows to a logger; for [`Audit::mirrored`](abide_guard::Audit::mirrored). Processors and exporters are those of the
/// provider; one that cannot send changes no decision, as the file is the record.
#[derive(Debug)]
pub struct AuditLogs<L>(L);

impl<L: Logger> AuditLogs<L> {
    /// A logger of this provider.
    pub fn new(provider: &impl LoggerProvider<Logger = L>) -> Self {
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME")).with_version(env!("CARGO_PKG_VERSION"));
        Self(provider.logger_with_scope(scope.build()))
    }

    fn record(&self, name: &'static str, run: RunId, time: &str, severity: Severity) -> L::LogRecord {
        let mut record = self.0.create_log_record();
        record.set_event_name(name);
        record.set_target("abide::audit");
        if let Ok(time) = OffsetDateTime::parse(time, &Rfc3339) {
            record.set_timestamp(SystemTime::from(time));
        }
        record.set_severity_number(severity);
        record.set_severity_text(severity.name());
        if let Ok(trace) = TraceId::from_hex(&run.to_string()) {
            record.set_trace_context(trace, SpanId::INVALID, None);
        }
        record
    }
}

impl<L: Logger + Send + Sync> Mirror for AuditLogs<L> {
    fn decision(&self, row: &Row) {
        let severity = if row.verdict.is_permit() { Severity::Info } else { Severity::Warn };
        let mut record = self.record("abide.audit.decision", row.run, &row.time, severity);
        record.add_attribute("gen_ai.operation.name", "execute_tool");
        record.add_attribute("gen_ai.tool.name", row.tool.to_string());
        record.add_attribute("abide.audit.seq", number(row.seq));
        record.add_attribute("abide.run", row.run.to_string());
        record.add_attribute("abide.mode", row.mode.name());
        record.add_attribute("abide.verdict", row.verdict.name());
        record.add_attribute("abide.arguments", list(row.arguments.iter().cloned()));
        record.add_attribute("abide.arguments.digest", row.arguments_digest.to_string());
        record.add_attribute("abide.scopes", row.scopes.to_string());
        let optional = [
            ("error.type", row.verdict.code().map(|kind| kind.code().to_owned())),
            ("abide.rule", row.rule.clone()),
            ("abide.field", row.field.clone()),
            ("abide.effect", row.effect.map(|effect| effect.name().to_owned())),
            ("abide.caller.hash", row.caller_hash.as_ref().map(ToString::to_string)),
            ("abide.module", row.module.clone()),
            ("abide.token.hash", row.token_hash.clone()),
            ("abide.token.jti_hash", row.jti_hash.as_ref().map(ToString::to_string)),
        ];
        add(&mut record, optional);
        for (name, label) in &row.labels {
            record.add_attribute(format!("abide.label.{name}"), label.clone());
        }
        if !row.read_as.is_empty() {
            record.add_attribute("abide.read_as", json!(row.read_as).to_string());
        }
        if !row.other_codes.is_empty() {
            record.add_attribute("abide.other_codes", list(row.other_codes.iter().map(|kind| kind.code().to_owned())));
        }
        self.0.emit(record);
    }

    fn outcome(&self, outcome: &Outcome) {
        let severity = if outcome.code.is_none() { Severity::Info } else { Severity::Warn };
        let mut record = self.record("abide.audit.outcome", outcome.run, &outcome.time, severity);
        record.add_attribute("gen_ai.operation.name", "execute_tool");
        record.add_attribute("gen_ai.tool.name", outcome.tool.to_string());
        record.add_attribute("abide.audit.seq", number(outcome.seq));
        record.add_attribute("abide.audit.decision", number(outcome.decision));
        record.add_attribute("abide.run", outcome.run.to_string());
        record.add_attribute("abide.status", outcome.status.name());
        record.add_attribute("abide.latency_us", number(outcome.latency_us));
        let optional = [
            ("error.type", outcome.code.map(|kind| kind.code().to_owned())),
            ("abide.result.digest", outcome.result_digest.as_ref().map(ToString::to_string)),
        ];
        add(&mut record, optional);
        self.0.emit(record);
    }
}

fn add<const N: usize>(record: &mut impl LogRecord, optional: [(&'static str, Option<String>); N]) {
    record.add_attributes(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
}

fn number(number: u64) -> AnyValue {
    AnyValue::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn list(texts: impl Iterator<Item = String>) -> AnyValue {
    AnyValue::ListAny(Box::new(texts.map(AnyValue::from).collect()))
}

#[cfg(test)]
mod tests;
