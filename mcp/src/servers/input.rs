use std::{collections::BTreeMap, fmt};

use serde_json::Value;

/// What becomes of a server's question for input in the middle of a call (elicitation, SEP-1036 and SEP-2322).
///
/// No user sits at a program that runs unattended, and a model must never answer: a server's question is text of a stranger. So only
/// the operator's policy answers, with values that are fixed before the question is asked.
#[derive(Clone, Default, PartialEq)]
pub enum InputPolicy {
    /// Questions are not answered, and servers are told so beforehand.
    #[default]
    Decline,
    /// A form is accepted with the defaults that its own schema gives. A form with a required field that has none is declined.
    Defaults,
    /// A form is accepted with these values, by the names of its fields, and with the schema's defaults for other fields. A form with a
    /// required field that neither has, or for which a value here does not fit, is declined.
    Answers(BTreeMap<String, Value>),
}

/// Names of fields only: what an operator answers may be confidential.
impl fmt::Debug for InputPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decline => write!(f, "Decline"),
            Self::Defaults => write!(f, "Defaults"),
            Self::Answers(values) => f.debug_tuple("Answers").field(&values.keys().collect::<Vec<_>>()).finish(),
        }
    }
}
