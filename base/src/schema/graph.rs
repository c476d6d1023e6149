//! A schema with its references followed: which sub-schemas apply to the same value as another one, and which to its parts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use referencing::{Draft, Registry, Resolver, uri};
use serde_json::{Map, Value};

use super::{
    error::{SchemaError, short},
    limits::{Excess, MAX_VALUES},
    pattern::Patterns,
    raw::{Raw, Span, identity},
};

/// All sub-schemas that can be reached. The first is the schema itself.
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// What the library compiles, once for each entry.
    pub(super) compiled: Vec<Compiled>,
}

/// A part that the library compiles by itself.
pub(super) struct Compiled {
    /// None for a schema of schemas.
    pub(super) span: Option<Span>,
    /// How often that is.
    pub(super) times: u64,
}

/// One sub-schema.
#[derive(Default)]
pub(super) struct Node {
    /// Where it stands in the schema; none for a schema of schemas.
    pub(super) span: Option<Span>,
    /// Sub-schemas for the same value.
    pub(super) same: Vec<usize>,
    /// Those for the same value that stand elsewhere.
    pub(super) references: Vec<usize>,
    /// For properties of these names.
    pub(super) properties: BTreeMap<String, Vec<usize>>,
    /// For properties whose names match a pattern: which ones is not asked.
    pub(super) by_pattern: Vec<usize>,
    /// For properties that are not named.
    pub(super) other_properties: Vec<usize>,
    /// For the names of properties.
    pub(super) names: Vec<usize>,
    /// For items at a place.
    pub(super) leading: Vec<usize>,
    /// For all items.
    pub(super) items: Vec<usize>,
    /// For whatever no other keyword has looked at.
    pub(super) unevaluated: Vec<usize>,
    /// For items, once more, where it is asked which of them have been looked at.
    pub(super) contains: Vec<usize>,
    /// Whether it asks what others have looked at, and so has all of them look again.
    pub(super) looks_again: bool,
    pub(super) own: Own,
}

impl Node {
    /// Sub-schemas for the same value.
    pub(super) fn for_the_same(&self) -> impl Iterator<Item = usize> {
        self.same.iter().chain(&self.references).copied()
    }

    /// Those for parts of a value.
    pub(super) fn for_parts(&self) -> impl Iterator<Item = usize> {
        let lists =
            [&self.by_pattern, &self.other_properties, &self.names, &self.leading, &self.items, &self.unevaluated];
        lists.into_iter().chain(self.properties.values()).flatten().copied()
    }
}

/// What a sub-schema costs itself, without others.
#[derive(Default)]
pub(super) struct Own {
    pub(super) keywords: u64,
    /// Names that are looked up in an object.
    pub(super) lookups: u64,
    /// Values that a value is compared with.
    pub(super) compared: u64,
    /// For each byte of a text.
    pub(super) byte: u64,
    /// For each byte of the name of a property.
    pub(super) name_byte: u64,
    /// Divisions.
    pub(super) divisions: u64,
    /// Regular expressions as values.
    pub(super) reads_patterns: bool,
    /// Items must differ.
    pub(super) unique: bool,
    /// A schema of schemas, which the library brings along.
    pub(super) is_dialect: bool,
}

/// A sub-schema that is to be read.
struct Task<'s> {
    node: usize,
    schema: &'s Map<String, Value>,
    resolver: Resolver<'s>,
    draft: Draft,
}

struct Reader<'s> {
    raw: &'s Raw<'s>,
    nodes: Vec<Node>,
    known: HashMap<(usize, String), usize>,
    todo: Vec<Task<'s>>,
    patterns: Patterns,
    /// Patterns that are compiled already, with their states.
    counted: HashMap<&'s str, u64>,
    /// Targets by the text and base of a reference: each is compiled once.
    targets: HashMap<(String, String), Option<usize>>,
    /// From which resource references lead to which others.
    between: BTreeMap<String, BTreeSet<String>>,
    /// What is compiled of each resource, and how often.
    compiled: BTreeMap<String, Vec<(Option<Span>, u64)>>,
    /// Of these drafts, keywords beside `$ref` mean nothing.
    ref_stands_alone: bool,
}

/// The address of a schema that has none.
const BASE: &str = "json-schema:///";
/// Values of a schema of schemas, with all that it refers to.
pub(super) const SIZE_OF_DIALECTS: u64 = 1_000;
/// Parts that may say their dialect, where parts have an `$id`.
const MAX_DIALECTS: usize = 16;

impl Graph {
    /// Follows all references of a schema.
    pub(super) fn new(schema: &Value, raw: &Raw<'_>) -> Result<Self, SchemaError> {
        let draft = Draft::default().detect(schema);
        let dialects = || raw.dialects.iter().map(|dialect| Draft::from_schema_uri(dialect)).chain([draft]);
        let is_mixed = dialects().any(|other| other != draft);
        let has_ids = !raw.ids.is_empty() || !raw.old_ids.is_empty() && dialects().any(|draft| draft == Draft::Draft4);
        if has_ids && (is_mixed || raw.is_dynamic || raw.dialect_count > MAX_DIALECTS) {
            return Err(Excess::Resources.into());
        }
        let unusable = |error: referencing::Error| SchemaError::Unusable(short(&error.to_string()));
        let resource = draft.create_resource_ref(schema);
        let base = uri::from_str(resource.id().unwrap_or(BASE)).map_err(unusable)?;
        let registry = Registry::new().draft(draft).add(base.as_str(), resource).map_err(unusable)?;
        let registry = registry.prepare().map_err(unusable)?;
        let mut reader = Reader {
            raw,
            nodes: Vec::new(),
            known: HashMap::new(),
            todo: Vec::new(),
            patterns: Patterns::default(),
            counted: HashMap::new(),
            targets: HashMap::new(),
            between: BTreeMap::new(),
            compiled: BTreeMap::new(),
            ref_stands_alone: !is_mixed && matches!(draft, Draft::Draft4 | Draft::Draft6 | Draft::Draft7),
        };
        reader.compiled.entry(base.as_str().to_owned()).or_default().push((raw.span(schema), 1));
        let root = base.as_str().to_owned();
        reader.read(schema, registry.resolver(base), draft)?;
        let compiled = reader.compiled(&root)?;
        Ok(Self { nodes: reader.nodes, compiled })
    }
}

impl<'s> Reader<'s> {
    fn read(&mut self, schema: &'s Value, resolver: Resolver<'s>, draft: Draft) -> Result<(), SchemaError> {
        self.node(schema, &resolver, draft)?;
        while let Some(task) = self.todo.pop() {
            let node = self.node_of(&task)?;
            if let Some(place) = self.nodes.get_mut(task.node) {
                *place = node;
            }
        }
        Ok(())
    }

    /// The sub-schema in a place; `None` if there is no schema.
    fn node(&mut self, schema: &'s Value, resolver: &Resolver<'s>, draft: Draft) -> Result<Option<usize>, SchemaError> {
        let draft = draft.detect(schema);
        let Ok(resolver) = resolver.in_subresource(draft.create_resource_ref(schema)) else {
            // the library says what is wrong with it, if it looks at it
            return Ok(None);
        };
        let span = self.raw.span(schema);
        let is_own = span.is_some();
        match schema {
            Value::Bool(_) => {}
            Value::Object(_) if is_own => {}
            Value::Object(_) if self.raw.has_dynamic_anchors => return Err(Excess::Resources.into()),
            Value::Object(_) => {}
            _ => return Ok(None),
        }
        let key = (identity(schema), resolver.base_uri().as_str().to_owned());
        if let Some(known) = self.known.get(&key) {
            return Ok(Some(*known));
        }
        let node = self.nodes.len();
        if node as u64 >= MAX_VALUES {
            return Err(Excess::Values.into());
        }
        self.known.insert(key, node);
        let own = Own { keywords: 1, is_dialect: !is_own, ..Own::default() };
        self.nodes.push(Node { own, span, ..Node::default() });
        if let (Value::Object(schema), true) = (schema, is_own) {
            self.todo.push(Task { node, schema, resolver, draft });
        }
        Ok(Some(node))
    }

    fn node_of(&mut self, task: &Task<'s>) -> Result<Node, SchemaError> {
        let span = self.nodes.get(task.node).and_then(|node| node.span);
        let mut node = Node { span, ..Node::default() };
        node.own.keywords = task.schema.len() as u64;
        if self.ref_stands_alone
            && let Some(reference) = task.schema.get("$ref")
        {
            node.references.extend(self.of(reference, task)?);
            return Ok(node);
        }
        for (keyword, value) in task.schema {
            match keyword.as_str() {
                "$ref" | "$dynamicRef" => node.references.extend(self.of(value, task)?),
                // the library takes it for `#`, whatever it says and in every dialect
                "$recursiveRef" => {
                    node.references.extend(self.of(value, task)?);
                    node.references.extend(self.target("#", task)?);
                }
                "allOf" | "anyOf" | "oneOf" | "extends" => node.same.extend(self.list(value, task)?),
                "not" | "if" | "then" | "else" => node.same.extend(self.one(value, task)?),
                "dependentSchemas" | "dependencies" => {
                    node.same.extend(self.map(value, task)?);
                    node.own.lookups += size_of_map(value);
                }
                "properties" => {
                    for (name, schema) in value.as_object().into_iter().flatten() {
                        node.properties.insert(name.clone(), self.one(schema, task)?.into_iter().collect());
                    }
                    node.own.lookups += size_of_map(value);
                }
                "patternProperties" => {
                    node.by_pattern.extend(self.map(value, task)?);
                    let named = task.schema.get("properties").map_or(0, size_of_map);
                    // the library tries every pattern on every name
                    self.once(task, size_of_map(value).saturating_mul(named) / 8);
                    for pattern in value.as_object().into_iter().flat_map(Map::keys) {
                        node.own.name_byte += self.pattern(pattern)?;
                    }
                }
                "additionalProperties" => node.other_properties.extend(self.one(value, task)?),
                "propertyNames" => node.names.extend(self.one(value, task)?),
                "prefixItems" => node.leading.extend(self.list(value, task)?),
                "items" if value.is_array() => node.leading.extend(self.list(value, task)?),
                "items" | "additionalItems" => node.items.extend(self.one(value, task)?),
                "contains" => {
                    let contains: Vec<_> = self.one(value, task)?.into_iter().collect();
                    node.items.extend(&contains);
                    node.contains.extend(contains);
                }
                "unevaluatedProperties" | "unevaluatedItems" => {
                    node.unevaluated.extend(self.one(value, task)?);
                    node.looks_again = true;
                }
                "pattern" => node.own.byte += value.as_str().map_or(Ok(0), |pattern| self.pattern(pattern))?,
                _ => node.own.add(keyword, value, self.raw),
            }
        }
        Ok(node)
    }

    fn one(&mut self, value: &'s Value, task: &Task<'s>) -> Result<Option<usize>, SchemaError> {
        self.node(value, &task.resolver, task.draft)
    }

    fn list(&mut self, value: &'s Value, task: &Task<'s>) -> Result<Vec<usize>, SchemaError> {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(|value| self.one(value, task).transpose()).collect()
    }

    fn map(&mut self, value: &'s Value, task: &Task<'s>) -> Result<Vec<usize>, SchemaError> {
        let all = value.as_object().into_iter().flat_map(Map::values);
        all.filter_map(|value| self.one(value, task).transpose()).collect()
    }

    fn of(&mut self, reference: &Value, task: &Task<'s>) -> Result<Option<usize>, SchemaError> {
        reference.as_str().map_or(Ok(None), |reference| self.target(reference, task))
    }

    /// What a reference leads to; `None` if it leads nowhere, which the library says if it looks at it.
    fn target(&mut self, reference: &str, task: &Task<'s>) -> Result<Option<usize>, SchemaError> {
        let base = task.resolver.base_uri();
        // a pointer is followed each time, and at each step all steps before are looked at
        let steps = reference.bytes().filter(|byte| *byte == b'/').count() as u64;
        self.once(task, steps.saturating_mul(steps) / 1_000);
        let key = (reference.to_owned(), base.as_str().to_owned());
        if let Some(known) = self.targets.get(&key) {
            return Ok(*known);
        }
        let Ok(found) = task.resolver.lookup(reference) else { return Ok(None) };
        let (contents, resolver, draft) = found.into_inner();
        let target = self.node(contents, &resolver, draft)?;
        let of = resolver.base_uri();
        // a place has the reference's own way of writing it
        let span = self.raw.span(contents);
        let written = (1 + reference.len() as u64 / 256) * if span.is_some() { 1 } else { SIZE_OF_DIALECTS };
        self.compiled.entry(of.as_str().to_owned()).or_default().push((span, written));
        if of != base {
            self.between.entry(base.as_str().to_owned()).or_default().insert(of.as_str().to_owned());
        }
        self.targets.insert(key, target);
        Ok(target)
    }

    /// The states of a pattern, which is compiled once however often it stands there.
    fn pattern(&mut self, pattern: &'s str) -> Result<u64, SchemaError> {
        if let Some(states) = self.counted.get(pattern) {
            return Ok(*states);
        }
        let states = self.patterns.add(pattern)?;
        self.counted.insert(pattern, states);
        Ok(states)
    }

    /// Something that takes as long as compiling so many values.
    fn once(&mut self, task: &Task<'s>, values: u64) {
        if values > 0 {
            self.compiled.entry(task.resolver.base_uri().as_str().to_owned()).or_default().push((None, values));
        }
    }

    /// What is compiled: the parts of a resource once for each way that leads to it, since dynamic references could make a difference
    /// there.
    fn compiled(&self, root: &str) -> Result<Vec<Compiled>, SchemaError> {
        let mut ways: BTreeMap<&str, u64> = BTreeMap::from([(root, 1)]);
        let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
        for to in self.between.values().flatten() {
            *waiting.entry(to.as_str()).or_default() += 1;
        }
        let mut open: Vec<&str> = self.resources().filter(|resource| !waiting.contains_key(resource)).collect();
        let mut all = Vec::new();
        while let Some(resource) = open.pop() {
            let of_this = ways.get(resource).copied().unwrap_or(1);
            let parts = self.compiled.get(resource).into_iter().flatten();
            all.extend(parts.map(|(span, times)| Compiled { span: *span, times: times.saturating_mul(of_this) }));
            for to in self.between.get(resource).into_iter().flatten() {
                let of_that = ways.entry(to).or_default();
                *of_that = of_that.saturating_add(of_this);
                let left = waiting.entry(to).or_insert(1);
                *left -= 1;
                if *left == 0 {
                    waiting.remove(to.as_str());
                    open.push(to);
                }
            }
        }
        if waiting.is_empty() { Ok(all) } else { Err(Excess::Resources.into()) }
    }

    fn resources(&self) -> impl Iterator<Item = &str> {
        let mut all: Vec<&str> = self.compiled.keys().chain(self.between.keys()).map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
    }
}

impl Own {
    /// Keywords that look at a value only.
    fn add(&mut self, keyword: &str, value: &Value, raw: &Raw<'_>) {
        match keyword {
            // a long list of texts is looked up at once
            "enum" if is_long_list_of_texts(value) => {
                self.keywords += 8;
                self.byte += 1;
            }
            "enum" | "const" => self.compared += raw.size(value).unwrap_or(1),
            "required" => self.lookups += value.as_array().map_or(0, Vec::len) as u64,
            "dependentRequired" => self.lookups += raw.size(value).unwrap_or(1),
            "format" => {
                self.byte += 4;
                self.reads_patterns |= value == "regex";
            }
            "contentEncoding" | "contentMediaType" => self.byte += 16,
            "minLength" | "maxLength" => self.byte += 1,
            "multipleOf" => self.divisions += 1,
            "uniqueItems" => self.unique |= value == true,
            _ => {}
        }
    }
}

fn is_long_list_of_texts(value: &Value) -> bool {
    let is_text = |item: &Value| item.is_string() || item.is_null();
    value.as_array().is_some_and(|items| items.len() > 10 && items.iter().all(is_text))
}

/// Members of a map, and what the lists in it hold: names that others depend on.
fn size_of_map(value: &Value) -> u64 {
    let members = value.as_object().into_iter().flat_map(Map::values);
    members.map(|member| 1 + member.as_array().map_or(0, Vec::len) as u64).sum()
}
