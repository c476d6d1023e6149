use super::limits::Excess;

/// Why a schema cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// Checking values against it could take too long.
    #[error("it is too costly to check values against: {0}")]
    TooCostly(Excess),
    /// It is not a schema, or refers to something that is not there.
    #[error("it cannot be compiled: {0}")]
    Unusable(String),
}

/// Why a value was not found to fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It does not fit.
    Value(Place),
    /// Checking it could take longer than is waited for.
    TooCostly,
    /// The library failed.
    Failed,
}

/// Where a value does not fit; empty where finding out would cost too much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// JSON pointer into the value.
    pub value: String,
    /// JSON pointer into the schema.
    pub schema: String,
}

impl From<Excess> for SchemaError {
    fn from(excess: Excess) -> Self {
        Self::TooCostly(excess)
    }
}

/// A text of a library or server, cut short.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
