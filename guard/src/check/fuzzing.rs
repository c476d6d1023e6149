//! What looks for values in texts, for the fuzz targets. In builds of `cargo fuzz` only.

use abide_base::{call::ToolReply, id::RunId, schema};
use abide_signatures::Fields;
use serde_json::{Value, json};

use super::leak;
use crate::{
    Mode, Session,
    policy::{Class, Source},
    text::{decodings::decodings, link, markup, secret_shape},
};

/// Whether a value counts as given in the input.
pub fn is_given(input: &str, value: &str) -> bool {
    let session = session(input);
    session.with_memory(|memory| memory.came_from(&[Source::Input { field: None }], &[], &json!(value)))
}

/// Whether a text carries a value that a tool's reply had in a field.
pub fn is_carried(value: &str, text: &str) -> bool {
    let (session, Ok(tool)) = (session(""), "crm.read".try_into()) else { return false };
    session.keep_field(&tool, "field", &ToolReply::done(json!({ "field": value })));
    let class = Class { from: vec![Source::Reply { tool, field: Some("field".to_owned()) }], ..Class::default() };
    session.with_memory(|memory| leak::has_class(&class, memory, &decodings(text)))
}

/// The text without markup, and whether what is left still has some.
pub fn stripped(text: &str) -> (String, bool) {
    let kept = markup::strip(text);
    let still = markup::is_in(&kept);
    (kept, still)
}

/// Whether every link in the text leads to the host.
pub fn leads_only_to(text: &str, host: &str) -> bool {
    link::leads_only_to(text, &[host.to_owned()])
}

/// Whether something in the text looks like a credential.
pub fn has_credential(text: &str) -> bool {
    secret_shape::is_in(text)
}

fn session(input: &str) -> Session {
    Session::new(RunId::random(), Mode::Live, &Fields::new().with("request", Value::from(input)))
}

/// What came of a schema and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What the check could cost, in units.
    pub price: u64,
    /// How long the check took.
    pub took: std::time::Duration,
    /// How long compiling took.
    pub compiling: std::time::Duration,
    /// Whether the value fits.
    pub fits: bool,
}

/// Checks a value where schema and value are within the limits; `None` if they are refused.
pub fn check_schema(schema: &Value, value: &Value) -> Option<Checked> {
    schema::why_no_arguments_fit(schema);
    let start = std::time::Instant::now();
    let compiled = schema::Schema::compile(schema).ok()?;
    let compiling = start.elapsed();
    let price = compiled.price_of(value)?;
    let start = std::time::Instant::now();
    let fits = compiled.fits_at_any_price(value);
    Some(Checked { price, took: start.elapsed(), compiling, fits })
}
