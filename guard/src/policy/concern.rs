//! What a policy wants to know of a tool's calls and replies.

use std::collections::BTreeSet;

/// Which fields of a tool's replies must not leave. What stands under no other need not be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoEgressFields {
    All,
    Only(BTreeSet<String>),
}

/// Whether a rule of sequence looks for calls like this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    Yes,
    No,
}
