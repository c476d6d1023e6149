//! Tables of servers: each key that is wrong, and tables that are right.

use super::super::tests::*;

/// Lines of a table, the key that is told, and (part of) the reason.
type Wrong = (String, &'static str, &'static str);

const BASE: &str = "url = 'https://crm.example/mcp'\nissuer = 'https://login.example'\nclient_id = 'a'\n";
const WITH_KEY: &str =
    "client_auth = 'private_key_jwt'\nclient_key_alg = 'ES256'\nclient_key_file = 'leaf.key'\nclient_key_id = 'k'\n";
const WITH_SECRET: &str = "client_secret_env = 'SECRET'\n";

/// A boundary with one server whose table has these lines.
fn server_of(lines: &str, folder: &Path) -> Result<Boundary, BoundaryError> {
    Boundary::parse(&format!("[servers.crm]\n{lines}"), folder, &|name| (name == "SECRET").then(|| SECRET.to_owned()))
}

/// Certificates and keys of their own, that are expired, belong to others, or are none.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (now, past) = (lab::Authority::new(lab::Validity::Now), lab::Authority::new(lab::Validity::Past));
    let leaf = now.leaf("client", lab::Validity::Now);
    let other = now.leaf("other", lab::Validity::Now);
    for (name, text) in [
        ("ca.pem", now.pem()),
        ("expired.pem", past.pem()),
        ("leaf.pem", leaf.pem.clone()),
        ("leaf.key", leaf.key.serialize_pem()),
        ("other.key", other.key.serialize_pem()),
        ("garbage", "hello".to_owned()),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn provider(keys: &str) -> String {
    let table = format!("[servers.crm.identity_provider]\nid_token_file = 'garbage'\n{keys}");
    format!("{BASE}{WITH_SECRET}grant = 'enterprise'\n{table}")
}

/// Whose tokens they are, and who asks for them.
fn who_is_asked() -> Vec<Wrong> {
    vec![
        (BASE.replace("crm.example", "me:word@crm.example") + WITH_SECRET, "url", "must not hold a user name"),
        (BASE.replace("https://login", "https://me:word@login") + WITH_SECRET, "issuer", "must not hold a user name"),
        (BASE.replace("https://crm", "http://crm") + WITH_SECRET, "url", "must begin with `https://`"),
        (BASE.replace("client_id = 'a'", "client_id = ''") + WITH_SECRET, "client_id", "is empty"),
        (BASE.to_owned(), "client_secret_env", "is missing"),
        (format!("{BASE}client_auth = 'none'"), "client_auth", "prove nothing"),
        (format!("{BASE}client_auth = 'tls_client_auth'"), "client_auth", "set `certificate_file`"),
        (BASE.to_owned() + &WITH_KEY.replace("leaf.key", "no.key"), "client_key_file", "cannot be read"),
        (BASE.to_owned() + &WITH_KEY.replace("leaf.key", "garbage"), "client_key_file", "not PEM"),
        (BASE.to_owned() + &WITH_KEY.replace("leaf.key", "leaf.pem"), "client_key_file", "no `PRIVATE KEY`"),
        (BASE.to_owned() + &WITH_KEY.replace("ES256", "RS256"), "client_key_file", "`RS256` needs"),
        (BASE.to_owned() + &WITH_KEY.replace("ES256", "ES384"), "client_key_file", "`ES384` needs"),
        (BASE.to_owned() + &WITH_KEY.replace("ES256", "HS256"), "client_key_alg", "is not a signature algorithm"),
        (BASE.to_owned() + &WITH_KEY.replace("client_key_alg = 'ES256'\n", ""), "client_key_alg", "is missing"),
        (format!("{BASE}{WITH_SECRET}authorization = 'none'"), "issuer", "means nothing beside"),
        (format!("{BASE}{WITH_SECRET}assertion_file = 'garbage'"), "assertion_file", "means nothing beside"),
        (format!("{BASE}{WITH_SECRET}resource = 'crm'"), "resource", "must be an absolute URI"),
        (format!("{BASE}{WITH_SECRET}resource = 'https://crm.example/#a'"), "resource", "without fragment"),
        (provider("issuer = 'idp'\nclient_id = 'a'"), "identity_provider.issuer", "is not a URL"),
        (
            provider("issuer = 'http://idp.example'\nclient_id = 'a'"),
            "identity_provider.issuer",
            "must begin with `https://`",
        ),
        (
            provider("issuer = 'https://idp.example'\ntoken_endpoint = 'http://idp.example/t'\nclient_id = 'a'"),
            "identity_provider.token_endpoint",
            "must begin with `https://`",
        ),
        (
            provider("issuer = 'https://idp.example'\nclient_id = 'a'\nclient_auth = 'tls_client_auth'"),
            "identity_provider.client_auth",
            "set `certificate_file`",
        ),
        (provider("issuer = 'https://idp.example'\nclient_id = ' '"), "identity_provider.client_id", "is empty"),
    ]
}

/// How tokens are got, and what counts in them.
fn what_tokens_are_like() -> Vec<Wrong> {
    vec![
        (format!("{BASE}{WITH_SECRET}grant = 'password'"), "grant", "must be one of"),
        (format!("{BASE}{WITH_SECRET}grant = 'workload'"), "assertion_file", "is missing"),
        (format!("{BASE}{WITH_SECRET}grant = 'enterprise'"), "identity_provider", "is missing"),
        (format!("{BASE}{WITH_SECRET}dpop = 'yes'"), "dpop", "must be `true` or `false`"),
        (format!("{BASE}{WITH_SECRET}step_up_scopes = ['a b']"), "step_up_scopes", "is not a scope"),
        (format!("{BASE}{WITH_SECRET}audience = []"), "audience", "is empty"),
        (format!("{BASE}{WITH_SECRET}audience = ['']"), "audience", "has an empty text"),
        (format!("{BASE}{WITH_SECRET}audience = 7"), "audience", "must be a list of texts"),
        (format!("{BASE}{WITH_SECRET}token_issuer = 'a b'"), "token_issuer", "without blanks"),
        (format!("{BASE}{WITH_SECRET}token_algs = ['HS256']"), "token_algs", "HS256"),
        (format!("{BASE}{WITH_SECRET}token_algs = ['none']"), "token_algs", "none"),
        (format!("{BASE}{WITH_SECRET}token_algs = []"), "token_algs", "no token could count"),
        (format!("{BASE}{WITH_SECRET}scope_claim = ''"), "scope_claim", "must be the name of a claim"),
        (format!("{BASE}{WITH_SECRET}request_scopes = []"), "request_scopes", "is empty"),
        (format!("{BASE}{WITH_SECRET}request_scopes = ['a b']"), "request_scopes", "is not a scope"),
        (format!("{BASE}{WITH_SECRET}send_resource = 'no'"), "send_resource", "must be `true` or `false`"),
        (
            format!("{BASE}{WITH_SECRET}login_parameters = {{ prompt = 'login' }}"),
            "login_parameters",
            "means nothing beside",
        ),
        (format!("{BASE}{WITH_SECRET}danger_assume_s256 = true"), "danger_assume_s256", "means nothing beside"),
    ]
}

/// Fields of requests for tokens.
fn what_is_sent_along() -> Vec<Wrong> {
    vec![
        (format!("{BASE}{WITH_SECRET}token_parameters = 'audience=x'"), "token_parameters", "must be a table"),
        (
            format!("{BASE}{WITH_SECRET}token_parameters = {{ audience = 7 }}"),
            "token_parameters.audience",
            "must be a text",
        ),
        (
            format!("{BASE}{WITH_SECRET}token_parameters = {{ audience = '' }}"),
            "token_parameters.audience",
            "must be a text of 1",
        ),
        (
            format!("{BASE}{WITH_SECRET}token_parameters = {{ 'a b' = 'x' }}"),
            "token_parameters.\"a b\"",
            "is not a name",
        ),
        (
            format!("{BASE}{WITH_SECRET}token_parameters = {{ scope = 'a' }}"),
            "token_parameters.scope",
            "`request_scopes`",
        ),
        (
            format!("{BASE}{WITH_SECRET}token_parameters = {{ resource = 'a' }}"),
            "token_parameters.resource",
            "`send_resource`",
        ),
        (
            format!("{BASE}{WITH_SECRET}token_parameters = {{ client_secret = 'a' }}"),
            "token_parameters.client_secret",
            "is a secret",
        ),
        (
            format!("{BASE}grant = 'login'\ntoken_file = 't'\nlogin_parameters = {{ STATE = 'a' }}"),
            "login_parameters.STATE",
            "is a field of the protocol",
        ),
        (
            format!("{BASE}grant = 'login'\nregistration = 'dynamic'\ndanger_token_without_audience = true")
                .replace("client_id = 'a'\n", ""),
            "danger_token_without_audience",
            "means nothing without `client_id`",
        ),
    ]
}

/// How connections are made.
fn connections() -> Vec<Wrong> {
    vec![
        (format!("{BASE}{WITH_SECRET}ca_bundle = 'no.pem'"), "ca_bundle", "there is no file"),
        (format!("{BASE}{WITH_SECRET}ca_bundle = 'garbage'"), "ca_bundle", "no certificate in it"),
        (format!("{BASE}{WITH_SECRET}ca_bundle = 'expired.pem'"), "ca_bundle", "expired"),
        (format!("{BASE}{WITH_SECRET}spki_pins = ['sha256/AAAA']"), "spki_pins", "bytes"),
        (format!("{BASE}{WITH_SECRET}min_tls = '1.1'"), "min_tls", "must be one of"),
        (format!("{BASE}{WITH_SECRET}certificate_key_file = 'leaf.key'"), "certificate_key_file", "certificate_file"),
        (format!("{BASE}{WITH_SECRET}certificate_file = 'no.pem'"), "certificate_file", "cannot be used"),
        (
            format!("{BASE}{WITH_SECRET}certificate_file = 'leaf.pem'\ncertificate_key_file = 'other.key'"),
            "certificate_file",
            "does not belong",
        ),
        (format!("{BASE}{WITH_SECRET}proxy = 'socks5://proxy.example'"), "proxy", "http"),
        (format!("{BASE}{WITH_SECRET}allow_addresses = ['10.0.0.0/99']"), "allow_addresses", "invalid"),
        (format!("{BASE}{WITH_SECRET}rate = 'fast'"), "rate", "is not a rate"),
        (format!("{BASE}{WITH_SECRET}burst = 2"), "burst", "means nothing without `rate`"),
        (format!("{BASE}{WITH_SECRET}input = 'always'"), "input", "must be `decline`"),
        (format!("{BASE}{WITH_SECRET}protocol = 'old'"), "protocol", "must be one of"),
        (format!("{BASE}{WITH_SECRET}verify = false"), "verify", "is not known"),
    ]
}

/// Programs.
fn programs() -> Vec<Wrong> {
    vec![
        ("command = ''".to_owned(), "command", "is empty"),
        ("command = 'x'\nurl = 'https://crm.example'".to_owned(), "url", "is not known"),
        ("command = 'x'\nenv_from = ['NOT_SET']".to_owned(), "env_from", "`NOT_SET` is not set"),
        ("command = 'x'\nfolder = 'nowhere'".to_owned(), "folder", "there is no folder"),
        ("command = 'x'\nprotocol = 'old'".to_owned(), "protocol", "must be one of"),
        ("command = 'x'\nstart_timeout = 'long'".to_owned(), "start_timeout", "from `1s` to `10m`"),
        ("command = 'x'\nstart_timeout = '11m'".to_owned(), "start_timeout", "from `1s` to `10m`"),
        ("command = 'x'\nstart_timeout = '0s'".to_owned(), "start_timeout", "from `1s` to `10m`"),
    ]
}

#[test]
fn every_key_of_a_server_that_is_wrong_is_named_with_what_to_do() {
    let folder = folder();
    let all = [who_is_asked(), what_tokens_are_like(), what_is_sent_along(), connections(), programs()];
    for (lines, wrong, says) in all.into_iter().flatten() {
        let error = server_of(&lines, folder.path()).unwrap_err();
        let found = error.problems().iter().find(|problem| problem.key == format!("servers.crm.{wrong}"));
        let problem = found.unwrap_or_else(|| panic!("{lines}: {error}"));
        assert!(problem.reason.contains(says), "{lines}: {problem}");
        assert!(!error.to_string().contains("word@") && !error.to_string().contains(SECRET), "{error}");
    }
}

#[test]
fn tables_of_servers_that_are_right_are_taken() {
    let folder = folder();
    for fine in [
        BASE.to_owned() + WITH_KEY,
        format!(
            "{BASE}client_auth = 'tls_client_auth'\ncertificate_file = 'leaf.pem'\ncertificate_key_file = 'leaf.key'"
        ),
        format!(
            "{BASE}{WITH_SECRET}ca_bundle = 'ca.pem'\nmin_tls = '1.3'\nallow_addresses = ['10.0.0.0/8']\nrate = '10/s'\nburst = 2"
        ),
        "url = 'https://open.example/mcp'\nauthorization = 'none'".to_owned(),
        format!("{BASE}grant = 'workload'\nassertion_file = 'token'"),
        format!("{BASE}grant = 'login'"),
        format!(
            "{BASE}{WITH_SECRET}audience = 'api://x'\ntoken_issuer = 'https://sts.example/t/'\ntoken_algs = ['RS512', 'ES512']\n\
             scope_claim = 'roles'\nrequest_scopes = ['api://x/.default']\nsend_resource = false\n\
             token_parameters = {{ audience = 'https://api.example', organization = 'o1' }}"
        ),
        format!("{BASE}grant = 'login'\naudience = ['a', 'b']\nlogin_parameters = {{ access_type = 'offline' }}"),
        "command = 'server'\nargs = ['--stdio']\nenv = { MODE = 'x' }\nenv_from = ['SECRET']\ninput = 'defaults'"
            .to_owned(),
        "command = 'server'\nprotocol = 'initialize'\nstart_timeout = '10m'".to_owned(),
    ] {
        server_of(&fine, folder.path()).unwrap_or_else(|error| panic!("{fine}: {error}"));
    }
}
