#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use abide_guard::policy::TABLES;
use abide_mcp::boundary::{Boundary, Draft};
use abide_net as net;

use super::Kind::{Changed, Narrower, Wider};
use crate::compare::*;

mod laws;

const BASE: &str = r#"
[servers.crm]
url = "https://crm.example/mcp"
issuer = "https://login.example"
client_id = "a"
client_secret_env = "SECRET"

[tools."crm.read"]
scopes = ["a"]
effect = "read"
arguments.id = { pattern = "[A-Z]+", from = ["input:request", "registry:known"], max_chars = 9, prefix = ["A"], max_items = 3 }
arguments.n = { min = 1, max = 5, enum = [1, 2, 3] }
arguments.path = { path_root = "/data/in" }

[tools."crm.mail"]
scopes = ["b"]
effect = "write"
max_calls = 3
distinct = { argument = "to", max = 2 }
arguments.to = { from = ["crm.read:mail"] }
after = ["crm.read"]
overridable = ["provenance_denied"]
reply = { max_bytes = 100, hide = ["iban"] }

[registry]
known = ["CUST1"]

[sensitive.iban]
pattern = "[0-9]{14}"
from = ["crm.read:iban"]

[answer]
max_chars = 100
never = ["iban"]

[canaries]
values = ["planted-one"]

[limits]
tool_calls = 9
outgoing_bytes = 100
rate = "10/s"

[limits.caller]
window = "1h"
calls = 10
"#;

fn parse(text: &str) -> Boundary {
    let draft = Draft::parse(text, "", &|_| None);
    draft.unwrap_or_else(|error| panic!("{error}\n{text}")).boundary().clone()
}

#[test]
fn the_same_boundary_has_no_changes_however_it_is_written() {
    let other = BASE.replace("[\"input:request\", \"registry:known\"]", "[\"registry:known\", \"input:request\"]");
    // the default, written down
    let other = other.replace("max_bytes = 100", "max_bytes = 100, shown_bytes = 16384, receive_bytes = 1048576");
    let other = other.replace("/data/in", "/data/in/").replace("10/s", "600/m\"\nburst = 10\n# \"");
    assert_eq!(compare(&parse(BASE), &parse(BASE)), []);
    assert_eq!(compare(&parse(BASE), &parse(&other)), []);
}

/// A text of the base, and what stands there instead; what that change is, and its key.
const CHANGES: &[(&str, &str, Kind, &str)] = &[
    ("max_calls = 3", "max_calls = 4", Wider, "tools.\"crm.mail\".max_calls"),
    ("max_calls = 3\n", "", Wider, "tools.\"crm.mail\".max_calls"),
    ("max_calls = 3", "max_calls = 3\ntimeout = \"300s\"", Wider, "tools.\"crm.mail\".timeout"),
    ("max_calls = 3", "max_calls = 3\ntimeout = \"180s\"", Wider, "tools.\"crm.mail\".timeout"),
    ("max_calls = 3", "max_calls = 3\ntimeout = \"2m\"", Changed, "tools.\"crm.mail\".timeout"),
    ("max_calls = 3", "max_calls = 3\ntimeout = \"60s\"", Narrower, "tools.\"crm.mail\".timeout"),
    ("max_bytes = 100", "max_bytes = 100, shown_bytes = 20000", Wider, "tools.\"crm.mail\".reply.shown_bytes"),
    ("max_bytes = 100", "max_bytes = 100, shown_bytes = 100", Narrower, "tools.\"crm.mail\".reply.shown_bytes"),
    ("max_bytes = 100", "max_bytes = 100, receive_bytes = 2000000", Wider, "tools.\"crm.mail\".reply.receive_bytes"),
    ("max = 2 }", "max = 1 }", Narrower, "tools.\"crm.mail\".distinct"),
    ("scopes = [\"b\"]", "scopes = [\"b\", \"c\"]", Narrower, "tools.\"crm.mail\".scopes"),
    ("scopes = [\"b\"]", "scopes = [\"c\"]", Changed, "tools.\"crm.mail\".scopes"),
    ("effect = \"write\"", "effect = \"external\"", Narrower, "tools.\"crm.mail\".effect"),
    ("overridable = [\"provenance_denied\"]\n", "", Narrower, "tools.\"crm.mail\".overridable"),
    (
        "overridable = [\"provenance_denied\"]\n",
        "approval = \"each_call\"\noverridable = []\n",
        Narrower,
        "tools.\"crm.mail\".approval",
    ),
    ("after = [", "other_arguments = \"allow\"\nafter = [", Wider, "tools.\"crm.mail\".other_arguments"),
    ("after = [\"crm.read\"]\n", "", Wider, "tools.\"crm.mail\".after"),
    ("after = [\"crm.read\"]", "after = [[\"crm.read\", \"crm.read(id=to)\"]]", Wider, "tools.\"crm.mail\".after"),
    ("after = [\"crm.read\"]", "after = [\"crm.read\", \"crm.read(id=to)\"]", Narrower, "tools.\"crm.mail\".after"),
    ("after = [\"crm.read\"]", "after = [\"once crm.read\"]", Narrower, "tools.\"crm.mail\".after"),
    ("after = [\"crm.read\"]", "after = [\"crm.read(id=to)\"]", Changed, "tools.\"crm.mail\".after"),
    ("max_calls = 3", "max_calls = 3\ndry_run = []", Changed, "tools.\"crm.mail\".dry_run"),
    ("max_calls = 3", "max_calls = 3\nonly_if = [\"crm.read:n=1\"]", Narrower, "tools.\"crm.mail\".only_if"),
    ("max_calls = 3", "max_calls = 3\nnever_with = [\"crm.read(n=to)\"]", Narrower, "tools.\"crm.mail\".never_with"),
    ("max_calls = 3", "max_calls = 3\nno_egress = [\"sensitive:iban\"]", Narrower, "tools.\"crm.mail\".no_egress"),
    ("max_chars = 9", "max_chars = 9, hosts = [\"a.example\"]", Narrower, "tools.\"crm.read\".arguments.id.hosts"),
    ("max_chars = 9", "max_chars = 9, links = []", Narrower, "tools.\"crm.read\".arguments.id.links"),
    ("max_chars = 9", "max_chars = 9, as = \"phone\"", Wider, "tools.\"crm.read\".arguments.id.as"),
    ("\"crm.read:mail\"", "\"crm.read\"", Wider, "tools.\"crm.mail\".arguments.to.from"),
    ("\"crm.read:mail\"", "\"crm.read:id\"", Changed, "tools.\"crm.mail\".arguments.to.from"),
    ("\"input:request\", ", "", Narrower, "tools.\"crm.read\".arguments.id.from"),
    ("[A-Z]+", "[A-Z]*", Changed, "tools.\"crm.read\".arguments.id.pattern"),
    ("pattern = \"[A-Z]+\", ", "", Wider, "tools.\"crm.read\".arguments.id.pattern"),
    ("prefix = [\"A\"]", "prefix = [\"AB\", \"AC\"]", Narrower, "tools.\"crm.read\".arguments.id.prefix"),
    ("max_chars = 9", "max_chars = 10", Wider, "tools.\"crm.read\".arguments.id.max_chars"),
    ("max_chars = 9", "max_chars = 9, min_chars = 2", Narrower, "tools.\"crm.read\".arguments.id.min_chars"),
    ("max_items = 3", "max_items = 2", Narrower, "tools.\"crm.read\".arguments.id.max_items"),
    ("min = 1", "min = 0", Wider, "tools.\"crm.read\".arguments.n.min"),
    ("max = 5", "max = 4", Narrower, "tools.\"crm.read\".arguments.n.max"),
    ("enum = [1, 2, 3]", "enum = [1, 2, 3, 4]", Wider, "tools.\"crm.read\".arguments.n.enum"),
    ("max = 5,", "max = 5, not_enum = [4],", Narrower, "tools.\"crm.read\".arguments.n.not_enum"),
    ("enum = [1, 2, 3]", "enum = [2, 4]", Changed, "tools.\"crm.read\".arguments.n.enum"),
    ("/data/in", "/data", Wider, "tools.\"crm.read\".arguments.path.path_root"),
    ("/data/in", "/data/out", Changed, "tools.\"crm.read\".arguments.path.path_root"),
    ("max_bytes = 100", "max_bytes = 200", Wider, "tools.\"crm.mail\".reply.max_bytes"),
    ("max_bytes = 100", "max_bytes = 100, markup = \"strip\"", Narrower, "tools.\"crm.mail\".reply.markup"),
    ("hide = [\"iban\"]", "hide = []", Wider, "tools.\"crm.mail\".reply.hide"),
    ("[\"CUST1\"]", "[\"CUST1\", \"CUST2\"]", Wider, "registry.known"),
    ("[0-9]{14}", "[0-9]{15}", Changed, "sensitive.iban.pattern"),
    ("\nfrom = [\"crm.read:iban\"]", "", Wider, "sensitive.iban.from"),
    ("[\"planted-one\"]", "[\"planted-one\", \"planted-two\"]", Narrower, "canaries.values"),
    ("max_chars = 100", "max_chars = 50", Narrower, "answer.max_chars"),
    ("never = [\"iban\"]", "never = []", Wider, "answer.never"),
    ("tool_calls = 9", "tool_calls = 8", Narrower, "limits.tool_calls"),
    ("outgoing_bytes = 100\n", "", Wider, "limits.outgoing_bytes"),
    ("rate = \"10/s\"", "rate = \"5/s\"\nburst = 20", Changed, "limits.rate"),
    ("rate = \"10/s\"", "rate = \"20/s\"", Wider, "limits.rate"),
    ("window = \"1h\"", "window = \"2h\"", Narrower, "limits.caller.window"),
    ("calls = 10\n", "calls = 11\n", Wider, "limits.caller.calls"),
    ("https://crm.example/mcp", "https://other.example/mcp", Changed, "servers.crm.url"),
    ("[limits]", "[compile]\nwrites = \"live\"\n[limits]", Wider, "compile.writes"),
    ("[limits]", "[limits.all]\nwindow = \"1h\"\ncalls = 10\n[limits]", Narrower, "limits.all"),
    ("[registry]", "[tools.f]\nscopes = []\neffect = \"read\"\n[registry]", Wider, "tools.f"),
];

/// Keys without a change of their own: those that are read with another key or from a file, and tables.
const WITHOUT: [&str; 7] = ["arguments", "fields", "reply", "caller", "dry_run_file", "dry_run_recording", "burst"];

#[test]
fn every_key_of_every_table_is_compared() {
    let is_compared = |key: &&&str| CHANGES.iter().any(|(.., changed)| changed.rsplit('.').next() == Some(**key));
    let all = TABLES.into_iter().flatten().filter(|key| !WITHOUT.contains(key));
    let missing: Vec<&&str> = all.filter(|key| !is_compared(key)).collect();
    assert_eq!(missing, Vec::<&&str>::new());
}

/// `from` becomes `to`: the only change has this kind and key; and the other way round it is the opposite.
#[test]
fn every_change_is_told_for_what_it_means() {
    let base = parse(BASE);
    for (from, to, kind, key) in CHANGES {
        assert!(BASE.contains(from), "{from}");
        let other = parse(&BASE.replacen(from, to, 1));
        let told =
            |changes: Vec<Change>| changes.into_iter().map(|change| (change.key, change.kind)).collect::<Vec<_>>();
        let there = told(compare(&base, &other));
        assert!(there.contains(&((*key).to_owned(), *kind)), "{to}: {there:?}");
        assert!(there.iter().all(|(_, other)| other == kind), "{to}: {there:?}");
        let opposite = match kind {
            Wider => Narrower,
            Narrower => Wider,
            Changed => Changed,
        };
        let back = told(compare(&other, &base));
        assert!(back.iter().any(|(told, of)| told == key && *of == opposite), "{to}: {back:?}");
    }
}

#[test]
fn a_rule_for_a_name_that_is_nearly_another_is_not_called_narrower() {
    let both = parse(&BASE.replace("arguments.n =", "arguments.ID = {}\narguments.n ="));
    let [change] = compare(&parse(BASE), &both).try_into().unwrap();
    assert_eq!((change.kind, change.key.as_str()), (Kind::Changed, "tools.\"crm.read\".arguments.ID"));
}

#[test]
fn a_rule_lets_an_argument_in_where_others_are_refused() {
    let loose = BASE.replace("after = [", "other_arguments = \"allow\"\nafter = [");
    let more = |text: &str| text.replace("after = [", "arguments.subject = {}\nafter = [");
    let kinds =
        |old: &str, new: &str| compare(&parse(old), &parse(new)).iter().map(|change| change.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&loose, &more(&loose)), [Kind::Narrower]);
    assert_eq!(kinds(BASE, &more(BASE)), [Kind::Wider]);
    assert_eq!(kinds(&more(BASE), BASE), [Kind::Narrower]);
    assert_eq!(kinds(&loose, &more(BASE)), [Kind::Narrower, Kind::Narrower]);
}

#[test]
fn withheld_replies_are_no_order_where_replies_must_stay_in() {
    let kept = BASE.replace("after = [\"crm.read\"]", "no_egress = [\"crm.read:secret\"]");
    let changes = compare(&parse(&kept), &parse(&kept.replace("max_bytes = 100", "max_bytes = 50")));
    assert_eq!(changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [Kind::Changed]);
}

#[test]
fn a_change_reads_like_one() {
    let changes =
        compare(&parse(BASE), &parse(&BASE.replace("max_calls = 3", "max_calls = 4").replace("tool_calls = 9\n", "")));
    let text: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(text, ["+ wider tools.\"crm.mail\".max_calls: 3 -> 4", "+ wider limits.tool_calls: 9 -> nothing"]);
}

/// What `[servers.ID]` may have beside an address, with what it means to add it.
const SETTINGS: [(&str, Kind, &str); 24] = [
    ("authorization = \"oauth\"\nresource = \"https://other.example\"", Kind::Changed, "resource"),
    ("client_auth = \"post\"", Kind::Changed, "client_auth"),
    ("grant = \"login\"\ntoken_file = \"t\"", Kind::Changed, "grant"),
    ("grant = \"login\"\ntoken_file = \"t\"\nregistration = \"dynamic\"", Kind::Changed, "grant"),
    ("dpop = true", Kind::Narrower, "dpop"),
    ("step_up_scopes = [\"more\"]", Kind::Wider, "step_up_scopes"),
    ("audience = \"api://x\"", Kind::Changed, "audience"),
    ("token_issuer = \"https://sts.example/t/\"", Kind::Changed, "token_issuer"),
    ("token_algs = [\"RS256\"]", Kind::Narrower, "token_algs"),
    ("token_algs = [\"RS256\", \"PS256\", \"ES256\", \"ES384\", \"EdDSA\", \"RS512\"]", Kind::Wider, "token_algs"),
    ("token_algs = [\"RS512\"]", Kind::Changed, "token_algs"),
    ("scope_claim = \"roles\"", Kind::Changed, "scope_claim"),
    ("request_scopes = [\"api://x/.default\"]", Kind::Changed, "request_scopes"),
    ("token_parameters = { audience = \"https://api.example\" }", Kind::Changed, "token_parameters"),
    ("send_resource = false", Kind::Changed, "send_resource"),
    ("danger_token_without_audience = true", Kind::Wider, "danger_token_without_audience"),
    ("spki_pins = [\"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]", Kind::Narrower, "spki_pins"),
    ("min_tls = \"1.3\"", Kind::Narrower, "min_tls"),
    ("proxy = \"http://proxy.example:8080\"", Kind::Changed, "proxy"),
    ("allow_addresses = [\"10.0.0.0/8\"]", Kind::Wider, "allow_addresses"),
    ("rate = \"10/s\"\nburst = 3", Kind::Narrower, "rate"),
    ("input = \"defaults\"", Kind::Wider, "input"),
    ("protocol = \"initialize\"", Kind::Changed, "protocol"),
    ("issuer = \"https://other.example\"", Kind::Changed, "issuer"),
];

#[test]
fn what_a_server_may_have_of_us_is_compared_too() {
    let base = parse(BASE);
    for (more, kind, key) in SETTINGS {
        let issuer = "issuer = \"https://login.example\"";
        let with = if key == "issuer" { more.to_owned() } else { format!("{issuer}\n{more}") };
        let other = parse(&BASE.replace(issuer, &with));
        let told =
            |changes: Vec<Change>| changes.into_iter().map(|change| (change.key, change.kind)).collect::<Vec<_>>();
        let opposite = match kind {
            Kind::Wider => Kind::Narrower,
            Kind::Narrower => Kind::Wider,
            Kind::Changed => Kind::Changed,
        };
        let key = format!("servers.crm.{key}");
        assert!(told(compare(&base, &other)).contains(&(key.clone(), kind)), "{more}");
        assert!(told(compare(&other, &base)).contains(&(key, opposite)), "{more}");
    }
    let files = |files: &str| {
        base.clone()
            .with_server("crm", |server| {
                let connection = &mut server.connection;
                connection.ca_bundle = Some(format!("{files}/ca.pem").into());
                let certificate = format!("{files}/own.pem").into();
                connection.client_certificate = Some(net::ClientCertificate { certificate, key: files.into() });
            })
            .unwrap()
    };
    let keys: Vec<_> = compare(&files("one"), &files("two")).into_iter().map(|change| change.key).collect();
    let expected = ["ca_bundle", "certificate_file", "certificate_key_file"].map(|key| format!("servers.crm.{key}"));
    assert_eq!(keys, expected);
}

#[test]
fn audiences_and_scopes_that_are_asked_for_are_sets() {
    let with = |line: &str| parse(&BASE.replace("client_id = \"a\"", &format!("client_id = \"a\"\n{line}")));
    for (old, new, kind) in [
        ("grant = \"login\"", "grant = \"login\"\ndanger_assume_s256 = true", Kind::Wider),
        ("audience = \"one\"", "audience = [\"two\", \"one\"]", Kind::Wider),
        ("audience = \"one\"", "audience = \"two\"", Kind::Changed),
        ("request_scopes = [\"a\", \"b\"]", "request_scopes = [\"a\"]", Kind::Narrower),
        (
            "grant = \"login\"\nlogin_parameters = { x = \"1\" }",
            "grant = \"login\"\nlogin_parameters = { x = \"2\" }",
            Kind::Changed,
        ),
    ] {
        let changes: Vec<Kind> = compare(&with(old), &with(new)).into_iter().map(|change| change.kind).collect();
        assert_eq!(changes, [kind], "{old} -> {new}");
    }
    assert_eq!(compare(&with("audience = [\"one\"]"), &with("audience = \"one\"")), []);
    assert_eq!(
        compare(&with("token_algs = [\"EdDSA\", \"ES384\", \"ES256\", \"PS256\", \"RS256\"]"), &parse(BASE)),
        []
    );
}

#[test]
fn what_a_program_is_given_is_compared_too() {
    let base = "[servers.s]\ncommand = \"serve\"\nargs = [\"--all\"]\n[tools]\n";
    let to = |change: &str| {
        let other = base.replace("args = [\"--all\"]", change);
        compare(&parse(base), &parse(&other)).into_iter().map(|change| (change.key, change.kind)).collect::<Vec<_>>()
    };
    let all = "args = [\"--all\"]";
    for (change, kind, key) in [
        ("args = [\"--none\"]".to_owned(), Kind::Changed, "command"),
        (format!("{all}\nenv = {{ LEVEL = \"1\" }}"), Kind::Changed, "env"),
        (format!("{all}\nenv_from = [\"TOKEN\"]"), Kind::Wider, "env_from"),
        (format!("{all}\nfolder = \"/\""), Kind::Changed, "folder"),
        (format!("{all}\ninput = {{ name = \"x\" }}"), Kind::Wider, "input"),
        (format!("{all}\nprotocol = \"initialize\""), Kind::Changed, "protocol"),
        (format!("{all}\nstart_timeout = \"2m\""), Kind::Changed, "start_timeout"),
    ] {
        assert_eq!(to(&change), [(format!("servers.s.{key}"), kind)]);
    }
    let http = "url = \"https://crm.example/mcp\"\nauthorization = \"none\"";
    let other = base.replace("command = \"serve\"", http).replace("args = [\"--all\"]", "");
    let [change] = compare(&parse(base), &parse(&other)).try_into().unwrap();
    assert_eq!(change.to_string(), "~ changed servers.s: serve --all -> https://crm.example/mcp");
}
