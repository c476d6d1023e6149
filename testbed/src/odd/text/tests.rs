#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;

#[test]
fn templates_are_filled_in_and_unknown_ones_stay() {
    let known = |name: &str| (name == "id").then(|| "7".to_owned());
    assert_eq!(fill(r#"{"id":{{id}},"a":{"b":{}}}"#, &known), r#"{"id":7,"a":{"b":{}}}"#);
    assert_eq!(fill("{{times 4 [}}{{who}} {{", &known), "[[[[{{who}} {{");
    assert_eq!(fill("{{ladder 2 1}}", &known), r#"{"a":{"a":1}}"#);
}

#[test]
fn bombs_are_small_and_double() {
    for kind in [
        "any_of",
        "definitions",
        "dynamic_ref",
        "all_of",
        "one_of",
        "not",
        "if",
        "dependent_schemas",
        "unevaluated",
        "contains",
        "mixed",
    ] {
        let text = fill(&format!("{{{{bomb {kind} 20}}}}"), &|_| None);
        let schema: Value = serde_json::from_str(&text).unwrap();
        assert!(text.len() < 3_000, "{kind}: {}", text.len());
        assert!(schema["properties"]["customer_id"].is_object());
        // what it takes at six levels, counted by the number of times that the last one is reached
        let small = bomb(kind, 6).unwrap();
        let validator = jsonschema::validator_for(&small).unwrap();
        let value = json!({ "customer_id": { "x": 1, "y": 2 } });
        let _ = validator.is_valid(&value);
    }
    assert_eq!(bomb("other", 3), None);
}
