//! What stands in the rows of an audit.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use abide_base::{
    call::{Effect, ToolCall, ToolName},
    event::EventKind,
    id::RunId,
    scope::ScopeSet,
    secret::Redactor,
};
use abide_signatures::Digest;
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::hash::LogId;
use crate::{
    call_digest::arguments_digest,
    check::{provenance::Reading, token::GrantedScopes},
    policy::{ToolRule, WrittenAs},
    session::{Labels, Mode, Oversight, Session},
    text::secret_shape,
};

/// One decision; in a file, `"kind": "decision"`. Written before the call is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Row {
    /// Its number in this audit, from 0.
    pub seq: u64,
    /// When, in RFC 3339 with UTC.
    pub time: String,
    /// The run.
    pub run: RunId,
    /// What the run is for.
    pub mode: Mode,
    /// Whether an approver may be asked; left out where one may.
    #[serde(default, skip_serializing_if = "Oversight::is_attended")]
    pub oversight: Oversight,
    /// What the run belongs to; names and texts of at most 256 characters.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// SHA-256 of the run's caller; `None` if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_hash: Option<Digest>,
    /// The module that wanted the call, by the name of its signature; `None` if it did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// The tool.
    pub tool: ToolName,
    /// What the boundary says the call does; `None` if it has no entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Names of the arguments; `[other]` for what is no plain name, since a model may have made it up, and `[more]` for all beyond the
    /// 32nd.
    pub arguments: Vec<String>,
    /// SHA-256 of the arguments as JSON without blanks: keys in order, what is null left out, whole numbers without a fraction.
    pub arguments_digest: Digest,
    /// The scopes that the tool needs.
    pub scopes: ScopeSet,
    /// A digest of the token; `None` if it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_hash: Option<String>,
    /// SHA-256 of the token's own name, its claim `jti` (RFC 7519, section 4.1.7); `None` if it has none or is opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti_hash: Option<Digest>,
    /// The decision.
    #[serde(flatten)]
    pub verdict: RowVerdict,
    /// The rule that decided: its place in the boundary, such as `tools."crm.refund".scopes`, or `checks.NAME` for a check of the
    /// user's own; `None` if nothing was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The path of the field that the rule refuses, `payment_methods[1].payment_id`, in names that the boundary has; `None` if it is no
    /// rule of a field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What else was objected; with a permit, that an approver was asked (`approval_requested`) and what was objected until then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_codes: Vec<EventKind>,
    /// How the input wrote values that a rule with `as` let count, by argument or path of a field, as the boundary names them; the first
    /// value of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub read_as: BTreeMap<String, WrittenAs>,
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "code", rename_all = "snake_case")]
pub enum RowVerdict {
    /// The call is made.
    Permit,
    /// The call would be made, were it not a dry run.
    PermitDryRun,
    /// The call is refused.
    Deny(EventKind),
    /// There was no token, so nothing was decided and nothing permitted.
    Unavailable,
}

/// What came of a permitted call; in a file, `"kind": "outcome"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Its number in this audit.
    pub seq: u64,
    /// When, in RFC 3339 with UTC.
    pub time: String,
    /// The number of the decision that permitted the call.
    pub decision: u64,
    /// The run.
    pub run: RunId,
    /// The tool.
    pub tool: ToolName,
    /// What came of it.
    pub status: OutcomeStatus,
    /// What the failure is called, where it has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<EventKind>,
    /// SHA-256 of the reply, scrubbed of secrets and not cut; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_digest: Option<Digest>,
    /// How long the call took, in microseconds.
    pub latency_us: u64,
}

/// What came of a permitted call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutcomeStatus {
    /// The tool replied.
    Done,
    /// The tool replied that it failed.
    Failed,
    /// Something stood in for the reply, and nothing was called.
    DryRun,
    /// The tool replied, and a rule of the boundary keeps the reply from the program.
    Withheld,
    /// The server refused the call, or wants something first that it does not get.
    Refused,
    /// The server could not be reached, or failed at a call that only reads.
    Unreachable,
    /// The call was sent, and its reply did not come or cannot be used. The tool may have done it.
    Unconfirmed,
    /// The caller dropped the call before the reply came: the run was given up, or it panicked. The tool may have done it.
    Abandoned,
}

/// One line of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "nearly all rows are decisions and outcomes, and none is kept for long")]
pub enum Entry {
    /// A file begins.
    Begin(Begin),
    /// A call was decided.
    Decision(Row),
    /// A permitted call has ended.
    Outcome(Outcome),
    /// Half a row was set aside.
    TruncatedRow(TruncatedRow),
}

/// The first row of every file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Begin {
    /// Its number in this audit.
    pub seq: u64,
    /// When, in RFC 3339 with UTC.
    pub time: String,
    /// Of the form of the rows: 1.
    pub version: u32,
    /// The log that the file belongs to.
    pub log: LogId,
    /// How many files of the log come before it.
    pub file: u32,
}

/// What a process that was killed had written of a row. No decision that it held was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TruncatedRow {
    /// Its number in this audit.
    pub seq: u64,
    /// When it was set aside, in RFC 3339 with UTC.
    pub time: String,
    /// How many bytes there were.
    pub bytes: u64,
    /// SHA-256 of them.
    pub digest: Digest,
    /// The first 1,024 of them, as text.
    pub text: String,
}

/// No tool has more arguments than this, nor longer names, unless an attacker wants to fill the disk.
const MAX_NAMES: usize = 32;
const MAX_NAME_CHARS: usize = 64;
const MAX_TORN: usize = 1_024;

/// The beginning of a label.
fn cut(text: &str) -> String {
    text.chars().take(256).collect()
}

impl Row {
    pub(crate) fn of(call: &ToolCall, session: &Session, redactor: &Redactor) -> Self {
        // a model may have made names up, and put anything into them
        let is_name = |name: &str| {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$');
            name.len() <= MAX_NAME_CHARS
                && name.bytes().all(is_plain)
                && !secret_shape::is_in(name)
                && !redactor.finds(name)
        };
        let short = |name: &String| if is_name(name) { name.clone() } else { "[other]".to_owned() };
        let more = (call.arguments.len() > MAX_NAMES).then(|| "[more]".to_owned());
        Self {
            seq: 0,
            time: String::new(),
            run: session.run(),
            mode: session.mode(),
            oversight: session.oversight(),
            labels: session
                .labels()
                .iter()
                .map(|(name, label)| (cut(&redactor.scrub(name)), cut(&redactor.scrub(label))))
                .collect(),
            caller_hash: session.caller_hash().cloned(),
            module: None,
            tool: call.tool.clone(),
            effect: None,
            arguments: call.arguments.keys().take(MAX_NAMES).map(short).chain(more).collect(),
            arguments_digest: arguments_digest(call),
            scopes: ScopeSet::new(),
            token_hash: None,
            jti_hash: None,
            verdict: RowVerdict::Unavailable,
            rule: None,
            field: None,
            other_codes: Vec::new(),
            read_as: BTreeMap::new(),
        }
    }

    pub(crate) fn readings(&mut self, readings: Vec<Reading>) {
        self.read_as = readings.into_iter().map(|reading| (reading.argument, reading.written_as)).collect();
    }

    pub(crate) fn asked_by(mut self, module: Option<&str>) -> Self {
        self.module = module.map(|module| module.chars().take(MAX_NAME_CHARS).collect());
        self
    }

    pub(crate) fn rule(&mut self, rule: &ToolRule) {
        self.effect = Some(rule.effect);
        self.scopes = rule.scopes.clone();
    }

    pub(crate) fn token(&mut self, granted: GrantedScopes) {
        self.token_hash = Some(granted.token_hash);
        self.jti_hash = granted.jti_hash;
    }

    /// `rule` is the place of the rule that decided, `other_codes` what else there was to say, once each.
    pub(crate) fn conclude(
        &mut self,
        verdict: RowVerdict,
        rule: Option<String>,
        other_codes: impl IntoIterator<Item = EventKind>,
    ) {
        self.verdict = verdict;
        self.rule = rule;
        for kind in other_codes {
            if verdict.code() != Some(kind) && !self.other_codes.contains(&kind) {
                self.other_codes.push(kind);
            }
        }
    }
}

impl RowVerdict {
    /// Whether the call was permitted, be it as a dry run.
    pub fn is_permit(self) -> bool {
        matches!(self, Self::Permit | Self::PermitDryRun)
    }

    /// What stands in the row.
    pub fn name(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::PermitDryRun => "permit_dry_run",
            Self::Deny(_) => "deny",
            Self::Unavailable => "unavailable",
        }
    }

    /// Why it was refused.
    pub fn code(self) -> Option<EventKind> {
        match self {
            Self::Deny(kind) => Some(kind),
            _ => None,
        }
    }
}

impl OutcomeStatus {
    /// What stands in the row.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::DryRun => "dry_run",
            Self::Withheld => "withheld",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Unconfirmed => "unconfirmed",
            Self::Abandoned => "abandoned",
        }
    }
}

impl Entry {
    pub(super) fn begin(log: &LogId, file: u32) -> Self {
        Self::Begin(Begin { seq: 0, time: String::new(), version: 1, log: log.clone(), file })
    }

    pub(super) fn torn(garbage: &[u8]) -> Self {
        let kept = garbage.get(..MAX_TORN).unwrap_or(garbage);
        Self::TruncatedRow(TruncatedRow {
            seq: 0,
            time: String::new(),
            bytes: garbage.len().try_into().unwrap_or(u64::MAX),
            digest: Digest::of_bytes(garbage),
            text: String::from_utf8_lossy(kept).into_owned(),
        })
    }

    /// Numbers and dates it.
    pub(super) fn stamp(&mut self, number: u64, now: SystemTime) {
        let (seq, time) = match self {
            Self::Begin(Begin { seq, time, .. })
            | Self::Decision(Row { seq, time, .. })
            | Self::Outcome(Outcome { seq, time, .. })
            | Self::TruncatedRow(TruncatedRow { seq, time, .. }) => (seq, time),
        };
        *seq = number;
        *time = rfc3339(now);
    }
}

pub(super) fn rfc3339(now: SystemTime) -> String {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let whole_millis = Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    time::Duration::try_from(whole_millis)
        .ok()
        .and_then(|since| OffsetDateTime::UNIX_EPOCH.checked_add(since))
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}
