#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use crate::endpoint::said::*;

fn said(body: &Value) -> Said {
    Said::of(body.to_string().as_bytes())
}

#[test]
fn each_server_is_read_in_its_own_form() {
    let cases = [
        ("OpenAI", json!({"error": {"message": "no", "type": "t", "param": "seed", "code": "c"}}), "no", Some("seed")),
        ("Anthropic", json!({"type": "error", "error": {"type": "t", "message": "no"}}), "no", None),
        ("Ollama", json!({"error": "no"}), "no", None),
        ("Gemini", json!([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}]), "no", None),
        (
            "vLLM, older",
            json!({"object": "error", "message": "no", "type": "BadRequestError", "code": 400}),
            "no",
            None,
        ),
        (
            "Mistral",
            json!({"object": "error", "message": {"detail": [
                {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}}),
            "seed: Extra inputs are not permitted",
            Some("seed"),
        ),
        ("FastAPI", json!({"detail": "no"}), "no", None),
        (
            "OpenRouter",
            json!({"error": {"code": 400, "message": "Provider returned error",
                "metadata": {"raw": "{\"error\":{\"message\":\"no\"}}"}}}),
            "Provider returned error: no",
            None,
        ),
        ("a gateway", json!({"error": "Bad Gateway", "message": "no", "statusCode": 502}), "Bad Gateway: no", None),
        ("OAuth", json!({"error": "invalid_token", "error_description": "no"}), "invalid_token: no", None),
    ];
    for (server, body, words, param) in cases {
        let said = said(&body);
        assert_eq!((said.words.as_str(), said.param.as_deref()), (words, param), "{server}");
    }
    assert_eq!(Said::of(b"{\"a\": 1}").words, "{\"a\": 1}", "what is not understood is told as it is");
    assert_eq!(Said::of(b"\xff").words, "\u{fffd}");
}

#[test]
fn a_body_names_its_status() {
    for (body, status) in [
        (json!({"error": {"message": "x", "code": 429}}), 429),
        (json!({"error": {"message": "x", "code": "403"}}), 403),
        (json!({"error": {"message": "x", "code": "model_not_found"}}), 404),
        (json!({"error": {"message": "x", "type": "authentication_error"}}), 401),
        (json!({"error": {"message": "x", "status": "UNAVAILABLE"}}), 503),
        (json!({"error": {"message": "x", "code": 7}}), 500),
        (json!({"error": {"message": "x", "code": 200}}), 500),
        (json!({"error": "x"}), 500),
    ] {
        assert_eq!(Said::in_success(&body).unwrap().status(), status, "{body}");
    }
    for body in [json!({}), json!([]), json!({"error": null}), json!({"choices": [{"error": null}], "error": "x"})] {
        assert_eq!(Said::in_success(&body), None, "{body}");
    }
}
