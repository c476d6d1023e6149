#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use abide_base::secret::Secret;

use super::super::reply::*;

fn unchecked(result: Value, retry: Idempotency) -> Result<Unchecked, ToolError> {
    of_call(serde_json::from_value(result).unwrap(), "look_up", retry)
}

fn reply(result: Value) -> Result<ToolReply, ToolError> {
    Ok(unchecked(result, Idempotency::Repeatable)?.reply)
}

async fn check(schema: &Arc<Schema>, reply: ToolReply, permits: &CheckPermits) -> Result<ToolReply, ToolError> {
    Unchecked::from(reply).check(Some(schema), permits).await
}

fn failed(text: &str) -> Result<ToolReply, ToolError> {
    reply(json!({ "isError": true, "content": [{ "type": "text", "text": text }] }))
}

fn error(code: i32, message: &str) -> ErrorData {
    serde_json::from_value(json!({ "code": code, "message": message })).unwrap()
}

#[test]
fn structured_content_comes_first() {
    let text = json!([{ "type": "text", "text": "x" }]);
    for content in [json!({ "a": 1 }), json!([1]), json!("s"), json!(0), json!(false)] {
        let result = json!({ "content": text, "structuredContent": content });
        assert_eq!(reply(result).unwrap(), ToolReply::done(content));
    }
}

#[test]
fn structured_content_that_is_null_hides_no_text() {
    let text = |text: &str| json!({ "type": "text", "text": text });
    for (content, expected) in [
        (json!([text("x")]), json!("x")),
        (json!([text("")]), json!("")),
        (json!([text("a"), text("b")]), json!(["a", "b"])),
        (json!([{ "type": "image", "data": "", "mimeType": "image/png" }]), media("image", "", "image/png")),
        (json!([]), Value::Null),
        (Value::Null, Value::Null),
    ] {
        let result = json!({ "content": content, "structuredContent": null });
        assert_eq!(reply(result).unwrap(), ToolReply::done(expected));
    }
    let failed = json!({ "content": [text("no")], "structuredContent": null, "isError": true });
    assert_eq!(reply(failed).unwrap(), ToolReply::failed("no"));
}

#[test]
fn text_stays_text_and_the_rest_is_left_out() {
    let one = json!({ "content": [{ "type": "text", "text": "{\"a\":1}" }] });
    assert_eq!(reply(one).unwrap(), ToolReply::done("{\"a\":1}"));
    let several = json!({ "content": [
        { "type": "text", "text": "a" },
        { "type": "image", "data": "QUJD", "mimeType": "image/png" },
        { "type": "audio", "data": "QUJD", "mimeType": "audio/wav" },
        { "type": "resource_link", "uri": "file:///x", "name": "x" },
        { "type": "resource", "resource": { "uri": "file:///y", "text": "words" } },
        { "type": "resource", "resource": { "uri": "file:///z", "blob": "QUJD" } },
    ] });
    let omitted = |kind: &str, of: &str| json!({ "type": kind, "omitted": true, "mime_type": of, "bytes": 3 });
    let link = json!({ "type": "resource_link", "uri": "file:///x", "name": "x" });
    let text = json!({ "type": "resource", "uri": "file:///y", "text": "words" });
    let (image, audio) = (omitted("image", "image/png"), omitted("audio", "audio/wav"));
    let expected = json!(["a", image, audio, link, text, omitted("resource", "")]);
    assert_eq!(reply(several).unwrap(), ToolReply::done(expected));
    assert_eq!(reply(json!({ "content": [] })).unwrap(), ToolReply::done(Value::Null));
}

#[test]
fn a_failure_is_a_reply() {
    assert_eq!(failed("no such customer").unwrap(), ToolReply::failed("no such customer"));
}

#[test]
fn unknown_tools_are_told_from_things_not_found() {
    for text in [
        "Unknown tool: look_up",
        "Unknown tool: 'look_up'",
        "MCP error -32602: Tool look_up not found",
        "tool not found",
    ] {
        assert_eq!(failed(text).unwrap_err(), ToolError::UnknownTool, "{text}");
        for code in [-32602, -32601] {
            let error = of_protocol_error(&error(code, text), "look_up", &Redactor::new());
            assert_eq!(error.unwrap_err(), ToolError::UnknownTool, "{text}");
        }
    }
    let of_write = |text: &str| {
        unchecked(json!({ "isError": true, "content": [{ "type": "text", "text": text }] }), Idempotency::Once)
    };
    for text in ["Unknown tool: look_up", "Unknown tool: 'look_up'"] {
        assert_eq!(of_write(text).unwrap_err(), ToolError::UnknownTool, "{text}");
    }
    for text in ["Tool look_up not found", "tool not found", "Unknown tool: hammer", "Unknown tool: look_up, noted"] {
        let reply = of_write(text).unwrap().reply;
        assert_eq!(reply, ToolReply::failed(text), "it may have changed something all the same");
    }
    for text in ["customer not found", "the tool box was not found", &format!("Unknown tool {}", "x".repeat(200))] {
        assert_eq!(failed(text).unwrap().status, ReplyStatus::Failed, "{text}");
    }
}

#[test]
fn protocol_errors_have_their_own_places() {
    let wrong = of_protocol_error(&error(-32602, "`limit` is not a number"), "look_up", &Redactor::new()).unwrap();
    assert_eq!(wrong, ToolReply::failed("`limit` is not a number"));
    let long = of_protocol_error(&error(-32602, &"ä".repeat(10_000)), "look_up", &Redactor::new()).unwrap();
    assert!(long.content.as_str().unwrap().len() <= MAX_MESSAGE);
    for code in [-32700, -32600, -32601, -32020, -32021, -32022] {
        let other = of_protocol_error(&error(code, "words\u{1b}"), "t", &Redactor::new()).unwrap_err();
        assert_eq!(other, ToolError::Rejected { code, message: "words\\u{1b}".into() });
        assert!(!other.is_infrastructure() && !other.is_unconfirmed() && !other.model_text().contains("words"));
    }
    let page = of_protocol_error(&error(-32042, "go there"), "t", &Redactor::new()).unwrap_err();
    assert!(matches!(page, ToolError::InputRequired { .. }), "{page}");
}

#[test]
fn what_a_server_reports_of_a_failed_tool_is_the_tools_own_failure() {
    for code in [-32603, -32000, -32001, -32002, -32050, -1, 0, 1, 404, 500] {
        let failed = of_protocol_error(&error(code, "database is locked"), "t", &Redactor::new()).unwrap();
        assert_eq!(failed, ToolReply::failed("database is locked"), "{code}");
    }
    let silent = of_protocol_error(&error(-32603, " "), "t", &Redactor::new()).unwrap();
    assert_eq!(silent, ToolReply::failed("JSON-RPC error -32603"));
}

#[test]
fn a_block_that_was_left_out_is_named() {
    let block = |shown: Value| json!({ "type": "text", "text": "", "_meta": { OMITTED: shown } });
    let shown = json!({ "type": "unknown", "omitted": true });
    let result = json!({ "content": [{ "type": "text", "text": "a" }, block(shown.clone())] });
    assert_eq!(reply(result).unwrap(), ToolReply::done(json!(["a", shown])));
}

#[test]
fn data_that_is_not_shown_has_a_size_and_a_type() {
    for (data, bytes) in [("", 0), ("QQ==", 1), ("QUI=", 2), ("QUJD", 3), ("QUJDRA", 4), ("====", 0), ("=", 0)] {
        assert_eq!(media("image", data, "image/png")["bytes"], bytes, "{data}");
    }
    let long = media("image", "", &"x\u{202e}`".repeat(1_000));
    let shown = long["mime_type"].as_str().unwrap();
    assert!(shown.chars().count() < 2_000 && !shown.contains(['\u{202e}', '`']), "{shown}");
}

#[test]
fn a_secret_where_a_message_is_cut_is_taken_out_as_a_whole() {
    let redactor = Redactor::new();
    redactor.learn(&Secret::new("a-secret-token".to_owned()));
    for at in 0..="a-secret-token".len() {
        let text = format!("{}a-secret-token", "x".repeat(MAX_MESSAGE - at));
        let reply = of_protocol_error(&error(-32602, &text), "look_up", &redactor).unwrap();
        let kept = reply.content.as_str().unwrap().trim_start_matches('x');
        assert!("[redacted]".starts_with(kept), "{kept}");
    }
}

#[test]
fn rate_limits_are_known_by_number_and_text() {
    for retry in [Idempotency::Repeatable, Idempotency::Once] {
        assert!(!is_rate_limit(&error(-32000, "database is down"), retry));
        assert!(!is_rate_limit(&error(-32602, "rate limit must be a number"), retry));
        assert!(is_rate_limit(&error(-32005, "RATE LIMIT"), retry));
        assert!(is_rate_limit(&error(-32000, "Global rate limit exceeded for client"), retry));
        let on_the_way = error(-32000, "payment 7 sent; receipt failed: upstream rate limit");
        assert_eq!(is_rate_limit(&on_the_way, retry), retry == Idempotency::Repeatable);
    }
    for text in ["API rate limit exceeded", "Error: 429 Too Many Requests"] {
        assert_eq!(failed(text).unwrap_err(), ToolError::RateLimited, "{text}");
    }
    for text in ["no rate limit is set", &format!("{} rate limit exceeded", "x".repeat(200))] {
        assert_eq!(failed(text).unwrap().status, ReplyStatus::Failed, "{text}");
    }
}

#[tokio::test]
async fn output_is_checked_without_being_quoted() {
    let schema =
        json!({ "type": "object", "properties": { "id": { "type": "string", "const": "x" } }, "required": ["id"] });
    let (schema, permits) = (Arc::new(Schema::compile(&schema).unwrap()), CheckPermits::default());
    check(&schema, ToolReply::done(json!({ "id": "x" })), &permits).await.unwrap();
    check(&schema, ToolReply::failed("anything"), &permits).await.unwrap();
    for bad in [json!({ "id": "hidden" }), json!("hidden"), json!({ "hidden": 1 }), Value::Null] {
        let error = check(&schema, ToolReply::done(bad), &permits).await.unwrap_err().to_string();
        assert!(!error.contains("hidden"), "{error}");
    }
}

#[tokio::test]
async fn json_as_text_is_held_against_the_output_schema() {
    let schema = json!({ "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] });
    let (schema, permits) = (Arc::new(Schema::compile(&schema).unwrap()), CheckPermits::default());
    for text in [r#"{"id":"x"}"#, "\u{feff} {\n  \"id\": \"x\"\n}\n"] {
        assert_eq!(check(&schema, ToolReply::done(text), &permits).await, Ok(ToolReply::done(text)));
    }
    for text in [r#"{"id":1}"#, r#"[{"id":"x"}]"#, r#"{"id":"x"} and more"#, "id: x", ""] {
        let error = check(&schema, ToolReply::done(text), &permits).await.unwrap_err();
        assert!(matches!(error, ToolError::BadReply(_)), "{text}: {error}");
    }
}

#[tokio::test]
async fn texts_of_a_structured_list_are_not_taken_for_blocks() {
    let permits = CheckPermits::default();
    let texts = json!(["a note", r#"{"iban":"DE00"}"#]);
    let structured = json!({ "content": [], "structuredContent": texts });
    let checked = unchecked(structured.clone(), Idempotency::Repeatable).unwrap().check(None, &permits).await;
    assert_eq!(checked, Ok(ToolReply::done(json!({ "result": texts }))));
    let schema = Arc::new(Schema::compile(&json!({ "type": "array", "items": { "type": "string" } })).unwrap());
    let checked = unchecked(structured, Idempotency::Repeatable).unwrap().check(Some(&schema), &permits).await;
    assert_eq!(checked, Ok(ToolReply::done(json!({ "result": texts }))));

    let block = |text: &Value| json!({ "type": "text", "text": text });
    let blocks = json!({ "content": [block(&texts[0]), block(&texts[1])] });
    let checked = unchecked(blocks, Idempotency::Repeatable).unwrap().check(None, &permits).await;
    assert_eq!(checked, Ok(ToolReply::done(texts)));
    let plain = json!({ "content": [], "structuredContent": ["a", "b"] });
    let checked = unchecked(plain, Idempotency::Repeatable).unwrap().check(None, &permits).await;
    assert_eq!(checked, Ok(ToolReply::done(json!(["a", "b"]))));
}

#[test]
fn cuts_between_characters() {
    assert_eq!(shorten("aäö", 10), "aäö");
    assert_eq!(shorten("aäö", 2), "a");
    assert_eq!(shorten("aäö", 3), "aä");
    assert_eq!(shorten("ä", 0), "");
}

#[tokio::test]
async fn patterns_run_in_time_that_is_linear_in_the_text() {
    assert!(Schema::compile(&json!({ "type": "string", "pattern": "^(?=a)(a+)+$" })).is_err());
    let linear = Arc::new(Schema::compile(&json!({ "type": "string", "pattern": "^(a+)+$" })).unwrap());
    let permits = CheckPermits::default();
    assert_eq!(check(&linear, ToolReply::done("aaa"), &permits).await, Ok(ToolReply::done("aaa")));
    let long = check(&linear, ToolReply::done("a".repeat(100_000) + "!"), &permits).await.unwrap_err();
    assert_eq!(long, ToolError::BadReply("it does not fit the tool's output schema".into()));
}
