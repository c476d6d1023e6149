#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod page;
mod rules;

use std::path::Path;

use super::*;
use crate::{call::Effect, net::lab};

const GOOD: &str = r#"
[servers.crm]
url = "https://crm.example.com/mcp"
issuer = "https://login.example.com"
client_id = "support-agent"
client_secret_env = "CRM_CLIENT_SECRET"
client_auth = "post"

[tools."crm.lookup"]
scopes = ["customer:read"]
effect = "read"
distinct = { argument = "id", max = 2 }
arguments.id = { pattern = "^[A-Z0-9]{5,10}$", max_chars = 9, from = ["input", "crm.recent:id"] }
arguments.page = { min = 1, max = 5.5, enum = [1, 2] }

[tools."crm.recent"]
scopes = []
effect = "read"

[tools."crm.file"]
scopes = ["ticket:create"]
effect = "write"
max_calls = 1
dry_run = { ticket = "T-0", at = 2026-01-01 }

[tools.add]
scopes = []
effect = "external"

[limits]
tool_calls = 6
rate = "10/s"
burst = 3

[compile]
writes = "live"
"#;

const SECRET: &str = "s3cr3t-of-the-crm";

fn parse(text: &str) -> Result<Boundary, BoundaryError> {
    Boundary::parse(text, "", &|name| (name == "CRM_CLIENT_SECRET").then(|| SECRET.to_owned()))
}

fn good() -> Boundary {
    parse(GOOD).unwrap_or_else(|error| panic!("{error}"))
}

fn name(text: &str) -> ToolName {
    text.try_into().unwrap()
}

fn crm() -> ServerId {
    "crm".to_owned().try_into().unwrap()
}

#[test]
fn a_file_says_everything_it_can_say() {
    let boundary = good();
    let lookup = boundary.tool(&name("crm.lookup")).unwrap();
    assert_eq!(lookup.effect, Effect::Read);
    assert_eq!(lookup.scopes.to_string(), "customer:read");
    assert_eq!(lookup.distinct.as_ref().unwrap().max.get(), 2);
    let from: Vec<_> = lookup.arguments["id"].from.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(from, ["input", "crm.recent:id"]);
    assert_eq!(lookup.arguments["page"].max, Some(5.5));
    let file = boundary.tool(&name("crm.file")).unwrap();
    assert_eq!(file.dry_run, Some(json!({"ticket": "T-0", "at": "2026-01-01"})));
    assert_eq!(boundary.limits().tool_calls.unwrap().get(), 6);
    assert_eq!(boundary.limits().rate.unwrap().burst.get(), 3);
    assert_eq!(boundary.compile_writes(), CompileWrites::Live);
    assert_eq!(boundary.scopes_for(&crm()).to_string(), "customer:read ticket:create");
    assert_eq!(boundary.catalogue().count(), 4);
    assert_eq!(oauth(&boundary).client.method(), "client_secret_post");
    assert!(boundary.tool(&name("crm.delete")).is_none());
}

/// `from` in the good file becomes `to`; the only problem then has this line, key and (part of a) reason.
#[test]
fn every_wrong_field_has_its_line_its_key_and_what_to_do() {
    let cases: &[(&str, &str, usize, &str, &str)] = &[
        ("[tools.\"crm.lookup\"]", "[tools.crm.lookup]", 9, "tools.crm", "write `[tools.\"crm.lookup\"]`"),
        ("[limits]", "[limit]\n[limits]", 30, "limit", "did you mean `limits`?"),
        ("url = \"https://crm.example.com/mcp\"\n", "", 2, "servers.crm.url", "is missing"),
        (
            "https://crm.example.com/mcp",
            "http://crm.example.com/mcp",
            3,
            "servers.crm.url",
            "must begin with `https://`",
        ),
        (
            "https://crm.example.com/mcp",
            "http://localhost.evil.com/mcp",
            3,
            "servers.crm.url",
            "must begin with `https://`",
        ),
        ("https://crm.example.com/mcp", "ftp://localhost/mcp", 3, "servers.crm.url", "must begin with `https://`"),
        (
            "https://crm.example.com/mcp",
            "https://me:pw@crm.example.com/",
            3,
            "servers.crm.url",
            "user name or a password",
        ),
        ("https://crm.example.com/mcp", "https://crm.example.com/#a", 3, "servers.crm.url", "fragment"),
        ("https://crm.example.com/mcp", "crm", 3, "servers.crm.url", "relative URL"),
        ("https://login.example.com", "login.example.com", 4, "servers.crm.issuer", "is not a URL"),
        (
            "https://login.example.com",
            "https://login.example.com?a=b",
            4,
            "servers.crm.issuer",
            "neither query nor fragment",
        ),
        (
            "https://login.example.com",
            "http://login.example.com",
            4,
            "servers.crm.issuer",
            "must begin with `https://`",
        ),
        ("https://login.example.com", "https://login.example.com ", 4, "servers.crm.issuer", "letter by letter"),
        (
            "client_id = \"support-agent\"",
            "client_id = 5",
            5,
            "servers.crm.client_id",
            "must be a text, not this number",
        ),
        ("client_id = \"support-agent\"", "client_id = \" \"", 5, "servers.crm.client_id", "is empty"),
        ("CRM_CLIENT_SECRET", "NOT_SET", 6, "servers.crm.client_secret_env", "`NOT_SET` is not set"),
        (
            "client_secret_env = \"CRM_CLIENT_SECRET\"",
            "client_secret_file = \"no/such/file\"",
            6,
            "servers.crm.client_secret_file",
            "cannot be read",
        ),
        (
            "client_secret_env = \"CRM_CLIENT_SECRET\"\n",
            "",
            2,
            "servers.crm.client_secret_env",
            "is missing: name the environment variable",
        ),
        (
            "client_auth = \"post\"",
            "client_secret_file = \"x\"",
            7,
            "servers.crm.client_secret_file",
            "set only one of",
        ),
        (
            "client_secret_env = \"CRM",
            "client_secret = \"CRM",
            6,
            "servers.crm.client_secret",
            "must not stand in this file",
        ),
        ("\"post\"", "\"never\"", 7, "servers.crm.client_auth", "must be one of `basic`, `post`"),
        (
            "client_auth",
            "verify_tls = false\nclient_auth",
            7,
            "servers.crm.verify_tls",
            "is not known; use one of `url`",
        ),
        ("client_auth", "ca_bundle = \"no.pem\"\nclient_auth", 7, "servers.crm.ca_bundle", "there is no file `no.pem`"),
        (
            "client_auth",
            "spki_pins = [\"sha256/x\"]\nclient_auth",
            7,
            "servers.crm.spki_pins",
            "`sha256/x` is not a pin",
        ),
        ("[servers.crm]", "[servers.\"c.m\"]\n[servers.crm]", 2, "servers.\"c.m\"", "is not a tool or server name"),
        ("crm.lookup", "crn.lookup", 9, "tools.\"crn.lookup\"", "there is no server `crn`"),
        ("crm.lookup", "crm.look up", 9, "tools.\"crm.look up\"", "is not a tool or server name"),
        ("scopes = [\"customer:read\"]\n", "", 9, "tools.\"crm.lookup\".scopes", "or `[]` where it needs none"),
        ("[\"customer:read\"]", "[\"customer read\"]", 10, "tools.\"crm.lookup\".scopes", "is not a scope"),
        ("[\"customer:read\"]", "\"customer:read\"", 10, "tools.\"crm.lookup\".scopes", "must be a list of texts"),
        ("effect = \"external\"\n", "", 26, "tools.add.effect", "is missing: say `read`"),
        ("\"external\"", "\"none\"", 28, "tools.add.effect", "must be one of `read`, `write`, `external`"),
        (
            "scopes = []\neffect = \"external\"",
            "scopes = [\"a\"]\neffect = \"external\"",
            27,
            "tools.add.scopes",
            "a function has no token",
        ),
        ("argument = \"id\"", "argument = \"idd\"", 12, "tools.\"crm.lookup\".distinct", "`idd` has no entry"),
        ("max = 2 }", "max = 0 }", 12, "tools.\"crm.lookup\".distinct.max", "whole number from 1"),
        (", max = 2 }", " }", 12, "tools.\"crm.lookup\".distinct.max", "is missing"),
        ("max = 2 }", "max = 2, per = 1 }", 12, "tools.\"crm.lookup\".distinct.per", "is not known"),
        ("{5,10}$", "{5,10$(", 13, "tools.\"crm.lookup\".arguments.id.pattern", "is not a regular expression"),
        ("^[A-Z0-9]{5,10}$", "a)|(b", 13, "tools.\"crm.lookup\".arguments.id.pattern", "is not a regular expression"),
        (
            "crm.recent:id",
            "crm.recents",
            13,
            "tools.\"crm.lookup\".arguments.id.from",
            "there is no tool `crm.recents`",
        ),
        ("crm.recent:id", "crm.recent:", 13, "tools.\"crm.lookup\".arguments.id.from", "names no field"),
        ("crm.recent:id", "input:", 13, "tools.\"crm.lookup\".arguments.id.from", "names no field"),
        ("crm.recent:id", "registry:ids", 13, "tools.\"crm.lookup\".arguments.id.from", "there is no list `ids`"),
        ("crm.recent:id", "registry", 13, "tools.\"crm.lookup\".arguments.id.from", "there is no list ``"),
        ("[\"input\", \"crm.recent:id\"]", "[]", 13, "tools.\"crm.lookup\".arguments.id.from", "is empty"),
        ("pattern = ", "patern = ", 13, "tools.\"crm.lookup\".arguments.id.patern", "did you mean `pattern`?"),
        ("min = 1,", "min = 6,", 14, "tools.\"crm.lookup\".arguments.page.min", "is larger than `max`"),
        ("min = 1,", "min = nan,", 14, "tools.\"crm.lookup\".arguments.page.min", "must be a finite number"),
        ("enum = [1, 2]", "enum = []", 14, "tools.\"crm.lookup\".arguments.page.enum", "is empty"),
        (
            "enum = [1, 2]",
            "enum = [[1]]",
            14,
            "tools.\"crm.lookup\".arguments.page.enum",
            "must be a list of texts, numbers",
        ),
        (
            "enum = [1, 2]",
            "enum = [9007199254740993]",
            14,
            "tools.\"crm.lookup\".arguments.page.enum",
            "write it as a string",
        ),
        ("max_chars = 9", "max_chars = -9", 13, "tools.\"crm.lookup\".arguments.id.max_chars", "whole number from 1"),
        ("max_calls = 1", "max_calls = 0", 23, "tools.\"crm.file\".max_calls", "whole number from 1"),
        ("max_calls = 1", "max_call = 1", 23, "tools.\"crm.file\".max_call", "is not known"),
        ("effect = \"external\"", "effect = \"read\"\ndry_run = 1", 29, "tools.add.dry_run", "never a dry run"),
        ("\"T-0\"", "inf", 24, "tools.\"crm.file\".dry_run", "that JSON can hold"),
        ("tool_calls = 6", "tool_calls = \"6\"", 31, "limits.tool_calls", "whole number from 1"),
        ("10/s", "10/h", 32, "limits.rate", "`10/h` is not a rate"),
        ("10/s", "0/s", 32, "limits.rate", "`0/s` is not a rate"),
        ("rate = \"10/s\"\n", "", 32, "limits.burst", "means nothing without `rate`"),
        ("\"live\"", "\"yes\"", 36, "compile.writes", "must be one of `dry_run`, `live`"),
        ("writes", "reads", 36, "compile.reads", "is not known"),
    ];
    for (from, to, line, key, reason) in cases {
        assert!(GOOD.contains(from), "{from}");
        let text = GOOD.replacen(from, to, 1);
        let error = parse(&text).expect_err(to);
        let [problem] = error.problems() else {
            panic!("{to}: one problem expected, got {error}");
        };
        assert_eq!((problem.line, problem.key.as_str()), (Some(*line), *key), "{to}: {error}");
        assert!(problem.reason.contains(reason), "{to}: {error}");
        assert!(!format!("{error} {error:?}").contains(SECRET), "{to}");
    }
}

#[test]
fn several_problems_are_reported_together_in_the_order_of_the_file() {
    let text = GOOD.replace("10/s", "many").replace("client_id", "client_ids");
    let error = parse(&text).unwrap_err();
    let lines: Vec<_> = error.problems().iter().map(|p| p.line.unwrap()).collect();
    assert_eq!(lines, [2, 5, 32]);
    assert_eq!(error.to_string().lines().count(), 4);
}

#[test]
fn what_is_said_twice_or_is_no_toml_is_refused_without_showing_the_line() {
    for text in [
        GOOD.replace("[limits]", "[servers.crm]\nclient_secret = \"hunter2hunter2\"\n[limits]"),
        "[servers.crm]\nclient_secret = \"hunter2hunter2\" x".to_owned(),
        "[servers.crm]\nclient_secret = \"hunter2hunter2".to_owned(),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(error.to_string().contains("is not TOML"), "{error}");
        assert!(!format!("{error}{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn an_inline_secret_is_not_shown_either() {
    let text = GOOD.replace("client_auth", "client_secret = \"hunter2hunter2\"\nclient_auth");
    let error = parse(&text).unwrap_err();
    assert!(error.to_string().contains("replace this secret"), "{error}");
    assert!(!format!("{error}{error:?}").contains("hunter2"));
    assert!(!format!("{:?}", good()).contains(SECRET));
}

#[test]
fn one_policy_has_one_digest_wherever_its_servers_are() {
    let staging = good()
        .with_server("crm", |server| {
            server.url = "http://127.0.0.1:8080/mcp".parse().unwrap();
            server.oauth_mut().unwrap().issuer = "http://127.0.0.1:8081".into();
            server.oauth_mut().unwrap().client_id = "someone".into();
        })
        .unwrap();
    assert_eq!(staging.digest(), good().digest());
    assert_eq!(staging.server_of(&name("crm.file")).unwrap().oauth().unwrap().client_id, "someone");
    for (from, to) in [
        ("max_calls = 1", "max_calls = 2"),
        ("\"live\"", "\"dry_run\""),
        ("{5,10}", "{5,11}"),
        ("10/s", "10/m"),
        ("\"T-0\"", "\"T-1\""),
        ("[\"input\", \"crm.recent:id\"]", "[\"input\"]"),
    ] {
        let other = parse(&GOOD.replacen(from, to, 1)).unwrap();
        assert_ne!(other.digest(), good().digest(), "{to}");
    }
}

#[test]
fn an_exchanged_address_obeys_the_same_rules() {
    let error = good()
        .with_server("crm", |server| {
            server.url = "http://crm.example.com".parse().unwrap();
        })
        .unwrap_err();
    assert!(error.to_string().contains("must begin with `https://`"));
    let error = good().with_server("crm", |server| server.id = "other".to_owned().try_into().unwrap()).unwrap_err();
    assert!(error.to_string().contains("an id cannot change"), "{error}");
    assert!(good().with_server("nobody", |_| {}).is_err());
}

#[test]
fn files_are_found_beside_the_boundary_and_too_large_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boundary.toml");
    std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
    std::fs::write(folder.path().join("ca.pem"), lab::Authority::new(lab::Validity::Now).pem()).unwrap();
    let text = GOOD.replace(
        "client_secret_env = \"CRM_CLIENT_SECRET\"",
        "client_secret_file = \"secret\"\nca_bundle = \"ca.pem\"",
    );
    std::fs::write(&path, &text).unwrap();
    let boundary = Boundary::load(&path).unwrap();
    let server = boundary.server(&crm()).unwrap();
    assert_eq!(server.oauth().unwrap().client.secret().unwrap().expose(), SECRET);
    assert_eq!(server.connection.ca_bundle.as_deref(), Some(folder.path().join("ca.pem").as_path()));
    std::fs::write(folder.path().join("secret"), "\n").unwrap();
    let error = Boundary::load(&path).unwrap_err();
    assert!(error.to_string().contains("names an empty secret"), "{error}");
    std::fs::write(&path, " ".repeat(MAX_BYTES as usize + 1)).unwrap();
    assert!(matches!(Boundary::load(&path), Err(BoundaryError::TooLarge { .. })));
    assert!(matches!(Boundary::load(Path::new("no/such/boundary.toml")), Err(BoundaryError::Unreadable { .. })));
}

#[test]
fn a_pattern_must_match_the_whole_text() {
    let digits = crate::Pattern::new("[0-9]+|x").unwrap();
    assert!(digits.matches("12") && digits.matches("x"));
    for text in ["", "12\n", "a12", "12x", "x\nx"] {
        assert!(!digits.matches(text), "{text:?}");
    }
    let lines = crate::Pattern::new("(?m)^a$").unwrap();
    assert!(lines.matches("a") && !lines.matches("a\nevil"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,80}", at in 0..GOOD.len()) {
        let _ = parse(&text);
        if GOOD.is_char_boundary(at) {
            let mut broken = GOOD.to_owned();
            broken.insert_str(at, &text);
            let _ = parse(&broken);
        }
    }
}

fn oauth(boundary: &Boundary) -> &OAuth {
    boundary.server(&crm()).unwrap().oauth().unwrap()
}

/// A boundary with one server whose table has these lines.
fn server_of(lines: &str, folder: &Path) -> Result<Boundary, BoundaryError> {
    Boundary::parse(&format!("[servers.crm]\n{lines}"), folder, &|name| (name == "SECRET").then(|| SECRET.to_owned()))
}

#[test]
fn every_key_of_a_server_that_is_wrong_is_named_with_what_to_do() {
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
    let good = "url = 'https://crm.example/mcp'\nissuer = 'https://login.example'\nclient_id = 'a'\n";
    let key = "client_auth = 'private_key_jwt'\nclient_key_alg = 'ES256'\nclient_key_file = 'leaf.key'\nclient_key_id = 'k'\n";
    let secret = "client_secret_env = 'SECRET'\n";
    let provider = |keys: &str| {
        let table = format!("[servers.crm.identity_provider]\nid_token_file = 'garbage'\n{keys}");
        format!("{good}{secret}grant = 'enterprise'\n{table}")
    };
    let table: &[(String, &str, &str)] = &[
        (good.replace("crm.example", "me:word@crm.example") + secret, "url", "must not hold a user name"),
        (good.replace("https://login", "https://me:word@login") + secret, "issuer", "must not hold a user name"),
        (good.replace("https://crm", "http://crm") + secret, "url", "must begin with `https://`"),
        (good.replace("client_id = 'a'", "client_id = ''") + secret, "client_id", "is empty"),
        (good.to_owned(), "client_secret_env", "is missing"),
        (format!("{good}client_auth = 'none'"), "client_auth", "prove nothing"),
        (format!("{good}client_auth = 'tls_client_auth'"), "client_auth", "set `certificate_file`"),
        (good.to_owned() + &key.replace("leaf.key", "no.key"), "client_key_file", "cannot be read"),
        (good.to_owned() + &key.replace("leaf.key", "garbage"), "client_key_file", "no PEM text"),
        (good.to_owned() + &key.replace("leaf.key", "leaf.pem"), "client_key_file", "no `PRIVATE KEY`"),
        (good.to_owned() + &key.replace("ES256", "RS256"), "client_key_file", "`RS256` needs"),
        (good.to_owned() + &key.replace("ES256", "ES384"), "client_key_file", "`ES384` needs"),
        (good.to_owned() + &key.replace("ES256", "HS256"), "client_key_alg", "is no signature algorithm"),
        (good.to_owned() + &key.replace("client_key_alg = 'ES256'\n", ""), "client_key_alg", "is missing"),
        (format!("{good}{secret}authorization = 'none'"), "issuer", "means nothing beside"),
        (format!("{good}{secret}assertion_file = 'garbage'"), "assertion_file", "means nothing beside"),
        (format!("{good}{secret}resource = 'crm'"), "resource", "must be an absolute URI"),
        (format!("{good}{secret}resource = 'https://crm.example/#a'"), "resource", "without fragment"),
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
        (format!("{good}{secret}grant = 'password'"), "grant", "must be one of"),
        (format!("{good}{secret}grant = 'workload'"), "assertion_file", "is missing"),
        (format!("{good}{secret}grant = 'enterprise'"), "identity_provider", "is missing"),
        (format!("{good}{secret}dpop = 'yes'"), "dpop", "must be `true` or `false`"),
        (format!("{good}{secret}step_up_scopes = ['a b']"), "step_up_scopes", "is not a scope"),
        (format!("{good}{secret}audience = []"), "audience", "is empty"),
        (format!("{good}{secret}audience = ['']"), "audience", "has an empty text"),
        (format!("{good}{secret}audience = 7"), "audience", "must be a list of texts"),
        (format!("{good}{secret}token_issuer = 'a b'"), "token_issuer", "without blanks"),
        (format!("{good}{secret}token_algs = ['HS256']"), "token_algs", "HS256"),
        (format!("{good}{secret}token_algs = ['none']"), "token_algs", "none"),
        (format!("{good}{secret}token_algs = []"), "token_algs", "no token could count"),
        (format!("{good}{secret}scope_claim = ''"), "scope_claim", "must be the name of a claim"),
        (format!("{good}{secret}request_scopes = []"), "request_scopes", "is empty"),
        (format!("{good}{secret}request_scopes = ['a b']"), "request_scopes", "is not a scope"),
        (format!("{good}{secret}send_resource = 'no'"), "send_resource", "must be `true` or `false`"),
        (
            format!("{good}{secret}login_parameters = {{ prompt = 'login' }}"),
            "login_parameters",
            "means nothing beside",
        ),
        (format!("{good}{secret}danger_assume_s256 = true"), "danger_assume_s256", "means nothing beside"),
        (format!("{good}{secret}token_parameters = 'audience=x'"), "token_parameters", "must be a table"),
        (format!("{good}{secret}token_parameters = {{ audience = 7 }}"), "token_parameters.audience", "must be a text"),
        (
            format!("{good}{secret}token_parameters = {{ audience = '' }}"),
            "token_parameters.audience",
            "must be a text of 1",
        ),
        (format!("{good}{secret}token_parameters = {{ 'a b' = 'x' }}"), "token_parameters.\"a b\"", "is no name"),
        (format!("{good}{secret}token_parameters = {{ scope = 'a' }}"), "token_parameters.scope", "`request_scopes`"),
        (
            format!("{good}{secret}token_parameters = {{ resource = 'a' }}"),
            "token_parameters.resource",
            "`send_resource`",
        ),
        (
            format!("{good}{secret}token_parameters = {{ client_secret = 'a' }}"),
            "token_parameters.client_secret",
            "is a secret",
        ),
        (
            format!("{good}grant = 'login'\ntoken_file = 't'\nlogin_parameters = {{ STATE = 'a' }}"),
            "login_parameters.STATE",
            "is a field of the protocol",
        ),
        (
            format!("{good}grant = 'login'\nregistration = 'dynamic'\ndanger_token_without_audience = true")
                .replace("client_id = 'a'\n", ""),
            "danger_token_without_audience",
            "means nothing without `client_id`",
        ),
        (format!("{good}{secret}ca_bundle = 'no.pem'"), "ca_bundle", "there is no file"),
        (format!("{good}{secret}ca_bundle = 'garbage'"), "ca_bundle", "no certificate in it"),
        (format!("{good}{secret}ca_bundle = 'expired.pem'"), "ca_bundle", "expired"),
        (format!("{good}{secret}spki_pins = ['sha256/AAAA']"), "spki_pins", "bytes"),
        (format!("{good}{secret}min_tls = '1.1'"), "min_tls", "must be one of"),
        (format!("{good}{secret}certificate_key_file = 'leaf.key'"), "certificate_key_file", "certificate_file"),
        (format!("{good}{secret}certificate_file = 'no.pem'"), "certificate_file", "cannot be used"),
        (
            format!("{good}{secret}certificate_file = 'leaf.pem'\ncertificate_key_file = 'other.key'"),
            "certificate_file",
            "does not belong",
        ),
        (format!("{good}{secret}proxy = 'socks5://proxy.example'"), "proxy", "http"),
        (format!("{good}{secret}allow_addresses = ['10.0.0.0/99']"), "allow_addresses", "invalid"),
        (format!("{good}{secret}rate = 'fast'"), "rate", "is not a rate"),
        (format!("{good}{secret}burst = 2"), "burst", "means nothing without `rate`"),
        (format!("{good}{secret}input = 'always'"), "input", "must be `decline`"),
        (format!("{good}{secret}protocol = 'old'"), "protocol", "must be one of"),
        (format!("{good}{secret}verify = false"), "verify", "is not known"),
        ("command = ''".to_owned(), "command", "is empty"),
        ("command = 'x'\nurl = 'https://crm.example'".to_owned(), "url", "is not known"),
        ("command = 'x'\nenv_from = ['NOT_SET']".to_owned(), "env_from", "`NOT_SET` is not set"),
        ("command = 'x'\nfolder = 'nowhere'".to_owned(), "folder", "there is no folder"),
        ("command = 'x'\nprotocol = 'old'".to_owned(), "protocol", "must be one of"),
        ("command = 'x'\nstart_timeout = 'long'".to_owned(), "start_timeout", "from `1s` to `10m`"),
        ("command = 'x'\nstart_timeout = '11m'".to_owned(), "start_timeout", "from `1s` to `10m`"),
        ("command = 'x'\nstart_timeout = '0s'".to_owned(), "start_timeout", "from `1s` to `10m`"),
    ];
    for (lines, wrong, says) in table {
        let error = server_of(lines, folder.path()).unwrap_err();
        let found = error.problems().iter().find(|problem| problem.key == format!("servers.crm.{wrong}"));
        let problem = found.unwrap_or_else(|| panic!("{lines}: {error}"));
        assert!(problem.reason.contains(says), "{lines}: {problem}");
        assert!(!error.to_string().contains("word@") && !error.to_string().contains(SECRET), "{error}");
    }
    for fine in [
        good.to_owned() + key,
        format!(
            "{good}client_auth = 'tls_client_auth'\ncertificate_file = 'leaf.pem'\ncertificate_key_file = 'leaf.key'"
        ),
        format!(
            "{good}{secret}ca_bundle = 'ca.pem'\nmin_tls = '1.3'\nallow_addresses = ['10.0.0.0/8']\nrate = '10/s'\nburst = 2"
        ),
        "url = 'https://open.example/mcp'\nauthorization = 'none'".to_owned(),
        format!("{good}grant = 'workload'\nassertion_file = 'token'"),
        format!("{good}grant = 'login'"),
        format!(
            "{good}{secret}audience = 'api://x'\ntoken_issuer = 'https://sts.example/t/'\ntoken_algs = ['RS512', 'ES512']\n\
             scope_claim = 'roles'\nrequest_scopes = ['api://x/.default']\nsend_resource = false\n\
             token_parameters = {{ audience = 'https://api.example', organization = 'o1' }}"
        ),
        format!("{good}grant = 'login'\naudience = ['a', 'b']\nlogin_parameters = {{ access_type = 'offline' }}"),
        "command = 'server'\nargs = ['--stdio']\nenv = { MODE = 'x' }\nenv_from = ['SECRET']\ninput = 'defaults'"
            .to_owned(),
        "command = 'server'\nprotocol = 'initialize'\nstart_timeout = '10m'".to_owned(),
    ] {
        server_of(&fine, folder.path()).unwrap_or_else(|error| panic!("{fine}: {error}"));
    }
}

#[test]
fn rules_can_be_read_without_their_servers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    let rule = "[tools.\"bank.send\"]\nscopes = [\"payments.send\"]\neffect = \"write\"\n";
    let list = "arguments.to = { from = [\"registry:payees\"] }\n[registry]\npayees = [\"AB12\"]\n";
    let server = "[servers.bank]\nclient_secret_env = \"NO_SUCH_VARIABLE\"\n";
    write(&format!("{rule}{list}{server}"));
    let boundary = Boundary::load_rules(&file).unwrap();
    assert_eq!(boundary.servers().count(), 0);
    assert!(boundary.registry().has("payees", &"AB12".into()));
    assert!(Boundary::load(&file).is_err(), "to be connected to, a server needs its table in full");
    let with_list = boundary.digest().clone();
    write(&format!("{rule}{}", list.replace("AB12", "CD34")));
    assert_ne!(*Boundary::load_rules(&file).unwrap().digest(), with_list, "lists are part of the policy");
    write(&rule.replace("effect", "effekt"));
    assert!(Boundary::load_rules(&file).unwrap_err().to_string().contains("effekt"));
}
