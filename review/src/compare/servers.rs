//! Servers: how they are reached, how we are let in, and what they may have of us.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use abide_base::{call::ServerId, scope::ScopeSet};
use abide_credentials::{
    jwt::Algorithm,
    oauth::config::{
        Code, Grant, MissingAudience, OAuth, Pkce, Proof, Registration, ResourceParameter, StepUp, TokenRules,
        TokenSource,
    },
};
use abide_guard::policy::{
    Rate, key_path,
    order::{Order, by_least, covering, optional, presence, set},
};
use abide_mcp::{
    boundary::Boundary,
    servers::{CommandConfig, InputPolicy, Protocol, ServerConfig},
};
use abide_net as net;
use abide_net::TlsVersion;

use super::change::{Changes, word};

pub(super) fn servers(changes: &mut Changes, old: &Boundary, new: &Boundary) {
    let ids = |boundary: &Boundary| boundary.server_ids().cloned().collect::<BTreeSet<_>>();
    for id in &ids(old) | &ids(new) {
        let path = key_path("servers", id.as_str());
        match (find(old, &id), find(new, &id)) {
            (Some(Server::Http(was)), Some(Server::Http(is))) => http(&mut Pair { changes, path }, was, is),
            (Some(Server::Command(was)), Some(Server::Command(is))) => command(&mut Pair { changes, path }, was, is),
            (was, is) => {
                changes.told(path, Order::Unclear, was.map(|was| was.to_string()), is.map(|is| is.to_string()))
            }
        }
    }
}

enum Server<'b> {
    Http(&'b ServerConfig),
    Command(&'b CommandConfig),
}

fn find<'b>(boundary: &'b Boundary, id: &ServerId) -> Option<Server<'b>> {
    let command = || boundary.commands().find(|command| command.id == *id).map(Server::Command);
    boundary.server(id).map(Server::Http).or_else(command)
}

impl fmt::Display for Server<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(server) => match server.oauth() {
                Some(oauth) => write!(f, "{}, issuer {}, client {}", server.url, oauth.issuer, oauth.client_id),
                None => write!(f, "{}", server.url),
            },
            Self::Command(command) => f.write_str(&line(command)),
        }
    }
}

/// Where the differences of one server go.
struct Pair<'c> {
    changes: &'c mut Changes,
    path: String,
}

impl Pair<'_> {
    fn told(&mut self, key: &str, order: Order, before: Option<String>, after: Option<String>) {
        self.changes.told(key_path(&self.path, key), order, before, after);
    }

    /// A setting of which no more can be said than that it is another one.
    fn other(&mut self, key: &str, old: Option<String>, new: Option<String>) {
        let order = if old == new { Order::Same } else { Order::Unclear };
        self.told(key, order, old, new);
    }
}

fn http(pair: &mut Pair<'_>, old: &ServerConfig, new: &ServerConfig) {
    pair.other("url", Some(old.url.to_string()), Some(new.url.to_string()));
    match (old.oauth(), new.oauth()) {
        (Some(was), Some(is)) => oauth(pair, was, is),
        (was, is) => {
            let told = |oauth: Option<&OAuth>| Some(if oauth.is_some() { "oauth" } else { "none" }.to_owned());
            pair.other("authorization", told(was), told(is));
        }
    }
    connection(pair, &old.connection, &new.connection);
    pair.told("rate", Rate::order(&old.rate, &new.rate), word(&old.rate), word(&new.rate));
    input(pair, &old.input, &new.input);
    protocol(pair, old.protocol, new.protocol);
}

fn protocol(pair: &mut Pair<'_>, old: Protocol, new: Protocol) {
    let told = |protocol| match protocol {
        Protocol::Auto => None,
        Protocol::Initialize => Some("initialize".to_owned()),
    };
    pair.other("protocol", told(old), told(new));
}

fn oauth(pair: &mut Pair<'_>, old: &OAuth, new: &OAuth) {
    let mut text = |key: &str, of: &dyn Fn(&OAuth) -> Option<String>| pair.other(key, of(old), of(new));
    text("issuer", &|oauth| Some(oauth.issuer.clone()));
    text("client_id", &|oauth| Some(oauth.client_id.clone()));
    text("client_auth", &|oauth| Some(oauth.client.method().to_owned()));
    text("resource", &|oauth| oauth.resource.clone());
    text("grant", &|oauth| Some(grant(&oauth.grant)));
    tokens(pair, old, new);
    let bound = |oauth: &OAuth| (oauth.proof == Proof::Dpop).then(|| "true".to_owned());
    pair.told("dpop", presence(bound(old), bound(new)), bound(old), bound(new));
    let covers = |one: &StepUp, other: &StepUp| match (one, other) {
        (StepUp::DangerAny, _) | (_, StepUp::Never) => true,
        (StepUp::Within(one), StepUp::Within(other)) => one.covers(other),
        (StepUp::Never, StepUp::Within(other)) => other.is_empty(),
        (_, StepUp::DangerAny) => false,
    };
    let step_up = Order::of(&old.step_up, &new.step_up, |one, other| covers(one, other));
    let told = |oauth: &OAuth| match &oauth.step_up {
        StepUp::Never => None,
        StepUp::Within(scopes) => Some(scopes.to_string()),
        StepUp::DangerAny => Some("any".to_owned()),
    };
    pair.told("step_up_scopes", step_up, told(old), told(new));
}

/// How tokens are asked for, and what they must say.
fn tokens(pair: &mut Pair<'_>, old: &OAuth, new: &OAuth) {
    let (was, is) = (&old.tokens, &new.tokens);
    let audiences = |rules: &TokenRules| (!rules.audiences.is_empty()).then(|| listed(&rules.audiences));
    // without any, it is the resource, which may be one of those that are listed
    let order = match (was.audiences.as_slice(), is.audiences.as_slice()) {
        ([], []) => Order::Same,
        ([], _) | (_, []) => Order::Unclear,
        (was, is) => set(was, is),
    };
    pair.told("audience", order, audiences(was), audiences(is));
    let usual = Algorithm::usual();
    let algorithms =
        |rules: &TokenRules| (set(&rules.algorithms, &usual) != Order::Same).then(|| listed(&rules.algorithms));
    pair.told("token_algs", set(&was.algorithms, &is.algorithms), algorithms(was), algorithms(is));
    let accepted =
        |rules: &TokenRules| (rules.missing_audience == MissingAudience::DangerAccepted).then(|| "true".to_owned());
    let order = presence(accepted(was), accepted(is)).reversed();
    pair.told("danger_token_without_audience", order, accepted(was), accepted(is));

    let assumed = |oauth: &OAuth| (oauth.request.pkce == Pkce::DangerAssumed).then(|| "true".to_owned());
    let order = presence(assumed(old), assumed(new)).reversed();
    pair.told("danger_assume_s256", order, assumed(old), assumed(new));
    let (before, after) = (&old.request.scopes, &new.request.scopes);
    let order = match (before, after) {
        (None, None) => Order::Same,
        (Some(before), Some(after)) => Order::of(before, after, |one, other| one.covers(other)),
        _ => Order::Unclear,
    };
    let told = |scopes: &Option<ScopeSet>| scopes.as_ref().map(ToString::to_string);
    pair.told("request_scopes", order, told(before), told(after));
    let mut text = |key: &str, of: &dyn Fn(&OAuth) -> Option<String>| pair.other(key, of(old), of(new));
    text("token_issuer", &|oauth| oauth.tokens.issuer.clone());
    text("scope_claim", &|oauth| oauth.tokens.scope_claim.clone());
    text("token_parameters", &|oauth| fields(&oauth.request.parameters));
    text("login_parameters", &|oauth| fields(&oauth.request.login_parameters));
    text("send_resource", &|oauth| (oauth.request.resource == ResourceParameter::Omitted).then(|| "false".to_owned()));
}

fn fields(fields: &BTreeMap<String, String>) -> Option<String> {
    let told: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// What is shown for a token, and where it is kept.
fn grant(grant: &Grant) -> String {
    let file = |source: &TokenSource| match source {
        TokenSource::File(path) => path.display().to_string(),
        TokenSource::Fixed(_) => "a fixed token".to_owned(),
    };
    match grant {
        Grant::ClientCredentials => "client_credentials".to_owned(),
        Grant::Workload { assertion } => format!("workload, {}", file(assertion)),
        Grant::Enterprise(by) => {
            let endpoint = by.token_endpoint.as_ref().map(|url| format!(" at {url}")).unwrap_or_default();
            let client = format!("client {}, {}", by.client_id, by.client.method());
            format!("enterprise, {}{endpoint}, {client}, {}", by.provider, file(&by.id_token))
        }
        Grant::Code(Code { registration, store, .. }) => {
            let registration = match registration {
                Registration::Known => "known".to_owned(),
                Registration::Document(url) => url.to_string(),
                Registration::Dynamic => "dynamic".to_owned(),
            };
            let store = store.as_ref().map(|path| format!(", {}", path.display())).unwrap_or_default();
            format!("login, {registration}{store}")
        }
    }
}

fn connection(pair: &mut Pair<'_>, old: &net::Options, new: &net::Options) {
    let mut text = |key: &str, of: &dyn Fn(&net::Options) -> Option<String>| pair.other(key, of(old), of(new));
    text("ca_bundle", &|options| options.ca_bundle.as_ref().map(|path| path.display().to_string()));
    text("certificate_file", &|options| Some(options.client_certificate.as_ref()?.certificate.display().to_string()));
    text("certificate_key_file", &|options| Some(options.client_certificate.as_ref()?.key.display().to_string()));
    text("proxy", &|options| {
        let proxy = options.proxy.as_ref()?;
        // a name and a password may stand in it
        Some(format!("{}:{}", proxy.host_str()?, proxy.port_or_known_default()?))
    });
    let pins = |options: &net::Options| (!options.spki_pins.is_empty()).then(|| options.spki_pins.clone());
    let told = |options: &net::Options| pins(options).map(|pins| listed(&pins));
    let order = optional(pins(old).as_deref(), pins(new).as_deref(), |one, other| one == other);
    pair.told("spki_pins", order, told(old), told(new));
    let version = |options: &net::Options| match options.min_tls {
        TlsVersion::Tls12 => None,
        TlsVersion::Tls13 => Some("1.3".to_owned()),
    };
    pair.told("min_tls", by_least(Some(&old.min_tls), Some(&new.min_tls)), version(old), version(new));
    let (was, is) = (old.addresses.allowed(), new.addresses.allowed());
    let told = |networks: &[net::IpNet]| (!networks.is_empty()).then(|| listed(networks));
    pair.told("allow_addresses", covering(was, is, |one, other| one.contains(other)), told(was), told(is));
}

/// What a server is told without an approver being asked.
fn input(pair: &mut Pair<'_>, old: &InputPolicy, new: &InputPolicy) {
    let order = Order::of(old, new, |one, other| *other == &InputPolicy::Decline || one == other);
    // what is answered may be confidential
    let told = |policy: &InputPolicy| match policy {
        InputPolicy::Decline => None,
        InputPolicy::Defaults => Some("defaults".to_owned()),
        InputPolicy::Answers(values) => Some(format!("answers to {}", listed(&values.keys().collect::<Vec<_>>()))),
    };
    pair.told("input", order, told(old), told(new));
}

fn command(pair: &mut Pair<'_>, old: &CommandConfig, new: &CommandConfig) {
    pair.other("command", Some(line(old)), Some(line(new)));
    let folder = |command: &CommandConfig| command.folder.as_ref().map(|path| path.display().to_string());
    pair.other("folder", folder(old), folder(new));
    let names: fn(&CommandConfig) -> Vec<&String> = |command| command.env.keys().collect();
    let told = |command| (!names(command).is_empty()).then(|| listed(&names(command)));
    pair.told("env_from", covering(&names(old), &names(new), |one, other| one == other), told(old), told(new));
    pair.other("env", word(&old.settings).filter(|text| text != "{}"), word(&new.settings).filter(|text| text != "{}"));
    input(pair, &old.input, &new.input);
    protocol(pair, old.protocol, new.protocol);
    let seconds = |command: &CommandConfig| Some(format!("{}s", command.start_timeout.as_secs()));
    pair.other("start_timeout", seconds(old), seconds(new));
}

fn line(command: &CommandConfig) -> String {
    let words = command.args.iter().map(|arg| format!(" {arg}"));
    format!("{}{}", command.program.display(), words.collect::<String>())
}

fn listed<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
