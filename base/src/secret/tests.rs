use crate::secret::*;

#[test]
fn debug_shows_nothing() {
    let secret = Secret::new("hunter2hunter2".to_owned());
    assert_eq!(format!("{secret:?}"), "[secret]");
}

#[test]
fn every_form_of_a_secret_is_taken_out() {
    let redactor = Redactor::new();
    redactor.learn(&Secret::new("s3cr3t-token-value".to_owned()));
    for prefix in ["", "x", "xy"] {
        let hidden = STANDARD_NO_PAD.encode(format!("{prefix}s3cr3t-token-value and more"));
        assert_ne!(redactor.scrub(&hidden), hidden, "prefix {prefix:?}");
    }
    let odd = "s3cr3t/with odd+characters";
    redactor.learn(&Secret::new(odd.to_owned()));
    let form: String = byte_serialize(odd.as_bytes()).collect();
    for spelling in [form.replace('+', "%20"), STANDARD_NO_PAD.encode(format!("id:{form}")), form] {
        assert!(redactor.scrub(&spelling).contains(REDACTED), "{spelling}");
    }
    let quoted = r#"p4ss"w\rd/with more"#;
    redactor.learn(&Secret::new(quoted.to_owned()));
    let json = serde_json::json!({ "echo": quoted }).to_string();
    for spelling in [json.replace('/', "\\/"), STANDARD_NO_PAD.encode(&json), json] {
        assert!(redactor.scrub(&spelling).contains(REDACTED), "{spelling}");
    }
    let mut value = serde_json::json!({"a": ["Bearer s3cr3t-token-value!"], "s3cr3t-token-value": 1});
    redactor.scrub_json(&mut value);
    assert_eq!(value, serde_json::json!({"a": ["Bearer [redacted]!"], "[redacted]": 1}));
    assert!(matches!(redactor.scrub("harmless"), Cow::Borrowed(_)));
}

#[test]
fn many_tokens_do_not_push_out_what_is_configured() {
    let redactor = Redactor::new();
    redactor.keep(&Secret::new("configured-secret".to_owned()));
    for number in 0..600 {
        redactor.learn(&Secret::new(format!("token-number-{number:04}")));
    }
    assert!(!redactor.scrub("a configured-secret here").contains("configured"));
    assert!(!redactor.scrub("token-number-0599").contains("0599"));
    assert!(redactor.scrub("token-number-0000").contains("0000"), "the oldest made room");
}
