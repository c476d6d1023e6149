/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Summary,
    /// One line of JSON for each.
    Json,
}

impl From<bool> for Form {
    /// Of the flag `--json`.
    fn from(json: bool) -> Self {
        if json { Self::Json } else { Self::Summary }
    }
}
