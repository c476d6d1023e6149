use proptest::{collection::btree_map, option, prelude::*};

use super::*;

/// Any JSON that has a canonical form.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53)..=(1 << 53)).prop_map(Value::from),
        (proptest::num::f64::NORMAL | proptest::num::f64::ZERO)
            .prop_filter("beyond 2^53 a float may look like an integer", |f| f.abs() < 9e15)
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

prop_compose! {
    fn any_contents()(
        instruction in option::of(any::<String>()),
        docs in btree_map(any::<String>(), any::<String>(), 0..3),
        value in json_value(),
        config in json_value(),
        seed: u64,
        task in 0.0..=1.0_f64,
        score in -1e6..1e6_f64,
    ) -> Contents {
        let mut contents = contents();
        let slot = contents.state.0.get_mut(&path("agent")).unwrap();
        slot.instruction = instruction;
        slot.tool_docs = docs;
        slot.demos[0].inputs.insert("request", value);
        contents.provenance.config = config;
        contents.provenance.seed = seed;
        let after = &mut contents.evidence.splits.get_mut(&SplitName::Test).unwrap().after;
        after.task = Estimate::new(task, task / 3.0, (1.0 + task) / 2.0);
        after.value = score.into();
        contents
    }
}

/// The same document with keys turned around and other white space.
fn rewritten(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            out.push_str("{ ");
            for (i, (key, item)) in map.iter().rev().enumerate() {
                out.push_str(if i == 0 { "" } else { "\t,\r\n" });
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push_str(" : ");
                rewritten(item, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i == 0 { "\n" } else { " , " });
                rewritten(item, out);
            }
            out.push(']');
        }
        leaf => out.push_str(&leaf.to_string()),
    }
}

proptest! {
    #[test]
    fn sealed_saved_and_loaded_is_the_same(contents in any_contents()) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.json");
        let sealed = Artifact::seal(contents).unwrap();
        sealed.save(&file).unwrap();
        let loaded = Artifact::load(&file).unwrap();
        prop_assert_eq!(&*loaded, &sealed);
        prop_assert_eq!(Artifact::seal(loaded.contents.clone()).unwrap(), sealed);
    }

    #[test]
    fn key_order_and_white_space_do_not_count(contents in any_contents()) {
        let sealed = Artifact::seal(contents).unwrap();
        let mut text = String::from("\n\n");
        rewritten(&serde_json::from_str(sealed.as_json()).unwrap(), &mut text);
        let read = Artifact::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(read.digest(), sealed.digest());
        prop_assert_eq!(&**read, &*sealed);
    }

    #[test]
    fn parsing_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Artifact::parse(&bytes).is_err());
    }
}

/// Nothing but white space and the spelling of escapes may differ from what was sealed.
#[test]
fn no_changed_byte_changes_what_is_loaded() {
    let sealed = artifact();
    let original = sealed.as_json().as_bytes();
    let mut bytes = original.to_vec();
    let mut refused = 0_usize;
    for at in 0..bytes.len() {
        for flip in [0x01, 0x20, 0x80] {
            bytes[at] = original[at] ^ flip;
            match Artifact::parse(&bytes) {
                Ok(read) => assert_eq!(**read, contents(), "byte {at}"),
                Err(_) => refused += 1,
            }
        }
        bytes[at] = original[at];
    }
    assert!(refused > 2 * bytes.len(), "{refused} of {}", 3 * bytes.len());
}

#[test]
fn cut_anywhere_it_does_not_load() {
    let text = artifact();
    let bytes = text.as_json().trim_end().as_bytes();
    for end in 0..bytes.len() {
        assert!(Artifact::parse(&bytes[..end]).is_err(), "{end}");
    }
}
