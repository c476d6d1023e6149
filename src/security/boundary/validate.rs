//! What must hold of a boundary however it was made.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use super::{
    ArgumentRule, ClientAuth, Enterprise, Grant, OAuth, Parts, Problem, ServerConfig, Source, ToolRule, reader::join,
};
use crate::{
    call::{Effect, ToolName},
    canonical_json,
    net::is_loopback,
};

/// The names that a boundary declares, also those whose tables have problems of their own.
pub(super) struct Declared {
    pub(super) servers: BTreeSet<String>,
    pub(super) tools: BTreeSet<String>,
    pub(super) lists: BTreeSet<String>,
}

impl Declared {
    pub(super) fn by(parts: &Parts) -> Self {
        Self {
            servers: parts.servers.keys().chain(parts.commands.keys()).map(ToString::to_string).collect(),
            tools: parts.tools.keys().map(ToString::to_string).collect(),
            lists: parts.registry.names().map(str::to_owned).collect(),
        }
    }
}

/// Every problem of the parts.
pub(super) fn check(parts: &Parts, declared: &Declared) -> Vec<Problem> {
    let mut problems = Vec::new();
    for config in parts.servers.values() {
        server(config, &mut problems);
    }
    for (id, config) in &parts.servers {
        if *id != config.id {
            let key = join("servers", id.as_str());
            problems.push(Problem::new(key, format!("calls itself `{}`: an id cannot change", config.id)));
        }
    }
    for id in parts.commands.keys().filter(|id| parts.servers.contains_key(id)) {
        let key = join("servers", id.as_str());
        problems.push(Problem::new(key, "is both an address and a command: give one of them another name"));
    }
    for (name, rule) in &parts.tools {
        tool(name, rule, declared, &mut problems);
        let takes_tokens = name.server().is_none_or(|id| {
            parts.servers.values().any(|s| s.id.as_str() == id && s.oauth().is_some()) || !parts.has_server(id)
        });
        if !takes_tokens && !rule.scopes.is_empty() {
            let key = join(&join("tools", name.as_str()), "scopes");
            problems.push(Problem::new(key, "its server takes no tokens, so it can need no scopes: write `[]`"));
        }
    }
    problems
}

fn server(config: &ServerConfig, problems: &mut Vec<Problem>) {
    let path = join("servers", config.id.as_str());
    let mut add = |key: &str, reason: &str| problems.push(Problem::new(join(&path, key), reason));
    if let Err(reason) = address(&config.url) {
        add("url", reason);
    }
    if config.url.query().is_some() {
        add("url", "must not have a query: it would go to the issuer as `resource`, and stand in logs");
    }
    // a resource indicator has no fragment (RFC 8707, section 2)
    if config.url.fragment().is_some() {
        add("url", "must not have a fragment: take the part after `#` away");
    }
    if let Some(oauth) = config.oauth() {
        issuer(&oauth.issuer, &mut add);
        credentials(oauth, config, &mut add);
        if oauth.resource.as_deref().is_some_and(|resource| !is_resource(resource)) {
            add(
                "resource",
                "must be an absolute URI without fragment (RFC 8707): write it as the server's metadata does",
            );
        }
        if let Grant::Enterprise(enterprise) = &oauth.grant {
            let path = join(&path, "identity_provider");
            let mut add = |key: &str, reason: &str| problems.push(Problem::new(join(&path, key), reason));
            provider(enterprise, config, &mut add);
        }
    }
}

fn is_resource(text: &str) -> bool {
    let blank = text.chars().any(|c| c.is_whitespace() || c.is_control());
    !blank && Url::parse(text).is_ok_and(|url| url.fragment().is_none())
}

fn provider(enterprise: &Enterprise, config: &ServerConfig, add: &mut impl FnMut(&str, &str)) {
    issuer(&enterprise.provider, add);
    if let Some(Err(reason)) = enterprise.token_endpoint.as_ref().map(address) {
        add("token_endpoint", reason);
    }
    if enterprise.client_id.trim().is_empty() {
        add("client_id", "is empty: set it");
    }
    certificate(&enterprise.client, config, add);
}

fn issuer(issuer: &str, add: &mut impl FnMut(&str, &str)) {
    let Ok(url) = Url::parse(issuer) else {
        add("issuer", "is not a URL: write it exactly as the issuer's metadata does");
        return;
    };
    if let Err(reason) = address(&url) {
        add("issuer", reason);
    }
    // RFC 8414, section 2
    if url.query().is_some() || url.fragment().is_some() {
        add(
            "issuer",
            "must have neither query nor fragment (RFC 8414): write it exactly as the issuer's metadata does",
        );
    }
    if issuer.chars().any(|c| c.is_whitespace() || c.is_control()) {
        add("issuer", "must not have blanks: it is compared letter by letter");
    }
}

fn credentials(oauth: &OAuth, config: &ServerConfig, add: &mut impl FnMut(&str, &str)) {
    if oauth.client_id.trim().is_empty() && !oauth.grant.registers() {
        add("client_id", "is empty: set it");
    }
    if oauth.secrets().any(|secret| secret.expose().trim().is_empty()) {
        add("client_secret_env", "names an empty secret: put the client secret there");
    }
    certificate(&oauth.client, config, add);
    if matches!(oauth.grant, Grant::ClientCredentials) && matches!(oauth.client, ClientAuth::Public) {
        add(
            "client_auth",
            "is `none`, with which `client_credentials` prove nothing: use a secret, a key or a certificate",
        );
    }
}

fn certificate(client: &ClientAuth, config: &ServerConfig, add: &mut impl FnMut(&str, &str)) {
    if matches!(client, ClientAuth::Certificate) && config.connection.client_certificate.is_none() {
        add(
            "client_auth",
            "is `tls_client_auth`, for which there is no certificate: set `certificate_file` of the server",
        );
    }
}

fn address(url: &Url) -> Result<(), &'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or a password: use `client_id` and `client_secret_env`");
    }
    if url.host().is_none() {
        return Err("must name a host");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        _ => Err(
            "must begin with `https://`: tokens would travel unprotected (only a loopback address may use `http://`)",
        ),
    }
}

fn tool(name: &ToolName, rule: &ToolRule, declared: &Declared, problems: &mut Vec<Problem>) {
    let path = join("tools", name.as_str());
    let mut add = |key: &str, reason: String| {
        let key = if key.is_empty() { path.clone() } else { join(&path, key) };
        problems.push(Problem::new(key, reason));
    };
    match name.server() {
        Some(server) if !declared.servers.contains(server) => {
            add("", format!("there is no server `{server}`: add `[servers.{server}]`, or correct the name"));
        }
        None if !rule.scopes.is_empty() => {
            add(
                "scopes",
                "a function has no token, so it can need no scopes: write `[]`, or put the server before the name"
                    .into(),
            );
        }
        _ => {}
    }
    if rule.effect == Effect::Read && rule.dry_run.is_some() {
        add("dry_run", "a tool that only reads is never a dry run: take this away, or correct `effect`".into());
    }
    if let Some(reason) = rule.dry_run.as_ref().and_then(|value| canonical_json(value).err()) {
        add("dry_run", reason.to_string());
    }
    if let Some(distinct) = rule.distinct.as_ref().filter(|d| !rule.arguments.contains_key(&d.argument)) {
        add(
            "distinct",
            format!(
                "the argument `{0}` has no entry: correct the name, or add `arguments.{0} = {{}}` where it has no other rule",
                distinct.argument
            ),
        );
    }
    for (argument_name, argument_rule) in &rule.arguments {
        let path = join(&join(&path, "arguments"), argument_name);
        argument(&path, argument_rule, declared, problems);
    }
}

fn argument(path: &str, rule: &ArgumentRule, declared: &Declared, problems: &mut Vec<Problem>) {
    let mut add = |key: &str, reason: String| problems.push(Problem::new(join(path, key), reason));
    if rule.min.zip(rule.max).is_some_and(|(min, max)| min > max) {
        add("min", "is larger than `max`: no number fits".into());
    }
    if [rule.min, rule.max].iter().flatten().any(|n| !n.is_finite()) {
        add("min", "must be a finite number".into());
    }
    if rule.max_chars == Some(0) {
        add("max_chars", "is 0: no text fits".into());
    }
    if let Some(values) = &rule.one_of {
        if values.is_empty() {
            add("enum", "is empty: no value fits; list the values".into());
        }
        if let Some(reason) = canonical_json(&Value::from(values.as_slice())).err() {
            add("enum", reason.to_string());
        }
    }
    let Some(sources) = &rule.from else { return };
    if sources.is_empty() {
        add("from", "is empty: no value may be used; name `input` or tools".into());
    }
    for source in sources {
        match source {
            Source::Reply { tool, .. } if !declared.tools.contains(tool.as_str()) => {
                add("from", format!("there is no tool `{tool}` here: add it, or write `input`"));
            }
            Source::Registry(name) if !declared.lists.contains(name) => {
                add(
                    "from",
                    format!(
                        "there is no list `{name}` here: add it under `[registry]`, empty where each run brings its own"
                    ),
                );
            }
            _ => {}
        }
        if let Source::Reply { field: Some(field), .. } | Source::Input { field: Some(field) } = source
            && field.is_empty()
        {
            add("from", format!("names no field after `{source}`: add it, or take the colon away"));
        }
    }
}
