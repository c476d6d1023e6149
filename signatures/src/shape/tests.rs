#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use schemars::JsonSchema;
use serde_json::json;

use super::*;
use crate::{FieldError, FieldSpec, Fields, SignatureSpec};

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Item {
    /// What it is called
    name: String,
    /// In euros
    price: f64,
    count: Option<u8>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Mood {
    /// nothing is wrong
    Calm,
    /// wants it solved at once
    VeryUrgent,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Tree {
    label: String,
    children: Vec<Tree>,
}

fn shape<T: JsonSchema>() -> Shape {
    FieldSpec::of::<T>("a").shape
}

fn read(shape: &Shape, text: &str) -> Result<(serde_json::Value, Vec<Leniency>), String> {
    match shape.read("a", text, Strictness::Lenient) {
        Ok(reading) => Ok((reading.value, reading.flags.into_iter().map(|flag| flag.leniency).collect())),
        Err(errors) => Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    }
}

#[test]
fn scalars_are_understood_as_models_write_them() {
    use Leniency::*;
    let cases = [
        (shape::<bool>(), "true", json!(true), vec![]),
        (shape::<bool>(), " Yes.", json!(true), vec![Punctuation, BooleanWord]),
        (shape::<bool>(), "**False**", json!(false), vec![Quoted, BooleanWord]),
        (shape::<i64>(), "\"5\"", json!(5), vec![Quoted]),
        (shape::<i64>(), "1,234", json!(1234), vec![GroupedNumber]),
        (shape::<i64>(), "+7", json!(7), vec![GroupedNumber]),
        (shape::<i64>(), "5.0", json!(5), vec![IntegralFloat]),
        (shape::<i64>(), "```\n5\n```", json!(5), vec![Fenced]),
        (shape::<f64>(), "-1,234,567.5", json!(-1_234_567.5), vec![GroupedNumber]),
        (shape::<f64>(), "3", json!(3), vec![]),
        (shape::<Mood>(), "calm", json!("calm"), vec![]),
        (shape::<Mood>(), "`calm`.", json!("calm"), vec![Punctuation, Quoted]),
        (shape::<Mood>(), "CALM", json!("calm"), vec![Case]),
        (shape::<Mood>(), "Very Urgent", json!("very_urgent"), vec![Punctuation]),
        (shape::<Mood>(), "wants it solved at once", json!("very_urgent"), vec![Described]),
        (shape::<Option<Mood>>(), "Calm", json!("calm"), vec![Case, Unquoted]),
        (shape::<Option<String>>(), "12345", json!("12345"), vec![Unquoted]),
        (shape::<Option<String>>(), "N/A", json!("N/A"), vec![Unquoted]),
        (shape::<Option<String>>(), "\"null\"", json!("null"), vec![]),
        (shape::<Option<String>>(), "None", json!(null), vec![NullWord]),
        (shape::<Option<i64>>(), "", json!(null), vec![NullWord]),
        (shape::<Option<i64>>(), "null", json!(null), vec![]),
        (shape::<String>(), "\"as it is\"", json!("\"as it is\""), vec![]),
    ];
    for (shape, text, value, flags) in cases {
        assert_eq!(read(&shape, text), Ok((value, flags)), "{text}");
    }
}

#[test]
fn what_may_mean_two_things_means_none() {
    for (shape, text) in [
        (shape::<bool>(), "yes and no"),
        (shape::<bool>(), "1"),
        (shape::<i64>(), "1,5"),
        (shape::<i64>(), "007"),
        (shape::<i64>(), "about 5"),
        (shape::<i64>(), "5.5"),
        (shape::<i64>(), "12,34"),
        (shape::<u8>(), "300"),
        (shape::<Mood>(), "calm, but urgent"),
        (shape::<Mood>(), "urgent"),
        (shape::<Vec<String>>(), "red, green"),
        (shape::<Vec<i64>>(), "first [1] then [2]"),
        (shape::<Item>(), "{\"name\": \"a\", \"name\": \"b\", \"price\": 1}"),
        (shape::<Item>(), "{\"name\": \"a\", \"price\": 1"),
        (shape::<(i64, i64)>(), "[1, 2, 3]"),
    ] {
        assert!(read(&shape, text).is_err(), "{text}: {:?}", read(&shape, text));
    }
}

#[test]
fn json_is_found_and_forgiven() {
    use Leniency::*;
    let grill = json!([{"name": "grill", "price": 3.5, "count": 2}]);
    let items = shape::<Vec<Item>>();
    for (text, flags) in [
        (r#"[{"name":"grill","price":3.5,"count":2}]"#, vec![]),
        ("```json\n[{\"name\":\"grill\",\"price\":3.5,\"count\":2}]\n```", vec![Fenced]),
        (
            "Here you are:\n```JSON5\n[{\"name\":\"grill\",\"price\":3.5,\"count\":2}]\n```\nAnything else?",
            vec![Fenced],
        ),
        ("Sure! [{\"name\":\"grill\",\"price\":3.5,\"count\":2}] is it.", vec![Prose]),
        ("[{'name': 'grill', 'price': 3.5, 'count': 2,},]", vec![LooseJson]),
        ("[{name: \u{201c}grill\u{201d}, price: 3.50, /* two */ count: 2}]", vec![LooseJson]),
        (r#"{"name":"grill","price":3.5,"count":2}"#, vec![SingleItem]),
        (r#"{"items":[{"name":"grill","price":3.5,"count":2}]}"#, vec![Wrapped]),
        (r#"["{\"name\":\"grill\",\"price\":3.5,\"count\":2}"]"#, vec![NestedJson]),
        (
            r#"[{"Name":"grill","price":"3.5","count":2.0,"color":"red"}]"#,
            vec![IntegralFloat, Key, NumberAsText, UnknownField],
        ),
    ] {
        assert_eq!(read(&items, text), Ok((grill.clone(), flags)), "{text}");
    }
    let texts = shape::<Vec<String>>();
    assert_eq!(read(&texts, "- a, b\n- c"), Ok((json!(["a, b", "c"]), vec![Bullets])));
    assert_eq!(read(&texts, "moon"), Ok((json!(["moon"]), vec![SingleItem])));
    assert_eq!(read(&texts, "[1, true]"), Ok((json!(["1", "true"]), vec![TextAsJson, TextAsJson])));
    let twice = "Draft: [1]. Final: [1]";
    assert_eq!(read(&shape::<Vec<i64>>(), twice).unwrap().0, json!([1]), "two that are the same are one");
}

#[test]
fn all_that_does_not_fit_is_told_with_its_place_and_never_in_its_own_words() {
    let error = read(&shape::<Vec<Item>>(), r#"[{"title":"secret"},{"name":["secret"],"price":"secret","count":300}]"#);
    assert_eq!(
        error.unwrap_err(),
        "field `a[0].name` is missing; field `a[0].price` is missing; field `a[1].count` must be at most 255; \
         field `a[1].name` must be text, and is a list; field `a[1].price` must be a number, and is other text"
    );
    let twice = read(&shape::<Item>(), r#"{"name":"a","name":"b"}"#).unwrap_err();
    assert!(twice.ends_with("and is an object with one key twice"), "{twice}");
    let cut = read(&shape::<Vec<i64>>(), "[1, 2").unwrap_err();
    assert!(cut.ends_with("and is JSON that ends in the middle"), "{cut}");
    assert_eq!(read(&shape::<bool>(), "perhaps").unwrap_err(), "field `a` must be true or false, and is other text");
}

#[test]
fn nothing_strays_where_nothing_may() {
    let items = shape::<Vec<Item>>();
    let strict = |value: serde_json::Value| items.check("a", &value);
    assert!(strict(json!([{"name": "a", "price": 1, "count": null}])).is_empty());
    assert!(strict(json!([{"name": "a", "price": 1.5}])).is_empty());
    for value in [
        json!({"name": "a", "price": 1}),
        json!([{"name": "a", "price": "1"}]),
        json!([{"name": "a", "price": 1, "count": 2.0}]),
        json!([{"name": "a", "price": 1, "colour": "red"}]),
        json!([{"name": 1, "price": 1}]),
    ] {
        assert_eq!(strict(value.clone()).len(), 1, "{value}");
    }
    let title = strict(json!([{"title": "a", "cost": 1}]));
    assert!(matches!(&title[0], FieldError::Missing(path) if path == "a[0].name"), "{title:?}");
}

#[test]
fn a_model_is_told_the_whole_type() {
    assert_eq!(
        shape::<Vec<Item>>().to_string(),
        "list of {\n  \"count\"?: integer (at least 0, at most 255) or null\n  \"name\": string (What it is called)\n  \
         \"price\": number (In euros)\n}"
    );
    assert_eq!(shape::<Tree>().to_string(), "Self\nwhere Self = {\"children\": list of Self, \"label\": string}");
}

#[test]
fn types_that_hold_themselves_are_read_to_the_leaves() {
    let tree = shape::<Tree>();
    let deep = json!({"label": "a", "children": [{"label": "b", "children": [{"label": 3, "children": []}]}]});
    let reading = tree.read_value("a", &deep, Strictness::Lenient).unwrap();
    assert_eq!(reading.flags[0].path, "a.children[0].children[0].label");
    let broken = json!({"label": "a", "children": [{"label": "b", "children": [{"children": []}]}]});
    assert_eq!(tree.check("a", &broken)[0].to_string(), "field `a.children[0].children[0].label` is missing");

    let outputs = vec![FieldSpec::of::<Tree>("tree"), FieldSpec::of::<Vec<Tree>>("trees")];
    let spec = SignatureSpec::new("S", "", Vec::new(), outputs).unwrap();
    let schema = spec.output_schema();
    let text = schema.to_string();
    for part in text.split("\"$ref\":\"").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(schema.pointer(pointer.trim_start_matches('#')).is_some(), "{pointer} in {text}");
    }
}

#[test]
fn digests_cover_the_whole_tree() {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Other {
        title: String,
        price: f64,
        count: Option<u8>,
    }
    let spec = |field| SignatureSpec::new("S", "", Vec::new(), vec![field]).unwrap();
    let (items, others) = (spec(FieldSpec::of::<Vec<Item>>("a")), spec(FieldSpec::of::<Vec<Other>>("a")));
    assert_ne!(items.shape(), others.shape());
    let demo = Fields::new().with("a", json!([{"name": "grill", "price": 1}]));
    assert!(items.check_demo(&Fields::new(), &demo).is_empty());
    assert!(!others.check_demo(&Fields::new(), &demo).is_empty());
}

#[test]
fn a_hostile_text_costs_little() {
    for text in [
        "[".repeat(200_000),
        "{\"a\":".repeat(50_000),
        "[1,".repeat(50_000),
        "```".repeat(50_000),
        "[\"".repeat(50_000),
    ] {
        assert!(read(&shape::<Vec<Item>>(), &text).is_err());
    }
}

#[test]
fn types_that_name_each_other_without_an_end_cost_little() {
    let lists = json!({"$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}}, "$ref": "#/$defs/t"});
    assert!(read(&Shape::of(&lists), "[[1],[]]").is_err());
    assert_eq!(read(&Shape::of(&lists), "[[[]],[]]").unwrap().0, json!([[[]], []]));
    let either = json!({"$defs": {"t": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"$ref": "#/$defs/t"}}]}}, "$ref": "#/$defs/t"});
    assert_eq!(read(&Shape::of(&either), "[1,[2,3]]").unwrap().0, json!([1, [2, 3]]));
    let leaf = json!({"type": "object", "required": ["op", "n"], "properties": {"op": {"const": "num"}, "n": {"type": "integer"}}});
    let node = |op: &str| {
        let side = json!({"$ref": "#/$defs/e"});
        json!({"type": "object", "required": ["op", "left", "right"],
            "properties": {"op": {"const": op}, "left": side, "right": side}})
    };
    let tree = json!({"$defs": {"e": {"oneOf": [leaf, node("add"), node("mul")]}}, "$ref": "#/$defs/e"});
    let deep = (0..24).fold(
        json!({"op": "num", "n": 1}),
        |left, _| json!({"op": "mul", "left": left, "right": {"op": "num", "n": 2}}),
    );
    assert_eq!(read(&Shape::of(&tree), &deep.to_string()), Ok((deep, vec![])));
}

#[test]
fn what_is_part_of_a_value_that_cannot_be_read_is_no_value() {
    for (shape, text) in [
        (shape::<Vec<Vec<i64>>>(), "[[1,2],[3,4"),
        (shape::<Vec<i64>>(), "[[1,2],[3,4"),
        (shape::<Vec<std::collections::BTreeMap<String, i64>>>(), "[{\"x\":1},{\"y\":2"),
        (shape::<Vec<String>>(), "Paris is big [1]."),
    ] {
        assert!(read(&shape, text).is_err(), "{text}: {:?}", read(&shape, text));
    }
    assert_eq!(read(&shape::<Vec<String>>(), "- [x] done\n- [ ] open").unwrap().0, json!(["[x] done", "[ ] open"]));
}
