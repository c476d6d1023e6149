#![no_main]
//! A line of recorded calls, decided again under rules of every kind.

use std::sync::LazyLock;

use abide::guard::{
    Policy,
    recording::Recording,
    replay::{Decision, replay},
};
use libfuzzer_sys::fuzz_target;

const RULES: &str = r#"
[servers.crm]
url = "https://crm.example/mcp"
issuer = "https://login.example"
client_id = "a"
client_secret_env = "SECRET"

[tools."crm.a"]
scopes = ["a:b"]
effect = "external"
other_arguments = "allow"
max_calls = 3
distinct = { argument = "x", max = 2 }
after = ["crm.b(x)"]
only_if = ["crm.b:ok=true"]
never_with = ["crm.c"]
no_egress = ["sensitive:number", "crm.c", "input:draft"]
arguments.x = { max_chars = 40, max_items = 3, from = ["input:request", "registry:known", "crm.b:name"] }
arguments.link = { links = ["corp.example"] }
arguments.url = { hosts = ["*.corp.example"] }
arguments.path = { path_root = "/srv" }
arguments.n = { min = 1, max = 9, enum = [1, 2, 3] }

[tools."crm.b"]
scopes = []
effect = "read"
reply = { max_bytes = 500, markup = "refuse" }

[tools."crm.c"]
scopes = []
effect = "write"

[tools.f]
scopes = []
effect = "read"
arguments.t = { pattern = "[a-z]+", min_chars = 2, prefix = ["a", "b"] }

[registry]
known = ["ann", "@corp.example"]

[sensitive.number]
pattern = "[0-9]{8}"

[canaries]
values = ["canary17"]

[limits]
tool_calls = 6
outgoing_bytes = 200
"#;

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::parse(RULES, "/nonexistent").unwrap());

fuzz_target!(|line: &[u8]| {
    let policy = &*POLICY;
    let Ok(recording) = serde_json::from_slice::<Recording>(line) else { return };
    let Ok(decided) = replay(policy, &recording) else { return };
    assert_eq!(decided.len(), recording.calls.len());
    let permitted = |tool: &str| {
        let calls = recording.calls.iter().zip(&decided);
        calls.filter(|(call, made)| call.tool == tool && made.decision == Decision::Permit).count()
    };
    assert!(decided.iter().all(|made| made.event.is_some() == (made.decision == Decision::Deny)));
    assert!(permitted("crm.a") <= 3);
    assert!(permitted("crm.a") == 0 || permitted("crm.c") == 0);
    assert!(decided.iter().filter(|made| made.decision == Decision::Permit).count() <= 6);
    assert!(decided.iter().skip(6).all(|made| made.decision == Decision::Deny));
    for (call, made) in recording.calls.iter().zip(&decided) {
        let known = ["crm.a", "crm.b", "crm.c", "f"].contains(&call.tool.as_str());
        assert!(known || made.decision == Decision::Deny);
    }
    assert_eq!(replay(policy, &recording).unwrap(), decided);
});
