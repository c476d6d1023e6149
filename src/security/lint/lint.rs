use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::super::{
    boundary::{Boundary, Draft},
    policy::{ArgumentRule, Others, ToolRule, field_path, key_path},
};
use crate::{
    Digest,
    call::{Effect, ServerId, ToolName, ToolSpec},
};

/// One thing that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The key, with the tables around it: `tools."crm.lookup".max_calls`.
    pub key: String,
    /// Its line in the file, from 1, or that of the closest table around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, for programs.
    pub code: Code,
    /// What it is, and what to do.
    pub message: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably not what was meant.
    Warning,
    /// Cannot be what was meant: something can never be called, or is not there.
    Error,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident = $text:literal, $severity:ident;)+) => {
        /// What a finding is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Code { $($(#[doc = $doc])+ $code,)+ }

        impl Code {
            /// As it is written.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => $text),+ }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity),+ }
            }
        }
    };
}

codes! {
    /// A rule of sequence that nothing can meet.
    NeverMet = "never_met", Error;
    /// Rules of an argument that no value fits together, or an input schema that no arguments fit.
    NoValueFits = "no_value_fits", Error;
    /// A tool that its server does not list.
    UnknownTool = "unknown_tool", Error;
    /// An argument that the tool's schema does not have.
    UnknownArgument = "unknown_argument", Error;
    /// An argument that a tool's schema requires or another rule names, and that the tool's entry refuses.
    UnlistedArgument = "unlisted_argument", Error;
    /// A definition that is not the locked one.
    Drift = "drift", Error;
    /// A call in a list of `after` or `only_if` that lets nothing more through than the others.
    IdleAlternative = "idle_alternative", Warning;
    /// A value or text that other rules of the argument refuse.
    NeverAllowed = "never_allowed", Warning;
    /// A limit that another one is always reached before.
    NeverBinds = "never_binds", Warning;
    /// A list or class that nothing uses, or a stand-in that is never shown.
    Unused = "unused", Warning;
    /// A refusal that may be lifted, but that no rule can raise.
    NothingToAsk = "nothing_to_ask", Warning;
    /// A source that never gives a value.
    EmptySource = "empty_source", Warning;
    /// A field that the tool's replies do not have.
    UnknownField = "unknown_field", Warning;
    /// An argument of a tool that changes something, and may be anything.
    FreeArgument = "free_argument", Warning;
    /// A tool that changes something, and has no rules for arguments.
    NoArgumentRules = "no_argument_rules", Warning;
    /// A scope that looks like one for everything.
    BroadScope = "broad_scope", Warning;
    /// Tokens that are for no server in particular count.
    MissingAudience = "missing_audience", Warning;
    /// Codes of logins may not be bound to whoever asked for them.
    AssumedPkce = "assumed_pkce", Warning;
    /// A pattern that nearly every text matches.
    BroadPattern = "broad_pattern", Warning;
    /// Hosts, beginnings or folders that anybody can have something under.
    BroadPlace = "broad_place", Warning;
    /// A whole reply as source, where one field was probably meant.
    WholeReply = "whole_reply", Warning;
    /// A source in which outsiders write.
    ProseSource = "prose_source", Warning;
    /// Sources for all that an object holds, where its fields can have their own.
    ObjectSource = "object_source", Warning;
    /// Words that count as values, and stand in many texts.
    BroadReading = "broad_reading", Warning;
    /// Calls of a run are not limited.
    NoCallLimit = "no_call_limit", Warning;
    /// What is sent to others is not limited.
    NoOutgoingLimit = "no_outgoing_limit", Warning;
    /// Compiling changes things for real.
    LiveWrites = "live_writes", Warning;
    /// Definitions of tools are not locked.
    NoLock = "no_lock", Warning;
    /// A rule beside `enum` that every listed value keeps.
    Shadowed = "shadowed", Note;
    /// A tool that reads whatever it is asked for, and as often.
    NoBrake = "no_brake", Note;
    /// A list without entries.
    EmptyList = "empty_list", Note;
    /// Arguments that a tool takes, and that its entry refuses.
    RefusedArgument = "refused_argument", Note;
    /// A tool, a part of one or a field that a server sends and that cannot be used.
    UnusablePart = "unusable_part", Warning;
    /// A tool of a server that has no entry.
    UnlistedTool = "unlisted_tool", Note;
    /// A locked definition that no entry is about.
    UnneededLock = "unneeded_lock", Note;
    /// A variable of the environment that is not set here.
    Unset = "unset", Note;
    /// There are no servers in the file.
    NoServers = "no_servers", Note;
}

/// Everything that is worth a look, in the order of the file. `live` is what all servers list now, where they were asked; without it
/// schemas are those of the lock, if there is one.
pub fn check(draft: &Draft, live: Option<&[ToolSpec]>) -> Vec<Finding> {
    let mut desk = Desk { draft, boundary: draft.boundary(), live, found: Vec::new() };
    super::fit::check(&mut desk);
    super::reach::check(&mut desk);
    super::broad::check(&mut desk);
    super::servers::check(&mut desk);
    let mut found = desk.found;
    found.sort_by(|a, b| (a.line, &a.key, a.code).cmp(&(b.line, &b.key, b.code)));
    found
}

/// That a server sends something that cannot be used: which part, and why. `tool` is the one that it concerns, if it concerns one.
pub fn unusable_part(draft: &Draft, server: &ServerId, tool: Option<&ToolName>, part: &str, reason: &str) -> Finding {
    let key = match tool {
        Some(tool) if draft.boundary().policy().tool(tool).is_some() => tool_key(tool, &[]),
        _ => key_path("servers", server.as_str()),
    };
    let hint = "the rest of the server is used; tell its operator, or leave it if programs do not need this";
    let message = format!("server `{server}`: {part}: {reason}; {hint}");
    let code = Code::UnusablePart;
    Finding { line: draft.line_of(&key), key, severity: code.severity(), code, message }
}

/// What is looked at, and what was found.
pub(super) struct Desk<'d> {
    pub(super) draft: &'d Draft,
    pub(super) boundary: &'d Boundary,
    pub(super) live: Option<&'d [ToolSpec]>,
    found: Vec<Finding>,
}

/// What is known of a tool: from its server, else from the lock.
pub(super) struct Definition<'d> {
    pub(super) digest: &'d Digest,
    pub(super) input: &'d Value,
    pub(super) output: Option<&'d Value>,
}

impl<'d> Desk<'d> {
    pub(super) fn add(&mut self, code: Code, key: impl Into<String>, message: impl Into<String>) {
        let key = key.into();
        let (line, severity) = (self.draft.line_of(&key), code.severity());
        self.found.push(Finding { key, line, severity, code, message: message.into() });
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = (&'d ToolName, &'d ToolRule)> + use<'d> {
        self.boundary.policy().catalogue()
    }

    pub(super) fn definition(&self, tool: &ToolName) -> Option<Definition<'d>> {
        let listed = self.live.and_then(|live| live.iter().find(|spec| spec.name == *tool));
        let listed = listed.map(|spec| Definition {
            digest: &spec.digest,
            input: &spec.input_schema,
            output: spec.output_schema.as_ref(),
        });
        listed.or_else(|| self.locked(tool))
    }

    pub(super) fn locked(&self, tool: &ToolName) -> Option<Definition<'d>> {
        self.boundary.policy().lock()?.tools.get(tool).map(|approved| Definition {
            digest: &approved.digest,
            input: &approved.input_schema,
            output: approved.output_schema.as_ref(),
        })
    }
}

/// The key of a tool's table, or of a key in it.
pub(super) fn tool_key(tool: &ToolName, keys: &[&str]) -> String {
    let table = key_path("tools", tool.as_str());
    keys.iter().fold(table, |path, key| key_path(&path, key))
}

/// The key of the rule of an argument or of a field in it, or of a key of that rule.
pub(super) fn rule_key(tool: &ToolName, place: &Place<'_>, keys: &[&str]) -> String {
    let argument = tool_key(tool, &["arguments", place.argument]);
    keys.iter().fold(field_path(&argument, &place.fields), |path, key| key_path(&path, key))
}

/// An argument, and the fields that lead to a value in it.
pub(super) struct Place<'a> {
    pub(super) argument: &'a str,
    pub(super) fields: Vec<&'a str>,
}

/// Every rule of an argument or of a field in one.
pub(super) fn argument_rules(rule: &ToolRule) -> impl Iterator<Item = (Place<'_>, &ArgumentRule)> {
    rule.arguments.iter().flat_map(|(argument, rule)| {
        rule.all().into_iter().map(move |(fields, rule)| (Place { argument, fields }, rule))
    })
}

/// Whether calls change something.
pub(super) fn changes_something(rule: &ToolRule) -> bool {
    rule.effect != Effect::Read
}

/// Whether an argument without an entry is refused.
pub(super) fn refuses_others(rule: &ToolRule) -> bool {
    rule.others == Others::Refuse
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}[{}]: `{}`: {}", self.severity, self.code.as_str(), self.key, self.message)
    }
}
