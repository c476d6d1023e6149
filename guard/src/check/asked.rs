use abide_base::{
    call::{ToolCall, ToolSpec},
    secret::Redactor,
};

use crate::{
    Session,
    policy::{Policy, ToolRule},
};

/// A call, and what is known when it is decided.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) policy: &'a Policy,
    /// Knows the secrets that must not leave.
    pub(crate) redactor: &'a Redactor,
    pub(crate) rule: &'a ToolRule,
    pub(crate) call: &'a ToolCall,
    pub(crate) session: &'a Session,
    /// What the server says of the tool, where that is known.
    pub(crate) tool: Option<&'a ToolSpec>,
}
