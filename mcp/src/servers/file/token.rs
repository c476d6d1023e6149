//! The keys of a server's table that say how tokens are asked for, and what they must say.

use std::collections::BTreeMap;

use abide_base::scope::{Scope, ScopeSet};
use abide_credentials::{
    jwt::Algorithm,
    oauth::config::{MissingAudience, Pkce, ResourceParameter, TokenRequest, TokenRules},
};
use abide_guard::policy::Table;

pub(super) const KEYS: &[&str] = &[
    "audience",
    "token_issuer",
    "token_algs",
    "scope_claim",
    "request_scopes",
    "token_parameters",
    "login_parameters",
    "send_resource",
    "danger_token_without_audience",
    "danger_assume_s256",
];

/// How tokens are asked for.
pub(super) fn request(table: &Table<'_>) -> TokenRequest {
    let scopes = scopes(table, "request_scopes");
    if scopes.as_ref().is_some_and(ScopeSet::is_empty) && table.has("request_scopes") {
        table
            .problem("request_scopes", "is empty: list what to ask for, or take it away to ask for what tools declare");
    }
    let resource = match table.flag("send_resource") {
        Some(false) => ResourceParameter::Omitted,
        Some(true) | None => ResourceParameter::Sent,
    };
    TokenRequest { scopes, parameters: parameters(table, "token_parameters"), resource, ..TokenRequest::default() }
}

/// The same where a person is asked first.
pub(super) fn login_request(table: &Table<'_>) -> TokenRequest {
    let pkce = match table.flag("danger_assume_s256") {
        Some(true) => Pkce::DangerAssumed,
        Some(false) | None => Pkce::Published,
    };
    TokenRequest { login_parameters: parameters(table, "login_parameters"), pkce, ..request(table) }
}

pub(super) fn rules(table: &Table<'_>) -> TokenRules {
    let is_one = table.plain("audience").is_some();
    let audiences = if is_one { table.text("audience").map(|one| vec![one]) } else { table.texts("audience") };
    if audiences.as_ref().is_some_and(Vec::is_empty) {
        table.problem("audience", "is empty: write what tokens have in `aud`, or take it away");
    }
    let algorithms = table.texts("token_algs").map(|names| {
        let names = names.into_iter();
        names.filter_map(|name| table.parsed::<Algorithm>("token_algs", name)).collect::<Vec<_>>()
    });
    if algorithms.as_ref().is_some_and(Vec::is_empty) {
        table.problem("token_algs", "is empty, so no token could count: name what the issuer signs with");
    }
    let missing_audience = match table.flag("danger_token_without_audience") {
        Some(true) => MissingAudience::DangerAccepted,
        Some(false) | None => MissingAudience::Refused,
    };
    TokenRules {
        audiences: audiences.unwrap_or_default().into_iter().map(str::to_owned).collect(),
        issuer: table.text("token_issuer").map(str::to_owned),
        algorithms: algorithms.unwrap_or_else(|| Algorithm::usual().into()),
        scope_claim: table.text("scope_claim").map(str::to_owned),
        missing_audience,
    }
}

fn scopes(table: &Table<'_>, key: &str) -> Option<ScopeSet> {
    let scopes = table.texts(key)?.into_iter();
    Some(scopes.filter_map(|scope| table.parsed::<Scope>(key, scope)).collect())
}

fn parameters(table: &Table<'_>, key: &str) -> BTreeMap<String, String> {
    let Some(table) = table.table(key) else { return BTreeMap::new() };
    let names: Vec<String> = table.keys().collect();
    names.into_iter().filter_map(|name| table.text(&name).map(str::to_owned).map(|value| (name, value))).collect()
}
