//! What `Signature` generates.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use abide_derive::Signature;
use abide_signatures::{__private::schemars::JsonSchema, FieldError, Fields, Signature as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Handle customer service requests
/// using the available tools.
///
///   Be brief.
///
#[derive(Signature)]
#[signature(crate = "::abide_signatures", derive(PartialEq, Default))]
pub struct CustomerService {
    /// Customer service request
    #[input(min_chars = 1, max_chars = 2_000, pattern = r"[^\x00]*")]
    pub request: String,
    /// How often they wrote before
    #[input(min = 0, max = 1e3)]
    pub(crate) earlier: Option<u32>,
    /// Helpful customer service response
    #[output]
    response: String,
    /// not this
    #[output(desc = "\n How sure\n  you are ", min = -0.5, max = 1)]
    confidence: f64,
    #[output(max_items = 3)]
    tags: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(crate = "abide_signatures::__private::schemars")]
#[serde(rename_all = "snake_case")]
enum Tone {
    /// no thrills
    Plain,
    Warm,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(crate = "abide_signatures::__private::schemars")]
struct Leg {
    from: String,
    seats: Vec<u8>,
}

#[derive(Signature)]
#[signature(crate = "::abide_signatures", instruction = include_str!("instruction.md"), name = "Every kind")]
struct Kinds {
    #[output]
    tone: Tone,
    #[output]
    maybe: std::option::Option<Tone>,
    #[output]
    leg: Leg,
    #[output(max_items = 1)]
    by_name: BTreeMap<String, Leg>,
    #[output]
    hashed: HashMap<String, f32>,
    #[output]
    yes: bool,
    #[output]
    anything: Value,
    #[output(min = 3)]
    small: i8,
    #[output(max_chars = 4)]
    boxed: Box<Option<String>>,
}

mod raw {
    /// Before.
    #[doc = include_str!("instruction.md")]
    /// After.
    #[derive(abide_derive::Signature)]
    #[signature(crate = "::abide_signatures")]
    pub(super) struct r#Match {
        #[doc = include_str!("instruction.md")]
        #[input(max_chars = 5)]
        r#type: String,
        #[output]
        pub(in crate::signature) r#fn: u64,
    }
}

macro_rules! declared {
    ($name:ident, $doc:literal, $ty:ty, $max:expr) => {
        #[doc = $doc]
        #[derive(Signature)]
        #[signature(crate = "::abide_signatures")]
        struct $name {
            #[output(max = $max)]
            value: $ty,
        }
    };
}

declared!(ByMacro, "Made by a macro.", Option<u8>, -1);

#[test]
fn docs_become_the_instruction_and_the_descriptions() {
    let spec = CustomerService::spec();
    assert_eq!(spec.name, "CustomerService");
    assert_eq!(spec.instruction, "Handle customer service requests\nusing the available tools.\n\n  Be brief.");
    assert_eq!(spec.inputs[0].description, "Customer service request");
    assert_eq!(spec.outputs[1].description, "How sure\n  you are");
    assert_eq!(spec.outputs[2].description, "");
}

#[test]
fn docs_and_instructions_may_be_files() {
    assert_eq!(Kinds::spec().instruction, "Answer from the file.\n\nNever guess.");
    assert_eq!(Kinds::spec().name, "Every kind");
    let spec = raw::Match::spec();
    assert_eq!(spec.instruction, "Before.\nAnswer from the file.\n\nNever guess.\n\nAfter.");
    assert_eq!(spec.inputs[0].description, "Answer from the file.\n\nNever guess.");
}

#[test]
fn fields_keep_their_order_and_side() {
    let spec = CustomerService::spec();
    let names = |fields: &[abide_signatures::FieldSpec]| fields.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&spec.inputs), ["request", "earlier"]);
    assert_eq!(names(&spec.outputs), ["response", "confidence", "tags"]);
}

#[test]
fn constraints_are_enforced() {
    let spec = CustomerService::spec();
    let wrong = spec.check_inputs(&Fields::new().with("request", "").with("earlier", 1_001));
    assert_eq!(wrong.len(), 2);
    assert!(
        spec.check_inputs(&Fields::new().with("request", "\0"))
            .iter()
            .any(|e| matches!(e, FieldError::Mismatch { .. }))
    );
    assert!(
        spec.check_inputs(&Fields::new().with("request", "x".repeat(2_000)).with("earlier", json!(null))).is_empty()
    );
    assert_eq!(spec.check_inputs(&Fields::new().with("request", "x".repeat(2_001))).len(), 1);

    let outputs = |confidence: f64, tags: Value| {
        Fields::new().with("response", "").with("confidence", confidence).with("tags", tags)
    };
    assert!(spec.check_outputs(&outputs(-0.5, json!(["a", "b", "c"]))).is_empty());
    assert_eq!(spec.check_outputs(&outputs(-0.6, json!(["a", "b", "c", "d"]))).len(), 2);
}

#[test]
fn types_become_shapes() {
    let kinds: Vec<String> = Kinds::spec().outputs.iter().map(|f| f.shape.to_string()).collect();
    let leg = "{\"from\": string, \"seats\": list of integer (at least 0, at most 255)}";
    let expected = [
        "one of warm, plain (no thrills)",
        "one of warm, plain (no thrills), or null",
        leg,
        &format!("map of string to {leg}"),
        "map of string to number",
        "boolean",
        "any JSON value",
        "integer (at least -128, at most 127)",
        "string or null",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(Kinds::spec().outputs[3].constraints.max_items, Some(1));
    assert_eq!(Kinds::spec().outputs[8].constraints.max_chars, Some(4));
}

#[test]
fn values_pass_between_the_typed_and_the_untyped_form() {
    let leg = || json!({"from": "BER", "seats": [1, 2]});
    let outputs = Fields::new()
        .with("tone", "plain")
        .with("leg", leg())
        .with("by_name", json!({"a": leg()}))
        .with("hashed", json!({"x": 0.5}))
        .with("yes", true)
        .with("anything", json!([1, "x"]))
        .with("small", 3)
        .with("boxed", "four");
    assert_eq!(Kinds::spec().check_outputs(&outputs), []);
    let typed: KindsOutput = outputs.typed().unwrap();
    assert_eq!((typed.tone, typed.maybe, typed.yes, typed.small), (Tone::Plain, None, true, 3));
    assert_eq!(
        (typed.leg.from.as_str(), typed.by_name["a"].seats.as_slice(), typed.hashed["x"]),
        ("BER", &[1, 2][..], 0.5)
    );
    assert_eq!((&typed.anything, typed.boxed.as_deref()), (&json!([1, "x"]), Some("four")));
    let back = Fields::of(&typed).unwrap();
    assert_eq!((back.get("boxed"), back.get("maybe")), (Some(&json!("four")), Some(&json!(null))));
}

#[test]
fn the_two_structs_refuse_what_is_not_theirs_and_take_further_derives() {
    let fields = Fields::new().with("request", "x").with("response", "y");
    assert!(fields.typed::<CustomerServiceInput>().unwrap_err().to_string().contains("unknown field `response`"));
    let input: CustomerServiceInput = Fields::new().with("request", "x").typed().unwrap();
    assert_eq!(input, CustomerServiceInput { request: "x".into(), earlier: None });
    assert_eq!(CustomerServiceOutput::default().tags, Vec::<String>::new());
    assert!(format!("{:?}", input.clone()).contains("request: \"x\""));
    assert!(KindsInput {}.clone().serialize(serde_json::value::Serializer).unwrap() == json!({}));
}

#[test]
fn raw_names_lose_their_mark_and_keep_their_visibility() {
    let spec = raw::Match::spec();
    assert_eq!(
        (spec.name.as_str(), spec.inputs[0].name.as_str(), spec.outputs[0].name.as_str()),
        ("Match", "type", "fn")
    );
    let input = raw::MatchInput { r#type: "a".into() };
    let output = raw::MatchOutput { r#fn: 7 };
    assert_eq!(Fields::of(&input).unwrap(), Fields::new().with("type", "a"));
    assert_eq!(Fields::of(&output).unwrap(), Fields::new().with("fn", 7));
}

#[test]
fn a_declaration_may_come_out_of_a_macro() {
    let spec = ByMacro::spec();
    assert_eq!(spec.instruction, "Made by a macro.");
    assert_eq!(spec.outputs[0].constraints.max, Some(-1.0));
    assert_eq!(ByMacroOutput { value: Some(1) }.value, Some(1));
    assert!(Fields::of(&ByMacroInput {}).unwrap().is_empty());
}

#[test]
fn the_value_form_is_built_once_and_is_what_the_checked_constructor_takes() {
    let spec = CustomerService::spec();
    assert!(Arc::ptr_eq(&spec, &CustomerService::spec()));
    let checked = abide_signatures::SignatureSpec::new(
        &*spec.name,
        &*spec.instruction,
        spec.inputs.clone(),
        spec.outputs.clone(),
    )
    .unwrap();
    assert_eq!(checked, *spec);
}
