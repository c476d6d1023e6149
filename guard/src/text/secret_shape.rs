//! Texts that look like credentials of any issuer.

use abide_base::token_shape::is_jwt;

/// How issuers mark what they give out: how it begins, what it goes on with, and how long that is at least.
struct Shape {
    start: &'static str,
    rest: fn(char) -> bool,
    least: usize,
}

const SHAPES: [Shape; 21] = [
    // cloud providers
    Shape { start: "AKIA", rest: upper, least: 16 },
    Shape { start: "ASIA", rest: upper, least: 16 },
    Shape { start: "AIza", rest: url, least: 35 },
    Shape { start: "ya29.", rest: url, least: 20 },
    // code hosts and package registries
    Shape { start: "ghp_", rest: letters, least: 36 },
    Shape { start: "gho_", rest: letters, least: 36 },
    Shape { start: "ghu_", rest: letters, least: 36 },
    Shape { start: "ghs_", rest: letters, least: 36 },
    Shape { start: "ghr_", rest: letters, least: 36 },
    Shape { start: "github_pat_", rest: url, least: 40 },
    Shape { start: "glpat-", rest: url, least: 20 },
    Shape { start: "npm_", rest: letters, least: 36 },
    Shape { start: "pypi-", rest: url, least: 50 },
    // services
    Shape { start: "xoxb-", rest: url, least: 20 },
    Shape { start: "xoxp-", rest: url, least: 20 },
    Shape { start: "xoxa-", rest: url, least: 20 },
    Shape { start: "sk_live_", rest: letters, least: 20 },
    Shape { start: "rk_live_", rest: letters, least: 20 },
    Shape { start: "hf_", rest: letters, least: 30 },
    // model providers
    Shape { start: "sk-ant-", rest: url, least: 24 },
    Shape { start: "sk-", rest: url, least: 32 },
];

/// No more is looked at of a key.
const LOOKED_AT: usize = 64;

/// So often a letter stands beside a figure in what is drawn by lot, and hardly ever in words.
const MIN_MIXED: usize = 3;

/// The parts of a key of SendGrid.
const SENDGRID_ID: usize = 22;
const SENDGRID_KEY: usize = 43;

/// Shorter texts hold no credential.
const MIN_LENGTH: usize = 20;

/// Labels of PEM are short.
const MAX_LABEL: usize = 64;

/// Whether a text has something in it that looks like a credential: a private key, a signed token, a key of a known issuer.
/// One pass: credentials with a short mark begin where no word goes on.
pub(crate) fn is_in(text: &str) -> bool {
    if text.len() < MIN_LENGTH {
        return false;
    }
    let bytes = text.as_bytes();
    let mut untried = 0;
    (0..=bytes.len() - MIN_LENGTH).filter(|at| text.is_char_boundary(*at)).any(|at| {
        let rest = text.get(at..).unwrap_or_default();
        match rest.bytes().next() {
            Some(b'-') => is_private_key(rest),
            Some(b'e') if at >= untried && rest.starts_with("eyJ") => match no_token(rest) {
                Some(length) => {
                    untried = at + length;
                    false
                }
                None => true,
            },
            Some(_) => {
                SHAPES.iter().any(|shape| {
                    // a short start could be the end of a word
                    (shape.start.len() > 3 || !follows(bytes, at, letters))
                        && shape.begins(rest)
                        && (!shape.start.starts_with("sk-") || looks_random(rest))
                }) || !follows(bytes, at, letters) && is_sendgrid_key(rest)
            }
            None => false,
        }
    })
}

impl Shape {
    fn begins(&self, text: &str) -> bool {
        let rest = text.strip_prefix(self.start);
        rest.is_some_and(|rest| rest.chars().take_while(|c| (self.rest)(*c)).take(self.least).count() == self.least)
    }
}

/// Whether a key is no name of words, as in `sk-annual-report-of-the-year-2026`.
fn looks_random(text: &str) -> bool {
    let key: Vec<char> = text.chars().take_while(|c| url(*c)).take(LOOKED_AT).collect();
    let is_mixed = |pair: &&[char]| match pair {
        [a, b] => a.is_ascii_digit() && b.is_ascii_alphabetic() || a.is_ascii_alphabetic() && b.is_ascii_digit(),
        _ => false,
    };
    key.windows(2).filter(is_mixed).count() >= MIN_MIXED
}

fn is_sendgrid_key(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("SG.") else { return false };
    let Some((id, key)) = rest.split_at_checked(SENDGRID_ID) else { return false };
    let key = key.strip_prefix('.').map(|key| key.chars().take_while(|c| url(*c)).take(SENDGRID_KEY).count());
    id.chars().all(url) && key == Some(SENDGRID_KEY)
}

/// Whether what stands before a place is such a character.
fn follows(bytes: &[u8], at: usize, is_such: fn(char) -> bool) -> bool {
    at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(|before| is_such(char::from(*before)))
}

/// PEM (RFC 7468) of a private key, in whatever format.
fn is_private_key(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("-----BEGIN ") else { return false };
    let label: String = rest.chars().take(MAX_LABEL).take_while(|c| *c != '\n').collect();
    label.contains("PRIVATE KEY-----")
}

/// For how long there is no JWT, whose first part begins with `{"` in Base64; `None` if there is one. A run that is too short has
/// none, and behind the first part of what is encrypted there may be another.
fn no_token(text: &str) -> Option<usize> {
    let token: &str = text.split(|c: char| !dotted(c)).next().unwrap_or_default();
    if token.matches('.').count() < 2 || token.len() < 40 {
        return Some(token.len());
    }
    (!is_jwt(token)).then(|| token.find('.').unwrap_or(token.len()))
}

fn upper(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

fn letters(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

fn url(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

fn dotted(c: char) -> bool {
    url(c) || c == '.'
}

#[cfg(test)]
mod tests;
