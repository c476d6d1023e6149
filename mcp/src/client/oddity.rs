//! What of a server's messages was left out because it could not be used, so that an operator hears of it by name.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use abide_base::{
    call::{ServerId, ToolName},
    secret::Redactor,
};

/// One part of a server's messages that was left out, or read as something simpler, while the rest is used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Oddity {
    /// The server.
    pub server: ServerId,
    /// The tool that it concerns, if it concerns one.
    pub tool: Option<ToolName>,
    /// Which part, such as ``tool `x` `` or ``content block 2 of `x` ``.
    pub part: String,
    /// Why it cannot be used, and what became of it.
    pub reason: String,
}

/// The oddities of one server, shared by all who read its messages. Bounded, and without repetitions.
#[derive(Clone)]
pub(super) struct Oddities {
    server: ServerId,
    redactor: Redactor,
    noted: Arc<Mutex<Vec<Oddity>>>,
}

/// More of one server are logged no more and kept no more: it could send new ones for ever.
const MAX_NOTED: usize = 64;
/// The longest text of a server that is shown as part of an oddity, in characters.
const MAX_SHOWN: usize = 120;

impl Oddities {
    pub(super) fn new(server: ServerId, redactor: Redactor) -> Self {
        Self { server, redactor, noted: Arc::default() }
    }

    pub(super) fn server(&self) -> &ServerId {
        &self.server
    }

    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Logs an oddity and keeps it, unless it is known or too many are. Words of the server in `part` and `reason` must have gone
    /// through [`quoted`].
    pub(super) fn note(&self, tool: Option<&ToolName>, part: impl fmt::Display, reason: impl fmt::Display) {
        let scrub = |text: String| match self.redactor.scrub(&text) {
            Cow::Owned(clean) => clean,
            Cow::Borrowed(_) => text,
        };
        let (part, reason) = (scrub(part.to_string()), scrub(reason.to_string()));
        let oddity = Oddity { server: self.server.clone(), tool: tool.cloned(), part, reason };
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MAX_NOTED || noted.contains(&oddity) {
            return;
        }
        tracing::warn!(server = %oddity.server, "{}: {}", oddity.part, oddity.reason);
        noted.push(oddity);
    }

    /// What was noted so far.
    pub(super) fn all(&self) -> Vec<Oddity> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server `{}`: {}: {}", self.server, self.part, self.reason)
    }
}

/// Words of a server, short and safe on a terminal: what does not show is escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        match c {
            _ if at == MAX_SHOWN => {
                shown.push('…');
                break;
            }
            '"' | '\'' => shown.push(c),
            // so that it cannot end the marks around it
            '`' => shown.push('\''),
            _ => shown.extend(c.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests;
