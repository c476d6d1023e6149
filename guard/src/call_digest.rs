//! Digests of calls: what audit rows and approvals know a call by.

use std::collections::BTreeMap;

use abide_base::call::ToolCall;
use abide_signatures::Digest;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// SHA-256 of the arguments. Keys are sorted, also where some crate of the program makes maps keep another order, so the same arguments
/// have the same digest.
pub fn arguments_digest(call: &ToolCall) -> Digest {
    // JSON can always be written
    Digest::of_bytes(&serde_json::to_vec(&SortedMap(&call.arguments)).unwrap_or_default())
}

/// SHA-256 of a value, with keys and numbers as in [`arguments_digest`].
pub(crate) fn value_digest(value: &Value) -> Digest {
    Digest::of_bytes(&serde_json::to_vec(&Sorted(value)).unwrap_or_default())
}

pub(crate) struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => SortedMap(map).serialize(serializer),
            Value::Array(list) => serializer.collect_seq(list.iter().map(Sorted)),
            // `100.0` and `100` are one number
            Value::Number(number) => match number.as_f64() {
                Some(n) if number.is_f64() && n.fract() == 0.0 && n.abs() < 9e15 => serializer.serialize_i64(n as i64),
                _ => number.serialize(serializer),
            },
            scalar => scalar.serialize(serializer),
        }
    }
}

/// A JSON map that is written as one text for all that says the same, in the order of its keys, also where another crate of the
/// program has maps keep the order of coming (`preserve_order`).
pub(crate) struct SortedMap<'a>(&'a Map<String, Value>);

impl Serialize for SortedMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // what is null is as good as left out
        let given = || self.0.iter().filter(|(_, value)| !value.is_null());
        let entries = || given().map(|(key, value)| (key, Sorted(value)));
        if self.0.keys().is_sorted() {
            serializer.collect_map(entries())
        } else {
            serializer.collect_map(entries().collect::<BTreeMap<_, _>>())
        }
    }
}
