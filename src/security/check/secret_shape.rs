//! Texts that look like credentials, whoever issued them.

use crate::security::jwt;

/// How issuers mark what they give out: how it begins, what it goes on with, and how long that is at least.
struct Shape {
    start: &'static str,
    rest: fn(char) -> bool,
    least: usize,
}

const SHAPES: [Shape; 22] = [
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
    Shape { start: "SG.", rest: dotted, least: 40 },
    Shape { start: "hf_", rest: letters, least: 30 },
    // model providers
    Shape { start: "sk-ant-", rest: url, least: 24 },
    Shape { start: "sk-", rest: url, least: 32 },
];

/// Whether a text has something in it that looks like a credential: a private key, a signed token, a key of a known issuer.
pub(super) fn is_in(text: &str) -> bool {
    has_private_key(text) || SHAPES.iter().any(|shape| shape.is_in(text)) || has_token(text)
}

impl Shape {
    fn is_in(&self, text: &str) -> bool {
        text.match_indices(self.start).any(|(at, _)| {
            let (before, after) = text.split_at(at);
            let rest = after.get(self.start.len()..).unwrap_or_default();
            !before.ends_with(|c: char| c.is_ascii_alphanumeric())
                && rest.chars().take_while(|c| (self.rest)(*c)).count() >= self.least
        })
    }
}

/// PEM (RFC 7468) of a private key, in whatever format.
fn has_private_key(text: &str) -> bool {
    text.match_indices("-----BEGIN ").any(|(at, _)| {
        let label = text.get(at..).unwrap_or_default().lines().next().unwrap_or_default();
        label.contains("PRIVATE KEY-----")
    })
}

/// A JWT: its first part begins with `{"` in Base64.
fn has_token(text: &str) -> bool {
    text.match_indices("eyJ").any(|(at, _)| {
        let rest = text.get(at..).unwrap_or_default();
        let token: &str = rest.split(|c: char| !dotted(c)).next().unwrap_or_default();
        token.matches('.').count() >= 2 && token.len() >= 40 && jwt::is_jwt(token)
    })
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
