use std::fmt;

use serde::Serialize;

/// Where what a model wrote strayed from what it was told and was understood all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// The field, and where in it: `answer.items[0].price`; empty for the reply as a whole.
    pub path: String,
    /// How it strayed.
    pub leniency: Leniency,
}

impl Flag {
    /// A flag at a path.
    pub fn new(path: impl Into<String>, leniency: Leniency) -> Self {
        Self { path: path.into(), leniency }
    }
}

/// How a reply may stray from its layout or type and be understood all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Leniency {
    /// The closing marker is not there.
    Unclosed,
    /// There is text after the closing marker.
    Trailing,
    /// There is text before the first marker.
    Leading,
    /// A marker does not stand alone on its line, or is written in another way.
    Marker,
    /// A field stands twice with the same value.
    Repeated,
    /// The reply has no layout, and is the value of the only field.
    Unmarked,
    /// The reply has the layout of another adapter.
    OtherLayout,
    /// What the model thought stands in its reply.
    Thinking,
    /// A field that was not asked for is left out.
    UnknownField,
    /// A JSON value stands in a code fence.
    Fenced,
    /// A JSON value stands within prose.
    Prose,
    /// JSON with trailing commas, comments, other quotes, or the literals of other languages.
    LooseJson,
    /// JSON within a text within JSON.
    NestedJson,
    /// A text that was to be written as JSON is not.
    Unquoted,
    /// A value stands within quotes, backticks or asterisks.
    Quoted,
    /// A word is in another case.
    Case,
    /// A word has punctuation or blanks around or within it.
    Punctuation,
    /// A word is told by its meaning.
    Described,
    /// A number has marks between its groups of digits, or a plus sign.
    GroupedNumber,
    /// A number is written as a text.
    NumberAsText,
    /// A whole number is written with a fraction of zero.
    IntegralFloat,
    /// A truth value is written in another way, such as `Yes`.
    BooleanWord,
    /// A text is written as another JSON value.
    TextAsJson,
    /// No value is written as an empty text or as `None`.
    NullWord,
    /// One value stands where a list is due.
    SingleItem,
    /// The items of a list stand in lines with bullets or numbers.
    Bullets,
    /// A key is in another case, or with other marks between its words.
    Key,
    /// An object stands within another that nothing asked for.
    Wrapped,
}

impl fmt::Display for Leniency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
