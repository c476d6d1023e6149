#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use abide_base::call::{ServerId, ToolName, ToolSpec};
use abide_guard::policy::{ToolLock, ToolRule};
use abide_mcp::{Boundary, boundary::Draft};
use serde_json::{Value, json};

use crate::lint::*;

const SERVER: &str = "[servers.crm]\nurl = 'https://crm.example/mcp'\nissuer = 'https://login.example'\nclient_id = 'a'\n\
                      client_secret_env = 'SECRET'\n";

/// A boundary that nobody can say anything against, but that it has no lock.
const CLEAN: &str = "[tools.'crm.lookup']\nscopes = ['customer:read']\neffect = 'read'\nother_arguments = 'allow'\nmax_calls = 2\n\
                     [tools.'crm.mail']\nscopes = ['mail:send']\neffect = 'external'\nafter = ['crm.lookup(id)']\n\
                     arguments.id = { from = ['input', 'crm.lookup:id', 'registry:known'] }\n\
                     arguments.text = { max_chars = 200, links = [] }\nno_egress = ['sensitive:iban']\noverridable = ['leak_denied']\n\
                     [registry]\nknown = ['CUST1']\n[sensitive.iban]\npattern = '[A-Z]{2}[0-9]{14,30}'\n\
                     [limits]\ntool_calls = 6\noutgoing_bytes = 1000\n";

fn draft(rules: &str) -> Draft {
    Draft::parse(&format!("{SERVER}{rules}"), "", &|_| Some("secret".into())).unwrap()
}

fn spec(name: &str, input: Value, output: Option<Value>) -> ToolSpec {
    ToolSpec::new(name.try_into().unwrap(), "", input, output)
}

/// Codes and keys, but for the missing lock.
fn found(draft: &Draft, live: Option<&[ToolSpec]>) -> Vec<(Code, String)> {
    let found = check(draft, live).into_iter().filter(|finding| finding.code != Code::NoLock);
    found.map(|finding| (finding.code, finding.key)).collect()
}

#[test]
fn a_clean_boundary_lacks_a_lock_only() {
    let draft = draft(CLEAN);
    assert_eq!(found(&draft, None), []);
    let lock: Vec<Finding> = check(&draft, None);
    assert_eq!((lock.len(), lock.first().map(|finding| finding.code)), (1, Some(Code::NoLock)));
}

#[test]
fn how_tokens_are_asked_for_is_looked_at() {
    let with = |lines: &str| {
        let text = format!("{SERVER}{lines}\n{CLEAN}");
        found(&Draft::parse(&text, "", &|_| Some("secret".into())).unwrap(), None)
    };
    let one = |code, key: &str| vec![(code, format!("servers.crm.{key}"))];
    assert_eq!(with("request_scopes = ['api://x/.default', 'offline_access', 'openid']\naudience = 'x'"), []);
    assert_eq!(with("token_algs = ['RS512']\nsend_resource = false\nscope_claim = 'roles'"), []);
    assert_eq!(with("request_scopes = ['api://x/admin']"), one(Code::BroadScope, "request_scopes"));
    assert_eq!(with("step_up_scopes = ['crm.*']"), one(Code::BroadScope, "step_up_scopes"));
    let key = "danger_token_without_audience";
    assert_eq!(with(&format!("{key} = true")), one(Code::MissingAudience, key));
    assert_eq!(with(&format!("{key} = false")), []);
    let key = "danger_assume_s256";
    assert_eq!(with(&format!("grant = 'login'\n{key} = true")), one(Code::AssumedPkce, key));
}

/// A text of the clean file, and what stands there instead; the code and the key of what is found.
const FLAWS: &[(&str, &str, Code, &str)] = &[
    ("[limits]", "[compile]\nwrites = 'live'\n[limits]", Code::LiveWrites, "compile.writes"),
    ("tool_calls = 6\n", "", Code::NoCallLimit, "limits.tool_calls"),
    ("outgoing_bytes = 1000\n", "", Code::NoOutgoingLimit, "limits.outgoing_bytes"),
    ("known = ['CUST1']", "known = []", Code::EmptyList, "registry.known"),
    ("known = ['CUST1']", "known = ['CUST1']\nother = ['A']", Code::Unused, "registry.other"),
    ("no_egress = ['sensitive:iban']", "no_egress = ['crm.lookup:iban']", Code::Unused, "sensitive.iban"),
    ("pattern = '[A-Z]{2}[0-9]{14,30}'", "from = ['registry:known']", Code::EmptySource, "sensitive.iban.from"),
    (
        "overridable = ['leak_denied']",
        "overridable = ['leak_denied']\nno_egress = []",
        Code::NothingToOverride,
        "tools.\"crm.mail\".overridable",
    ),
    (
        "overridable = ['leak_denied']",
        "after = ['crm.lookup', 'crm.three']",
        Code::NeverMet,
        "tools.\"crm.mail\".after",
    ),
    ("max_calls = 2", "max_calls = 7", Code::NeverBinds, "tools.\"crm.lookup\".max_calls"),
    (
        "max_calls = 2",
        "max_calls = 2\narguments.id = { max_items = 1 }\ndistinct = { argument = 'id', max = 2 }",
        Code::NeverBinds,
        "tools.\"crm.lookup\".distinct",
    ),
    (
        "[limits]",
        "[limits.all]\nwindow = '1h'\ncalls = 10\n[limits.caller]\nwindow = '10m'\ncalls = 10\n[limits]",
        Code::NeverBinds,
        "limits.caller.calls",
    ),
    ("customer:read", "customer.*", Code::BroadScope, "tools.\"crm.lookup\".scopes"),
    ("customer:read", "https://graph.example/.default", Code::BroadScope, "tools.\"crm.lookup\".scopes"),
    ("customer:read", "offline_access", Code::BroadScope, "tools.\"crm.lookup\".scopes"),
    ("'crm.lookup:id'", "'crm.lookup'", Code::WholeReply, "tools.\"crm.mail\".arguments.id.from"),
    ("'crm.lookup:id'", "'crm.lookup:Subject'", Code::ProseSource, "tools.\"crm.mail\".arguments.id.from"),
    (
        "max_calls = 2",
        "arguments.id = { pattern = '.+' }",
        Code::BroadPattern,
        "tools.\"crm.lookup\".arguments.id.pattern",
    ),
    (
        "max_calls = 2",
        "arguments.id = { hosts = ['*.co.uk'] }",
        Code::BroadPlace,
        "tools.\"crm.lookup\".arguments.id.hosts",
    ),
    ("links = []", "links = ['*.github.io']", Code::BroadPlace, "tools.\"crm.mail\".arguments.text.links"),
    (
        "max_calls = 2",
        "arguments.p = { path_root = '/' }",
        Code::BroadPlace,
        "tools.\"crm.lookup\".arguments.p.path_root",
    ),
    (
        "max_calls = 2",
        "arguments.p = { prefix = ['https://'] }",
        Code::BroadPlace,
        "tools.\"crm.lookup\".arguments.p.prefix",
    ),
    (
        "max_calls = 2",
        "arguments.p = { enum = ['a', 'bcd'], max_chars = 2 }",
        Code::NeverAllowed,
        "tools.\"crm.lookup\".arguments.p.enum",
    ),
    (
        "max_calls = 2",
        "arguments.p = { enum = ['a', 'b'], pattern = '[0-9]' }",
        Code::NoValueFits,
        "tools.\"crm.lookup\".arguments.p.enum",
    ),
    (
        "max_calls = 2",
        "arguments.p = { enum = [1, 2], max = 5 }",
        Code::Shadowed,
        "tools.\"crm.lookup\".arguments.p.enum",
    ),
    (
        "max_calls = 2",
        "arguments.p = { prefix = ['/data/', '/etc/'], path_root = '/data' }",
        Code::NeverAllowed,
        "tools.\"crm.lookup\".arguments.p.prefix",
    ),
    (
        "max_calls = 2",
        "arguments.p = { prefix = ['/etc/'], path_root = '/data' }",
        Code::NoValueFits,
        "tools.\"crm.lookup\".arguments.p.prefix",
    ),
    (
        "max_calls = 2",
        "arguments.p = { from = ['input'], id = {} }",
        Code::ObjectSource,
        "tools.\"crm.lookup\".arguments.p.from",
    ),
    (
        "max_calls = 2",
        "arguments.p.n = { from = ['input'], as = 'number' }",
        Code::BroadReading,
        "tools.\"crm.lookup\".arguments.p.n.as",
    ),
    (
        "max_calls = 2",
        "arguments.p.fields.min = { from = ['crm.mail'] }",
        Code::WholeReply,
        "tools.\"crm.lookup\".arguments.p.fields.min.from",
    ),
    (
        "max_calls = 2",
        "arguments.p.id = { enum = ['a', 'bcd'], max_chars = 2 }",
        Code::NeverAllowed,
        "tools.\"crm.lookup\".arguments.p.id.enum",
    ),
    (
        "max_calls = 2",
        "arguments.p = { prefix = ['ftp:'], hosts = ['corp.example'] }",
        Code::NoValueFits,
        "tools.\"crm.lookup\".arguments.p.prefix",
    ),
];

/// `from` in the clean file becomes `to`; the only finding then has this code and key.
#[test]
fn every_lint_finds_what_it_is_for() {
    let three = "[tools.'crm.three']\nscopes = []\neffect = 'read'\nonly_if = ['crm.lookup:ok={\"a\":1}']\n";
    for (from, to, code, key) in FLAWS {
        assert!(CLEAN.contains(from), "{from}");
        let mut rules = CLEAN.replacen(from, to, 1);
        if to.contains("crm.three") {
            rules = rules.replacen("after = ['crm.lookup(id)']\n", "", 1) + three;
            rules = rules.replacen("tool_calls = 6", "tool_calls = 2", 1);
        }
        if *code == Code::NothingToOverride {
            rules = rules.replacen("no_egress = ['sensitive:iban']\n", "", 1);
        }
        let found = found(&draft(&rules), None);
        assert!(found.contains(&(*code, (*key).to_owned())), "{to}: {found:?}");
    }
}

#[test]
fn what_can_never_be_met_is_told() {
    let rules = |rules: &str| {
        let table = |name: &str, more: &str| format!("[tools.'crm.{name}']\nscopes = []\neffect = 'read'\n{more}\n");
        let text = table("a", "") + &table("b", "never_with = ['crm.c']") + &table("c", "") + rules;
        found(&draft(&text), None).into_iter().filter(|(code, _)| *code == Code::NeverMet).count()
    };
    let last = |more: &str| format!("[tools.'crm.d']\nscopes = []\neffect = 'read'\n{more}\n");
    assert_eq!(rules(&last("after = ['crm.a', 'crm.b']")), 0);
    assert_eq!(rules(&last("after = ['crm.b', 'crm.c']")), 1, "they exclude each other");
    assert_eq!(rules(&last("only_if = ['crm.a:ok=true']")), 0);
    assert_eq!(rules(&last("only_if = ['crm.a:ok=[1]']")), 1, "lists are not compared");
    let chain = last("after = ['crm.a', 'crm.b']") + "[limits]\ntool_calls = ";
    assert_eq!(rules(&format!("{chain}3")), 0);
    assert_eq!(rules(&format!("{chain}2")), 1, "three calls");
    let listed = "[tools.'crm.e']\nscopes = []\neffect = 'read'\narguments.id = { enum = ['x', 'y'] }\n";
    let same = |values: &str| last(&format!("arguments.id = {{ enum = {values} }}\nafter = ['crm.e(id)']")) + listed;
    assert_eq!(rules(&same("['y', 'z']")), 0);
    assert_eq!(rules(&same("['z']")), 1, "no value in common");
}

#[test]
fn an_argument_that_is_needed_and_not_listed_is_an_error() {
    let text = json!({ "type": "string" });
    let schema = |required: &[&str]| json!({ "type": "object", "properties": { "to": text, "bcc": text }, "required": required });
    let rules = "[tools.'crm.send']\nscopes = []\neffect = 'read'\nmax_calls = 1\narguments.to = {}\n[limits]\ntool_calls = 1\n";
    let told = |rules: &str, required: &[&str]| found(&draft(rules), Some(&[spec("crm.send", schema(required), None)]));
    let bcc = "tools.\"crm.send\".arguments.bcc".to_owned();
    let others = (Code::RefusedArgument, "tools.\"crm.send\".arguments".to_owned());
    assert_eq!(told(rules, &["to"]), [others]);
    assert_eq!(told(rules, &["to", "bcc"]), [(Code::UnlistedArgument, bcc)]);
    for listing in ["arguments.to = {}\narguments.bcc = {}", "arguments.to = {}\nother_arguments = 'allow'"] {
        assert_eq!(told(&rules.replace("arguments.to = {}", listing), &["to", "bcc"]), []);
    }
}

#[test]
fn an_argument_that_a_sequence_compares_and_that_is_not_listed_is_an_error() {
    let tools = |a: &str, b: &str, rule: &str| {
        format!(
            "[tools.a]\nscopes = []\neffect = 'read'\nmax_calls = 1\n{a}\n\
             [tools.b]\nscopes = []\neffect = 'read'\nmax_calls = 1\n{b}\n{rule}\n[limits]\ntool_calls = 4\n"
        )
    };
    let told = |a: &str, b: &str, rule: &str| found(&draft(&tools(a, b, rule)), None);
    let listed = "arguments.id = {}";
    for (key, rule) in [("after", "['a(id)']"), ("only_if", "['a(id):ok=true']"), ("never_with", "['a(id)']")] {
        let error = (Code::UnlistedArgument, format!("tools.b.{key}"));
        let rule = format!("{key} = {rule}");
        assert_eq!(told(listed, listed, &rule), []);
        assert_eq!(told("other_arguments = 'allow'", listed, &rule), []);
        assert_eq!(told("", listed, &rule), std::slice::from_ref(&error));
        assert_eq!(told(listed, "", &rule), [error]);
    }
}

#[test]
fn a_stand_in_that_is_never_shown_is_told() {
    let rules = "[tools.'crm.file']\nscopes = []\neffect = 'write'\ndry_run = 1\narguments.a = { enum = [1] }\n[limits]\ntool_calls = 1\n";
    assert_eq!(found(&draft(rules), None), []);
    let live = found(&draft(&format!("{rules}[compile]\nwrites = 'live'\n")), None);
    let key = "tools.\"crm.file\".dry_run".to_owned();
    assert_eq!(live, [(Code::Unused, key), (Code::LiveWrites, "compile.writes".to_owned())]);
}

fn listed() -> Vec<ToolSpec> {
    let text = json!({ "type": "string" });
    let lookup = json!({ "type": "object", "properties": { "id": text } });
    let answer = json!({ "type": "object", "properties": { "id": text, "ok": { "type": "boolean" } } });
    let mail = json!({ "type": "object", "properties": { "id": text, "text": text, "to": { "type": "array", "items": text },
        "urgent": { "type": "boolean" }, "kind": { "type": "string", "enum": ["a"] } } });
    vec![spec("crm.lookup", lookup, Some(answer)), spec("crm.mail", mail, None), spec("crm.wipe", json!({}), None)]
}

#[test]
fn what_servers_list_is_compared_with_the_rules() {
    let live = listed();
    let key = |text: &str| text.to_owned();
    let to = (Code::FreeArgument, key("tools.\"crm.mail\".arguments.to"));
    let others = (Code::RefusedArgument, key("tools.\"crm.mail\".arguments"));
    let wipe = (Code::UnlistedTool, key("tools.\"crm.wipe\""));
    assert_eq!(found(&draft(CLEAN), Some(&live)), [wipe.clone(), others.clone()]);
    let allowed = CLEAN.replace("effect = 'external'", "effect = 'external'\nother_arguments = 'allow'");
    assert_eq!(found(&draft(&allowed), Some(&live)), [wipe.clone(), to]);
    let wrong = CLEAN.replace("arguments.text", "arguments.txt").replace("'crm.lookup:id'", "'crm.lookup:idd'");
    let wrong = wrong.replace("after = ['crm.lookup(id)']", "only_if = ['crm.lookup(idx=id):okay=true']");
    let wrong = wrong + "[tools.'crm.lost']\nscopes = []\neffect = 'read'\n";
    let mut found: Vec<_> =
        found(&draft(&wrong), Some(&live)).into_iter().filter(|one| *one != others && *one != wipe).collect();
    found.sort();
    let mut expected = [
        (Code::UnknownTool, key("tools.\"crm.lost\"")),
        (Code::UnknownArgument, key("tools.\"crm.mail\".arguments.txt")),
        (Code::UnknownArgument, key("tools.\"crm.mail\".only_if")),
        (Code::UnknownField, key("tools.\"crm.mail\".only_if")),
        (Code::UnknownField, key("tools.\"crm.mail\".arguments.id.from")),
    ];
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn an_input_schema_that_nothing_fits_is_an_error() {
    let draft = draft(CLEAN);
    let key = "tools.\"crm.lookup\"".to_owned();
    for input in [
        json!({ "type": "object", "properties": { "id": { "type": "STRING" } } }),
        json!({ "type": "object", "required": ["id"], "properties": { "id": false } }),
        json!({ "type": "object", "required": ["id"], "properties": {}, "additionalProperties": false }),
        json!({ "type": "object", "$ref": "#/$defs/gone" }),
    ] {
        let mut live = listed();
        live.retain(|spec| spec.name.as_str() != "crm.lookup");
        live.push(spec("crm.lookup", input, None));
        let found = check(&draft, Some(&live));
        let finding = found.iter().find(|finding| finding.code == Code::NoValueFits).unwrap();
        assert_eq!((&finding.key, finding.severity), (&key, Severity::Error));
        assert!(finding.message.starts_with("no value fits the input schema of `crm.lookup`"), "{}", finding.message);
    }
}

#[test]
fn fields_of_objects_are_compared_with_what_servers_list() {
    let text = json!({ "type": "string" });
    let item = json!({ "type": "object", "properties": { "id": text, "n": { "type": "integer" } } });
    let input = json!({ "type": "object", "properties": { "items": { "type": "array", "items": { "$ref": "#/$defs/Item" } } }, "$defs": { "Item": item } });
    let wrapped = json!({ "type": "object", "properties": { "result": text }, "x-fastmcp-wrap-result": true });
    let live = [spec("crm.pay", input, None), spec("crm.list", json!({}), Some(wrapped))];
    let found = |argument: &str| {
        let rules = format!(
            "[tools.'crm.list']\nscopes = []\neffect = 'read'\nmax_calls = 1\n[tools.'crm.pay']\nscopes = []\neffect = 'write'\n{argument}\n\
             [registry]\nknown = ['A']\n[limits]\ntool_calls = 2\n"
        );
        found(&draft(&rules), Some(&live))
    };
    // a reply that is a text may be JSON with any field, and a list that only a field names is in use
    assert_eq!(found("arguments.items = { id = { from = ['crm.list:id', 'registry:known'] }, n = {} }"), []);
    let key = |key: &str| format!("tools.\"crm.pay\".arguments.items{key}");
    assert_eq!(found("arguments.items.idd = { from = ['registry:known'] }"), [(Code::UnknownArgument, key(".idd"))]);
    assert_eq!(found("arguments.items = { from = ['registry:known'] }"), [(Code::ObjectSource, key(".from"))]);
}

#[test]
fn a_lock_stands_in_for_servers_and_shows_drift() {
    let folder = tempfile::tempdir().unwrap();
    let live = listed();
    std::fs::write(folder.path().join("tools.lock"), ToolLock::of(&live).to_text().unwrap()).unwrap();
    let text = format!("lock = 'tools.lock'\n{SERVER}{CLEAN}");
    let draft = Draft::parse(&text, folder.path(), &|_| None).unwrap();
    let codes =
        |live: Option<&[ToolSpec]>| check(&draft, live).into_iter().map(|finding| finding.code).collect::<Vec<_>>();
    assert_eq!(codes(None), [Code::UnneededLock, Code::Unset, Code::RefusedArgument]);
    let mut changed = listed();
    changed.truncate(2);
    if let Some(lookup) = changed.first_mut() {
        *lookup = ToolSpec::new(lookup.name.clone(), "Send all.", lookup.input_schema.clone(), None);
    }
    assert_eq!(codes(Some(&changed)), [Code::UnneededLock, Code::Unset, Code::Drift, Code::RefusedArgument]);
}

#[test]
fn a_finding_has_its_line_and_codes_are_what_is_written() {
    let draft = draft(&CLEAN.replace("max_calls = 2", "max_calls = 7"));
    let found = check(&draft, None);
    let finding = found.iter().find(|finding| finding.code == Code::NeverBinds).unwrap();
    assert_eq!(finding.line, Some(10));
    let text = finding.to_string();
    assert!(
        text.starts_with("line 10: warning[never_binds]: `tools.\"crm.lookup\".max_calls`: is 7, and a run has 6"),
        "{text}"
    );
    let json = json!(finding);
    assert_eq!((&json["severity"], &json["code"]), (&json!("warning"), &json!(Code::NeverBinds.as_str())));
}

#[test]
fn an_alternative_that_adds_nothing_is_told() {
    let table = |name: &str, more: &str| format!("[tools.{name}]\nscopes = []\neffect = 'read'\n{more}\n");
    let told = |rule: &str| {
        let text =
            table("a", "") + &table("b", "never_with = ['d']") + &table("d", rule) + "[limits]\ntool_calls = 2\n";
        found(&draft(&text), None).into_iter().map(|(code, _)| code).collect::<Vec<_>>()
    };
    assert_eq!(told("after = ['a']"), []);
    assert_eq!(told("after = [['a', 'once a']]"), [Code::IdleAlternative]);
    assert_eq!(told("after = [['a', 'a']]"), [Code::IdleAlternative]);
    assert_eq!(told("after = [['a', 'b']]"), [Code::IdleAlternative], "b excludes d");
    assert_eq!(told("only_if = [['a:ok=true', 'a:ok=[1]']]"), [Code::IdleAlternative], "lists are not compared");
}

#[test]
fn a_path_into_a_reply_is_compared_with_what_is_promised() {
    let text = json!({ "type": "string" });
    let profile = json!({ "type": "object", "properties": { "tier": text } });
    let output = json!({ "type": "object", "properties": { "profile": profile, "all": { "type": "array", "items": profile }, "any": {} } });
    let live = [
        spec("crm.get", json!({ "type": "object" }), Some(output)),
        spec("crm.act", json!({ "type": "object" }), None),
    ];
    let told = |path: &str| {
        let rules = format!(
            "[tools.'crm.get']\nscopes = []\neffect = 'read'\n[tools.'crm.act']\nscopes = []\neffect = 'read'\n\
             only_if = ['crm.get:{path}=gold']\n[limits]\ntool_calls = 2\n"
        );
        found(&draft(&rules), Some(&live)).len()
    };
    for known in ["profile.tier", "all.tier", "any.thing"] {
        assert_eq!(told(known), 0, "{known}");
    }
    for unknown in ["profile.level", "all.level", "tier", "profil.tier"] {
        assert_eq!(told(unknown), 1, "{unknown}");
    }
}

#[test]
fn a_part_that_cannot_be_used_is_found_at_its_tool_or_its_server() {
    let draft = draft(CLEAN);
    let server: ServerId = "crm".to_owned().try_into().unwrap();
    let find = |tool: Option<&str>| {
        let tool: Option<ToolName> = tool.map(|name| name.try_into().unwrap());
        unusable_part(&draft, &server, tool.as_ref(), "tool `x`", "it is left out")
    };
    let found = [find(Some("crm.lookup")), find(Some("crm.x")), find(None)];
    let keys: Vec<&str> = found.iter().map(|finding| finding.key.as_str()).collect();
    assert_eq!(keys, ["tools.\"crm.lookup\"", "servers.crm", "servers.crm"]);
    for finding in found {
        assert_eq!((finding.severity, finding.code), (Severity::Warning, Code::UnusablePart));
        assert!(finding.line.is_some() && finding.message.starts_with("server `crm`: tool `x`: it is left out; "));
    }
}

#[test]
fn the_example_of_the_page_loads_and_has_nothing_to_warn_of() {
    let example = include_str!("../../../docs/boundary.md")
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boundary.toml");
    std::fs::write(&path, example).unwrap();
    let (_, rules) = example.split_once('\n').unwrap();
    let tools = Draft::parse(rules, folder.path(), &|_| None).unwrap().boundary().clone();
    let any = |(name, _): (&ToolName, &ToolRule)| ToolSpec::new(name.clone(), "", json!({ "type": "object" }), None);
    let specs: Vec<ToolSpec> = tools.policy().catalogue().map(any).collect();
    std::fs::write(folder.path().join("tools.lock"), ToolLock::of(&specs).to_text().unwrap()).unwrap();
    let boundary = Boundary::parse(example, folder.path(), &|_| Some("secret".into())).unwrap();
    assert_eq!(boundary.policy().catalogue().count(), 4);
    let found = check(&Draft::load(&path).unwrap(), None);
    let worth: Vec<String> =
        found.iter().filter(|one| one.severity > Severity::Note).map(ToString::to_string).collect();
    assert_eq!(worth, [""; 0]);
}
