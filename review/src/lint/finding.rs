use std::fmt;

use serde::Serialize;

/// One thing that the author should look at.
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
    NothingToOverride = "nothing_to_override", Warning;
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
    /// Codes of logins may not be bound to the client that asked for them.
    AssumedPkce = "assumed_pkce", Warning;
    /// A pattern that nearly every text matches.
    BroadPattern = "broad_pattern", Warning;
    /// Hosts, beginnings or folders that any user can have something under.
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
