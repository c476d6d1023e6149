//! What must hold of how tokens are asked for, and of what they must say.

use std::collections::BTreeMap;

use abide_credentials::oauth::config::{MissingAudience, OAuth, is_reserved};
use abide_guard::policy::{Problem, key_path as join};

const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 2_048;

pub(super) fn check(oauth: &OAuth, path: &str, problems: &mut Vec<Problem>) {
    let mut add = |key: &str, reason: &str| problems.push(Problem::new(join(path, key), reason));
    if oauth.tokens.audiences.iter().any(|audience| !is_plain(audience)) {
        add(
            "audience",
            "has an empty text, a blank or a control character: write what tokens have in `aud`, letter by letter",
        );
    }
    if oauth.tokens.issuer.as_deref().is_some_and(|issuer| !is_plain(issuer)) {
        add("token_issuer", "must be a text without blanks: write what tokens have in `iss`, letter by letter");
    }
    if oauth.tokens.scope_claim.as_deref().is_some_and(|claim| !is_plain(claim)) {
        add("scope_claim", "must be the name of a claim, such as `roles`");
    }
    if oauth.tokens.missing_audience == MissingAudience::DangerAccepted && oauth.client_id.trim().is_empty() {
        add(
            "danger_token_without_audience",
            "means nothing without `client_id`: only tokens that were issued to it can count",
        );
    }
    parameters(&oauth.request.parameters, &join(path, "token_parameters"), problems);
    parameters(&oauth.request.login_parameters, &join(path, "login_parameters"), problems);
}

/// Fields of the operator's own: the protocol's are set by other keys, which know what they mean.
fn parameters(parameters: &BTreeMap<String, String>, path: &str, problems: &mut Vec<Problem>) {
    for (name, value) in parameters {
        let mut add = |reason: &str| problems.push(Problem::new(join(path, name), reason));
        let letter = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(letter) {
            add("is not a name of a field: use letters, digits and `_`");
        } else if is_reserved(name) {
            add(instead_of(name));
        }
        if value.is_empty() || value.len() > MAX_VALUE || value.chars().any(char::is_control) {
            add("must be a text of 1 to 2048 bytes without control characters");
        }
    }
}

/// Where the protocol's own fields come from.
fn instead_of(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "scope" => "is a field of the protocol: set `request_scopes`",
        "resource" => "is a field of the protocol: set `resource`, or set `send_resource` to `false`",
        "client_id" => "is a field of the protocol: set `client_id` of the server",
        "client_secret" | "password" => {
            "is a secret, which must not stand in this file: set `client_secret_env` or `client_secret_file`"
        }
        "grant_type" => "is a field of the protocol: set `grant`",
        "assertion" | "client_assertion" => {
            "is a field of the protocol: set `assertion_file`, or `client_auth` and `client_key_file`"
        }
        _ => "is a field of the protocol, which sets it: take it away",
    }
}

/// Visible text without blanks.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}
