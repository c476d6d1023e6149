use darling::{Error, error::Accumulator, util::SpannedValue};
use proc_macro2::Span;
use regex::Regex;
use syn::{GenericArgument, Ident, PathArguments, Type};

use super::limits::Limits;

/// What a type is known to hold, by its last path segment.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Text,
    Number,
    Items,
    Other(&'static str),
    Unknown,
}

/// Whether a field's name can stand in a prompt's field marker.
pub(crate) fn name(name: &str, at: &Ident) -> darling::Result<()> {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let message = match name {
        "completed" => "`completed` ends a reply and cannot be a field name".to_owned(),
        _ if fits => return Ok(()),
        _ => format!("`{name}` cannot be a field name: use ASCII letters, digits and `_`, starting with a letter"),
    };
    Err(Error::custom(message).with_span(at))
}

/// Adds what is wrong with a field's constraints.
pub(crate) fn limits(name: &str, ty: &Type, limits: &Limits, errors: &mut Accumulator) {
    let holds = Holds::of(ty);
    for (key, wants, span) in given(limits) {
        if holds != Holds::Unknown && holds != wants {
            let message = format!("`{key}` limits {}, but `{name}` is {}", wants.plural(), holds.singular());
            errors.push(Error::custom(message).with_span(&span));
        }
    }
    ordered(("min_chars", &limits.min_chars), ("max_chars", &limits.max_chars), errors);
    ordered(("min", &limits.min), ("max", &limits.max), errors);
    if let Some(pattern) = &limits.pattern
        && let Some(message) = pattern_problem(pattern)
    {
        errors.push(Error::custom(message).with_span(&pattern.span()));
    }
}

/// The constraints that are there, and what each limits.
fn given(limits: &Limits) -> impl Iterator<Item = (&'static str, Holds, Span)> {
    fn span<T>(value: &Option<SpannedValue<T>>) -> Option<Span> {
        value.as_ref().map(SpannedValue::span)
    }
    [
        ("min_chars", Holds::Text, span(&limits.min_chars)),
        ("max_chars", Holds::Text, span(&limits.max_chars)),
        ("pattern", Holds::Text, span(&limits.pattern)),
        ("min", Holds::Number, span(&limits.min)),
        ("max", Holds::Number, span(&limits.max)),
        ("max_items", Holds::Items, span(&limits.max_items)),
    ]
    .into_iter()
    .filter_map(|(key, wants, span)| Some((key, wants, span?)))
}

fn ordered<T: PartialOrd>(
    (low_key, low): (&str, &Option<SpannedValue<T>>),
    (high_key, high): (&str, &Option<SpannedValue<T>>),
    errors: &mut Accumulator,
) {
    if let (Some(low), Some(high)) = (low, high)
        && **low > **high
    {
        let message = format!("`{low_key}` is above `{high_key}`: no value could satisfy both");
        errors.push(Error::custom(message).with_span(&low.span()));
    }
}

/// Compiles the pattern just as `abide_signatures::Pattern::new` will.
fn pattern_problem(source: &str) -> Option<String> {
    let error = Regex::new(source).and_then(|_| Regex::new(&format!(r"\A(?:{source})\z"))).err()?.to_string();
    let reason = error.rsplit("error: ").next().unwrap_or_default();
    let help =
        if reason.starts_with("look-around") { "; describe the whole text, or check it in the program" } else { "" };
    Some(format!("`{source}` cannot be used as a pattern: {reason}{help}"))
}

impl Holds {
    fn of(ty: &Type) -> Self {
        match ty {
            Type::Group(group) => Self::of(&group.elem),
            Type::Paren(paren) => Self::of(&paren.elem),
            Type::Array(_) | Type::Tuple(_) => Self::Items,
            Type::Path(path) => path.path.segments.last().map_or(Self::Unknown, Self::of_segment),
            _ => Self::Unknown,
        }
    }

    fn of_segment(segment: &syn::PathSegment) -> Self {
        match segment.ident.to_string().as_str() {
            "String" | "str" | "char" => Self::Text,
            "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize"
            | "f32" | "f64" => Self::Number,
            "Vec" | "VecDeque" | "BTreeMap" | "HashMap" | "BTreeSet" | "HashSet" => Self::Items,
            "bool" => Self::Other("a boolean"),
            "Option" | "Box" => inner(&segment.arguments).map_or(Self::Unknown, Self::of),
            _ => Self::Unknown,
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "numbers",
            Self::Items => "lists and maps",
            Self::Other(what) => what,
            Self::Unknown => "values",
        }
    }

    fn singular(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Items => "a list or map",
            Self::Other(what) => what,
            Self::Unknown => "a value",
        }
    }
}

fn inner(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
