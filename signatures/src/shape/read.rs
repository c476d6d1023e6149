//! Shapes out of schemas, and values of shapes out of what models write.

use serde_json::Value;

use super::{Kind, Node, Reading, Shape, Strictness, coerce::Coercion, scalar, schema};
use crate::FieldError;

impl Shape {
    /// The type that a JSON Schema (draft 2020-12) describes; [`Kind::Any`] where it leaves it open.
    pub fn of(schema: &Value) -> Self {
        schema::read(schema)
    }

    /// Reads the text that a model wrote for a value.
    ///
    /// # Errors
    /// All that does not fit, each with its path below `field`; never with the text itself.
    pub fn read(&self, field: &str, text: &str, strictness: Strictness) -> Result<Reading, Vec<FieldError>> {
        Coercion::new(self, strictness).text(field, text)
    }

    /// Reads a JSON value.
    ///
    /// # Errors
    /// As [`Shape::read`].
    pub fn read_value(&self, field: &str, value: &Value, strictness: Strictness) -> Result<Reading, Vec<FieldError>> {
        Coercion::new(self, strictness).value(field, value)
    }

    /// The value with its whole numbers as integers where the type wants integers: `2.0` is 2. All else is as it was, fitting or not.
    pub fn with_integers(&self, value: Value) -> Value {
        integers(self, &self.root, value)
    }

    /// What does not fit in a value, each with its path below `field`; empty where all does.
    pub fn check(&self, field: &str, value: &Value) -> Vec<FieldError> {
        self.read_value(field, value, Strictness::Strict).err().unwrap_or_default()
    }
}

fn integers(shape: &Shape, node: &Node, value: Value) -> Value {
    match (&node.kind, value) {
        (Kind::Named(name), value) => match shape.definitions.get(name) {
            Some(node) => integers(shape, node, value),
            None => value,
        },
        (Kind::Optional(inner), value) => integers(shape, inner, value),
        (Kind::Integer, Value::Number(number)) => {
            scalar::integer(&number, &mut Vec::new()).unwrap_or(Value::Number(number))
        }
        (Kind::List(item), Value::Array(items)) => {
            Value::Array(items.into_iter().map(|value| integers(shape, item, value)).collect())
        }
        (Kind::Tuple(nodes), Value::Array(items)) if nodes.len() == items.len() => {
            Value::Array(items.into_iter().zip(nodes).map(|(value, node)| integers(shape, node, value)).collect())
        }
        (Kind::Map(inner), Value::Object(map)) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, integers(shape, inner, value))).collect())
        }
        (Kind::Object(members), Value::Object(map)) => {
            let member = |key: &str| members.iter().find(|member| member.name == key);
            let read = |(key, value): (String, Value)| match member(&key) {
                Some(member) => (key, integers(shape, &member.node, value)),
                None => (key, value),
            };
            Value::Object(map.into_iter().map(read).collect())
        }
        (_, value) => value,
    }
}
