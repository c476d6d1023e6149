#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod mistakes;
mod page;
mod rules;
mod servers;

use std::path::Path;

use abide_base::call::{Effect, ServerId, ToolName};
use abide_credentials::oauth::config::OAuth;
use abide_guard::policy::{BoundaryError, CallLimits, CompileWrites, MAX_BYTES, Policy, PriorCall, ToolLock};
use abide_testbed::lab::authority as lab;
use serde_json::json;

use crate::boundary::*;

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
    let lookup = boundary.policy().tool(&name("crm.lookup")).unwrap();
    assert_eq!(lookup.effect, Effect::Read);
    assert_eq!(lookup.scopes.to_string(), "customer:read");
    assert_eq!(lookup.distinct.as_ref().unwrap().max.get(), 2);
    let from: Vec<_> = lookup.arguments["id"].from.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(from, ["input", "crm.recent:id"]);
    assert_eq!(lookup.arguments["page"].max, Some(5.5));
    let file = boundary.policy().tool(&name("crm.file")).unwrap();
    assert_eq!(file.dry_run, Some(json!({"ticket": "T-0", "at": "2026-01-01"})));
    assert_eq!(boundary.policy().limits().tool_calls.unwrap().get(), 6);
    assert_eq!(boundary.policy().limits().rate.unwrap().burst.get(), 3);
    assert_eq!(boundary.policy().compile_writes(), CompileWrites::Live);
    assert_eq!(boundary.policy().scopes_for(&crm()).to_string(), "customer:read ticket:create");
    assert_eq!(boundary.policy().catalogue().count(), 4);
    assert_eq!(oauth(&boundary).client.method(), "client_secret_post");
    assert!(boundary.policy().tool(&name("crm.delete")).is_none());
}

/// `from` in the good file becomes `to`; the only problem then has this line, key and (part of a) reason.
#[test]
fn every_wrong_field_has_its_line_its_key_and_what_to_do() {
    for (from, to, line, key, reason) in mistakes::MISTAKES.into_iter().flatten() {
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
    assert_eq!(staging.policy().digest(), good().policy().digest());
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
        assert_ne!(other.policy().digest(), good().policy().digest(), "{to}");
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
    let digits = abide_signatures::Pattern::new("[0-9]+|x").unwrap();
    assert!(digits.matches("12") && digits.matches("x"));
    for text in ["", "12\n", "a12", "12x", "x\nx"] {
        assert!(!digits.matches(text), "{text:?}");
    }
    let lines = abide_signatures::Pattern::new("(?m)^a$").unwrap();
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

#[test]
fn rules_can_be_read_without_their_servers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    let rule = "[tools.\"bank.send\"]\nscopes = [\"payments.send\"]\neffect = \"write\"\n";
    let list = "arguments.to = { from = [\"registry:payees\"] }\n[registry]\npayees = [\"AB12\"]\n";
    let server = "[servers.bank]\nclient_secret_env = \"NO_SUCH_VARIABLE\"\n";
    write(&format!("{rule}{list}{server}"));
    let policy = Policy::load(&file).unwrap();
    assert!(policy.registry().has("payees", &"AB12".into()));
    assert!(Boundary::load(&file).is_err(), "to be connected to, a server needs its table in full");
    let with_list = policy.digest().clone();
    write(&format!("{rule}{}", list.replace("AB12", "CD34")));
    assert_ne!(*Policy::load(&file).unwrap().digest(), with_list, "lists are part of the policy");
    write(&rule.replace("effect", "effekt"));
    assert!(Policy::load(&file).unwrap_err().to_string().contains("effekt"));
}

#[test]
fn the_empty_boundary_is_that_of_an_empty_file() {
    let (empty, parsed) = (Boundary::empty(), Boundary::parse("", ".", &|_| None).unwrap());
    assert_eq!(empty.policy().digest(), parsed.policy().digest());
    assert_eq!((empty.policy().catalogue().count(), empty.server_ids().count()), (0, 0));
}
