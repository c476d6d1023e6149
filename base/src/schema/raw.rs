//! A schema as plain JSON: how large it is, before anything follows its references.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::limits::{Excess, MAX_BYTES, MAX_DEPTH, MAX_PATHS, MAX_REFERENCE, MAX_VALUES};

/// What is known of the values of a schema, by where they are in memory. The schema is borrowed for as long as this lives.
pub(super) struct Raw<'s> {
    spans: HashMap<usize, Span>,
    /// Sums of the weights of all values before each one, in the order in which values are looked at; one more than there are values.
    before: Vec<u64>,
    /// Values of `$id` below the root.
    pub(super) ids: BTreeSet<&'s str>,
    /// Values of `id` below the root: names of parts in the oldest dialect, anything in later ones.
    pub(super) old_ids: BTreeSet<&'s str>,
    /// Values of `$schema` below the root.
    pub(super) dialects: BTreeSet<&'s str>,
    /// How many parts say their dialect.
    pub(super) dialect_count: usize,
    /// Whether there is a `$dynamicRef` or a `$recursiveRef`, whose target depends on how it was reached.
    pub(super) is_dynamic: bool,
    /// Whether parts can be the target of such a keyword.
    pub(super) has_dynamic_anchors: bool,
    /// The longest name that parts of the schema give themselves.
    longest_id: usize,
    /// Bytes of the paths to all values.
    paths: u64,
    bytes: usize,
}

/// The numbers of a value and of all that is in it, in the order in which values are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A value that is still to be looked at.
struct Step<'s> {
    value: &'s Value,
    parent: Option<usize>,
    depth: usize,
    /// Bytes of the JSON pointer to it.
    path: usize,
}

impl<'s> Raw<'s> {
    /// Looks at every value, without recursion.
    pub(super) fn new(schema: &'s Value) -> Result<Self, Excess> {
        let mut raw = Self {
            spans: HashMap::new(),
            before: Vec::new(),
            ids: BTreeSet::new(),
            old_ids: BTreeSet::new(),
            dialects: BTreeSet::new(),
            dialect_count: 0,
            is_dynamic: false,
            has_dynamic_anchors: false,
            longest_id: 0,
            paths: 0,
            bytes: 0,
        };
        let mut todo = vec![Step { value: schema, parent: None, depth: 0, path: 0 }];
        let mut seen: Vec<(usize, Option<usize>, u64)> = Vec::new();
        while let Some(step) = todo.pop() {
            let number = seen.len();
            seen.push((identity(step.value), step.parent, raw.weight(&step)?));
            if seen.len() as u64 > MAX_VALUES {
                return Err(Excess::Values);
            }
            let child = |value, name: usize| Step {
                value,
                parent: Some(number),
                depth: step.depth + 1,
                // escaped, in the worst case
                path: step.path + 1 + name * 2,
            };
            match step.value {
                Value::Array(items) => todo.extend(items.iter().map(|item| child(item, 3))),
                Value::Object(members) => todo.extend(members.iter().map(|(key, value)| child(value, key.len()))),
                _ => {}
            }
        }
        if raw.longest_id > 0 {
            // the library also keeps the URI of each part, which ends with its path, percent-encoded
            let whole = (seen.len() as u64).saturating_mul(raw.longest_id as u64);
            raw.paths = raw.paths.saturating_mul(4).saturating_add(whole);
        }
        if raw.paths > MAX_PATHS {
            return Err(Excess::Paths);
        }
        raw.add_up(&seen);
        Ok(raw)
    }

    /// How many values are in this one, itself included, where long texts count as several; `None` if it is not of this schema.
    pub(super) fn size(&self, value: &Value) -> Option<u64> {
        self.span(value).map(|span| self.size_of(span))
    }

    /// How many values a span has, where long texts count as several.
    pub(super) fn size_of(&self, span: Span) -> u64 {
        let before = |number: usize| self.before.get(number).copied().unwrap_or(0);
        before(span.end).saturating_sub(before(span.start))
    }

    /// The span of a value; `None` if it is not of this schema.
    pub(super) fn span(&self, value: &Value) -> Option<Span> {
        self.spans.get(&identity(value)).copied()
    }

    /// How many values there are.
    pub(super) fn values(&self) -> usize {
        self.spans.len()
    }

    fn weight(&mut self, step: &Step<'s>) -> Result<u64, Excess> {
        if step.depth > MAX_DEPTH {
            return Err(Excess::Depth);
        }
        let bytes = match step.value {
            Value::String(text) => text.len(),
            Value::Object(members) => {
                for (key, value) in members {
                    self.keyword(key, value, step.depth)?;
                }
                members.keys().map(String::len).sum()
            }
            _ => 1,
        };
        self.bytes = self.bytes.saturating_add(bytes);
        self.paths = self.paths.saturating_add(step.path as u64);
        if self.bytes > MAX_BYTES {
            return Err(Excess::Bytes);
        }
        Ok(1 + bytes as u64 / 64)
    }

    fn keyword(&mut self, key: &str, value: &'s Value, depth: usize) -> Result<(), Excess> {
        match (key, value) {
            ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(reference)) => {
                self.is_dynamic |= key != "$ref";
                if reference.len() > MAX_REFERENCE {
                    return Err(Excess::Reference);
                }
            }
            ("$id" | "id" | "$schema" | "$anchor", Value::String(name)) => {
                if name.len() > MAX_REFERENCE {
                    return Err(Excess::Reference);
                }
                if key != "$schema" {
                    self.longest_id = self.longest_id.max(name.len());
                }
                match key {
                    "$schema" if depth > 0 => {
                        self.dialect_count += 1;
                        self.dialects.insert(name);
                    }
                    "$id" if depth > 0 => _ = self.ids.insert(name),
                    "id" if depth > 0 => _ = self.old_ids.insert(name),
                    _ => {}
                }
            }
            ("$dynamicAnchor", _) | ("$recursiveAnchor", Value::Bool(true)) => self.has_dynamic_anchors = true,
            _ => {}
        }
        Ok(())
    }

    /// A value comes after its parent, and all that is in it before the next value of that parent. So backwards the end of each value is
    /// known when it is passed on to its parent.
    fn add_up(&mut self, seen: &[(usize, Option<usize>, u64)]) {
        self.before.push(0);
        let mut sum = 0_u64;
        for (_, _, own) in seen {
            sum = sum.saturating_add(*own);
            self.before.push(sum);
        }
        let mut ends: Vec<usize> = (1..=seen.len()).collect();
        for (start, (identity, parent, _)) in seen.iter().enumerate().rev() {
            let end = ends.get(start).copied().unwrap_or(start);
            if let Some(whole) = parent.and_then(|parent| ends.get_mut(parent)) {
                *whole = end.max(*whole);
            }
            self.spans.insert(*identity, Span { start, end });
        }
    }
}

/// The place of a value in memory, which no other value of the schema has.
pub(super) fn identity(value: &Value) -> usize {
    std::ptr::from_ref(value) as usize
}
