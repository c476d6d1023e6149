use super::super::tests::*;

/// The result that a call is read as, and what was noted.
fn of_call(result: Value) -> (Value, Vec<String>) {
    let (mut read, noted) = result_as(call(), &result);
    (read["result"].take(), noted)
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

#[test]
fn whether_it_failed_may_be_said_in_many_ways() {
    for (said, failed) in [
        (json!(true), true),
        (json!(false), false),
        (Value::Null, false),
        (json!(0), false),
        (json!(0.0), false),
        (json!(1), true),
        (json!("true"), true),
        (json!("False"), false),
        (json!(""), false),
        // taken for a failure, it vouches for nothing
        (json!("maybe"), true),
        (json!({}), true),
        (json!([]), true),
    ] {
        let (read, noted) = of_call(json!({ "content": [text("x")], "isError": said }));
        assert_eq!((&read["isError"], &read["content"]), (&json!(failed), &json!([text("x")])), "{said}");
        let is_odd = !said.is_boolean() && !said.is_null();
        assert_eq!(noted.len(), usize::from(is_odd), "{said}: {noted:?}");
        assert!(noted.iter().all(|odd| odd.starts_with("`isError` of `crm.look_up`: ")), "{noted:?}");
    }
    assert_eq!(of_call(json!({ "content": [] })).0["isError"], false);
}

#[test]
fn content_may_be_written_in_many_ways() {
    for (content, read, odd) in [
        (json!([text("x")]), json!([text("x")]), 0),
        (json!([]), json!([]), 0),
        (Value::Null, json!([]), 0),
        (json!("x"), json!([text("x")]), 2),
        (text("x"), json!([text("x")]), 1),
        (json!(["x", text("y")]), json!([text("x"), text("y")]), 1),
    ] {
        let (result, noted) = of_call(json!({ "content": content, "isError": false }));
        assert_eq!((&result["content"], noted.len()), (&read, odd), "{content}: {noted:?}");
    }
}

#[test]
fn a_block_that_cannot_be_read_costs_that_block() {
    for (odd, kind) in [
        (json!({ "type": "video", "data": "QUJD" }), "unknown"),
        (json!({ "type": 5 }), "unknown"),
        (json!({}), "unknown"),
        (json!(5), "unknown"),
        (Value::Null, "unknown"),
        (json!({ "type": "text" }), "text"),
        (json!({ "type": "text", "text": null }), "text"),
        (json!({ "type": "image", "data": "QUJD" }), "image"),
        (json!({ "type": "audio", "mimeType": "audio/wav" }), "audio"),
        (json!({ "type": "resource" }), "resource"),
        (json!({ "type": "resource", "resource": { "text": "x" } }), "resource"),
        (json!({ "type": "resource_link", "uri": "file:///x" }), "resource_link"),
    ] {
        let (read, noted) = of_call(json!({ "content": [text("a"), odd, text("b")] }));
        assert_eq!((&read["content"][0], &read["content"][2]), (&text("a"), &text("b")), "{odd}");
        let shown = json!({ "type": kind, "omitted": true });
        assert_eq!(read["content"][1]["_meta"][OMITTED], shown, "{odd}: {read}");
        let part = "content block 2 of `crm.look_up`: ";
        assert!(noted.len() == 1 && noted[0].starts_with(part), "{odd}: {noted:?}");
    }
}

#[test]
fn what_a_block_says_besides_may_be_odd() {
    for block in [
        json!({ "type": "text", "text": "x", "annotations": { "priority": "high" } }),
        json!({ "type": "text", "text": "x", "_meta": 5 }),
        json!({ "type": "text", "text": "x", "annotations": [], "_meta": "x" }),
    ] {
        let (read, noted) = of_call(json!({ "content": [block] }));
        assert_eq!(read["content"], json!([text("x")]), "{block}");
        assert_eq!(noted.len(), 1, "{noted:?}");
    }
    let link = json!({ "type": "resource_link", "uri": "file:///x", "name": "x", "size": "12", "icons": "x" });
    let (read, _) = of_call(json!({ "content": [link] }));
    assert_eq!(read["content"], json!([{ "type": "resource_link", "uri": "file:///x", "name": "x" }]));
    let resource = json!({ "type": "resource", "resource": { "uri": "file:///x", "text": "words", "mimeType": 5 } });
    let (read, _) = of_call(json!({ "content": [resource] }));
    assert_eq!(read["content"][0]["resource"], json!({ "uri": "file:///x", "text": "words" }));
}

#[test]
fn a_result_is_one_of_a_call_whatever_stands_beside_it() {
    for (member, value) in [
        ("tools", json!([])),
        ("supportedVersions", json!(["2026-07-28"])),
        ("messages", json!([])),
        ("task", json!({})),
        ("_meta", json!(5)),
        ("resultType", Value::Null),
    ] {
        let mut result = json!({ "content": [text("x")], "capabilities": {}, "resources": [] });
        result[member] = value;
        let (read, _) = result_as(call(), &result);
        let read: ServerJsonRpcMessage = serde_json::from_value(read).unwrap();
        let ServerJsonRpcMessage::Response(answer) = read else { panic!("{member}") };
        assert!(matches!(answer.result, rmcp::model::ServerResult::CallToolResult(_)), "{member}: {:?}", answer.result);
    }
}

#[test]
fn what_is_no_result_of_a_call_is_not_taken_for_one() {
    for result in [
        json!("done"),
        json!(["done"]),
        json!(5),
        json!({ "answer": 5 }),
        json!({ "resultType": "unheard of", "content": [text("x")] }),
        json!({ "resultType": 5, "content": [text("x")] }),
        json!({ "resultType": "input_required", "content": [text("x")] }),
    ] {
        let (read, _) = result_as(call(), &result);
        let read: ServerJsonRpcMessage = serde_json::from_value(read).unwrap();
        let is_call = matches!(&read, ServerJsonRpcMessage::Response(answer)
            if matches!(answer.result, rmcp::model::ServerResult::CallToolResult(_)));
        assert!(!is_call, "{result}: {read:?}");
    }
    // nothing said is nothing answered
    for result in [json!({}), Value::Null, json!({ "resultType": "complete" }), json!({ "_meta": {} })] {
        let (read, noted) = of_call(result.clone());
        assert_eq!((&read["content"], noted.len()), (&json!([]), 0), "{result}");
    }
}

#[test]
fn the_plain_way_reads_what_the_other_does() {
    for result in [
        json!({ "content": [text("x")] }),
        json!({ "content": [text("x")], "isError": true, "structuredContent": { "a": 1 } }),
        json!({ "resultType": "complete", "content": [], "structuredContent": null }),
    ] {
        let message = json!({ "jsonrpc": "2.0", "id": 7, "result": result }).to_string();
        let plain = plain_call(message.as_bytes(), &seven()).unwrap();
        let read = parse(message.as_bytes()).unwrap();
        let read = super::read(read, Expected::Sole(&seven(), &call()), &oddities()).unwrap();
        let of = |message: ServerJsonRpcMessage| {
            let ServerJsonRpcMessage::Response(answer) = message else { panic!("{message:?}") };
            let rmcp::model::ServerResult::CallToolResult(result) = answer.result else { panic!("{answer:?}") };
            (result.content, result.structured_content, result.is_error.unwrap_or_default())
        };
        assert_eq!(of(plain), of(read), "{message}");
    }
    for other in [
        r#"{"jsonrpc":"2.0","id":8,"result":{"content":[]}}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{"content":[]},"error":null}"#,
        r#"["2.0",7,{"content":[]}]"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"video"}]}}"#,
    ] {
        assert!(plain_call(other.as_bytes(), &seven()).is_none(), "{other}");
    }
}
