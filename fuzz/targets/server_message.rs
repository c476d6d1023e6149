#![no_main]
//! A message of a server, as the answer to request 7. The first byte says what was asked, and whether it comes as an event.

use abide::{
    mcp::client::fuzzing::{Asked, cleaned, read},
    net::Bytes,
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: (u8, &[u8])| {
    let asked = [Asked::Initialize, Asked::Discover, Asked::Tools, Asked::Call, Asked::Other][usize::from(input.0 % 5)];
    if input.0 >= 128 {
        for event in cleaned(asked, vec![Bytes::copy_from_slice(input.1)]) {
            // the protocol library reads what is passed on
            let message: Value = serde_json::from_str(&event).unwrap();
            check_message(asked, &message);
        }
        return;
    }
    let (message, oddities) = read(asked, input.1);
    assert!(oddities.len() <= 64);
    for odd in &oddities {
        assert!(odd.chars().count() < 1_000 && !odd.chars().any(char::is_control), "{odd:?}");
    }
    let Some(message) = message else { return };
    check_message(asked, &message);
    if let Some(tools) = message["result"]["tools"].as_array().filter(|_| asked == Asked::Tools) {
        check_tools(tools, input.1);
    }
    // what was read has nothing odd in it any more
    if message["error"]["data"].get("abide/unusable").is_none() {
        let (again, oddities) = read(asked, message.to_string().as_bytes());
        assert!(oddities.is_empty(), "{oddities:?}");
        let again = again.expect("what was read can be read");
        for member in ["id", "method"] {
            assert_eq!(again.get(member), message.get(member));
        }
        assert_eq!(again.get("result").is_some(), message.get("result").is_some(), "{message}");
    }
});

/// One message: an answer to what was asked, or one of the server's own.
fn check_message(asked: Asked, message: &Value) {
    assert_eq!(message["jsonrpc"], "2.0");
    let members = ["method", "result", "error"].iter().filter(|name| message.get(**name).is_some()).count();
    assert_eq!(members, 1, "{message}");
    if message.get("method").is_none() {
        assert_eq!(message["id"], 7, "{message}");
    }
    let Some(result) = message.get("result") else { return };
    match asked {
        Asked::Initialize => assert!(result["protocolVersion"].is_string() && result["serverInfo"].is_object()),
        Asked::Discover => assert!(result["supportedVersions"].as_array().is_some_and(|versions| !versions.is_empty())),
        _ => {}
    }
}

/// Every tool is one that the server listed: under that name, with that schema.
fn check_tools(tools: &[Value], sent: &[u8]) {
    let text = String::from_utf8_lossy(sent);
    let sent: Option<Value> = serde_json::from_str(text.trim().trim_start_matches('\u{feff}')).ok();
    let Some(sent) = sent else { return };
    let sent = if sent.is_array() { &sent[0] } else { &sent };
    let listed: Vec<&Value> = sent["result"]["tools"].as_array().into_iter().flatten().collect();
    for tool in tools {
        let is_listed =
            listed.iter().any(|one| one["name"] == tool["name"] && one["inputSchema"] == tool["inputSchema"]);
        assert!(tool["name"].is_string() && tool["inputSchema"].is_object(), "{tool}");
        assert!(is_listed || listed.is_empty(), "{tool}");
    }
}
