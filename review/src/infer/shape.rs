//! What the values of one argument may be: where they come from, or, where no place has them, what they look like.
//!
//! | values | become |
//! |---|---|
//! | the same value, or the same few, again and again, each in three runs or more | `enum` |
//! | names: letters with figures or signs and no blanks, or long numbers | `enum`, or a list beside the places that have the others |
//! | figures: dates, times, short numbers as text | `pattern`: each row of digits keeps its smallest and largest length, each sign itself |
//! | numbers | `min` and `max`, from 0 out to the next power of ten, and to the one after it while there were fewer than ten; beside the places that have them too, unless they name something |
//! | objects whose keys are names of fields | rules of their fields, each as here; fields that never had a value are refused |
//! | other objects, and values with no form in common | no rule, and a reason that says so |
//! | true and false | `enum` |
//! | words and prose | `max_chars`: twice the longest, up to the next power of two, at least 64; and no `links` where there was none |
//!
//! Lists get `max_items`: twice the longest, up to the next power of two.

use std::collections::{BTreeMap, BTreeSet};

use abide_base::call::ToolName;
use abide_guard::{
    check::values::is_blank,
    policy::{AnyOf, ArgumentMatch, ArgumentRule, Distinct, PriorCall, Source},
    session::is_blank_text,
    text::{decodings::normalize, link::leads_only_to},
};
use abide_signatures::Pattern;
use serde_json::Value;

use super::{
    count::different,
    seen::{Seen, Sighting, Sightings, Usage, agree, count, is_name, text},
    source,
};

/// What is proposed for one argument.
#[derive(Default)]
pub(super) struct Found {
    pub(super) rule: ArgumentRule,
    /// Lists of the boundary that the rule needs.
    pub(super) lists: Vec<(String, Vec<String>)>,
    pub(super) reasons: Vec<String>,
    /// Why rules of fields are so, by the names that lead to them.
    pub(super) of_fields: BTreeMap<Vec<String>, Vec<String>>,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    Flag,
    Number,
    /// Dates, times, short numbers.
    Figures,
    /// What names a person or a thing.
    Name,
    /// Letters only.
    Word,
    Prose,
    Object,
}

/// Fewer different values, or runs with a value, are no evidence of a habit.
const HABIT: usize = 3;
/// More values than this are no small choice.
const MAX_CHOICE: usize = 8;
/// More names than this are not listed one by one.
const MAX_LISTED: usize = 32;
/// Shorter values stand in many places by chance.
const MIN_TELLING_CHARS: usize = 6;
/// Fewer different values than this are far from all that there will be.
const MANY: usize = 10;
/// The least room for words and prose.
const MIN_TEXT: u32 = 64;

/// The least rule that admits every value that was seen. A list of values is named by the argument's `place`.
pub(super) fn argument(name: &str, place: &str, sightings: &Sightings, seen: &Seen) -> Found {
    let looks: BTreeSet<Look> = sightings.values.values().map(|sighting| look(&sighting.value)).collect();
    if looks.iter().eq([&Look::Object])
        && let Some(found) = fields(place, sightings, seen)
    {
        return found;
    }
    if looks.contains(&Look::Object) || looks.contains(&Look::Flag) && looks.len() > 1 {
        return Found::free("has values that no rule fits, so it is not restricted: look at what it can do");
    }
    let weight = weight(name, &looks);
    let mut found = places(name, sightings, seen, weight, &looks)
        .or_else(|| habit(name, sightings))
        .or_else(|| names(name, place, sightings, seen, weight))
        .unwrap_or_else(|| shape(sightings, &looks));
    let counts_something = weight == Weight::Light && looks.iter().all(|look| *look == Look::Number);
    if counts_something && found.rule.from.is_some() {
        // a caller who may name an amount may not name any
        (found.rule.min, found.rule.max) = range(&values_of(sightings));
        found.reasons.push("and between these, with room for others".to_owned());
    }
    found.rule.max_items = most_items(sightings);
    found
}

/// Objects in more objects than this are not looked into, nor are those with more fields.
const MAX_DEPTH: usize = 4;
const MAX_FIELDS: usize = 32;

/// The rules of the fields of objects, where there are any and all are named.
fn fields(place: &str, sightings: &Sightings, seen: &Seen) -> Option<Found> {
    if sightings.odd > 0 || sightings.fields.len() > MAX_FIELDS || depth(sightings) > MAX_DEPTH {
        return None;
    }
    let mut all = Found { reasons: vec!["is an object: each field for itself".to_owned()], ..Found::default() };
    let has_value = |sightings: &&Sightings| !sightings.values.values().all(|sighting| is_blank(&sighting.value));
    for (name, sightings) in sightings.fields.iter().filter(|(_, sightings)| has_value(sightings)) {
        let found = argument(name, &format!("{place}.{name}"), sightings, seen);
        all.rule.fields.insert(name.clone(), found.rule);
        all.lists.extend(found.lists);
        all.of_fields.insert(vec![name.clone()], found.reasons);
        let below = found.of_fields.into_iter();
        all.of_fields.extend(below.map(|(path, reasons)| ([vec![name.clone()], path].concat(), reasons)));
    }
    (!all.rule.fields.is_empty()).then_some(all)
}

fn depth(sightings: &Sightings) -> usize {
    sightings.fields.values().map(|below| 1 + depth(below)).max().unwrap_or_default()
}

fn most_items(sightings: &Sightings) -> Option<u32> {
    (sightings.lists > 0).then(|| room(sightings.most_items.saturating_mul(2)))
}

/// A limit on how many things one run can reach through one argument, where it names things and limits of calls do not say it already.
pub(super) fn distinct(usage: &Usage) -> Option<Distinct> {
    let always = |sightings: &Sightings| sightings.calls == usage.calls && sightings.episodes.len() >= HABIT;
    let names = |sightings: &Sightings| {
        let named = |sighting: &Sighting| matches!(look(&sighting.value), Look::Name | Look::Figures | Look::Number);
        sightings.values.values().all(named)
    };
    let tells = |sightings: &Sightings| sightings.most_distinct < usage.most_calls;
    let fit = usage.arguments.iter().filter(|(_, one)| always(one) && names(one) && tells(one));
    let (argument, sightings) = fit.min_by_key(|(name, one)| (one.most_distinct, (*name).clone()))?;
    Some(Distinct { argument: argument.clone(), max: count(sightings.most_distinct)? })
}

/// The calls that each call came after, in enough runs to be a habit.
pub(super) fn after(usage: &Usage) -> Vec<AnyOf> {
    let after = usage.after.iter().flatten().filter(|_| usage.episodes.len() >= HABIT);
    let earlier = |(tool, pairs): (&ToolName, &BTreeSet<(String, String)>)| {
        let same = pairs.first().map(|(theirs, ours)| ArgumentMatch { theirs: theirs.clone(), ours: ours.clone() });
        AnyOf::from(PriorCall { same: same.into_iter().collect(), ..PriorCall::of(tool.clone()) })
    };
    after.map(earlier).collect()
}

/// Whether values decide who or what is reached.
#[derive(Clone, Copy, PartialEq)]
enum Weight {
    Heavy,
    Light,
}

fn weight(name: &str, looks: &BTreeSet<Look>) -> Weight {
    let names_something = looks.contains(&Look::Name) || normalize(name).ends_with("id");
    if names_something && !looks.contains(&Look::Prose) { Weight::Heavy } else { Weight::Light }
}

/// The places that have every value.
fn places(name: &str, sightings: &Sightings, seen: &Seen, weight: Weight, looks: &BTreeSet<Look>) -> Option<Found> {
    let uses = with_source(sightings).flat_map(|sighting| fit(name, sighting, seen, weight)).collect();
    let sources = source::cover(&uses)?;
    let values = different(sightings);
    // a word, or several, can be the name of a recipient; figures stand in many texts by chance
    let by_chance = looks.iter().all(|look| matches!(look, Look::Figures | Look::Number));
    // true and false have no place
    if looks.contains(&Look::Flag) || weight == Weight::Light && by_chance && values < HABIT {
        return None;
    }
    Some(from(sources, sightings))
}

/// All values come from these places.
fn from(sources: Vec<Source>, sightings: &Sightings) -> Found {
    let mut reasons = vec![format!("{} from these places", all(different(sightings), sightings.episodes.len()))];
    warn(&sources, &mut reasons);
    Found { rule: ArgumentRule { from: Some(sources), ..ArgumentRule::default() }, reasons, ..Found::default() }
}

/// The values that need a source: blank texts need none.
fn with_source(sightings: &Sightings) -> impl Iterator<Item = &Sighting> {
    sightings.values.values().filter(|sighting| !sighting.value.as_str().is_some_and(is_blank_text))
}

/// The places of each use of a value that may be named in a rule: fields of replies only where they hold names, and, where the value
/// stands in many places by chance, are called like the argument.
fn fit(name: &str, sighting: &Sighting, seen: &Seen, weight: Weight) -> BTreeSet<BTreeSet<Source>> {
    let telling = sighting.value.is_string() && text(&sighting.value).chars().count() >= MIN_TELLING_CHARS;
    let fits = |source: &&Source| match source {
        Source::Reply { tool, field: Some(field) } => {
            weight == Weight::Heavy
                && !seen.prose.contains(&(tool.clone(), field.clone()))
                && (telling || agree(name, field))
        }
        _ => true,
    };
    sighting.sources.iter().map(|sources| sources.iter().filter(fits).cloned().collect()).collect()
}

/// The same value, or the same few, again and again.
fn habit(name: &str, sightings: &Sightings) -> Option<Found> {
    let often = sightings.values.values().all(|sighting| sighting.episodes.len() >= HABIT);
    if !often || different(sightings) > MAX_CHOICE || is_called_secret(name) {
        return None;
    }
    Some(listed(sightings, &format!("only these in {}", super::count::episodes(sightings.episodes.len()))))
}

/// The values that were seen, and no others.
fn listed(sightings: &Sightings, reason: &str) -> Found {
    let values = sightings.values.values().map(|sighting| sighting.value.clone()).collect();
    Found::shaped(ArgumentRule { one_of: Some(values), ..ArgumentRule::default() }, reason.to_owned())
}

/// Whether the values of an argument must not be written down.
fn is_called_secret(name: &str) -> bool {
    let name = normalize(name);
    ["password", "secret", "token", "apikey", "passphrase"].iter().any(|word| name.contains(word))
}

/// Names that no place has: listed one by one, since a pattern of names fits any name.
fn names(name: &str, place: &str, sightings: &Sightings, seen: &Seen, weight: Weight) -> Option<Found> {
    if weight == Weight::Light || is_called_secret(name) {
        return None;
    }
    let (mut uses, mut rest) = (BTreeSet::new(), BTreeMap::new());
    for sighting in with_source(sightings) {
        let of_value = fit(name, sighting, seen, weight);
        if of_value.iter().any(BTreeSet::is_empty) {
            rest.insert(sighting.value.as_str()?.to_owned(), &sighting.had);
        } else {
            uses.extend(of_value);
        }
    }
    let figures_only = rest.keys().all(|text| look_of_text(text) == Look::Figures);
    if rest.len() > MAX_LISTED || figures_only {
        return None;
    }
    let reason =
        |count: usize| format!("{count} of {} no place has: listed as they were, check each", different(sightings));
    let listable = rest.keys().all(|text| !text.starts_with('@') && !text.is_empty());
    let sources = source::cover(&uses).filter(|sources| !sources.is_empty() && listable);
    let Some(mut sources) = sources else {
        return (different(sightings) <= MAX_LISTED).then(|| listed(sightings, &reason(rest.len())));
    };
    // a value that the run said first may stand in one of these places all the same
    rest.retain(|_, had| had.iter().any(|had| !sources.iter().any(|source| had.contains(source))));
    if rest.is_empty() {
        return Some(from(sources, sightings));
    }
    let mut reasons = vec![reason(rest.len())];
    warn(&sources, &mut reasons);
    sources.push(Source::Registry(place.to_owned()));
    let rule = ArgumentRule { from: Some(sources), ..ArgumentRule::default() };
    Some(Found { rule, lists: vec![(place.to_owned(), rest.into_keys().collect())], reasons, ..Found::default() })
}

/// What all values look like.
fn shape(sightings: &Sightings, looks: &BTreeSet<Look>) -> Found {
    let values = values_of(sightings);
    let evidence = all(values.len(), sightings.episodes.len());
    if looks.len() > 1 && looks.contains(&Look::Number) {
        return Found::free("has numbers and texts, so it is not restricted: look at what it can do");
    }
    if looks.contains(&Look::Number) {
        let (min, max) = range(&values);
        let rule = ArgumentRule { min, max, ..ArgumentRule::default() };
        return Found::shaped(rule, format!("{evidence} between these, with room for others"));
    }
    if looks.contains(&Look::Flag) {
        return listed(sightings, "only these were seen");
    }
    let texts: Vec<&str> = values.iter().filter_map(|value| value.as_str()).collect();
    if let Some(pattern) = pattern(&texts).filter(|_| looks.iter().all(|look| *look == Look::Figures)) {
        let rule = ArgumentRule { pattern: Some(pattern), ..ArgumentRule::default() };
        return Found::shaped(rule, format!("{evidence} of this form"));
    }
    let longest = texts.iter().map(|text| text.chars().count()).max().unwrap_or_default();
    let links = texts.iter().all(|text| leads_only_to(text, &[])).then(Vec::new);
    let rule = ArgumentRule {
        max_chars: Some(room(longest.saturating_mul(2)).max(MIN_TEXT)),
        links,
        ..ArgumentRule::default()
    };
    Found::shaped(rule, format!("{evidence} shorter than this; it may hold anything"))
}

fn values_of(sightings: &Sightings) -> Vec<&Value> {
    sightings.values.values().map(|sighting| &sighting.value).collect()
}

/// The least and the largest number that there may be, with room for others than those seen.
fn range(values: &[&Value]) -> (Option<f64>, Option<f64>) {
    let numbers: Vec<f64> = values.iter().filter_map(|value| value.as_f64()).collect();
    (Some(0.0 - above(&numbers, -1.0)), Some(above(&numbers, 1.0)))
}

/// The next power of two.
fn room(count: usize) -> u32 {
    u32::try_from(count).ok().and_then(u32::checked_next_power_of_two).unwrap_or(u32::MAX)
}

impl Found {
    fn free(reason: &str) -> Self {
        Self { reasons: vec![reason.to_owned()], ..Self::default() }
    }

    fn shaped(rule: ArgumentRule, reason: String) -> Self {
        Self { rule, reasons: vec![reason], ..Self::default() }
    }
}

/// Says of places what episodes cannot show.
fn warn(sources: &[Source], reasons: &mut Vec<String>) {
    if sources.iter().any(|source| matches!(source, Source::Input { .. })) {
        reasons.push("check that only the user writes that field of the input".to_owned());
    }
    if sources.iter().any(|source| matches!(source, Source::Reply { .. })) {
        reasons.push("check who can write into that field of the reply: they can choose this".to_owned());
    }
}

fn all(values: usize, runs: usize) -> String {
    let runs = super::count::episodes(runs);
    if values == 1 { format!("the one value in {runs} is") } else { format!("all {values} values in {runs} are") }
}

fn look(value: &Value) -> Look {
    match value {
        Value::Bool(_) | Value::Null => Look::Flag,
        Value::Number(_) => Look::Number,
        Value::String(text) => look_of_text(text),
        Value::Array(_) | Value::Object(_) => Look::Object,
    }
}

fn look_of_text(text: &str) -> Look {
    if is_figures(text) {
        Look::Figures
    } else if !text.is_empty() && text.chars().all(char::is_alphabetic) {
        Look::Word
    } else if is_name(text) || is_long_number(text) {
        Look::Name
    } else {
        Look::Prose
    }
}

/// Digits in rows of four at most, fourteen in all (a date with its time), and what separates them; addresses of machines have more dots.
fn is_figures(text: &str) -> bool {
    let dated = text.get(..5).is_some_and(|start| start.ends_with('-'));
    let separates = |c: char| "-:/., ".contains(c) || dated && (c == 'T' || c == 'Z');
    let rows = text.split(|c: char| !c.is_ascii_digit());
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || separates(c))
        && rows.map(str::len).all(|digits| digits <= 4)
        && text.bytes().filter(u8::is_ascii_digit).count() <= 14
        && text.matches('.').count() <= 1
}

/// A number of a phone, a card or an account, as people write it.
fn is_long_number(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= MIN_TELLING_CHARS
        && text.chars().all(|c| c.is_ascii_digit() || "+-()/. ".contains(c))
}

/// One pattern for texts that differ in their digits only.
fn pattern(texts: &[&str]) -> Option<Pattern> {
    let signs = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let first = signs(texts.first()?);
    if texts.iter().any(|text| signs(text) != first) {
        return None;
    }
    let mut rows: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for text in texts {
        for (at, row) in text.split(|c: char| !c.is_ascii_digit()).enumerate() {
            let (least, most) = rows.entry(at).or_insert((row.len(), row.len()));
            (*least, *most) = ((*least).min(row.len()), (*most).max(row.len()));
        }
    }
    let mut signs = first.chars();
    let mut source = String::new();
    for (least, most) in rows.into_values() {
        match (least, most) {
            (_, 0) => {}
            (least, most) if least == most => source.push_str(&format!("[0-9]{{{least}}}")),
            (least, most) => source.push_str(&format!("[0-9]{{{least},{most}}}")),
        }
        // `.` is the only one of them that means something else
        source.extend(signs.next().map(|sign| if sign == '.' { "\\.".to_owned() } else { sign.to_string() }));
    }
    Pattern::new(&source).ok()
}

/// A bound above numbers that all have been turned to one side (`1` or `-1`): 0 where none is above it, or else the next power of ten,
/// and the one after it while there were few.
fn above(numbers: &[f64], side: f64) -> f64 {
    let largest = numbers.iter().map(|number| number * side).fold(0.0, f64::max);
    if largest == 0.0 {
        return 0.0;
    }
    let room = if numbers.len() < MANY { 1.0 } else { 0.0 };
    let power = 10_f64.powf(largest.log10().ceil() + room);
    if power.is_finite() && power >= largest { power } else { largest }
}
