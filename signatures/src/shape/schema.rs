//! JSON Schema (draft 2020-12) to [`Shape`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Kind, Member, Node, Shape, Word};
use crate::{Constraints, Pattern};

/// Deeper schemas are not looked into.
const MAX_DEPTH: usize = 32;

pub(super) fn read(schema: &Value) -> Shape {
    let mut reader = Reader { root: schema, recursive: BTreeMap::new(), open: Vec::new() };
    let mut root = reader.node(schema, 0);
    // the root itself, where something in it means it
    if reader.recursive.contains_key("#") {
        reader.recursive.insert("#".to_owned(), std::mem::replace(&mut root, Node::new(Kind::Named("#".to_owned()))));
    }
    Shape { root, definitions: named(reader.recursive) }
}

/// The types that hold themselves, as far as something means them.
fn named(recursive: BTreeMap<String, Node>) -> BTreeMap<String, Node> {
    recursive.into_iter().map(|(pointer, node)| (pointer_name(&pointer), node)).collect()
}

/// `#/$defs/Tree` is `Tree`.
fn pointer_name(pointer: &str) -> String {
    pointer.rsplit('/').next().unwrap_or(pointer).to_owned()
}

struct Reader<'s> {
    root: &'s Value,
    /// What holds itself, by its pointer.
    recursive: BTreeMap<String, Node>,
    /// Pointers that are being read.
    open: Vec<String>,
}

impl Reader<'_> {
    fn node(&mut self, schema: &Value, depth: usize) -> Node {
        let Some(map) = schema.as_object().filter(|_| depth < MAX_DEPTH) else { return Node::new(Kind::Any) };
        let mut node = self.described(map, depth);
        let docs = map.get("description").and_then(Value::as_str).unwrap_or_default();
        if !docs.is_empty() {
            docs.clone_into(&mut node.docs);
        }
        node
    }

    fn described(&mut self, map: &Map<String, Value>, depth: usize) -> Node {
        if let Some(pointer) = map.get("$ref").and_then(Value::as_str) {
            return self.reference(pointer, depth);
        }
        if let Some(words) = words(map) {
            return Node::new(Kind::Choice(words));
        }
        if let Some(types) = map.get("type").and_then(Value::as_array) {
            return self.types(map, types, depth);
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(branches) = map.get(key).and_then(Value::as_array) {
                return self.branches(branches, depth);
            }
        }
        if let Some([only]) = map.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
            return self.node(only, depth + 1);
        }
        let kind = self.kind(map, map.get("type").and_then(Value::as_str), depth);
        Node { constraints: constraints(map, &kind), ..Node::new(kind) }
    }

    fn kind(&mut self, map: &Map<String, Value>, name: Option<&str>, depth: usize) -> Kind {
        match name {
            Some("string") => Kind::Text,
            Some("integer") => Kind::Integer,
            Some("number") => Kind::Number,
            Some("boolean") => Kind::Boolean,
            Some("null") => Kind::Null,
            Some("array") => self.list(map, depth),
            Some("object") => self.object(map, depth),
            _ if map.contains_key("properties") => self.object(map, depth),
            _ => Kind::Any,
        }
    }

    /// `["string", "null"]` and the like.
    fn types(&mut self, map: &Map<String, Value>, types: &[Value], depth: usize) -> Node {
        let others: Vec<&str> = types.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect();
        let mut nodes: Vec<Node> = others
            .iter()
            .map(|name| {
                let kind = self.kind(map, Some(name), depth);
                Node { constraints: constraints(map, &kind), ..Node::new(kind) }
            })
            .collect();
        let inner = match nodes.len() {
            0 => return Node::new(Kind::Null),
            1 => nodes.remove(0),
            _ => Node::new(Kind::OneOf(nodes)),
        };
        if others.len() < types.len() { Node::new(Kind::Optional(Box::new(inner))) } else { inner }
    }

    fn branches(&mut self, branches: &[Value], depth: usize) -> Node {
        let nodes: Vec<Node> = branches.iter().map(|branch| self.node(branch, depth + 1)).collect();
        let (nulls, mut others): (Vec<Node>, Vec<Node>) = nodes.into_iter().partition(|node| node.kind == Kind::Null);
        let inner = match others.len() {
            0 => return Node::new(Kind::Null),
            1 => others.remove(0),
            _ => Node::new(Kind::OneOf(others)),
        };
        if nulls.is_empty() { inner } else { Node::new(Kind::Optional(Box::new(inner))) }
    }

    fn list(&mut self, map: &Map<String, Value>, depth: usize) -> Kind {
        if let Some(items) = map.get("prefixItems").and_then(Value::as_array) {
            return Kind::Tuple(items.iter().map(|item| self.node(item, depth + 1)).collect());
        }
        let item = map.get("items").map_or_else(|| Node::new(Kind::Any), |item| self.node(item, depth + 1));
        Kind::List(Box::new(item))
    }

    fn object(&mut self, map: &Map<String, Value>, depth: usize) -> Kind {
        // members beside those that are named would be lost
        let is_open =
            map.get("additionalProperties").is_some_and(|open| open.is_object() || *open == Value::Bool(true));
        if is_open && map.contains_key("properties") {
            return Kind::Map(Box::new(Node::new(Kind::Any)));
        }
        let Some(properties) = map.get("properties").and_then(Value::as_object) else {
            let value = map.get("additionalProperties").filter(|schema| schema.is_object());
            let node = value.map_or_else(|| Node::new(Kind::Any), |schema| self.node(schema, depth + 1));
            return Kind::Map(Box::new(node));
        };
        let required: BTreeSet<&str> =
            map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let member = |(name, schema): (&String, &Value)| Member {
            name: name.clone(),
            node: self.node(schema, depth + 1),
            required: required.contains(name.as_str()),
        };
        Kind::Object(properties.iter().map(member).collect())
    }

    fn reference(&mut self, pointer: &str, depth: usize) -> Node {
        let meant = Kind::Named(pointer_name(pointer));
        if pointer == "#" || self.open.iter().any(|open| open == pointer) {
            self.recursive.entry(pointer.to_owned()).or_insert_with(|| Node::new(Kind::Any));
            return Node::new(meant);
        }
        if self.recursive.contains_key(pointer) {
            return Node::new(meant);
        }
        let target = pointer.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)).cloned();
        let Some(target) = target else { return Node::new(Kind::Any) };
        self.open.push(pointer.to_owned());
        let node = self.node(&target, depth + 1);
        self.open.pop();
        match self.recursive.get_mut(pointer) {
            Some(known) => {
                *known = node;
                Node::new(meant)
            }
            None => node,
        }
    }
}

/// `enum`, `const`, or `oneOf` of `const` (what schemars writes for documented unit variants), or a mix of them; texts only.
fn words(map: &Map<String, Value>) -> Option<Vec<Word>> {
    let plain = |word: &Value| Some(Word { word: word.as_str()?.to_owned(), docs: String::new() });
    if let Some(words) = map.get("enum").and_then(Value::as_array) {
        return words.iter().map(plain).collect();
    }
    if let Some(word) = map.get("const") {
        let docs = map.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
        return Some(vec![Word { docs, ..plain(word)? }]);
    }
    let variants = map.get("oneOf").or_else(|| map.get("anyOf"))?.as_array()?;
    let all: Option<Vec<Vec<Word>>> = variants.iter().map(|variant| words(variant.as_object()?)).collect();
    Some(all?.concat())
}

fn constraints(map: &Map<String, Value>, kind: &Kind) -> Constraints {
    let size = |key: &str| map.get(key).and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
    let number = |key: &str| map.get(key).and_then(Value::as_f64);
    let mut found = Constraints::default();
    match kind {
        Kind::Text => {
            (found.min_chars, found.max_chars) = (size("minLength").filter(|least| *least > 0), size("maxLength"));
            found.pattern = map.get("pattern").and_then(Value::as_str).and_then(Pattern::anywhere);
        }
        Kind::Integer => {
            let (least, most) = format_range(map.get("format").and_then(Value::as_str));
            (found.min, found.max) = (number("minimum").or(least), number("maximum").or(most));
        }
        Kind::Number => (found.min, found.max) = (number("minimum"), number("maximum")),
        Kind::List(_) => {
            (found.min_items, found.max_items) = (size("minItems").filter(|least| *least > 0), size("maxItems"))
        }
        Kind::Map(_) | Kind::Object(_) => found.max_items = size("maxProperties"),
        _ => {}
    }
    found
}

/// What fits the integers of Rust, which schemars names.
fn format_range(format: Option<&str>) -> (Option<f64>, Option<f64>) {
    let range = |least: f64, most: f64| (Some(least), Some(most));
    match format {
        Some("int8") => range(f64::from(i8::MIN), f64::from(i8::MAX)),
        Some("int16") => range(f64::from(i16::MIN), f64::from(i16::MAX)),
        Some("int32") => range(f64::from(i32::MIN), f64::from(i32::MAX)),
        Some("uint8") => range(0.0, f64::from(u8::MAX)),
        Some("uint16") => range(0.0, f64::from(u16::MAX)),
        Some("uint32") => range(0.0, f64::from(u32::MAX)),
        Some("uint64" | "uint") => (Some(0.0), None),
        _ => (None, None),
    }
}
