//! Answers that are longer than is read, and what is said of them.

use super::super::tests::*;

/// More than is read of any answer, unless a boundary says otherwise.
const LONG: usize = 2 << 20;

/// An answer as a body of JSON, or as an event of a stream.
fn written(answer: Answer, form: &str) -> Answer {
    if form == "stream" { stream(format!("data: {}\n\n", answer.2)) } else { answer }
}

fn long_list(message: &Value) -> Answer {
    let mut long = tool("echo");
    long["description"] = json!("x".repeat(LONG));
    listed(message, &[long], None)
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_named_without_a_key_that_does_not_help() {
    for form in ["json", "stream"] {
        for (method, named) in
            [("server/discover", "`server/discover`"), ("initialize", "`initialize`"), ("tools/list", "list of tools")]
        {
            let server = Server::start(move |seen, message| {
                if message["method"] != method {
                    return if method == "initialize" { older(seen, message, Some("one")) } else { None };
                }
                let long = json!({ "instructions": "x".repeat(LONG) });
                Some(written(if method == "tools/list" { long_list(message) } else { result(message, &long) }, form))
            })
            .await;
            let error = server.connect().await.unwrap_err();
            let text = error.to_string();
            assert!(matches!(error, ConnectError::TooLong { .. }) && !error.is_infrastructure(), "{method}: {error:?}");
            assert!(text.contains(named) && text.contains("longer than 1048576 bytes"), "{method}: {text}");
            assert!(!text.contains("receive_bytes") && !text.contains("`url`"), "{method}: {text}");
        }
    }
}

#[tokio::test]
async fn a_list_that_became_too_long_is_no_reply_that_is() {
    for form in ["json", "stream"] {
        let lists = AtomicUsize::new(0);
        let server = Server::start(move |_, message| {
            (message["method"] == "tools/list" && lists.fetch_add(1, Ordering::SeqCst) > 0)
                .then(|| written(long_list(message), form))
        })
        .await;
        let connected = server.connect().await.unwrap();
        let error = connected.refresh().await.unwrap_err();
        assert!(matches!(error, ConnectError::TooLong { .. }), "{error:?}");
        let (reply, _) = call(&connected, Effect::Write).await;
        let error = reply.unwrap_err();
        assert_eq!(error, ToolError::Infrastructure(Subject::List.too_long(1 << 20)));
        assert_eq!(server.calls().len(), 0);
    }
}
