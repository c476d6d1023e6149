//! `WWW-Authenticate`: all headers, all challenges in each (RFC 9110, section 11.6.1).

use std::collections::BTreeMap;

use http::{HeaderMap, header::WWW_AUTHENTICATE};

/// One challenge. Names are in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    pub(crate) scheme: String,
    pub(crate) params: BTreeMap<String, String>,
}

/// Longer headers are cut off.
const MAX_HEADER: usize = 8 * 1024;

/// Every challenge in the order sent. What is malformed is skipped.
pub fn parse(headers: &HeaderMap) -> Vec<Challenge> {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .flat_map(|value| {
            let bytes = value.as_bytes();
            Parser { rest: bytes.get(..MAX_HEADER).unwrap_or(bytes) }.challenges()
        })
        .collect()
}

/// The challenge that speaks of bearer tokens (RFC 6750, section 3).
pub(crate) fn bearer(challenges: &[Challenge]) -> Option<&Challenge> {
    challenges.iter().find(|c| c.scheme == "bearer")
}

/// The challenge that speaks of tokens: bearer tokens, else those bound to a key (RFC 9449, section 7.1).
pub fn of_tokens(challenges: &[Challenge]) -> Option<&Challenge> {
    bearer(challenges).or_else(|| challenges.iter().find(|c| c.scheme == "dpop"))
}

impl Challenge {
    /// The value of a parameter, by its name in lower case.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }
}

struct Parser<'h> {
    rest: &'h [u8],
}

impl Parser<'_> {
    fn challenges(mut self) -> Vec<Challenge> {
        let mut found: Vec<Challenge> = Vec::new();
        loop {
            self.skip(|b| is_blank(b) || b == b',');
            if self.rest.is_empty() {
                return found;
            }
            let word = self.take(is_token);
            if word.is_empty() {
                self.skip(|b| b != b',');
                continue;
            }
            self.skip(is_blank);
            if self.rest.first() == Some(&b'=') {
                let value = self.value();
                if let Some(current) = found.last_mut() {
                    current.params.entry(word.to_ascii_lowercase()).or_insert(value);
                }
            } else {
                self.skip_token68();
                found.push(Challenge { scheme: word.to_ascii_lowercase(), params: BTreeMap::new() });
            }
        }
    }

    fn value(&mut self) -> String {
        self.advance(1);
        self.skip(is_blank);
        if self.rest.first() != Some(&b'"') {
            return self.take(is_token);
        }
        self.advance(1);
        let mut text = Vec::new();
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'"' => break,
                b'\\' => {
                    text.extend(self.rest.first());
                    self.advance(1);
                }
                other => text.push(other),
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// `Basic dGVzdA==`: a word that fills the challenge is no parameter.
    fn skip_token68(&mut self) {
        let word = self.rest.iter().take_while(|b| is_token68(**b)).count();
        let padding = self.rest.iter().skip(word).take_while(|b| **b == b'=').count();
        let after = self.rest.iter().skip(word + padding).find(|b| !is_blank(**b));
        if word > 0 && matches!(after, None | Some(b',')) {
            self.advance(word + padding);
        }
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> String {
        let length = self.rest.iter().take_while(|b| wanted(**b)).count();
        let (head, rest) = self.rest.split_at(length);
        self.rest = rest;
        String::from_utf8_lossy(head).into_owned()
    }

    fn skip(&mut self, unwanted: impl Fn(u8) -> bool) {
        self.advance(self.rest.iter().take_while(|b| unwanted(**b)).count());
    }

    fn advance(&mut self, by: usize) {
        self.rest = self.rest.get(by..).unwrap_or_default();
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte)
}

#[cfg(test)]
mod tests;
