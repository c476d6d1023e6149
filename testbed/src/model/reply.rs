use serde_json::Value;

/// What the model says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// Its text; may be empty beside calls.
    pub text: String,
    /// Native tool calls: name and arguments.
    pub calls: Vec<(String, Value)>,
}

impl Reply {
    pub(super) fn text(text: String) -> Self {
        Self { text, calls: Vec::new() }
    }
}
