//! Takes out of an object what its type does not fit, where the object can do without.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Takes the members out of an object that keep it from being a `T`, and names them. `least` is a `T` with nothing but what it must have;
/// `optional` are the members that may go. What is then still no `T` lacks something.
pub(super) fn fit<T: DeserializeOwned>(
    object: &mut Map<String, Value>,
    least: &Value,
    optional: &[&'static str],
) -> Vec<&'static str> {
    if is::<T>(&Value::Object(object.clone())) {
        return Vec::new();
    }
    let fits = |name: &str, value: &Value| {
        let mut tried = least.clone();
        if let Value::Object(tried) = &mut tried {
            tried.insert(name.to_owned(), value.clone());
        }
        is::<T>(&tried)
    };
    let odd = |name: &&'static str| object.get(*name).is_some_and(|value| !fits(name, value));
    let odd: Vec<&'static str> = optional.iter().copied().filter(odd).collect();
    object.retain(|name, _| !odd.contains(&name.as_str()));
    odd
}

/// Whether a value can be read as a `T`.
pub(super) fn is<T: DeserializeOwned>(value: &Value) -> bool {
    T::deserialize(value).is_ok()
}

/// The names, in marks.
pub(super) fn names(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
