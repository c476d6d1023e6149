//! Rules that cannot be what anybody meant: each has its line, its key, and what to do.

use super::super::tests::*;

const TABLES: &str = "[tools.a]\nscopes = []\neffect = 'read'\n[tools.b]\nscopes = []\neffect = 'read'\n";

/// What is wrong with two tools when these lines follow the table of `b`, which end on line 6.
fn wrong(lines: &str) -> Vec<(Option<usize>, String, String)> {
    let error = Boundary::parse(&format!("{TABLES}{lines}\n"), "", &|_| None).unwrap_err();
    let problems = error.problems().iter();
    problems.map(|problem| (problem.line, problem.key.clone(), problem.reason.clone())).collect()
}

/// Lines behind the table of `b`; the line, the key and (part of) the reason that are told.
const MISTAKES: &[(&str, usize, &str, &str)] = &[
    ("arguments.x = { from = ['c.d:id'] }", 7, "tools.b.arguments.x.from", "there is no tool `c.d` here: add it"),
    ("arguments.x = { from = ['registry:k'] }", 7, "tools.b.arguments.x.from", "there is no list `k` here: add it"),
    ("arguments.x = { min = 5, max = 4 }", 7, "tools.b.arguments.x.min", "is larger than `max`: no number fits"),
    ("arguments.x = { enum = [] }", 7, "tools.b.arguments.x.enum", "is empty: no value fits; list the values"),
    ("arguments.x = { id = { from = [] } }", 7, "tools.b.arguments.x.id.from", "is empty: no value may be used"),
    ("arguments.x = { id = { patern = 'a' } }", 7, "tools.b.arguments.x.id.patern", "did you mean `pattern`?"),
    ("arguments.x = { id = 5 }", 7, "tools.b.arguments.x.id", "is not known; use one of"),
    ("arguments.x = { fields = 5 }", 7, "tools.b.arguments.x.fields", "must be a table, not this number"),
    ("arguments.x = { id = {}, max = 5 }", 7, "tools.b.arguments.x.max", "the rule for the field `id` says"),
    (
        "arguments.x = { min = { max = 5 } }",
        7,
        "tools.b.arguments.x.min",
        "write `tools.b.arguments.x.fields.min` for a field that is named `min`",
    ),
    (
        "arguments.x = { from = { from = ['input'] }, fields.from = {} }",
        7,
        "tools.b.arguments.x.from",
        "is a key of the rule, and has no table",
    ),
    (
        "arguments.x = { id = {}, fields = { id = {} } }",
        7,
        "tools.b.arguments.x.fields.id",
        "is the same field as `tools.b.arguments.x.id`",
    ),
    ("arguments.x = { fields.min = { min = 2, max = 1 } }", 7, "tools.b.arguments.x.fields.min.min", "no number fits"),
    ("arguments.x = { from = ['a:id'], as = 'date' }", 7, "tools.b.arguments.x.as", "add `input` to `from`"),
    ("arguments.x = { from = 'input', as = 'date' }", 7, "tools.b.arguments.x.from", "must be a list of texts"),
    ("arguments.x = { from = ['input'], as = 'day' }", 7, "tools.b.arguments.x.as", "must be one of `date`"),
    ("after = ['b']", 7, "tools.b.after", "`b` needs `b`: none of them can ever be the first"),
    ("timeout = '2h'", 7, "tools.b.timeout", "must be a time from `1s` to `1h`"),
    ("timeout = 300", 7, "tools.b.timeout", "must be a text"),
    ("timeout = '300s'", 7, "tools.b.timeout", "is for tools of servers"),
    ("reply = { receive_bytes = 33554433 }", 7, "tools.b.reply.receive_bytes", "must be at most 33554432"),
    ("reply = { receive_bytes = 1000 }", 7, "tools.b.reply.receive_bytes", "is for tools of servers"),
    ("reply = { shown_bytes = 0 }", 7, "tools.b.reply.shown_bytes", "must be a whole number from 1"),
    ("after = ['c']", 7, "tools.b.after", "there is no tool `c` here"),
    ("after = [['b']]", 7, "tools.b.after", "`b` needs `b`: none of them can ever be the first"),
    ("after = [[]]", 7, "tools.b.after", "has an empty list, which no call can meet"),
    ("after = [['a', 'c']]", 7, "tools.b.after", "there is no tool `c` here"),
    ("after = [[['a']]]", 7, "tools.b.after", "must be a list of texts, and of lists of texts of which one is enough"),
    ("after = ['a:ok=true']", 7, "tools.b.after", "looks at a reply, which only `only_if` does"),
    ("only_if = [['a:ok=true', 'a']]", 7, "tools.b.only_if", "`a` does not say what its reply must say"),
    ("only_if = ['a:x..y=true']", 7, "tools.b.only_if", "names no call"),
    ("only_if = ['a:ok=True']", 7, "tools.b.only_if", "names no call"),
    ("never_with = [['a']]", 7, "tools.b.never_with", "has a list in it, which would mean one of these"),
    ("never_with = ['once a']", 7, "tools.b.never_with", "counts calls, and `never_with` allows none"),
    ("after = ['a']\nnever_with = ['a']", 8, "tools.b.never_with", "it can never be called"),
];

#[test]
fn a_mistake_in_a_rule_has_its_line_its_key_and_what_to_do() {
    for (lines, line, key, part) in MISTAKES.iter().copied() {
        let problems = wrong(lines);
        let [(at, of, reason)] = problems.as_slice() else { panic!("{lines}: {problems:?}") };
        assert_eq!((*at, of.as_str()), (Some(line), key), "{lines}");
        assert!(reason.contains(part), "{lines}: {reason}");
    }
    let circle = TABLES.replace("[tools.b]", "after = ['b']\n[tools.b]") + "after = ['a']\n";
    let error = Boundary::parse(&circle, "", &|_| None).unwrap_err().to_string();
    assert!(error.contains("line 4: `tools.a.after`: `a` needs `b` needs `a`: none of them can ever"), "{error}");
}

#[test]
fn a_tool_with_two_tables_is_named_with_its_line() {
    for again in ["[tools.a]\nscopes = []\neffect = 'write'", "[tools.a]"] {
        let problems = wrong(again);
        let [(line, key, reason)] = problems.as_slice() else { panic!("{problems:?}") };
        assert_eq!((*line, key.as_str()), (Some(7), "tools.a"), "{reason}");
        assert!(reason.contains("stands here a second time, which is not TOML: make one of the two"), "{reason}");
    }
    let problems = wrong("[tools.'crm.x']\nscopes = []\nscopes = []\neffect = 'read'");
    let [(line, key, reason)] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!((*line, key.as_str()), (Some(9), "scopes"), "{reason}");
}

#[test]
fn an_unset_secret_hides_no_other_problem() {
    let text =
        GOOD.replace("https://crm", "http://crm").replace("https://login.example.com", "https://login.example.com?a");
    let error = Boundary::parse(&text, "", &|_| None).unwrap_err();
    let keys: Vec<&str> = error.problems().iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["servers.crm.url", "servers.crm.issuer", "servers.crm.client_secret_env"]);
}

#[test]
fn a_draft_needs_no_secrets_and_says_which_are_missing() {
    let draft = Draft::parse(GOOD, "", &|_| None).unwrap();
    assert_eq!(draft.unset().collect::<Vec<_>>(), ["CRM_CLIENT_SECRET"]);
    assert_eq!(draft.boundary().policy().digest(), good().policy().digest());
    assert_eq!(draft.line_of("tools.\"crm.lookup\".arguments.id.from"), Some(13));
    assert_eq!(draft.line_of("tools.\"crm.lookup\".max_calls"), Some(9));
    assert_eq!(Draft::parse(GOOD, "", &|_| Some(SECRET.into())).unwrap().unset().count(), 0);
    // rules without any servers can be looked at; with servers, theirs must be among them
    let rules = "[tools.'crm.x']\nscopes = ['a']\neffect = 'read'\n";
    assert!(Draft::parse(rules, "", &|_| None).is_ok());
    let other = format!("{rules}[servers.other]\nurl = 'https://a.example'\nauthorization = 'none'\n");
    assert!(Draft::parse(&other, "", &|_| None).unwrap_err().to_string().contains("there is no server `crm`"));
}

#[test]
fn a_need_that_another_call_can_meet_makes_no_circle() {
    let tools = |a: &str, b: &str| {
        let table = |name: &str, rule: &str| format!("[tools.{name}]\nscopes = []\neffect = 'read'\n{rule}\n");
        table("a", a) + &table("b", b) + &table("c", "")
    };
    let told = |a: &str, b: &str| Boundary::parse(&tools(a, b), "", &|_| None).err().map(|error| error.to_string());
    assert_eq!(told("after = [['b', 'c']]", "after = ['a']"), None);
    assert_eq!(told("after = [['b', 'c']]", "after = [['a', 'c']]"), None);
    assert_eq!(told("after = [['b', 'c']]\nnever_with = ['b']", ""), None);
    let circle = told("after = [['b', 'a']]", "after = [['a', 'b']]").unwrap();
    assert!(circle.contains("none of them can ever be the first"), "{circle}");
    let never = told("after = [['b', 'c']]\nnever_with = ['b', 'c']", "").unwrap();
    assert!(never.contains("`b or c` must be called before it and must not be called"), "{never}");
}

#[test]
fn calls_are_written_as_they_were_read() {
    for (text, written) in [
        ("crm.a", "crm.a"),
        ("once crm.a(x, y=z)", "once crm.a(x, y=z)"),
        ("crm.a(x):profile.tier=gold", "crm.a(x):profile.tier=\"gold\""),
        ("crm.a:ok=true", "crm.a:ok=true"),
        (" once  crm.a : n = 5", "once crm.a:n=5"),
    ] {
        let call: PriorCall = text.parse().unwrap();
        assert_eq!(call.to_string(), written);
        assert_eq!(written.parse::<PriorCall>().unwrap(), call);
    }
    for wrong in ["once ", "crm.a(", "crm.a:x=", "crm.a:.x=1", "crm.a:x=gold star", "twice crm.a", "oncecrm a"] {
        assert!(wrong.parse::<PriorCall>().is_err(), "{wrong}");
    }
}

#[test]
fn what_a_call_may_take_is_set_for_each_tool() {
    let rules = "[tools.'crm.a']\nscopes = []\neffect = 'read'\ntimeout = '5m'\n\
                 reply = { receive_bytes = 4194304, shown_bytes = 100 }\n\
                 [tools.'crm.b']\nscopes = []\neffect = 'read'\ntimeout = '10s'\n\
                 [tools.'crm.c']\nscopes = []\neffect = 'read'\n";
    let draft = Draft::parse(rules, "", &|_| None).unwrap();
    let limits = |tool: &str| draft.boundary().policy().tool(&tool.try_into().unwrap()).unwrap().call_limits();
    let (a, b, c) = (limits("crm.a"), limits("crm.b"), limits("crm.c"));
    let seconds = |limits: CallLimits| (limits.timeout.as_secs(), limits.exchange.as_secs());
    assert_eq!((seconds(a), a.receive_bytes, a.shown_bytes), ((300, 300), 4 << 20, 100));
    assert_eq!((seconds(b), b.receive_bytes, b.shown_bytes), ((10, 10), 1 << 20, 16 << 10));
    assert_eq!((seconds(c), c), ((180, 60), CallLimits::default()));
}

#[test]
fn fields_are_written_short_or_under_their_own_key() {
    let rules = |text: &str| {
        let boundary = Boundary::parse(&format!("{TABLES}{text}\n"), "", &|_| None).unwrap();
        boundary.policy().tool(&name("b")).unwrap().arguments.clone()
    };
    let short = rules("arguments.x.max_items = 2\narguments.x.id = { from = ['input'] }\narguments.x.to.name = {}");
    let long = rules(
        "[tools.b.arguments.x]\nmax_items = 2\n[tools.b.arguments.x.fields.id]\nfrom = ['input']\n[tools.b.arguments.x.to.fields.name]",
    );
    assert_eq!(short, long);
    let x = &short["x"];
    assert_eq!((x.max_items, x.fields.len(), x.fields["to"].fields.len()), (Some(2), 2, 1));
    let fields = rules("arguments.x.fields = { min = {}, from = { min = 1 }, fields = { fields.as = {} } }");
    let names: Vec<&str> = fields["x"].fields.keys().map(String::as_str).collect();
    assert_eq!(names, ["fields", "from", "min"]);
    assert!(fields["x"].fields["fields"].fields.contains_key("as"));
}

#[test]
fn fields_that_a_locked_definition_does_not_have_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let item = json!({ "type": "object", "properties": { "id": { "type": "string" } } });
    let schema = json!({ "type": "object", "$defs": { "Item": item }, "properties": {
        "list": { "anyOf": [{ "type": "array", "items": { "$ref": "#/$defs/Item" } }, { "type": "null" }] }, "free": {} } });
    let spec = abide_base::call::ToolSpec::new(name("crm.x"), "", schema, None);
    std::fs::write(folder.path().join("tools.lock"), ToolLock::of(&[spec]).to_text().unwrap()).unwrap();
    let text = "lock = 'tools.lock'\n[tools.'crm.x']\nscopes = []\neffect = 'read'\narguments.list.id = {}\narguments.free.x.y = {}\n";
    assert!(Draft::parse(text, folder.path(), &|_| None).is_ok());
    let error = Draft::parse(&text.replace("list.id", "list.idd"), folder.path(), &|_| None).unwrap_err().to_string();
    assert!(
        error.contains("line 5: `tools.\"crm.x\".arguments.list.idd`: is not a field of an argument of this tool"),
        "{error}"
    );
}
