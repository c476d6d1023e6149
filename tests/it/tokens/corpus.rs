//! Hostile tokens, each with a name and what is wrong with it: a token that is refused for another reason tests nothing.

mod claims;
mod header;
mod shape;

use std::mem::discriminant;

use abide::credentials::jwt::Error;

use super::forge::Forge;

pub(super) struct Hostile {
    pub(super) name: String,
    pub(super) token: String,
    why: Why,
}

/// What must be found wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Algorithm,
    Audience,
    Critical,
    Early,
    Expired,
    Foreign,
    Issuer,
    KeyId,
    Malformed,
    Missing,
    Signature,
    Size,
    Type,
    UnknownKey,
}

/// The corpus while it grows.
pub(super) struct Corpus<'f> {
    forge: &'f Forge,
    all: Vec<Hostile>,
}

impl Hostile {
    /// Whether the verifier saw what is wrong.
    pub(super) fn expects(&self, error: &Error) -> bool {
        let text = String::new;
        let expected = match self.why {
            Why::Algorithm => Error::Algorithm(text()),
            Why::Audience => Error::Audience { found: text(), expected: text() },
            Why::Critical => Error::Critical,
            Why::Early => Error::Early,
            Why::Expired => Error::Expired,
            Why::Foreign => Error::Foreign(""),
            Why::Issuer => Error::Issuer { found: text(), expected: text() },
            Why::KeyId => Error::NoKeyId,
            Why::Malformed => Error::Malformed(text()),
            Why::Missing => Error::Missing(""),
            Why::Signature => Error::Signature,
            Why::Size => Error::TooLong(0),
            Why::Type => Error::Type(text()),
            Why::UnknownKey => Error::UnknownKey(text()),
        };
        discriminant(error) == discriminant(&expected)
    }
}

impl Corpus<'_> {
    fn add(&mut self, why: Why, name: impl Into<String>, token: impl Into<String>) {
        self.all.push(Hostile { name: name.into(), token: token.into(), why });
    }
}

/// All of them, for the issuer that a forge imitates. `trap` is an address that nobody may ask for a key.
pub(super) fn hostile(forge: &Forge, trap: &str) -> Vec<Hostile> {
    let mut corpus = Corpus { forge, all: Vec::new() };
    header::algorithms(&mut corpus);
    header::secrets_that_everybody_knows(&mut corpus);
    header::keys_in_the_header(&mut corpus, trap);
    header::key_ids(&mut corpus, trap);
    header::types(&mut corpus);
    header::critical_and_nested(&mut corpus);
    shape::signatures(&mut corpus);
    shape::encodings(&mut corpus);
    shape::texts(&mut corpus);
    shape::sizes(&mut corpus);
    claims::missing_and_twice(&mut corpus);
    claims::of_the_wrong_kind(&mut corpus);
    claims::issuers_and_audiences(&mut corpus);
    claims::times(&mut corpus);
    claims::names(&mut corpus);
    corpus.all
}
