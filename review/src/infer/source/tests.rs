#![expect(clippy::unwrap_used, reason = "tests")]

use super::super::source::*;

fn fields(count: usize, of: &str) -> BTreeSet<Source> {
    (0..count).map(|n| Source::Input { field: Some(format!("{of}{n}")) }).collect()
}

#[test]
fn of_very_many_choices_so_many_are_tried() {
    const FIELDS: usize = 80;
    let uses: BTreeSet<_> = ["a", "b", "c", "d", "e"].map(|of| fields(FIELDS, of)).into();
    let (mut best, mut steps) = (None, 0);
    search(&uses, &BTreeSet::new(), &mut best, &mut steps);
    assert_eq!(best, None);
    // each level goes through what is left of its choices, and tries none of them
    let left = u32::try_from(FIELDS * MAX_SOURCES).unwrap();
    assert!((MAX_STEPS..=MAX_STEPS + left).contains(&steps), "{steps}");
}
