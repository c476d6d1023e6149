#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{fs, path::Path, sync::Arc};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::{Constraints, FieldSpec, Signature, SignatureSpec};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    request: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Label {
    budget: u32,
}

struct Ask;

impl Signature for Ask {
    type Input = Input;
    type Output = serde_json::Value;

    fn spec() -> Arc<SignatureSpec> {
        let mut short = Constraints::default();
        short.max_chars = Some(5);
        let request = FieldSpec::of::<String>("request").constrain(short);
        let answer = FieldSpec::of::<String>("answer");
        Arc::new(SignatureSpec::new("Ask", "Answer.", vec![request], vec![answer]).unwrap())
    }
}

fn load(bytes: impl AsRef<[u8]>) -> Result<Dataset<Input, Label>, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.jsonl");
    fs::write(&path, bytes).unwrap();
    let shown = path.display().to_string();
    Dataset::load(&path).map_err(|e| e.to_string().replace(&shown, "x.jsonl"))
}

fn line(id: &str) -> String {
    format!("{{\"id\":\"{id}\",\"input\":{{\"request\":\"hi\"}},\"label\":{{\"budget\":1}}}}\n")
}

fn numbered(count: usize) -> Dataset<Input, Label> {
    let example = |n| {
        let request = "hi".to_owned();
        Example::new(format!("e{n}"), Input { request }, Label { budget: 1 })
    };
    Dataset::new((0..count).map(example)).unwrap()
}

#[test]
fn lines_become_examples_in_order() {
    let text =
        format!("{}\n  \n{}", line("b"), r#"{"kind":"ticket","label":{"budget":2},"id":"a","input":{"request":"ho"}}"#);
    let data = load(text).unwrap();
    assert_eq!(data.len(), 2);
    let ids: Vec<&str> = data.iter().map(|e| e.id.as_str()).collect();
    assert_eq!(ids, ["b", "a"]);
    assert_eq!(data.get(1).unwrap().kind.as_deref(), Some("ticket"));
    assert_eq!(data.get(1).unwrap().label.budget, 2);
}

#[test]
fn errors_name_file_line_and_field() {
    let cases = [
        ("", "`x.jsonl` has no example: give at least one"),
        (" \n\n", "`x.jsonl` has no example: give at least one"),
        (
            r#"{"id":"a","input":{"request":7},"label":{"budget":1}}"#,
            "`x.jsonl`, line 2, field `input.request`: invalid type: integer `7`, expected a string",
        ),
        (
            r#"{"id":"a","input":{"request":"x"},"label":{"budget":-1}}"#,
            "`x.jsonl`, line 2, field `label.budget`: invalid value: integer `-1`, expected u32",
        ),
        (
            r#"{"inputs":{"request":"x"},"label":{"budget":1}}"#,
            "`x.jsonl`, line 2, field `.`: missing field `input`; the line has `inputs`, `label`",
        ),
        (
            r#"{"id":"","input":{"request":"x"},"label":{"budget":1}}"#,
            "`x.jsonl`, line 2, field `id`: an id has 1 to 256 bytes",
        ),
    ];
    for (text, expected) in cases {
        let text = if text.trim().is_empty() { text.to_owned() } else { format!("{}{text}", line("first")) };
        assert_eq!(load(text).unwrap_err(), expected);
    }
}

#[test]
fn unknown_fields_repeated_keys_and_trailing_text_are_refused() {
    let unknown = r#"{"id":"a","input":{"request":"x","more":1},"label":{"budget":1}}"#;
    assert!(load(unknown).unwrap_err().contains("unknown field `more`"));
    let repeated = r#"{"id":"a","id":"b","input":{"request":"x"},"label":{"budget":1}}"#;
    assert!(load(repeated).unwrap_err().contains("`id`"));
    let two = format!("{}{}", line("a").trim(), line("b"));
    assert!(load(two).unwrap_err().contains("trailing characters"));
}

#[test]
fn a_line_needs_no_id_and_may_have_other_columns() {
    let text = "{\"input\":{\"request\":\"x\"},\"label\":{\"budget\":1},\"source\":\"mail\",\"rank\":[1,2.5]}\n";
    let data = load(format!("{}{text}", line("a"))).unwrap();
    let second = data.get(1).unwrap();
    assert_eq!((second.id.as_str(), second.columns["source"].as_str()), ("line-2", Some("mail")));
    assert_eq!(second.columns["rank"], serde_json::json!([1, 2.5]));
    assert_ne!(
        data.digest().unwrap(),
        load(format!("{}{}", line("a"), text.replace("mail", "post"))).unwrap().digest().unwrap()
    );
    let taken = format!("{text}{}", line("line-1"));
    assert!(load(taken).unwrap_err().contains("id `line-1` is taken by `x.jsonl`, line 1"));
}

#[test]
fn a_repeated_id_names_both_lines() {
    let text = format!("{}{}{}", line("a"), line("b"), line("a"));
    assert_eq!(
        load(text).unwrap_err(),
        "`x.jsonl`, line 3: id `a` is taken by `x.jsonl`, line 1: give each example an id of its own"
    );
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut bytes = line("a").into_bytes();
    bytes.extend(b"{\"id\":\"\xff\"}\n");
    assert_eq!(load(bytes).unwrap_err(), "`x.jsonl`, line 2 is not UTF-8: save the file as UTF-8");
}

#[test]
fn a_line_may_have_one_mebibyte_and_no_more() {
    let fill = |length: usize| {
        let bare = line("a").trim_end().len() - 1;
        line("a").replace("hi", &"x".repeat(length - bare + 1))
    };
    let longest = fill(1 << 20);
    assert_eq!(longest.trim_end().len(), 1 << 20);
    assert!(load(&longest).is_ok());
    assert!(load(longest.trim_end()).is_ok());
    assert_eq!(load(fill((1 << 20) + 1)).unwrap_err(), "`x.jsonl`, line 1 is longer than 1 MiB: shorten the example");
}

#[test]
fn a_missing_file_is_named() {
    let error = Dataset::<Input, Label>::load("no/such/file.jsonl").unwrap_err();
    assert!(error.to_string().starts_with("cannot read `no/such/file.jsonl`: "));
}

#[test]
fn inputs_are_checked_against_a_signature() {
    let text = format!("{}{}", line("a"), r#"{"id":"b","input":{"request":"too long"},"label":{"budget":1}}"#);
    let data = load(text).unwrap();
    let error = data.check::<Ask>().unwrap_err();
    let DataError::Broken(broken) = &error else { unreachable!("{error}") };
    assert_eq!(broken.len(), 1);
    assert_eq!(broken.first().unwrap().place.line(), 2);
    assert!(error.to_string().ends_with("line 2 (id `b`): field `request` has 8 characters; at most 5"));
    assert!(numbered(3).check::<Ask>().is_ok());
}

#[test]
fn the_digest_is_of_the_examples_not_of_the_file() {
    let a = load(format!("{}{}", line("a"), line("b"))).unwrap();
    let b = load(format!("{}\n\n{}", line("a"), line("b").replace(':', ": "))).unwrap();
    let c = load(format!("{}{}", line("b"), line("a"))).unwrap();
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
    assert_ne!(a.digest().unwrap(), c.digest().unwrap());
}

#[test]
fn splitting_follows_ids_not_order() {
    let ids = |data: &Dataset<Input, Label>| {
        let mut ids: Vec<String> = data.iter().map(|e| e.id.clone()).collect();
        ids.sort_unstable();
        ids
    };
    let splits = numbered(50).split(0.6, 7);
    assert_eq!((splits.train.len(), splits.val.len()), (30, 20));
    assert!(splits.shared_ids().is_empty());
    let mut reversed: Vec<_> = numbered(50).iter().cloned().collect();
    reversed.reverse();
    let again = Dataset::new(reversed).unwrap().split(0.6, 7);
    assert_eq!(ids(&splits.train), ids(&again.train));
    assert_ne!(ids(&splits.train), ids(&numbered(50).split(0.6, 8).train));
}

#[test]
fn an_id_in_two_parts_is_reported() {
    let splits = Splits::new(numbered(2), numbered(3)).with_test(numbered(1));
    assert_eq!(splits.shared_ids(), ["e0", "e1"]);
}

#[test]
fn the_customer_service_data_loads() {
    #[derive(Deserialize)]
    struct AnyLabel {
        call_budget: u32,
    }
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/customer_service");
    for file in ["train.jsonl", "val.jsonl", "test.jsonl"] {
        let data: Dataset<Input, AnyLabel> = Dataset::load(dir.join(file)).unwrap();
        assert!(data.iter().any(|e| e.label.call_budget > 0), "{file}");
    }
}

proptest! {
    #[test]
    fn every_example_lands_in_one_half(count in 1_usize..40, share in proptest::num::f64::ANY, seed: u64) {
        let splits = numbered(count).split(share, seed);
        prop_assert_eq!(splits.train.len() + splits.val.len(), count);
        prop_assert!(splits.shared_ids().is_empty());
        prop_assert!(count < 2 || !(splits.train.is_empty() || splits.val.is_empty()));
        prop_assert_eq!(numbered(count).split(share, seed), splits);
    }
}
