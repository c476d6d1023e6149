use serde_json::json;

use crate::session::Structure;

#[test]
fn a_field_has_one_value_wherever_it_stands() {
    for (reply, path, value) in [
        (json!({ "ok": true }), "ok", Some(json!(true))),
        (json!({ "ok": null }), "ok", Some(json!(null))),
        (json!({ "profile": { "tier": "gold" } }), "profile.tier", Some(json!("gold"))),
        (json!({ "a": { "b": { "c": 1 } } }), "a.b.c", Some(json!(1))),
        (json!({ "list": [{ "ok": 1 }, { "ok": 1 }] }), "list.ok", Some(json!(1))),
        (json!([{ "ok": 1 }, [{ "ok": 1 }]]), "ok", Some(json!(1))),
        (json!({ "tags": ["gold", "gold"] }), "tags", Some(json!("gold"))),
        (json!({ "a.b": 1 }), "a.b", Some(json!(1))),
        (json!({ "a.b": { "c": 1 }, "a": { "b": { "c": 1 } } }), "a.b.c", Some(json!(1))),
        (json!(" {\"profile\": {\"tier\": \"gold\"}}"), "profile.tier", Some(json!("gold"))),
        (json!("[{\"ok\": true}]"), "ok", Some(json!(true))),
        (json!({ "result": [{ "ok": 1 }] }), "ok", Some(json!(1))),
        (json!({ "result": [{ "ok": 1 }] }), "result.ok", Some(json!(1))),
        (json!({ "result": { "ok": 1 } }), "result.ok", Some(json!(1))),
        (json!({ "result": "{\"ok\": 1}" }), "ok", Some(json!(1))),
        // a text below the root stays one
        (json!({ "note": "{\"ok\": 1}" }), "note.ok", None),
        // missing, several, or nothing to compare
        (json!({ "deep": { "ok": true } }), "ok", None),
        (json!({ "profile": { "level": "gold" } }), "profile.tier", None),
        (json!({ "profile": "gold" }), "profile.tier", None),
        (json!({ "profile": { "tier": { "name": "gold" } } }), "profile.tier", None),
        (json!({ "list": [{ "ok": 1 }, { "ok": 2 }] }), "list.ok", None),
        (json!({ "list": [{ "ok": 1 }, {}] }), "list.ok", None),
        (json!({ "list": [{ "ok": 1 }, 1] }), "list.ok", None),
        (json!({ "list": [] }), "list.ok", None),
        (json!({ "list": [{ "ok": 1 }, []] }), "list.ok", None),
        (json!({ "tags": ["gold", "vip"] }), "tags", None),
        (json!({ "a.b": 1, "a": { "b": 2 } }), "a.b", None),
        (json!({ "a.b": 1, "a": {} }), "a.b", None),
        (json!("ok"), "ok", None),
        (json!("{\"ok\": true"), "ok", None),
        (json!("\"ok\""), "ok", None),
        (json!(7), "ok", None),
    ] {
        assert_eq!(Structure::of(&reply).field(path), value, "{path} in {reply}");
    }
}
