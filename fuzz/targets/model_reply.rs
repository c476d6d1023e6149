#![no_main]
//! A reply of a model, read by every adapter: what is read fits the signature, and is read back as the same.

use std::sync::LazyLock;

use abide::{
    Fields, SignatureSpec, SlotState,
    adapter::{Adapter, Chat, Json, Task, Xml},
    lm::LmReply,
    shape::{find_json, parse_json},
};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

static SPEC: LazyLock<SignatureSpec> = LazyLock::new(|| {
    let item = json!({
        "type": "object", "required": ["name", "count"],
        "properties": {"name": {"type": "string"}, "count": {"type": "integer", "minimum": 0, "maximum": 255},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/item"}}},
    });
    let spec = json!({
        "name": "Fuzz", "inputs": [],
        "outputs": [
            {"name": "text"},
            {"name": "mood", "schema": {"enum": ["calm", "very urgent"]}},
            {"name": "note", "schema": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
            {"name": "items", "schema": {"type": "array", "items": {"$ref": "#/$defs/item"}, "$defs": {"item": item}}},
            {"name": "any", "schema": {"anyOf": [{"type": "integer"}, {"type": "boolean"}, {"type": "null"}]}},
        ],
    });
    SignatureSpec::of_json(&spec).unwrap()
});

fuzz_target!(|reply: &str| {
    if let Ok(parsed) = parse_json(reply) {
        assert!(parsed.read <= reply.len());
        assert!(!parsed.is_strict || serde_json::from_str::<serde_json::Value>(&reply[..parsed.read]).is_ok());
    }
    let _ = find_json(reply);
    let _ = SignatureSpec::parse(reply);
    let (state, inputs) = (SlotState::default(), Fields::new());
    let task = Task::new(&SPEC, &state, &inputs);
    for adapter in [&Chat as &dyn Adapter, &Json::new(), &Xml] {
        let Ok(read) = adapter.accept(&task, &LmReply::new(reply)) else { continue };
        assert_eq!(SPEC.check_outputs(&read.outputs), []);
        let again = adapter.reply(&task, &read.outputs);
        let again = adapter.accept(&task, &LmReply::new(again.text())).unwrap();
        assert!(again.flags.is_empty(), "{:?}", again.flags);
        for (name, value) in read.outputs.iter() {
            assert_eq!(again.outputs.get(name), Some(value));
        }
    }
});
