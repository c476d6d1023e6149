//! Schemas that cost too much, or that nothing fits.

use super::super::tests::*;

/// 60 levels of references, each to the next one twice: following them all would never end.
fn bomb(link: fn(Value) -> Value) -> Value {
    let mut defs = Map::new();
    for level in 0..60 {
        defs.insert(format!("a{level}"), link(json!({ "$ref": format!("#/$defs/a{}", level + 1) })));
    }
    defs.insert("a60".into(), json!({ "type": "integer" }));
    json!({ "type": "object", "properties": { "text": { "$ref": "#/$defs/a0" } }, "$defs": defs })
}

/// A server with these tools besides `echo`, which answers `reply` to every call.
async fn with(tools: Vec<Value>, echo: Value, reply: Value) -> Server {
    Server::start(move |_, message| match message["method"].as_str() {
        Some("tools/list") => {
            let mut all = tools.clone();
            all.insert(all.len() / 2, echo.clone());
            Some(listed(message, &all, None))
        }
        Some("tools/call") => {
            Some(result(message, &json!({ "resultType": "complete", "content": [], "structuredContent": reply })))
        }
        _ => None,
    })
    .await
}

fn with_schemas(name: &str, input: Value, output: Option<Value>) -> Value {
    let mut tool = tool(name);
    tool["inputSchema"] = input;
    if let Some(output) = output {
        tool["outputSchema"] = output;
    }
    tool
}

fn object() -> Value {
    json!({ "type": "object" })
}

#[tokio::test]
async fn a_tool_whose_schema_costs_too_much_is_left_out_and_the_others_stay() {
    let links: [fn(Value) -> Value; 4] = [
        |r| json!({ "anyOf": [r, r] }),
        |r| json!({ "if": r, "then": r }),
        |r| json!({ "dependentSchemas": { "a": r, "b": r } }),
        |r| json!({ "allOf": [{ "$dynamicRef": r["$ref"] }, { "$dynamicRef": r["$ref"] }] }),
    ];
    let inputs = links.iter().enumerate().map(|(n, link)| with_schemas(&format!("in{n}"), bomb(*link), None));
    let outputs =
        links.iter().enumerate().map(|(n, link)| with_schemas(&format!("out{n}"), object(), Some(bomb(*link))));
    let tools: Vec<Value> = inputs.chain(outputs).collect();
    let server = with(tools.clone(), tool("echo"), json!({ "text": "x" })).await;
    let connected = server.connect().await.unwrap();
    let names: Vec<_> = connected.tools().iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["s.echo"]);
    assert_eq!(call(&connected, Effect::Read).await.0.unwrap(), ToolReply::done(json!({ "text": "x" })));
    let oddities = connected.oddities();
    assert_eq!(oddities.len(), tools.len(), "{oddities:?}");
    for oddity in oddities {
        assert!(oddity.tool.is_some() && oddity.part.contains("Schema` of `s."), "{oddity}");
        assert!(oddity.reason.contains("the tool is left out: it is too costly to check values against"), "{oddity}");
    }
}

#[tokio::test]
async fn a_reply_that_could_take_too_long_cannot_be_used_and_holds_nobody_up() {
    // twice as often at each level of the value: a check of 60 levels would never end
    let node = json!({ "anyOf": [
        { "properties": { "x": { "$ref": "#/$defs/n" } } }, { "properties": { "x": { "$ref": "#/$defs/n" } }, "required": ["y"] },
    ] });
    let promised = json!({ "type": "object", "properties": { "x": { "$ref": "#/$defs/n" } }, "$defs": { "n": node } });
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({ "x": inner }));
    let server = with(vec![], with_schemas("echo", object(), Some(promised.clone())), nested(60)).await;
    let connected = server.connect().await.unwrap();
    let calls = (0..8).map(|_| call(&connected, Effect::Read));
    for (reply, _) in futures_util::future::join_all(calls).await {
        let error = reply.unwrap_err();
        assert!(matches!(&error, ToolError::BadReply(reason) if reason.contains("longer than a second")), "{error}");
    }
    assert_eq!(server.calls().len(), 8, "none is made again for its reply");
    // what is less deep is checked
    let server = with(vec![], with_schemas("echo", object(), Some(promised)), nested(6)).await;
    let connected = server.connect().await.unwrap();
    assert_eq!(call(&connected, Effect::Read).await.0.unwrap(), ToolReply::done(nested(6)));
}

#[tokio::test]
async fn a_large_reply_is_checked_apart() {
    let promised = json!({
        "type": "object",
        "properties": { "rows": { "type": "array", "items": {
            "type": "object", "properties": { "id": { "type": "integer" }, "tags": { "type": "array", "items": { "enum": ["a", "b"] } } },
            "required": ["id"], "additionalProperties": false,
        } } },
    });
    let rows = |last: Value| {
        let row = |n: usize| json!({ "id": n, "tags": ["a", "b"] });
        json!({ "rows": (0..4_000).map(row).chain([last]).collect::<Vec<_>>() })
    };
    for (last, fits) in [(json!({ "id": 1 }), true), (json!({ "id": "1" }), false)] {
        let server = with(vec![], with_schemas("echo", object(), Some(promised.clone())), rows(last.clone())).await;
        let connected = server.connect().await.unwrap();
        let (reply, _) = call(&connected, Effect::Read).await;
        match reply {
            Ok(reply) => assert!(fits && reply.content == rows(last)),
            Err(error) => assert!(!fits && matches!(error, ToolError::BadReply(_)), "{error}"),
        }
    }
}

#[tokio::test]
async fn what_no_arguments_fit_is_named_and_stays() {
    let odd = [
        with_schemas("upper", json!({ "type": "object", "properties": { "a": { "type": "STRING" } } }), None),
        with_schemas("nothing", json!({ "type": "object", "required": ["a"], "properties": { "a": false } }), None),
        with_schemas("gone", json!({ "type": "object", "$ref": "#/$defs/gone" }), None),
    ];
    let server = with(odd.to_vec(), tool("echo"), json!(1)).await;
    let connected = server.connect().await.unwrap();
    assert_eq!(connected.tools().len(), 4);
    let found: Vec<String> = connected.oddities().iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    for (name, why) in
        [("upper", "`/properties/a/type`"), ("nothing", "the schema is `false`"), ("gone", "leads nowhere")]
    {
        let says = format!("no value fits the input schema of `s.{name}`, so every call is refused: ");
        assert!(found.iter().any(|found| found.contains(&says) && found.contains(why)), "{name}: {found:?}");
    }
}

#[tokio::test]
async fn names_of_tools_may_have_slashes_and_others_are_named() {
    let tools =
        vec![tool("user-profile/update"), tool("admin.tools.list"), tool("größe"), tool("get customer"), tool("")];
    let server = with(tools, tool("echo"), json!(1)).await;
    let connected = server.connect().await.unwrap();
    let mut names: Vec<_> = connected.tools().iter().map(|tool| tool.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["s.admin.tools.list", "s.echo", "s.user-profile/update"]);
    let found: Vec<String> = connected.oddities().iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|found| found.contains("its name cannot be used")), "{found:?}");

    let run = RunId::random();
    let context = CallContext { traceparent: &run.traceparent(), events: events().0 };
    call_with(&connected, ("user-profile/update", Map::new()), rule(Effect::Read), context).await.unwrap();
    assert_eq!(server.calls()[0].header("mcp-name"), Some("user-profile/update"));
    assert_eq!(server.calls()[0].json()["params"]["name"], "user-profile/update");
}

#[tokio::test]
async fn many_large_schemas_take_a_bounded_time() {
    let fat = json!({ "type": "object", "properties": { "a": { "enum": vec![1; 30_000] } } });
    let tools: Vec<Value> = (0..10).map(|n| with_schemas(&format!("t{n}"), fat.clone(), None)).collect();
    let server = with(tools, tool("echo"), json!(1)).await;
    let connected = server.connect().await.unwrap();
    let names: Vec<_> = connected.tools().iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["s.t0", "s.t1", "s.t2", "s.t3", "s.t4", "s.echo", "s.t5"]);
    assert_eq!(connected.oddities().iter().filter(|oddity| oddity.reason.contains("values together")).count(), 4);
}

#[tokio::test]
async fn a_server_of_nothing_but_costly_schemas_is_not_measured_for_ever() {
    let bomb = bomb(|r| json!({ "anyOf": [r, r] }));
    let tools: Vec<Value> = (0..60).map(|n| with_schemas(&format!("t{n}"), bomb.clone(), None)).collect();
    let server = with(tools, tool("echo"), json!(1)).await;
    let connected = server.connect().await.unwrap();
    assert_eq!(connected.tools(), [], "`echo` comes after 30 of them");
    let found: Vec<String> = connected.oddities().iter().map(ToString::to_string).collect();
    let unmeasured = found.iter().filter(|found| found.contains("the tools before it")).count();
    assert_eq!((found.len(), unmeasured), (61, 41), "{found:?}");
}

#[tokio::test]
async fn a_tool_that_is_left_out_takes_nothing_from_the_others() {
    let of = |values: usize| json!({ "type": "object", "properties": { "a": { "enum": vec![1; values] } } });
    let sizes = [38_000, 38_000, 38_000, 38_000, 38_000, 30_000, 39_000, 9_000, 30_000, 500];
    let mut tools: Vec<Value> =
        sizes.iter().enumerate().map(|(n, size)| with_schemas(&format!("t{n}"), of(*size), None)).collect();
    // what is too costly by itself, and what fits by its input schema alone
    tools.insert(2, with_schemas("bomb", object(), Some(bomb(|r| json!({ "anyOf": [r, r] })))));
    tools.insert(8, with_schemas("both", of(100), Some(of(30_000))));
    let server = with(tools, tool("echo"), json!(1)).await;
    let connected = server.connect().await.unwrap();
    let names: Vec<_> = connected.tools().iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["s.t0", "s.t1", "s.t2", "s.t3", "s.t4", "s.echo", "s.t7", "s.t9"]);
    assert_eq!(connected.oddities().iter().filter(|oddity| oddity.reason.contains("values together")).count(), 4);
}
