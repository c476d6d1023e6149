use super::super::{
    Session,
    policy::{Policy, ToolRule},
};
use crate::{
    call::{ToolCall, ToolSpec},
    secret::Redactor,
};

/// A call, and what is known when it is decided.
#[derive(Clone, Copy)]
pub(in crate::security) struct Asked<'a> {
    pub(in crate::security) policy: &'a Policy,
    /// Knows the secrets that must not leave.
    pub(in crate::security) redactor: &'a Redactor,
    pub(in crate::security) rule: &'a ToolRule,
    pub(in crate::security) call: &'a ToolCall,
    pub(in crate::security) session: &'a Session,
    /// What the server says of the tool, where that is known.
    pub(in crate::security) tool: Option<&'a ToolSpec>,
}
