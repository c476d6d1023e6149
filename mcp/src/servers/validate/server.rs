use abide_credentials::oauth::config::{ClientAuth, Enterprise, Grant, OAuth};
use abide_guard::policy::{Problem, key_path as join};
use abide_net::is_loopback;
use url::Url;

use super::token;
use crate::servers::ServerConfig;

/// The problems of one server.
pub(super) fn check(config: &ServerConfig, problems: &mut Vec<Problem>) {
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
