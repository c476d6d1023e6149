#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::super::structure::*;

fn structured(content: Value) -> Value {
    Structure::of(&content).value.into_owned()
}

#[test]
fn a_reply_that_is_json_as_text_has_its_fields() {
    let row = json!({ "id": "A1", "nested": [{ "n": 5 }] });
    let text = row.to_string();
    let pretty = serde_json::to_string_pretty(&row).unwrap();
    for reply in [
        text.clone(),
        pretty.clone(),
        format!("\u{feff}{pretty}\n"),
        format!(" \r\n\t{text} "),
        json!(text).to_string(),
    ] {
        assert_eq!(structured(json!(reply)), row, "{reply:?}");
        assert_eq!(structured(json!({ "result": reply })), json!({ "result": row }), "{reply:?}");
    }
    let rows = json!([row, row]);
    for reply in [
        rows.to_string(),
        format!("{text}\n{text}"),
        format!("{text}\r\n\r\n{text}\n"),
        format!("{pretty}\n{pretty}"),
        json!(rows.to_string()).to_string(),
    ] {
        assert_eq!(structured(json!(reply)), rows, "{reply:?}");
    }
    assert_eq!(structured(json!(["2 rows", text, pretty, 5])), json!(["2 rows", row, row, 5]));
}

#[test]
fn a_text_with_json_in_it_stays_a_text() {
    let text = r#"{"id": "EVIL1"}"#;
    for reply in [
        json!(format!("Here it is: {text}")),
        json!(format!("{text} is what you asked for")),
        json!(format!("{text}\nThat is all.")),
        json!(format!("{text} {text}")),
        json!(format!("{text}{text}")),
        json!(format!("{text},\n{text}")),
        json!(format!("```json\n{text}\n```")),
        json!("{'id': 'EVIL1'}"),
        json!("id: EVIL1"),
        json!("{\"id\": \"EVIL1\""),
        json!("5\n6"),
        json!("\"EVIL1\""),
        json!(json!(json!(text).to_string()).to_string()),
        json!({ "body": text }),
        json!({ "result": text, "more": 1 }),
        json!({ "result": [text] }),
        json!({ "result": { "result": text } }),
        json!([{ "text": text }]),
        json!([[text]]),
    ] {
        assert_eq!(structured(reply.clone()), reply, "{reply}");
    }
}

#[test]
fn what_is_read_is_bounded() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(structured(json!(deep)), json!(deep));
    let long = json!({ "id": "A1", "text": "x".repeat(MAX_TEXT) }).to_string();
    assert_eq!(structured(json!(long)), json!(long));
    // all blocks together
    let half = json!({ "text": "x".repeat(MAX_TEXT / 2) });
    let blocks = structured(json!([half.to_string(), half.to_string()]));
    assert_eq!(blocks, json!([half, half.to_string()]));
}

#[test]
fn the_top_of_a_list_is_what_its_rows_have_alike() {
    let top = |content: Value| {
        let structure = Structure::of(&content);
        let fields =
            ["ok", "n", "more"].into_iter().filter_map(|field| Some((field.to_owned(), structure.field(field)?)));
        Value::Object(fields.collect())
    };
    let row = json!({ "ok": true, "n": 1, "more": {} });
    let fields = json!({ "ok": true, "n": 1 });
    for content in [
        row.clone(),
        json!([row]),
        json!([[row], row]),
        json!(row.to_string()),
        json!([row.to_string()]),
        json!({ "result": row.to_string() }),
        json!({ "result": [row] }),
        json!({ "result": json!([row]).to_string() }),
    ] {
        assert_eq!(top(content.clone()), fields, "{content}");
    }
    assert_eq!(top(json!([{ "ok": true, "n": 1 }, { "ok": true, "n": 2 }, { "ok": true }])), json!({ "ok": true }));
    for content in [
        json!([]),
        json!([row, null]),
        json!([row, "a note"]),
        json!(["a note", row.to_string()]),
        json!({ "result": row }),
        json!("ok"),
        json!(null),
    ] {
        assert_eq!(top(content.clone()), json!({}), "{content}");
    }
}
