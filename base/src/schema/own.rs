//! What sub-schemas cost for one value, without its parts.

use serde_json::Value;

use super::graph::Own;

/// What is looked at.
#[derive(Clone, Copy)]
pub(super) enum Subject<'v> {
    Value(&'v Value),
    /// The name of a property.
    Name(&'v str),
}

/// What several sub-schemas cost together, each as often as it looks at the value.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    visits: u64,
    keywords: u64,
    lookups: u64,
    compared: u64,
    byte: u64,
    name_byte: u64,
    divisions: u64,
    readers: u64,
    unique: u64,
    dialects: u64,
}

/// A division of numbers with fractions.
const DIVISION: u64 = 300;
/// A value in a list whose items must differ.
const COMPARED: u64 = 32;
/// A value that is a schema itself, and is looked at by a schema of schemas.
const DIALECT: u64 = 100;
/// Bytes of text that weigh as much as a value.
const TEXT: u64 = 16;

impl Sum {
    /// One sub-schema that looks once.
    pub(super) fn of(own: &Own) -> Self {
        Self {
            visits: 1,
            keywords: own.keywords,
            lookups: own.lookups,
            compared: own.compared,
            byte: own.byte,
            name_byte: own.name_byte,
            divisions: own.divisions,
            readers: u64::from(own.reads_patterns),
            unique: u64::from(own.unique),
            dialects: u64::from(own.is_dialect),
        }
    }

    /// Others besides, so many times.
    pub(super) fn add(&mut self, other: &Self, times: u64) {
        let parts = [
            (&mut self.visits, other.visits),
            (&mut self.keywords, other.keywords),
            (&mut self.lookups, other.lookups),
            (&mut self.compared, other.compared),
            (&mut self.byte, other.byte),
            (&mut self.name_byte, other.name_byte),
            (&mut self.divisions, other.divisions),
            (&mut self.readers, other.readers),
            (&mut self.unique, other.unique),
            (&mut self.dialects, other.dialects),
        ];
        for (sum, other) in parts {
            *sum = sum.saturating_add(other.saturating_mul(times));
        }
    }

    /// For one value; more than `limit` where finding out would itself cost more than that.
    pub(super) fn price(&self, subject: Subject<'_>, limit: u64) -> u64 {
        let base = self.visits.saturating_mul(2).saturating_add(self.keywords);
        let value = match subject {
            Subject::Name(name) => return base.saturating_add(self.of_text(name.len() as u64)),
            Subject::Value(value) => value,
        };
        // what looks at all that is in the value
        let whole = |sum: u64, each: u64| {
            let each = sum.saturating_mul(each);
            let most = limit.checked_div(each)?;
            Some(weight(value, most).map_or(u64::MAX, |weight| weight.saturating_mul(each)))
        };
        let own = match value {
            Value::String(text) => self.of_text(text.len() as u64),
            Value::Null | Value::Bool(_) => self.compared,
            Value::Number(_) => self.compared.saturating_add(self.divisions.saturating_mul(DIVISION)),
            Value::Array(items) => {
                let loops = self.visits.saturating_mul(items.len() as u64) / 4;
                whole(self.unique, COMPARED)
                    .unwrap_or(0)
                    .saturating_add(loops)
                    .saturating_add(self.compared.saturating_mul(4))
            }
            Value::Object(members) => {
                let bytes = members.keys().map(|key| key.len() as u64 + 1).sum::<u64>();
                let loops = self.visits.saturating_mul(4 * members.len() as u64);
                let names = bytes.saturating_mul(self.name_byte).saturating_add(self.lookups).saturating_add(loops);
                names.saturating_add(self.compared.saturating_mul(4))
            }
        };
        own.saturating_add(base).saturating_add(whole(self.dialects, DIALECT).unwrap_or(0))
    }

    fn of_text(&self, bytes: u64) -> u64 {
        let read = (bytes + 1).saturating_mul(self.byte).saturating_add(self.compared);
        // groups with names are looked for among all others
        let pattern = bytes.saturating_mul(bytes) / 256 + 4 * bytes;
        read.saturating_add(pattern.saturating_mul(self.readers))
    }

    /// The most for one unit of a value's weight; `None` if it depends on more than that.
    pub(super) fn flat(&self) -> Option<u64> {
        let depends = self.dialects.max(self.unique).max(self.readers) > 0;
        let texts = self.byte.saturating_add(self.name_byte).saturating_mul(TEXT);
        let others = self.visits.saturating_mul(6).saturating_add(self.keywords).saturating_add(self.lookups);
        let compared = self.compared.saturating_mul(4).saturating_add(self.divisions.saturating_mul(DIVISION));
        (!depends).then(|| texts.saturating_add(others).saturating_add(compared))
    }
}

/// How much there is to look at in a value: its values, the names in it, and what its texts weigh. None where that is more than `most`.
pub(super) fn weight(value: &Value, most: u64) -> Option<u64> {
    let mut all = 0_u64;
    let mut open: Vec<&Value> = Vec::new();
    let mut next = Some(value);
    while let Some(value) = next {
        all += 1;
        match value {
            Value::String(text) => all += text.len() as u64 / TEXT,
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                for (key, value) in members {
                    all += 1 + key.len() as u64 / TEXT;
                    open.push(value);
                }
            }
            _ => {}
        }
        if all > most {
            return None;
        }
        next = open.pop();
    }
    Some(all)
}
