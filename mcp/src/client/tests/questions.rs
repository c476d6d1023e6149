use std::collections::BTreeMap;

use super::super::tests::*;

/// Asks, with what the server wants to be told again; then is content.
async fn asking(questions: Vec<Value>) -> Server {
    let next = Mutex::new(questions.into_iter());
    calling(move |message| match next.lock().unwrap().next() {
        Some(mut question) => {
            question["resultType"] = json!("input_required");
            result(message, &question)
        }
        None => text(message, "thanks"),
    })
    .await
}

fn form(fields: &Value) -> Value {
    let schema = json!({ "type": "object", "properties": fields, "required": [] });
    json!({ "method": "elicitation/create", "params": { "mode": "form", "message": "?", "requestedSchema": schema } })
}

fn town() -> Value {
    form(&json!({ "town": { "type": "string", "default": "Ulm" } }))
}

async fn call_with(server: &Server, input: InputPolicy) -> Result<ToolReply, ToolError> {
    let connected = server.connect_as(input, Arc::new(Hasty::default())).await.unwrap();
    call(&connected, Effect::Write).await.0
}

#[tokio::test]
async fn a_question_is_answered_by_policy_and_the_state_goes_back_as_it_came() {
    let state = "opaque \u{e4}\u{1f600} \"\\ %20 ==";
    let server = asking(vec![
        json!({ "inputRequests": { "first": town(), "second": town() }, "requestState": state }),
        json!({ "inputRequests": { "third": town() } }),
        json!({ "requestState": "only this" }),
    ])
    .await;
    assert_eq!(call_with(&server, InputPolicy::Defaults).await.unwrap(), ToolReply::done("thanks"));
    let calls: Vec<Value> = server.calls().iter().map(Seen::json).collect();
    assert_eq!(calls.len(), 4);
    let answer = json!({ "action": "accept", "content": { "town": "Ulm" } });
    let told: Vec<_> = calls.iter().map(|c| (&c["params"]["inputResponses"], &c["params"]["requestState"])).collect();
    assert_eq!(told[0], (&Value::Null, &Value::Null));
    assert_eq!(told[1], (&json!({ "first": answer, "second": answer }), &json!(state)));
    assert_eq!(told[2], (&json!({ "third": answer }), &Value::Null));
    assert_eq!(told[3], (&Value::Null, &json!("only this")));
    let mut ids: Vec<_> = calls.iter().map(|call| call["id"].as_u64().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 4, "every request has an id of its own");
    assert!(calls.iter().all(|call| call["params"]["arguments"] == calls[0]["params"]["arguments"]));
    let offered = &calls[0]["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
    assert_eq!(offered["elicitation"], json!({ "form": { "schemaValidation": true } }));
}

#[tokio::test]
async fn who_declines_offers_nothing_and_answers_nothing() {
    let server = asking(vec![json!({ "inputRequests": { "q": town() }, "requestState": "x" })]).await;
    let error = call_with(&server, InputPolicy::Decline).await.unwrap_err();
    assert!(matches!(error, ToolError::InputRequired { .. }) && !error.is_infrastructure(), "{error}");
    let calls = server.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].json()["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"], json!({}));
}

#[tokio::test]
async fn a_form_that_cannot_be_filled_in_is_declined_and_the_server_decides() {
    let open = form(&json!({ "town": { "type": "string" } }));
    let mut required = open.clone();
    required["params"]["requestedSchema"]["required"] = json!(["town"]);
    let server = asking(vec![json!({ "inputRequests": { "q": required } })]).await;
    call_with(&server, InputPolicy::Defaults).await.unwrap();
    let told = server.calls()[1].json();
    assert_eq!(told["params"]["inputResponses"], json!({ "q": { "action": "decline" } }));

    let server = asking(vec![json!({ "inputRequests": { "q": open } })]).await;
    let answers = InputPolicy::Answers(BTreeMap::from([("town".to_owned(), json!("Graz"))]));
    call_with(&server, answers).await.unwrap();
    let told = server.calls()[1].json();
    assert_eq!(told["params"]["inputResponses"]["q"]["content"], json!({ "town": "Graz" }));
}

#[tokio::test]
async fn questions_end() {
    for question in [json!({ "inputRequests": { "q": town() } }), json!({ "requestState": "again" })] {
        let server = asking(vec![question; 20]).await;
        let error = call_with(&server, InputPolicy::Defaults).await.unwrap_err();
        assert!(matches!(error, ToolError::InputRequired { .. }), "{error}");
        assert!(server.calls().len() <= 5);
    }
}

#[tokio::test]
async fn models_and_folders_are_not_lent() {
    let sampling = json!({ "method": "sampling/createMessage", "params": { "messages": [], "maxTokens": 9 } });
    for question in [sampling, json!({ "method": "roots/list" })] {
        let server = asking(vec![json!({ "inputRequests": { "q": question } })]).await;
        let error = call_with(&server, InputPolicy::Defaults).await.unwrap_err();
        assert!(matches!(error, ToolError::InputRequired { .. }), "{error}");
        assert_eq!(server.calls().len(), 1);
    }
}

#[tokio::test]
async fn questions_of_the_older_era_get_the_same_answers() {
    let asked = [
        town(),
        json!({ "method": "sampling/createMessage", "params": { "messages": [], "maxTokens": 9 } }),
        json!({ "method": "roots/list" }),
    ];
    for (input, expected) in [
        (InputPolicy::Defaults, json!({ "result": { "action": "accept", "content": { "town": "Ulm" } } })),
        (InputPolicy::Decline, json!({ "error": -32601 })),
    ] {
        let questions = asked.clone();
        let server = Server::start(move |seen, message| {
            let call = message["method"] == "tools/call";
            if !call {
                return older(seen, message, None);
            }
            let mut events: Vec<Value> = questions.to_vec();
            for (id, event) in events.iter_mut().enumerate() {
                (event["jsonrpc"], event["id"]) = (json!("2.0"), json!(format!("q{id}")));
            }
            let content = json!([{ "type": "text", "text": "done" }]);
            events.push(json!({ "jsonrpc": "2.0", "id": message["id"], "result": { "content": content } }));
            Some(stream(events.iter().map(|event| format!("data: {event}\n\n")).collect::<String>()))
        })
        .await;
        let connected = server.connect_as(input, Arc::new(Hasty::default())).await.unwrap();
        call(&connected, Effect::Write).await.0.unwrap();
        let answers = loop {
            let seen: Vec<Value> = server.stub.seen().iter().map(Seen::json).collect();
            let answers: BTreeMap<String, Value> = seen
                .into_iter()
                .filter_map(|m| Some((m["id"].as_str().filter(|id| id.starts_with('q'))?.to_owned(), m)))
                .collect();
            if answers.len() == 3 {
                break answers;
            }
            tokio::task::yield_now().await;
        };
        let short = |answer: &Value| match &answer["error"] {
            Value::Null => json!({ "result": answer["result"] }),
            error => json!({ "error": error["code"] }),
        };
        assert_eq!(short(&answers["q0"]), expected);
        assert_eq!(short(&answers["q1"]), json!({ "error": -32601 }));
        assert_eq!(short(&answers["q2"]), json!({ "error": -32601 }));
    }
}
