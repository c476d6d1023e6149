#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;

#[test]
fn a_line_declares_a_signature() {
    let spec = SignatureSpec::parse(
        "question, context: list[str] -> answer: int, mood: Literal['calm', \"very, urgent\"], tags: dict[str, float | None], pair: tuple[str, bool]",
    )
    .unwrap();
    let shown = |fields: &[FieldSpec]| fields.iter().map(|f| format!("{}: {}", f.name, f.shape)).collect::<Vec<_>>();
    assert_eq!(shown(&spec.inputs), ["question: string", "context: list of string"]);
    assert_eq!(
        shown(&spec.outputs),
        [
            "answer: integer",
            "mood: one of calm, very, urgent",
            "tags: map of string to number or null",
            "pair: [string, boolean]"
        ]
    );
    assert!(SignatureSpec::parse("-> a: Optional[str]").unwrap().outputs[0].is_optional());
}

#[test]
fn what_declares_none_says_why() {
    let error = |line: &str| SignatureSpec::parse(line).unwrap_err().to_string();
    assert!(error("question").contains("declares no signature: write inputs, `->`, outputs"));
    assert!(error("a -> b: strng").contains("`strng` is not a type"));
    assert!(error("a -> b: list[str").contains("`list[str` is not a type"));
    assert!(error(&format!("a -> b: {}str{}", "list[".repeat(40), "]".repeat(40))).contains("is not a type"));
    assert_eq!(error("a ->"), "signature `Signature` has no output field");
    assert!(error("a -> a").contains("two fields are named `a`"));
    assert!(error("a -> b c").contains("`b c` cannot be a field name"));
}

#[test]
fn json_declares_a_signature() {
    let spec = SignatureSpec::of_json(&json!({
        "name": "Sort", "instruction": "Sort it.",
        "inputs": [{"name": "text"}],
        "outputs": [{"name": "kinds", "description": "what it is", "schema": {"type": "array", "items": {"enum": ["a", "b"]}}}],
    }))
    .unwrap();
    assert_eq!(
        (spec.instruction.as_str(), spec.outputs[0].shape.to_string().as_str()),
        ("Sort it.", "list of one of a, b")
    );
    let error = |json: Value| SignatureSpec::of_json(&json).unwrap_err().to_string();
    assert_eq!(error(json!({})), "the signature's `name` must be a name");
    assert_eq!(
        error(json!({"name": "A", "inputs": [], "outputs": {}})),
        "the signature's `outputs` must be a list of fields"
    );
    assert_eq!(
        error(json!({"name": "A", "inputs": [{"name": "a", "schema": "string"}], "outputs": []})),
        "the signature's `inputs[0].schema` must be a JSON Schema"
    );
}
