use super::super::tests::*;

/// The names of the tools that are left, and what was noted.
fn tools(tools: Value) -> (Vec<Value>, Vec<String>) {
    let (read, noted) = result_as(Asked::Tools, &json!({ "tools": tools }));
    (read["result"]["tools"].as_array().unwrap().clone(), noted)
}

fn schema() -> Value {
    json!({ "type": "object" })
}

#[test]
fn a_tool_that_cannot_be_used_costs_no_other() {
    let good = json!({ "name": "good", "inputSchema": schema() });
    let cases = [
        (json!({ "name": "odd" }), "tool `odd`", "`inputSchema`"),
        (json!({ "name": "odd", "inputSchema": null }), "tool `odd`", "`inputSchema`"),
        (json!({ "name": "odd", "inputSchema": [] }), "tool `odd`", "`inputSchema`"),
        (json!({ "name": "odd", "inputSchema": true }), "tool `odd`", "`inputSchema`"),
        (json!({ "name": "odd", "inputSchema": "{}" }), "tool `odd`", "`inputSchema`"),
        (json!({ "name": "odd", "input_schema": {} }), "tool `odd`", "`inputSchema`"),
        (json!({ "inputSchema": schema() }), "tool 2 of `tools/list`", "`name`"),
        (json!({ "name": null, "inputSchema": schema() }), "tool 2 of `tools/list`", "`name`"),
        (json!({ "name": 5, "inputSchema": schema() }), "tool 2 of `tools/list`", "`name`"),
        (json!("odd"), "tool 2 of `tools/list`", "not an object"),
        (Value::Null, "tool 2 of `tools/list`", "not an object"),
    ];
    for (odd, part, reason) in cases {
        let (left, noted) = tools(json!([good, odd, good]));
        assert_eq!(left, [good.clone(), good.clone()], "{odd}");
        assert!(noted.len() == 1 && noted[0].starts_with(part) && noted[0].contains(reason), "{odd}: {noted:?}");
    }
}

#[test]
fn an_odd_part_of_a_tool_costs_that_part() {
    let icon = |sizes: Value| json!([{ "src": "https://a.example/i.png", "sizes": sizes }]);
    for (part, odd) in [
        ("icons", icon(json!("48x48"))),
        ("icons", json!({ "src": "x" })),
        ("annotations", json!({ "readOnlyHint": "yes" })),
        ("annotations", json!([])),
        ("title", json!(3)),
        ("description", json!(["a", "b"])),
        ("_meta", json!("x")),
        ("outputSchema", json!(true)),
        ("outputSchema", json!([{}])),
    ] {
        let mut tool = json!({ "name": "odd", "inputSchema": schema() });
        let least = tool.clone();
        tool[part] = odd.clone();
        let (left, noted) = tools(json!([tool]));
        assert_eq!(left, [least], "{part}: {odd}");
        assert!(noted.len() == 1 && noted[0].starts_with(&format!("`{part}` of tool `odd`: ")), "{noted:?}");
    }
    // what is as it should be stays, whatever stands beside it
    let mut tool =
        json!({ "name": "odd", "inputSchema": schema(), "description": "Looks up.", "outputSchema": schema() });
    let (rest, _) = tools(json!([tool.clone()]));
    tool["title"] = json!(3);
    tool["unknown"] = json!(3);
    assert_eq!(tools(json!([tool])).0, rest);
    // null says nothing
    let nulls = json!({ "name": "odd", "inputSchema": schema(), "title": null, "icons": null, "outputSchema": null });
    assert_eq!(tools(json!([nulls])).1, [""; 0]);
}

#[test]
fn a_list_is_read_without_what_stands_around_it() {
    let tool = json!({ "name": "good", "inputSchema": schema() });
    for (member, odd, kept) in [
        ("ttlMs", json!("300"), Value::Null),
        ("ttlMs", json!(-1), Value::Null),
        ("ttlMs", json!(1.5), Value::Null),
        ("cacheScope", json!("everybody"), Value::Null),
        ("nextCursor", json!(5), Value::Null),
        ("nextCursor", json!({}), Value::Null),
        ("ttlMs", json!(300), json!(300)),
        ("cacheScope", json!("public"), json!("public")),
        ("nextCursor", json!("b"), json!("b")),
        ("nextCursor", json!(""), Value::Null),
        ("nextCursor", Value::Null, Value::Null),
        ("_meta", json!(5), json!({ LISTED: ["good"] })),
        ("prompts", json!([]), Value::Null),
        ("supportedVersions", json!(["2026-07-28"]), Value::Null),
    ] {
        let mut list = json!({ "tools": [tool] });
        list[member] = odd.clone();
        let (read, noted) = result_as(Asked::Tools, &list);
        assert_eq!((&read["result"]["tools"], &read["result"][member]), (&json!([tool]), &kept), "{member}: {odd}");
        let is_odd =
            kept.is_null() && !odd.is_null() && odd != "" && ["ttlMs", "cacheScope", "nextCursor"].contains(&member);
        assert_eq!(noted.len(), usize::from(is_odd), "{noted:?}");
    }
    for list in [json!({}), json!({ "tools": null }), json!({ "tools": { "good": tool } })] {
        let (read, noted) = result_as(Asked::Tools, &list);
        assert_eq!((&read["result"]["tools"], noted.len()), (&json!([]), 1), "{list}: {noted:?}");
    }
}

#[test]
fn what_is_not_a_list_of_tools_is_not_taken_for_one() {
    for result in [json!("x"), json!([tool()]), json!({ "resultType": "task", "tools": [tool()] })] {
        let (read, _) = result_as(Asked::Tools, &result);
        let read: ServerJsonRpcMessage = serde_json::from_value(read).unwrap();
        let is_list = matches!(read, ServerJsonRpcMessage::Response(answer)
            if matches!(answer.result, rmcp::model::ServerResult::ListToolsResult(_)));
        assert!(!is_list, "{result}");
    }
}

fn tool() -> Value {
    json!({ "name": "good", "inputSchema": schema() })
}
