//! The tables `[servers.…]`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use abide_base::{call::ServerId, scope::Scope, secret::Secret};
use abide_credentials::{
    jwt::{Algorithm, SigningKey},
    oauth::{
        config::{ClientAuth, Code, Enterprise, Grant, OAuth, Proof, Registration, StepUp, TokenSource},
        store,
    },
};
use abide_guard::policy::{Rate, Table, duration};
use abide_net as net;
use abide_net::{AddressFilter, ClientCertificate, IpNet, SpkiPin, TlsVersion};
use url::Url;

use super::{
    LoadContext,
    secret::{self, secret},
    token,
};
use crate::servers::{CommandConfig, InputPolicy, Protocol, ServerConfig};

const HTTP_KEYS: &[&str] = &[
    "url",
    "authorization",
    "issuer",
    "client_id",
    "client_auth",
    "client_secret_env",
    "client_secret_file",
    "client_key_file",
    "client_key_alg",
    "client_key_id",
    "grant",
    "assertion_file",
    "identity_provider",
    "registration",
    "token_file",
    "dpop",
    "step_up_scopes",
    "ca_bundle",
    "spki_pins",
    "min_tls",
    "certificate_file",
    "certificate_key_file",
    "proxy",
    "allow_addresses",
    "rate",
    "burst",
    "input",
    "protocol",
    "resource",
];
const COMMAND_KEYS: &[&str] = &["command", "args", "env", "env_from", "folder", "input", "protocol", "start_timeout"];
/// The longest that a program may be waited for.
const MAX_START: Duration = Duration::from_secs(600);
const PROVIDER_KEYS: &[&str] = &[
    "issuer",
    "token_endpoint",
    "client_id",
    "client_auth",
    "client_secret_env",
    "client_secret_file",
    "client_key_file",
    "client_key_alg",
    "client_key_id",
    "id_token_file",
];

/// A server of either kind.
pub(super) enum Server {
    Http(Box<ServerConfig>),
    Command(CommandConfig),
}

#[derive(Clone, Copy)]
enum Kind {
    ClientCredentials,
    Workload,
    Enterprise,
    Login,
}

#[derive(Clone, Copy)]
enum Method {
    Basic,
    Post,
    PrivateKey,
    Certificate,
    Public,
}

pub(super) fn server(id: ServerId, table: Table<'_>, context: &LoadContext<'_>) -> Option<Server> {
    if table.has("command") {
        let command = command(id, &table, context).map(Server::Command);
        table.finish(COMMAND_KEYS);
        return command;
    }
    let http = http(id, &table, context).map(|config| Server::Http(Box::new(config)));
    table.finish(&[HTTP_KEYS, token::KEYS].concat());
    http
}

fn http(id: ServerId, table: &Table<'_>, context: &LoadContext<'_>) -> Option<ServerConfig> {
    let url = table.required("url").and_then(|text| table.parsed::<Url>("url", text));
    // every part is read before the function returns early, so that all problems are reported
    let authorization = table.choice("authorization", &[("oauth", true), ("none", false)]);
    let oauth = match authorization {
        Some(false) => Some(None),
        _ => oauth(&id, table, context).map(Some),
    };
    let connection = connection(table, context);
    let rate = Rate::read(table);
    let input = input(table);
    let protocol = protocol(table);
    let mut config = ServerConfig::new(id, url?);
    if let Some(oauth) = oauth? {
        config = config.with_oauth(oauth);
    }
    config.connection = connection;
    config.rate = rate;
    config.input = input;
    config.protocol = protocol;
    Some(config)
}

fn oauth(id: &ServerId, table: &Table<'_>, context: &LoadContext<'_>) -> Option<OAuth> {
    let issuer = table.required("issuer");
    let kinds = [
        ("client_credentials", Kind::ClientCredentials),
        ("workload", Kind::Workload),
        ("enterprise", Kind::Enterprise),
        ("login", Kind::Login),
    ];
    let kind = table.choice("grant", &kinds).unwrap_or(Kind::ClientCredentials);
    let grant = match kind {
        Kind::ClientCredentials => Some(Grant::ClientCredentials),
        Kind::Workload => token_file(table, "assertion_file", context).map(|assertion| Grant::Workload { assertion }),
        Kind::Enterprise => enterprise(table, context).map(Grant::Enterprise),
        Kind::Login => Some(Grant::Code(code(id, table, context))),
    };
    let registers = grant.as_ref().is_some_and(Grant::registers);
    let client_id =
        if registers { Some(table.text("client_id").unwrap_or_default()) } else { table.required("client_id") };
    let usual = if registers || matches!(kind, Kind::Login | Kind::Workload) { Method::Public } else { Method::Basic };
    // a secret that cannot be used is reported already: a placeholder lets the other checks run
    let client = client(table, usual, context).unwrap_or_else(|| ClientAuth::Basic(Secret::new("none".to_owned())));
    let resource = table.text("resource").map(str::to_owned);
    let dpop = table.flag("dpop");
    let step_up = table.texts("step_up_scopes").map(|scopes| {
        let scopes = scopes.into_iter();
        StepUp::Within(scopes.filter_map(|scope| table.parsed::<Scope>("step_up_scopes", scope)).collect())
    });
    let is_login = matches!(kind, Kind::Login);
    let request = if is_login { token::login_request(table) } else { token::request(table) };
    let tokens = token::rules(table);
    let mut oauth = OAuth::new(issuer?, client_id?, client)
        .resource(resource)
        .grant(grant?)
        .step_up(step_up.unwrap_or_default())
        .request(request)
        .tokens(tokens);
    if dpop == Some(true) {
        oauth = oauth.proof(Proof::Dpop);
    }
    Some(oauth)
}

/// How the client authenticates itself to the issuer. Tables of servers and of identity providers have the same keys for it.
fn client(table: &Table<'_>, usual: Method, context: &LoadContext<'_>) -> Option<ClientAuth> {
    let methods = [
        ("basic", Method::Basic),
        ("post", Method::Post),
        ("private_key_jwt", Method::PrivateKey),
        ("tls_client_auth", Method::Certificate),
        ("none", Method::Public),
    ];
    let has_secret = ["client_secret", "client_secret_env", "client_secret_file"].iter().any(|key| table.has(key));
    let chosen = table.choice("client_auth", &methods);
    match chosen.unwrap_or(if has_secret { Method::Basic } else { usual }) {
        Method::Basic => secret(table, context).map(ClientAuth::Basic),
        Method::Post => secret(table, context).map(ClientAuth::Post),
        Method::PrivateKey => private_key(table, context).map(|key| ClientAuth::PrivateKey(Arc::new(key))),
        Method::Certificate => Some(ClientAuth::Certificate),
        Method::Public => Some(ClientAuth::Public),
    }
}

fn private_key(table: &Table<'_>, context: &LoadContext<'_>) -> Option<SigningKey> {
    let algorithm = table.required("client_key_alg").and_then(|text| table.parsed::<Algorithm>("client_key_alg", text));
    let file = table.required("client_key_file");
    let kid = table.text("client_key_id").map(str::to_owned);
    let path = context.base_dir.join(file?);
    let pem = secret::of_file(&path).map_err(|reason| table.problem("client_key_file", reason)).ok()?;
    SigningKey::from_pem(pem.expose().as_bytes(), algorithm?, kid)
        .map_err(|error| {
            table.problem("client_key_file", format!("the file `{}` cannot be used: {error}", path.display()))
        })
        .ok()
}

fn enterprise(table: &Table<'_>, context: &LoadContext<'_>) -> Option<Enterprise> {
    let Some(provider) = table.table("identity_provider") else {
        if !table.has("identity_provider") {
            table.problem(
                "identity_provider",
                "is missing: name who vouches for us, with `issuer`, `client_id` and `id_token_file`",
            );
        }
        return None;
    };
    let issuer = provider.required("issuer");
    let endpoint = provider.text("token_endpoint").and_then(|text| provider.parsed::<Url>("token_endpoint", text));
    let client_id = provider.required("client_id");
    let client = client(&provider, Method::Public, context);
    let id_token = token_file(&provider, "id_token_file", context);
    provider.finish(PROVIDER_KEYS);
    Some(Enterprise::new(issuer?, client_id?, client?, id_token?).token_endpoint(endpoint))
}

fn code(id: &ServerId, table: &Table<'_>, context: &LoadContext<'_>) -> Code {
    let registration = match table.text("registration") {
        None | Some("known") => Registration::Known,
        Some("dynamic") => Registration::Dynamic,
        Some(address) => {
            table.parsed::<Url>("registration", address).map_or(Registration::Known, Registration::Document)
        }
    };
    let mut code = Code::new(registration);
    let named = table.text("token_file").map(|path| context.base_dir.join(path));
    code.store = named.or_else(|| store::default_path(id, context.env));
    code
}

fn token_file(table: &Table<'_>, key: &str, context: &LoadContext<'_>) -> Option<TokenSource> {
    table.required(key).map(|path| TokenSource::File(context.base_dir.join(path)))
}

fn connection(table: &Table<'_>, context: &LoadContext<'_>) -> net::Options {
    let ca_bundle = table.text("ca_bundle").map(|path| file(table, "ca_bundle", path, context));
    let pins = table.texts("spki_pins").unwrap_or_default();
    let spki_pins = pins.into_iter().filter_map(|pin| table.parsed::<SpkiPin>("spki_pins", pin)).collect();
    let min_tls = table.choice("min_tls", &[("1.2", TlsVersion::Tls12), ("1.3", TlsVersion::Tls13)]);
    let addresses = table.texts("allow_addresses").unwrap_or_default().into_iter();
    let addresses = addresses.filter_map(|network| table.parsed::<IpNet>("allow_addresses", network));
    let mut connection = net::Options::default().ca_bundle(ca_bundle).spki_pins(spki_pins);
    connection.min_tls = min_tls.unwrap_or_default();
    connection.client_certificate = certificate(table, context);
    connection.proxy = table.text("proxy").and_then(|text| table.parsed::<Url>("proxy", text));
    connection.addresses = addresses.fold(AddressFilter::default(), AddressFilter::allow);
    // most mistakes are reported key by key already; this finds those of keys that do not fit together
    if ["ca_bundle", "certificate_file", "proxy"].iter().any(|key| table.has(key))
        && let Err(error) = net::Client::new(&connection)
    {
        let key = match &error {
            net::Error::ClientCertificate { .. } => "certificate_file",
            net::Error::Authorities { .. } => "ca_bundle",
            _ => "proxy",
        };
        let is_reported = key == "ca_bundle" && connection.ca_bundle.as_deref().is_some_and(|path| !path.is_file());
        if !is_reported {
            table.problem(key, format!("cannot be used: {error}"));
        }
    }
    connection
}

fn certificate(table: &Table<'_>, context: &LoadContext<'_>) -> Option<ClientCertificate> {
    let certificate = table.text("certificate_file").map(|path| context.base_dir.join(path));
    let key = table.text("certificate_key_file").map(|path| context.base_dir.join(path));
    match (certificate, key) {
        (Some(certificate), key) => {
            Some(ClientCertificate { key: key.unwrap_or_else(|| certificate.clone()), certificate })
        }
        (None, Some(_)) => {
            table.problem("certificate_key_file", "means nothing without `certificate_file`: set that too");
            None
        }
        (None, None) => None,
    }
}

/// The path of a file that must be there.
fn file(table: &Table<'_>, key: &str, path: &str, context: &LoadContext<'_>) -> PathBuf {
    let path = context.base_dir.join(path);
    if !path.is_file() {
        let reason = format!("there is no file `{}`: paths start at the boundary file's folder", path.display());
        table.problem(key, reason);
    }
    path
}

fn input(table: &Table<'_>) -> InputPolicy {
    if let Some(text) = table.plain("input") {
        let policies = [("decline", InputPolicy::Decline), ("defaults", InputPolicy::Defaults)];
        let policy = policies.into_iter().find(|(word, _)| *word == text).map(|(_, policy)| policy);
        if policy.is_none() {
            table.problem("input", "must be `decline`, `defaults`, or a table of answers by the names of fields");
        }
        return policy.unwrap_or_default();
    }
    match table.any("input") {
        Some(serde_json::Value::Object(answers)) => InputPolicy::Answers(answers.into_iter().collect()),
        Some(_) => {
            table.problem("input", "must be `decline`, `defaults`, or a table of answers by the names of fields");
            InputPolicy::Decline
        }
        None => InputPolicy::Decline,
    }
}

fn command(id: ServerId, table: &Table<'_>, context: &LoadContext<'_>) -> Option<CommandConfig> {
    let program = table.required("command");
    let args = table.texts("args").unwrap_or_default().into_iter().map(str::to_owned).collect();
    let mut env: BTreeMap<String, Secret<String>> = BTreeMap::new();
    for name in table.texts("env_from").unwrap_or_default() {
        match (context.env)(name) {
            Some(value) => {
                env.insert(name.to_owned(), Secret::new(value));
            }
            None => table.problem(
                "env_from",
                format!("the environment variable `{name}` is not set: set it, or take the name away"),
            ),
        }
    }
    let folder = table.text("folder").map(|path| context.base_dir.join(path));
    if let Some(folder) = folder.as_deref().filter(|folder| !folder.is_dir()) {
        let reason = format!("there is no folder `{}`: paths start at the boundary file's folder", folder.display());
        table.problem("folder", reason);
    }
    let (input, protocol) = (input(table), protocol(table));
    let start_timeout = start_timeout(table);
    let mut config = CommandConfig::new(id, in_folder(program?, context.base_dir));
    config.args = args;
    config.env = env;
    config.settings = variables_by_value(table).into_iter().collect();
    config.folder = folder;
    config.input = input;
    config.protocol = protocol;
    config.start_timeout = start_timeout.unwrap_or(config.start_timeout);
    Some(config)
}

fn protocol(table: &Table<'_>) -> Protocol {
    let eras = [("auto", Protocol::Auto), ("initialize", Protocol::Initialize)];
    table.choice("protocol", &eras).unwrap_or_default()
}

fn start_timeout(table: &Table<'_>) -> Option<Duration> {
    let text = table.text("start_timeout")?;
    let time = duration(text).filter(|time| *time <= MAX_START);
    if time.is_none() {
        table.problem("start_timeout", "must be a time from `1s` to `10m`, such as `90s`");
    }
    time
}

/// A name is looked up in `PATH`; a path starts at the boundary file's folder.
fn in_folder(program: &str, base: &Path) -> PathBuf {
    if program.contains(std::path::MAIN_SEPARATOR) { base.join(program) } else { program.into() }
}

fn variables_by_value(table: &Table<'_>) -> Vec<(String, String)> {
    let Some(env) = table.table("env") else {
        return Vec::new();
    };
    let names: Vec<_> = env.keys().collect();
    names.into_iter().filter_map(|name| env.text(&name).map(|value| (name.clone(), value.to_owned()))).collect()
}
