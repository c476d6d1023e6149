/// The format of a command's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputFormat {
    /// For people.
    Summary,
    /// One line of JSON for each result.
    Json,
}

impl From<bool> for OutputFormat {
    /// Of the flag `--json`.
    fn from(json: bool) -> Self {
        if json { Self::Json } else { Self::Summary }
    }
}
