use serde_json::{Value, json};

use crate::{
    Options,
    auth::Client,
    customers,
    mcp::{SCOPES, execute::execute, scope_of, tool::Catalog},
    tests::support::{Agent, LEGACY, header},
};

fn arguments() -> Vec<(&'static str, Value)> {
    let id = &customers::all()[5].id;
    vec![
        ("get_customer_info", json!({ "customer_id": id })),
        ("get_recent_customers", json!({ "limit": 50 })),
        ("get_recent_customers", json!({})),
        ("search_customers", json!({ "query": "AN" })),
        ("calculate_account_value", json!({ "customer_id": id, "amounts": [0.1, 0.2, -7.005] })),
        ("calculate_account_value", json!({ "customer_id": id, "amounts": [] })),
        ("export_customers", json!({ "format": "csv" })),
        ("export_customers", json!({ "format": "json" })),
        ("create_support_ticket", json!({ "customer_id": id, "issue": "x" })),
        ("issue_refund", json!({ "customer_id": id, "amount": 12.5 })),
    ]
}

#[test]
fn replies_depend_on_the_arguments_alone_and_fit_their_schema() {
    let catalog = Catalog::new().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for (name, arguments) in arguments() {
        catalog.check(name, &arguments).unwrap();
        let reply = execute(name, &arguments).unwrap();
        assert_eq!(reply.to_string(), execute(name, &arguments).unwrap().to_string());
        let tool = catalog.tools.iter().find(|tool| tool.name == name).unwrap();
        let schema = Value::Object((**tool.output_schema.as_ref().unwrap()).clone());
        jsonschema::validate(&schema, &reply).unwrap();
        seen.insert(scope_of(name).unwrap());
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), SCOPES);
    assert_eq!(catalog.tools.len(), 7);
}

#[test]
fn values_are_right() {
    let customer = &customers::all()[5];
    let value = execute("calculate_account_value", &arguments()[4].1).unwrap();
    assert_eq!(value, json!({ "customer_id": customer.id, "total": -6.71, "count": 3 }));
    let nothing = execute("calculate_account_value", &arguments()[5].1).unwrap();
    assert_eq!(nothing["total"].to_string(), "0.0");

    let recent = execute("get_recent_customers", &json!({ "limit": 3 })).unwrap();
    let newest = customers::all().iter().map(|c| &c.since).max().unwrap();
    let first = recent["customers"][0]["customer_id"].as_str().unwrap();
    assert_eq!(recent["customers"].as_array().unwrap().len(), 3);
    assert_eq!(&customers::find(first).unwrap().since, newest);

    let found = execute("search_customers", &json!({ "query": customer.email })).unwrap();
    assert_eq!(found, json!({ "customers": [{ "customer_id": customer.id, "name": customer.name }] }));

    let csv = execute("export_customers", &json!({ "format": "csv" })).unwrap();
    assert_eq!(csv["content"].as_str().unwrap().matches("\r\n").count(), csv["count"].as_u64().unwrap() as usize + 1);

    let ticket = |issue: &str| {
        let arguments = json!({ "customer_id": customer.id, "issue": issue });
        execute("create_support_ticket", &arguments).unwrap()["ticket_id"].clone()
    };
    assert_ne!(ticket("one"), ticket("two"));
}

#[test]
fn arguments_must_fit_the_schema() {
    let catalog = Catalog::new().unwrap();
    for (tool, arguments) in [
        ("get_customer_info", json!({})),
        ("get_customer_info", json!({ "customer_id": 7 })),
        ("get_customer_info", json!({ "customer_id": "ABC123", "more": 1 })),
        ("get_recent_customers", json!({ "limit": 51 })),
        ("create_support_ticket", json!({ "customer_id": "A", "issue": "x", "priority": "urgent" })),
        ("issue_refund", json!({ "customer_id": "A", "amount": 0 })),
        ("export_customers", json!({ "format": "xml" })),
        ("calculate_account_value", json!({ "customer_id": "A", "amounts": ["x"] })),
    ] {
        let error = catalog.check(tool, &arguments).unwrap_err();
        assert!(error.starts_with("invalid argument"), "{error}");
        assert!(error.len() < 300, "{error}");
    }
}

#[tokio::test]
async fn both_eras_list_and_call() {
    let agent = Agent::start(Options::default()).await;
    let id = &customers::all()[0].id;
    let wanted = json!({ "customer_id": id });

    let listed: Value = agent.modern("tools/list", json!({})).send().await.unwrap().json().await.unwrap();
    let tools = listed["result"]["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 7);
    for tool in tools {
        assert_eq!(tool["inputSchema"]["additionalProperties"], false);
        assert!(tool["outputSchema"].is_object());
        assert!(tool["annotations"]["readOnlyHint"].is_boolean());
    }
    let modern = agent.result(1, "get_customer_info", wanted.clone()).await;
    assert_eq!(modern["resultType"], "complete");

    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } } });
    let response = agent.legacy(&hello).send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "application/json");
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["result"]["protocolVersion"], LEGACY);
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(agent.legacy(&ready).send().await.unwrap().status(), 202);
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": { "name": "get_customer_info", "arguments": wanted } });
    let legacy: Value = agent.legacy(&call).send().await.unwrap().json().await.unwrap();
    assert_eq!(legacy["result"]["structuredContent"], modern["structuredContent"]);
    assert_eq!(legacy["result"]["content"], modern["content"]);
    assert_eq!(modern["structuredContent"]["email"], customers::all()[0].email);
}

#[tokio::test]
async fn errors_reach_the_model_as_short_results() {
    let agent = Agent::start(Options::default()).await;
    let unknown = agent.result(1, "get_customer_info", json!({ "customer_id": "XYZ999" })).await;
    assert_eq!(unknown["isError"], true);
    assert_eq!(unknown["content"][0]["text"], "no customer `XYZ999`");
    let invalid = agent.result(1, "get_customer_info", json!({ "id": "XYZ999" })).await;
    assert_eq!(invalid["isError"], true);

    let request = agent.call(1, "drop_tables", json!({})).send().await.unwrap();
    let body: Value = request.json().await.unwrap();
    assert_eq!(body["error"]["code"], -32602);
}

#[tokio::test]
async fn the_same_call_gives_the_same_bytes_over_the_wire() {
    let options = || Options::default().burst(100);
    let mut replies = Vec::new();
    for agent in [Agent::start(options()).await, Agent::start(options()).await] {
        let mut agent = agent;
        let all = Client::new("all", SCOPES).unwrap().with_secret("s");
        agent.testbed.auth().register(all);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "all"),
            ("client_secret", "s"),
            ("resource", agent.testbed.mcp_url()),
        ];
        let granted: Value = agent.token_request(&form).send().await.unwrap().json().await.unwrap();
        agent.token = granted["access_token"].as_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        for (run, (tool, arguments)) in arguments().into_iter().enumerate() {
            let response = agent.call(run as u32, tool, arguments).send().await.unwrap();
            assert_eq!(response.status(), 200, "{tool}");
            bytes.push(response.bytes().await.unwrap());
        }
        replies.push(bytes);
    }
    assert_eq!(replies[0], replies[1]);
}
