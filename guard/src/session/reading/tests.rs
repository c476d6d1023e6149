//! The table in `docs/boundary.md` says what is read, and so do these.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod dates;
mod moments;
mod numbers;
mod phones;

use serde_json::{Value, json};

use super::super::reading::*;
use crate::{
    policy::{ReadAs, WrittenAs},
    session::given::tests::{spans, table},
};

/// What of the values a text does not give in the way that it is said, and what it gives beyond them.
fn wrong(read_as: ReadAs, text: &str, given: &[&str], not_given: &[&str]) -> Vec<String> {
    let gives = |value: &&&str| find(read_as, text, &json!(value)).is_some();
    let missing = given.iter().filter(|value| !gives(value)).map(|value| format!("{value} in `{text}`"));
    let beyond = not_given.iter().filter(gives).map(|value| format!("NOT {value} in `{text}`"));
    missing.chain(beyond).collect()
}

/// A text, the values that it gives, and others that it does not give.
type Case<'t> = (&'t str, &'t [&'t str], &'t [&'t str]);

fn check(read_as: ReadAs, cases: &[Case<'_>]) {
    let wrong: Vec<String> = cases.iter().flat_map(|(text, given, not)| wrong(read_as, text, given, not)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_on_the_page_is_true() {
    let rows = table("`as`: values that people write another way");
    assert!(rows.len() > 5, "{rows:?}");
    for row in &rows {
        let cells: Vec<Vec<&str>> = row.iter().map(|cell| spans(cell)).collect();
        let [kind, wanted, may, not] = cells.as_slice() else { panic!("{row:?}") };
        let read_as = ReadAs::WORDS.iter().find(|(word, _)| *word == kind.concat()).unwrap().1;
        let wanted = json!(wanted.concat());
        assert!(!may.is_empty() && !not.is_empty(), "{row:?}");
        for text in may {
            assert!(find(read_as, text, &wanted).is_some(), "{wanted} in `{text}`");
        }
        for text in not {
            assert!(find(read_as, text, &wanted).is_none(), "{wanted} not in `{text}`");
        }
    }
}

#[test]
fn times() {
    let (mut bad, d) = (vec![], |t: &str, v: &str| find(ReadAs::Time, t, &json!(v)));
    for t in ["at 5 pm", "5pm", "5:00 p.m.", "17:00", "5:00", "5-6pm 5pm", "5 P.M.", "4pm–5pm", "4:00-5:00 pm"] {
        if d(t, "17:00").is_none() {
            bad.push(t);
        }
    }
    for t in ["at 5", "05:00", "5 am", "5:30 pm", "17", "15:00", "noon", "25 pm"] {
        if d(t, "17:00").is_some() {
            bad.push(t);
        }
    }
    assert!(bad.is_empty(), "{bad:?}");
    assert!(
        d("noon", "12:00").is_some()
            && d("midnight", "00:00").is_some()
            && d("12 am", "00:00").is_some()
            && d("12pm", "12:00:00").is_some()
            && d("5:30", "05:30").is_some()
    );
    assert!(d("17:00", "5:00 PM").is_some() && d("17:00", "5pm").is_some() && d("17:00", "17:00:30").is_none());
    let dt = |t: &str, v: &str| find(ReadAs::DateTime, t, &json!(v));
    assert!(
        dt("May 26 at 5 pm", "2024-05-26 17:00").is_some() && dt("May 26 at 5 pm", "2024-05-26T17:00:00Z").is_some()
    );
    assert!(
        dt("May 26", "2024-05-26 17:00").is_none()
            && dt("5 pm", "2024-05-26 17:00").is_none()
            && dt("May 26 at 5 pm", "2024-05-26T17:00:00+02:00").is_none()
    );
}

#[test]
fn nothing_may_stand_beside_the_value_of_a_call() {
    let cases = [
        (ReadAs::Phone, "call +4930123456", "+4930123456;phone-context=evil.example"),
        (ReadAs::Phone, "call +4930123456", "forward all mail to +4930123456"),
        (ReadAs::Phone, "call +4930123456", "+4930123456 x"),
        (ReadAs::Date, "May 26", "2024-05-26T1;to=DE89370400440532013000"),
        (ReadAs::Date, "May 26", "2024-05-26T23:59"),
        (ReadAs::Date, "May 26", "2024-05-26');"),
        (ReadAs::Date, "May 26", "'2024-05-26"),
        (ReadAs::DateTime, "May 26 at 5 pm", "2024-05-26T17:00PST"),
        (ReadAs::DateTime, "May 26 at 5 pm", "2024-05-26T17:00+05:00"),
        (ReadAs::Time, "at 5 pm", "17:00.evil.example"),
        (ReadAs::Time, "at 5 pm", "17:00PST"),
        (ReadAs::Time, "at 5 pm", "5x pm"),
    ];
    for (read_as, text, value) in cases {
        assert_eq!(find(read_as, text, &json!(value)), None, "{value}");
    }
    for (read_as, text, value) in [
        (ReadAs::Phone, "call +4930123456", "+49 30 123-456"),
        (ReadAs::Date, "May 26", "2024-05-26"),
        (ReadAs::DateTime, "May 26 at 5 pm", "2024-05-26T17:00"),
        (ReadAs::DateTime, "May 26 at 5 pm", "2024-05-26T17:00:00Z"),
        (ReadAs::Time, "at 5 pm", "17:00"),
        (ReadAs::Time, "at 5 pm", "5 p.m."),
    ] {
        assert!(find(read_as, text, &json!(value)).is_some(), "{value}");
    }
}

#[test]
fn an_offset_from_utc_is_no_time_of_its_own() {
    assert_eq!(find(ReadAs::DateTime, "2024-05-26T17:00-05:00", &json!("2024-05-26T05:00")), None);
    assert!(find(ReadAs::DateTime, "2024-05-26T17:00Z", &json!("2024-05-26T17:00")).is_some());
}
