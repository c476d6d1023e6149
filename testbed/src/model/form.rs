/// The form in which the reply has to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Form {
    /// Field markers.
    Markers,
    /// A JSON object of the output fields.
    Json,
    /// Native tool calls, or text in the end.
    Native,
    /// Just text.
    #[default]
    Plain,
}
