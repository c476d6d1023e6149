use super::seen::Sightings;

pub(super) fn times(some: usize, all: usize) -> String {
    format!("called in {some} of {}", episodes(all))
}

pub(super) fn episodes(count: usize) -> String {
    if count == 1 { "1 episode".to_owned() } else { format!("{count} episodes") }
}

/// The different values of an argument.
pub(super) fn different(sightings: &Sightings) -> usize {
    sightings.values.len()
}
