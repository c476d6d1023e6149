use super::{
    args,
    asked::Asked,
    denied::Denied,
    leak,
    provenance::{self, Reading},
};

/// What the boundary says of a call's arguments: what they are, where they come from, what they carry. Every objection, the one that
/// explains most first; and what had to be read to find where values come from.
pub(crate) fn arguments(asked: &Asked<'_>) -> (Vec<Denied>, Vec<Reading>) {
    let (mut denials, mut readings) = (Vec::new(), Vec::new());
    args::check(asked, &mut denials);
    provenance::check(asked, &mut denials, &mut readings);
    leak::check(asked, &mut denials);
    (denials, readings)
}
