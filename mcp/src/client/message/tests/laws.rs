//! What holds whatever a server sends.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::super::tests::*;

const NAMES: &[&str] = &[
    "jsonrpc",
    "id",
    "result",
    "error",
    "method",
    "params",
    "tools",
    "name",
    "inputSchema",
    "outputSchema",
    "title",
    "icons",
    "sizes",
    "src",
    "annotations",
    "_meta",
    "description",
    "nextCursor",
    "ttlMs",
    "cacheScope",
    "content",
    "structuredContent",
    "isError",
    "type",
    "text",
    "data",
    "mimeType",
    "resource",
    "uri",
    "resultType",
    "capabilities",
    "serverInfo",
    "version",
    "instructions",
    "protocolVersion",
    "supportedVersions",
    "code",
    "message",
    "inputRequests",
];
const WORDS: &[&str] = &[
    "2.0",
    "7",
    "a",
    "text",
    "image",
    "audio",
    "resource",
    "resource_link",
    "complete",
    "input_required",
    "task",
    "",
    "2025-11-25",
    "2026-07-28",
    "public",
    "true",
    "0",
    "notifications/tools/list_changed",
    "ping",
    "-32603",
];

fn any(random: &mut StdRng, depth: u32) -> Value {
    let word = |random: &mut StdRng| WORDS[random.random_range(0..WORDS.len())];
    match random.random_range(0..if depth == 0 { 5 } else { 9 }) {
        0 => Value::Null,
        1 => Value::from(random.random_bool(0.5)),
        2 => Value::from(random.random_range(-3..9)),
        3 => Value::from(f64::from(random.random_range(-20..20)) / 4.0),
        4 => Value::from(word(random)),
        5 => (0..random.random_range(0..4)).map(|_| any(random, depth - 1)).collect(),
        _ => {
            let count = random.random_range(0..8);
            let member =
                |random: &mut StdRng| (NAMES[random.random_range(0..NAMES.len())].to_owned(), any(random, depth - 1));
            Value::Object((0..count).map(|_| member(random)).collect())
        }
    }
}

/// Something near what is asked for, with some of it replaced by anything.
fn near(asked: &Asked, random: &mut StdRng) -> Value {
    let mut result = match asked {
        Asked::Initialize => json!({ "protocolVersion": "2025-11-25", "capabilities": { "tools": {} },
            "serverInfo": { "name": "x", "version": "1", "icons": [{ "src": "x", "sizes": ["a"] }] }, "instructions": "a" }),
        Asked::Discover => json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {},
            "ttlMs": 0, "cacheScope": "private" }),
        Asked::Tools => json!({ "tools": [{ "name": "a", "inputSchema": { "type": "object" }, "title": "A",
            "icons": [{ "src": "x", "sizes": ["48x48"] }], "annotations": { "title": "A" }, "outputSchema": {} },
            { "name": "b", "inputSchema": {} }], "nextCursor": "c", "ttlMs": 5, "_meta": {} }),
        _ => json!({ "content": [{ "type": "text", "text": "x", "annotations": { "priority": 1 } },
            { "type": "image", "data": "QUJD", "mimeType": "image/png" },
            { "type": "resource", "resource": { "uri": "x:", "text": "x", "mimeType": "a/b" } },
            { "type": "resource_link", "uri": "x:", "name": "x", "size": 3 }],
            "structuredContent": { "a": 1 }, "isError": false, "resultType": "complete" }),
    };
    for _ in 0..random.random_range(0..3) {
        replace(&mut result, random);
    }
    result
}

/// Replaces one value somewhere inside.
fn replace(value: &mut Value, random: &mut StdRng) {
    let count = value.as_array().map(Vec::len).or(value.as_object().map(Map::len)).unwrap_or_default();
    if count == 0 || random.random_bool(0.2) {
        *value = any(random, 2);
        return;
    }
    let at = random.random_range(0..count);
    match value {
        Value::Array(list) => replace(&mut list[at], random),
        Value::Object(map) => replace(map.values_mut().nth(at).unwrap(), random),
        _ => {}
    }
}

#[test]
fn whatever_comes_is_an_answer_to_what_was_asked_or_none() {
    let mut random = StdRng::seed_from_u64(7);
    for round in 0..20_000 {
        let asked = match round % 5 {
            0 => Asked::Initialize,
            1 => Asked::Discover,
            2 => Asked::Tools,
            3 => call(),
            _ => Asked::Other,
        };
        let mut message = json!({ "jsonrpc": "2.0", "id": 7, "result": near(&asked, &mut random) });
        if random.random_bool(0.3) {
            replace(&mut message, &mut random);
        }
        let sent = message.to_string();
        let (read, noted) = read_as(asked.clone(), &sent);
        assert!(noted.len() <= 64 && noted.iter().all(|odd| !odd.contains(char::is_control)), "{sent}: {noted:?}");
        let Ok(read) = read else { continue };
        let members = ["method", "result", "error"].iter().filter(|name| read.get(**name).is_some()).count();
        assert_eq!((members, &read["jsonrpc"]), (1, &json!("2.0")), "{sent}: {read}");
        assert!(read.get("method").is_some() || read["id"] == 7, "{sent}: {read}");
        // the protocol library reads what is passed on
        serde_json::from_value::<ServerJsonRpcMessage>(read.clone()).unwrap_or_else(|error| panic!("{read}: {error}"));
        if asked == Asked::Tools && read.get("result").is_some() {
            let listed = message["result"]["tools"].as_array().cloned().unwrap_or_default();
            for tool in read["result"]["tools"].as_array().into_iter().flatten() {
                let same = |one: &&Value| one["name"] == tool["name"] && one["inputSchema"] == tool["inputSchema"];
                assert!(listed.iter().any(|one| same(&one)), "{sent}: {tool}");
            }
        }
        if read["error"]["data"].get(UNUSABLE).is_none() {
            let (again, noted) = read_as(asked, &read.to_string());
            assert_eq!(noted, [""; 0], "{sent}: {read}");
            assert_eq!(again.unwrap()["id"], read["id"], "{sent}");
        }
    }
}
