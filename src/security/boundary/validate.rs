//! What must hold of a boundary however it was made.

mod sequence;
mod token;
mod tool;

use std::collections::BTreeSet;

use url::Url;

use super::{ClientAuth, Enterprise, Grant, OAuth, Parts, Problem, ServerConfig, field_path, reader::join};
use crate::{net::is_loopback, security::check::schema::takes_field};

/// The names that a boundary declares, also those whose tables have problems of their own.
pub(super) struct Declared {
    pub(super) servers: BTreeSet<String>,
    pub(super) tools: BTreeSet<String>,
    pub(super) lists: BTreeSet<String>,
    pub(super) classes: BTreeSet<String>,
}

impl Declared {
    pub(super) fn by(parts: &Parts) -> Self {
        Self {
            servers: parts.servers.keys().chain(parts.commands.keys()).map(ToString::to_string).collect(),
            tools: parts.tools.keys().map(ToString::to_string).collect(),
            lists: parts.registry.names().map(str::to_owned).collect(),
            classes: parts.sensitive.keys().cloned().collect(),
        }
    }
}

/// Letters and digits of the shortest canary.
const MIN_CANARY: usize = 6;

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
        tool::check(name, rule, declared, &mut problems);
        let takes_tokens = name.server().is_none_or(|id| {
            parts.servers.values().any(|s| s.id.as_str() == id && s.oauth().is_some()) || !parts.has_server(id)
        });
        if !takes_tokens && !rule.scopes.is_empty() {
            let key = join(&join("tools", name.as_str()), "scopes");
            problems.push(Problem::new(key, "its server takes no tokens, so it can need no scopes: write `[]`"));
        }
    }
    flow(parts, declared, &mut problems);
    sequence::check(parts, declared, &mut problems);
    locked(parts, &mut problems);
    problems
}

fn flow(parts: &Parts, declared: &Declared, problems: &mut Vec<Problem>) {
    for (name, class) in &parts.sensitive {
        let path = join("sensitive", name);
        let mut add = |key: &str, reason: String| problems.push(Problem::new(join(&path, key), reason));
        if class.pattern.is_none() && class.from.is_empty() {
            add(
                "pattern",
                "is missing, and so is `from`: say what values of this class look like, or where they come from".into(),
            );
        }
        if class.pattern.as_ref().is_some_and(|pattern| pattern.regex().is_match("")) {
            add("pattern", "matches the empty text, so every text would have a value of this class".into());
        }
        class.from.iter().filter_map(|source| tool::unknown(source, declared)).for_each(|reason| add("from", reason));
    }
    for class in parts.answer.never.iter().filter(|class| !declared.classes.contains(*class)) {
        problems.push(Problem::new("answer.never", no_class(class)));
    }
    if parts.canaries.iter().any(|canary| canary.chars().filter(|c| c.is_alphanumeric()).count() < MIN_CANARY) {
        let reason = "has a value with fewer than six letters and digits: it would turn up by chance";
        problems.push(Problem::new("canaries.values", reason));
    }
}

/// What the lock says of tools must fit what the rules say.
fn locked(parts: &Parts, problems: &mut Vec<Problem>) {
    let Some(lock) = &parts.lock else { return };
    for (name, rule) in parts.tools.iter().filter(|(name, _)| name.server().is_some()) {
        let path = join("tools", name.as_str());
        let Some(approved) = lock.tools.get(name) else {
            problems.push(Problem::new(path, "is not in the tool lock: run `abide tools lock` again, or take it away"));
            continue;
        };
        for (argument, rule) in &rule.arguments {
            let place = join(&join(&path, "arguments"), argument);
            for (fields, _) in rule.all() {
                let names = std::iter::once(argument.as_str()).chain(fields.iter().copied());
                if !takes_field(&approved.input_schema, names) {
                    let what = if fields.is_empty() { "argument" } else { "field of an argument" };
                    let reason = format!("is no {what} of this tool, as its locked definition says: correct the name");
                    problems.push(Problem::new(field_path(&place, &fields), reason));
                }
            }
        }
    }
}

fn no_class(name: &str) -> String {
    format!("there is no class `{name}` here: add `[sensitive.{name}]`, or correct the name")
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
        token::check(oauth, &path, problems);
        let mut add = |key: &str, reason: &str| problems.push(Problem::new(join(&path, key), reason));
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
