//! The rules of arguments, one row each: a new key is a row here and a variant of [`RuleId`].

use std::collections::BTreeMap;

use abide_signatures::Pattern;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use super::{
    super::{
        order::{Order, by_least, by_most, either, optional, same},
        reader::{Table, join},
    },
    read_as::ReadAs,
    rule_id::RuleId,
    source::Source,
    value,
};

/// For each key: what it says, the field, its type, its rule; how it is read, whether a value keeps it, and which of two is wider.
macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $field:ident: $type:ty = $rule:ident, $read:ident, $keeps:expr, $order:expr;)+) => {
        /// What the values of one argument must be. Every part that is present must hold, for each item where the value is a list;
        /// an argument that is absent or null breaks no rule, because the tool's schema says whether it may be.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct ArgumentRule {
            $($(#[doc = $doc])+ pub $field: Option<$type>,)+
            /// In which other ways of people the input may write a value that `from` asks for. Key `as`.
            pub read_as: Option<ReadAs>,
            /// Rules of the fields of an object, by the field's name. Where there are any, the value must be an object or a list of
            /// objects, and fields without an entry are treated as arguments without one are.
            pub fields: BTreeMap<String, ArgumentRule>,
        }

        impl ArgumentRule {
            /// The keys of a rule in a boundary file. A table under any other key is a rule for a field of that name.
            pub const KEYS: &[&str] = &[$(RuleId::$rule.as_str(),)+ "as", "fields"];

            fn read_keys(table: &Table<'_>) -> Self {
                Self {
                    $($field: table.$read(RuleId::$rule.as_str()),)+
                    read_as: table.choice("as", &ReadAs::WORDS),
                    fields: fields(table),
                }
            }

            /// The first rule that one value breaks, in the order of this table. A list counts as one value, and fields are not looked at.
            pub fn broken(&self, value: &Value) -> Option<RuleId> {
                $(
                    let keeps: Option<fn(&$type, &Value) -> bool> = $keeps;
                    if let (Some(keeps), Some(set)) = (keeps, &self.$field) && !keeps(set, value) {
                        return Some(RuleId::$rule);
                    }
                )+
                None
            }

            /// The rules that look at one value at a time, each by itself.
            pub fn each(&self) -> Vec<(RuleId, Self)> {
                let mut each = Vec::new();
                $(
                    let keeps: Option<fn(&$type, &Value) -> bool> = $keeps;
                    if keeps.is_some() && self.$field.is_some() {
                        each.push((RuleId::$rule, Self { $field: self.$field.clone(), ..Self::default() }));
                    }
                )+
                each
            }

            /// Tells of every rule of this table which of the two is wider. `as` and `fields` are left to the caller.
            #[doc(hidden)]
            pub fn compare(&self, new: &Self, tell: &mut dyn FnMut(RuleId, Order, [Option<Value>; 2])) {
                $({
                    let order: fn(Option<&$type>, Option<&$type>) -> Order = $order;
                    let shown = |rule: &Self| rule.$field.as_ref().and_then(|set| serde_json::to_value(set).ok());
                    tell(RuleId::$rule, order(self.$field.as_ref(), new.$field.as_ref()), [shown(self), shown(new)]);
                })+
            }
        }

        impl Serialize for ArgumentRule {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $(if let Some(set) = &self.$field { map.serialize_entry(&RuleId::$rule, set)?; })+
                if let Some(read_as) = &self.read_as {
                    map.serialize_entry("as", read_as)?;
                }
                if !self.fields.is_empty() {
                    map.serialize_entry("fields", &self.fields)?;
                }
                map.end()
            }
        }
    };
}

keys! {
    /// The only values allowed. A list must be a subset of them.
    one_of: Vec<Value> = Enum, values, Some(|set, value| set.contains(value)),
        |old, new| optional(slice(old), slice(new), |one, other| one == other);
    /// Values that are refused, however they are written: texts alike but for case, punctuation and invisible characters, equal numbers.
    /// Says less than `one_of`: whatever is not thought of is allowed.
    not_one_of: Vec<Value> = NotEnum, values, Some(|set, value| !set.iter().any(|refused| value::is_refused(refused, value))),
        |old, new| {
            let (old, new) = (slice(old).unwrap_or_default(), slice(new).unwrap_or_default());
            Order::of(old, new, |one, other| one.iter().all(|refused| other.contains(refused)))
        };
    /// The whole text must match. Takes time linear in the length of the text, whatever the pattern.
    pattern: Pattern = Pattern, pattern, Some(|set, value| value::is_text(value, |text| set.matches(text))),
        |old, new| either(old, new, same);
    /// Fewest characters (Unicode scalar values) of a text.
    min_chars: u32 = MinChars, number_of, Some(|set, value| value::is_text(value, |text| text.chars().count() >= *set as usize)),
        by_least;
    /// Most characters (Unicode scalar values) of a text.
    max_chars: u32 = MaxChars, number_of, Some(|set, value| value::is_text(value, |text| text.chars().count() <= *set as usize)),
        by_most;
    /// The text must begin with one of these.
    prefix: Vec<String> = Prefix, owned_texts,
        Some(|set, value| value::is_text(value, |text| set.iter().any(|prefix| text.starts_with(prefix)))),
        |old, new| optional(slice(old), slice(new), |one, other| other.starts_with(one.as_str()));
    /// The text must be an `https` address at one of these hosts, without user name and password, and without `..` in its path.
    /// `corp.example` stands for `www.corp.example` too, and `*.corp.example` for every host below `corp.example`, and not for it.
    hosts: Vec<String> = Hosts, owned_texts, Some(|set, value| value::is_text(value, |text| value::is_address_at(text, set))),
        |old, new| optional(slice(old), slice(new), |one, other| one == other);
    /// Every link in the text must lead to one of these hosts, written as for `hosts`; an empty list allows no link.
    links: Vec<String> = Links, owned_texts, Some(|set, value| value::is_text(value, |text| value::leads_only_to(text, set))),
        |old, new| optional(slice(old), slice(new), |one, other| one == other);
    /// The text must be this folder or a path below it; without `..`, links on disk are not looked at.
    path_root: String = PathRoot, owned_text, Some(|set, value| value::is_text(value, |text| value::is_within(text, set))),
        |old, new| either(old, new, |old, new| Order::of(old, new, |one, other| value::is_folder_within(other, one)));
    /// The smallest number allowed.
    min: f64 = Min, number, Some(|set, value| value::is_at_least(value, *set)), by_least;
    /// The largest number allowed.
    max: f64 = Max, number, Some(|set, value| value::is_at_most(value, *set)), by_most;
    /// Most items of a list; a list that is written as one text (`a@x.example, b@x.example`) counts as what it lists, any other value
    /// as one.
    max_items: u32 = MaxItems, number_of, None, by_most;
    /// Where the values must come from: any of these.
    from: Vec<Source> = From, parsed_list, None,
        |old, new| optional(slice(old), slice(new), Source::covers);
}

/// Rules of fields: tables under names that are not keys of a rule, and all under `fields`.
fn fields(table: &Table<'_>) -> BTreeMap<String, ArgumentRule> {
    let is_field = |key: &String| !ArgumentRule::KEYS.contains(&key.as_str()) && table.has_table(key);
    let named = table.keys().filter(is_field).filter_map(|key| table.table(&key).map(|below| (key, below)));
    let mut fields: BTreeMap<String, ArgumentRule> =
        named.map(|(name, below)| (name, ArgumentRule::read(below))).collect();
    for (name, below) in table.table("fields").iter().flat_map(Table::tables) {
        if fields.contains_key(&name) {
            let other = table.path_of(&name);
            below.problem_here(format!("is the same field as `{other}`: keep one of the two"));
        }
        fields.insert(name, ArgumentRule::read(below));
    }
    fields
}

fn slice<T>(list: Option<&Vec<T>>) -> Option<&[T]> {
    list.map(Vec::as_slice)
}

impl ArgumentRule {
    /// The rules in a table of names.
    pub(super) fn read_all(table: &Table<'_>, key: &str) -> BTreeMap<String, Self> {
        let tables = table.table(key).map(|table| table.tables()).unwrap_or_default();
        tables.into_iter().map(|(name, table)| (name, Self::read(table))).collect()
    }

    fn read(table: Table<'_>) -> Self {
        let misread: Vec<&str> =
            Self::KEYS.iter().copied().filter(|key| *key != "fields" && table.has_table(key)).collect();
        for key in &misread {
            let explicit = join(&table.path_of("fields"), key);
            let reason =
                format!("is a key of the rule, and has no table: write `{explicit}` for a field that is named `{key}`");
            table.problem(key, reason);
        }
        let table = table.without(&misread);
        let rule = Self::read_keys(&table);
        table.finish(Self::KEYS);
        rule
    }

    /// The rule and all rules of fields in it, each with the names of the fields that lead to it.
    pub fn all(&self) -> Vec<(Vec<&str>, &Self)> {
        let mut all = Vec::new();
        self.add_to(&mut Vec::new(), &mut all);
        all
    }

    fn add_to<'r>(&'r self, path: &mut Vec<&'r str>, all: &mut Vec<(Vec<&'r str>, &'r Self)>) {
        all.push((path.clone(), self));
        for (name, rule) in &self.fields {
            path.push(name);
            rule.add_to(path, all);
            path.pop();
        }
    }
}
