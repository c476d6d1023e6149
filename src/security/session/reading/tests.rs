//! The table in `docs/boundary.md` says what is read, and so do these.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use serde_json::json;

use super::*;
use crate::security::session::given::tests::{spans, table};

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
fn dates() {
    let (mut bad, d) = (vec![], |t: &str, v: &str| find(ReadAs::Date, t, &json!(v)));
    for t in [
        "book May 26",
        "May 26th",
        "on the 26th of May",
        "26 May",
        "26 may 2024",
        "26th of may",
        "May 26, 2024",
        "may 26 2024",
        "May the 26th",
        "Sunday, May 26, 2024.",
        "2024-05-26",
        "2024-05-26T10:00",
        "26.05.2024",
        "5/26/2024",
        "26/05/2024",
        "05/26/24",
        "26-May-2024",
        "May 24-26",
        "24-26 May 2024",
        "from May 26 to June 3, 2024",
        "(May 26)",
        "MAY 26",
        "2024/05/26",
        "26.5.24",
        "arrive May 26; leave",
        "between May 20 and May 26",
    ] {
        if d(t, "2024-05-26").is_none() {
            bad.push(t);
        }
    }
    for t in [
        "May 27",
        "June 26",
        "May 26, 2023",
        "26.05.2023",
        "from May 26 to June 3, 2023",
        "26",
        "May",
        "May 2026",
        "I may. 26 people",
        "2026",
        "26, May is fine",
        "05-26",
        "5.26.2024",
        "the 26 may come",
        "tomorrow",
        "May 260",
        "1May 26",
    ] {
        if d(t, "2024-05-26").is_some() {
            bad.push(t);
        }
    }
    assert!(bad.is_empty(), "{bad:?}");
    for v in ["26.05.2024", "May 26, 2024", "26 May 2024", "2024/05/26", "5/26/2024"] {
        assert!(d("May 26", v).is_some(), "{v}");
    }
    for v in ["05/06/2024", "May 26", "2024-05-26 and more", "2024-05-26 10:00", "2024-13-26", "26", ""] {
        assert!(d("May 26, June 5, May 6", v).is_none(), "{v}");
    }
    assert!(["2024-05-06", "2024-06-05", "6 May 2024"].iter().all(|value| d("5/6/2024", value).is_some()));
    assert_eq!(d("May 26 or 2024-05-26", "2024-05-26"), Some(WrittenAs::YearMonthDay));
    assert_eq!(d("May 26", "2024-05-26"), Some(WrittenAs::MonthDay));
    assert!(d("Feb 29", "2023-02-29").is_none() && d("Feb 29", "2024-02-29").is_some());
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
fn numbers() {
    let mut bad = vec![];
    let d = |t: &str, v: Value| find(ReadAs::Number, t, &v);
    for (t, v) in [
        ("two hundred", json!(200)),
        ("Two hundred and fifty", json!(250)),
        ("two hundred fifty", json!("250")),
        ("twenty-five", json!(25)),
        ("a hundred", json!(100)),
        ("a dozen eggs", json!(12)),
        ("two dozen", json!(24)),
        ("3 dozen", json!(36)),
        ("2.5 million", json!(2500000)),
        ("$2 million", json!(2000000)),
        ("5k", json!(5000)),
        ("one million, two hundred thousand", json!(1200000)),
        ("minus five", json!(-5)),
        ("two point five", json!(2.5)),
        ("two, three", json!(3)),
        ("two and three", json!(2)),
        ("twenty five hundred", json!(2500)),
        ("zero", json!(0)),
        ("three.", json!(3)),
        ("one hundred twenty-three thousand four hundred fifty-six", json!(123456)),
        ("seven tickets", json!(7)),
        ("in one second", json!(1)),
    ] {
        if d(t, v.clone()).is_none() {
            bad.push(format!("{v} in {t}"));
        }
    }
    for (t, v) in [
        ("two hundred fifty", json!(200)),
        ("two hundred fifty", json!(50)),
        ("two hundred and fifty", json!(50)),
        ("twenty-fifth", json!(20)),
        ("twenty fifth", json!(20)),
        ("half a million", json!(1000000)),
        ("two and a half", json!(2)),
        ("two point five", json!(2)),
        ("two point five", json!(5)),
        ("minus five", json!(5)),
        ("one million, two hundred thousand", json!(1000000)),
        ("a man", json!(1)),
        ("hundred", json!(100)),
        ("ten-year", json!(10)),
        ("someone", json!(1)),
        ("2 hundred", json!(100)),
        ("5k", json!(5)),
        ("two hundred", json!("0200")),
    ] {
        if d(t, v.clone()).is_some() {
            bad.push(format!("NOT {v} in {t}"));
        }
    }
    assert!(bad.is_empty(), "{bad:?}");
}
#[test]
fn phones() {
    let d = |t: &str, v: &str| find(ReadAs::Phone, t, &json!(v)).is_some();
    for t in [
        "call +49 (0)30 123-456 now",
        "+4930123456.",
        "(+49 30 123 456)",
        "0049 30/123456",
        "tel:+49-30-123456, please",
    ] {
        assert!(d(t, "+4930123456"), "{t}");
    }
    for t in [
        "030 123456",
        "+49 30 1234567",
        "+49 30 123456 7",
        "X+49 30 123456",
        "+49 30 123456x",
        "#4930123456",
        "4930123456",
    ] {
        assert!(!d(t, "+4930123456"), "{t}");
    }
    assert!(
        d("(555) 123-4567", "555-123-4567")
            && d("(555) 123-4567", "5551234567")
            && !d("(555) 123-4567", "+15551234567")
            && !d("555 1234", "551234")
    );
    assert!(find(ReadAs::Phone, "555-123-4567", &json!(5551234567u64)).is_some());
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

/// What of the values a text does not give in the way that it is said, and what it gives beyond them.
fn wrong(read_as: ReadAs, text: &str, given: &[&str], not_given: &[&str]) -> Vec<String> {
    let gives = |value: &&&str| find(read_as, text, &json!(value)).is_some();
    let missing = given.iter().filter(|value| !gives(value)).map(|value| format!("{value} in `{text}`"));
    let beyond = not_given.iter().filter(gives).map(|value| format!("NOT {value} in `{text}`"));
    missing.chain(beyond).collect()
}

#[test]
fn a_part_of_a_longer_number_is_none() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("2 million five hundred thousand", &[], &["2000000", "500000", "500", "5", "2"]),
        ("2 million 500 thousand", &[], &["2000000", "500000"]),
        ("2.5 million and 300 thousand", &[], &["2500000", "300000"]),
        ("2 million, 300 thousand", &[], &["2000000", "300000"]),
        ("two million and 300 thousand", &[], &["2000000", "300000"]),
        ("2 500 thousand", &[], &["500000"]),
        ("5k five hundred", &[], &["5000", "500"]),
        ("two hundred 50", &[], &["200"]),
        ("two hundred and 50", &[], &["200"]),
        ("two thousand and 5", &[], &["2000"]),
        ("two dozen and three", &[], &["24", "3"]),
        ("a dozen and hundred", &[], &["12", "1200"]),
        ("two million, and five", &["2000005"], &["2000000", "5"]),
        ("thousand two hundred", &[], &["200"]),
        ("a couple of thousand two hundred", &[], &["200"]),
        ("thousand and one nights", &[], &["1"]),
        ("nineteen eighty-four", &[], &["19", "84"]),
        ("five thirty", &[], &["5", "30"]),
        ("four one five", &[], &["4", "1", "5"]),
        ("two millions", &[], &["2", "2000000"]),
        ("two lakh", &[], &["2"]),
        ("five grand", &[], &["5"]),
        ("two trillion", &["2000000000000"], &["2"]),
        ("two point five million", &["2500000"], &["2", "5", "2.5"]),
        ("point five", &[], &["5"]),
        ("two point 5", &[], &["2"]),
        ("two or three hundred", &["300"], &["2", "3"]),
        ("two to three million", &["3000000"], &["2", "3"]),
        ("between two and three million", &["3000000"], &["2"]),
    ];
    let wrong: Vec<String> = cases.iter().flat_map(|(t, given, not)| wrong(ReadAs::Number, t, given, not)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_number_before_a_fraction_is_a_part_of_it() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("three quarters", &[], &["3"]),
        ("two thirds", &[], &["2"]),
        ("two-thirds", &[], &["2"]),
        ("one third", &[], &["1"]),
        ("one half", &[], &["1"]),
        ("two halves", &[], &["2"]),
        ("three tenths", &[], &["3"]),
        ("three hundredths", &[], &["3"]),
        ("seven twentieths", &[], &["7"]),
        ("three fifteenths", &[], &["3"]),
        ("three quarters of a million", &[], &["3", "1000000"]),
        ("three-quarters of a million", &[], &["3", "1000000"]),
        ("3 quarters of a million", &[], &["1000000"]),
        ("half of two hundred", &[], &["200", "2"]),
        ("a tenth of one million", &[], &["1000000", "1"]),
        ("1/2 of a million", &[], &["1000000"]),
        ("half a dozen", &[], &["12"]),
        ("a quarter million", &[], &["1000000"]),
        ("one and a half", &[], &["1"]),
        ("one and a half million", &[], &["1", "1000000"]),
        ("one and three quarters", &[], &["1", "3"]),
        ("two hundred and a half", &[], &["200"]),
        ("two hundred and first", &[], &["200"]),
        ("five 1/2", &[], &["5"]),
        ("two ½", &[], &["2"]),
        ("a couple", &[], &["1", "2"]),
        ("a couple of hundred", &[], &["1", "2", "100"]),
    ];
    let wrong: Vec<String> = cases.iter().flat_map(|(t, given, not)| wrong(ReadAs::Number, t, given, not)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn numbers_with_words_between_them_are_several() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("between 2 million and 3 million", &["2000000", "3000000"], &["2", "3"]),
        ("between two hundred and three hundred", &["200", "300"], &["203", "2", "3"]),
        ("between two hundred and one thousand", &["1000"], &["201000"]),
        ("one thousand, two thousand", &["1000", "2000"], &["1", "2"]),
        ("2 million, 5 nights", &["2000000"], &[]),
        ("two tickets and three hundred seats", &["2", "300"], &["3"]),
        ("from one to twenty", &["1", "20"], &[]),
        ("on May 26 two tickets", &["2"], &[]),
        ("seven 50 euro notes", &["7"], &[]),
        ("two third-party tools", &["2"], &[]),
        ("one second and two minutes", &["1", "2"], &[]),
        ("one million and one hundred thousand", &["1100000"], &["1000000", "100000"]),
        ("one hundred and two thousand", &["102000"], &["100", "2000", "2"]),
        ("minus two hundred and fifty", &["-250"], &["250", "-200", "50"]),
        ("minus two and three", &["-2", "3"], &["2"]),
        ("1.16 hundred", &["116"], &[]),
    ];
    let wrong: Vec<String> = cases.iter().flat_map(|(t, given, not)| wrong(ReadAs::Number, t, given, not)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn separate_numbers_are_no_phone_together() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("order 4711 555 1234567", &[], &["47115551234567", "5551234567", "1234567"]),
        ("order 4711 555-123-4567", &[], &["47115551234567", "5551234567"]),
        ("12.50 100 2345", &[], &["12501002345", "501002345", "1002345"]),
        ("0.50 100 2345", &[], &["0501002345"]),
        ("555-1234 555-9876", &[], &["55512345559876"]),
        ("555-123-4567 555-987-6543", &["5551234567", "5559876543"], &["55512345675559876543"]),
        ("030-1234 030-5678", &[], &["03012340305678"]),
        ("030 1234 040 5678", &[], &["03012340405678"]),
        ("+49 30 123456 +49 30 654321", &["+4930123456", "+4930654321"], &[]),
        ("+49 30 123456 - +49 30 654321", &["+4930123456", "+4930654321"], &[]),
        ("+49 30 123456 / 030 654321", &["+4930123456", "030654321"], &["+4930123456030654321"]),
        ("call 030 123456. 030 654321 is mine", &["030123456", "030654321"], &[]),
        ("030 123456  030 654321", &["030123456", "030654321"], &[]),
        ("+49 30 123456 7", &[], &["+4930123456", "+49301234567"]),
        ("+4930123456 12 times", &[], &["+4930123456", "+493012345612"]),
        ("030 / 1234567", &[], &["1234567", "0301234567"]),
        ("030  1234567", &[], &["1234567", "0301234567"]),
        ("030–1234567", &[], &["1234567"]),
        ("2026-11-30 12", &[], &["2026113012", "20261130"]),
        ("2026-11-30", &[], &["20261130"]),
        ("030 2026-11-30", &[], &["03020261130"]),
        ("26.05.2024 1234567", &[], &["260520241234567", "1234567", "26052024"]),
        ("05.06.2024", &[], &["05062024"]),
        ("05/26 1234567", &[], &["05261234567", "1234567"]),
        ("192.168.100.200", &[], &["192168100200"]),
        ("1.234.567", &[], &["1234567"]),
        ("+1 200.300", &[], &["+1200300"]),
        ("1000000-2000000", &[], &["10000002000000"]),
        ("2024-2025", &[], &["20242025"]),
        ("200-3000", &[], &["2003000"]),
        ("12 34 56 78", &[], &["12345678"]),
        ("01 02 03 04", &[], &["01020304"]),
        ("(1) 5551234567", &[], &["15551234567", "5551234567"]),
        ("1 555-123-4567", &[], &["15551234567"]),
        ("030 12345 12", &[], &["0301234512"]),
        ("030-1234 567", &[], &["0301234567"]),
        ("page 030 555-123-4567", &[], &["0305551234567", "5551234567"]),
    ];
    let wrong: Vec<String> = cases.iter().flat_map(|(t, given, not)| wrong(ReadAs::Phone, t, given, not)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_phone_is_in_groups_as_people_write_them() {
    for (text, number) in [
        ("+1 555 123 4567", "+15551234567"),
        ("+1 (555) 123-4567", "+15551234567"),
        ("+1.555.123.4567", "+15551234567"),
        ("555.123.4567", "5551234567"),
        ("555 123 4567", "5551234567"),
        ("1-800-555-1234", "18005551234"),
        ("1 (800) 555-1234", "18005551234"),
        ("+33 1 23 45 67 89", "+33123456789"),
        ("+33 1.23.45.67.89", "+33123456789"),
        ("01 23 45 67 89", "0123456789"),
        ("01.23.45.67.89", "0123456789"),
        ("+91-98765 43210", "+919876543210"),
        ("+44 20 7946 0958", "+442079460958"),
        ("020 7946 0958", "02079460958"),
        ("(030) 123 45 67", "0301234567"),
        ("030/123 45 67", "0301234567"),
        ("0171-1234567", "01711234567"),
        ("+49 30 123456-12", "+493012345612"),
        ("(+49) 30 123456", "+4930123456"),
        ("00 49 30 123456", "+4930123456"),
        ("(call 030 123456)", "030123456"),
        ("5551234567,5559876543", "5559876543"),
        ("123456789012345", "123456789012345"),
    ] {
        assert!(find(ReadAs::Phone, text, &json!(number)).is_some(), "{number} in `{text}`");
    }
}

#[test]
fn a_time_belongs_to_the_date_beside_it() {
    let (day, other) = ("2024-05-26T10:00", "2024-05-27T11:00");
    let (crossed, back) = ("2024-05-26T11:00", "2024-05-27T10:00");
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("on 26 May we met; meeting at 10:00 yesterday", &[], &[day]),
        ("the report of 26 May says that the shop opens at 10:00", &[], &[day]),
        ("May 26. 10:00 is too early", &[], &[day]),
        ("26 May ... 10:00", &[], &[day]),
        ("26 May, 10:00 yesterday", &[], &[day]),
        ("yesterday at 10:00, 26 May", &[], &[day]),
        ("May 26, Monday at 10:00 or Tuesday at 11:00", &[day], &[crossed]),
        ("26 May, 10:00 Tuesday", &[], &[day]),
        ("May 26 at 10:00, May 27 at 11:00", &[day, other], &[crossed, back]),
        ("May 26: 10:00, May 27: 11:00", &[], &[crossed, back]),
        ("10:00 on May 26, 11:00 on May 27", &[day, other], &[crossed, back]),
        ("May 26 10:00\nMay 27 11:00", &[day, other], &[crossed, back]),
        ("26.05.2024, 10:00\n27.05.2024, 11:00", &[day, other], &[crossed, back]),
        ("May 26 10:00 May 27 11:00", &[], &[crossed, back]),
        ("2024-05-26T10:00, 2024-05-27T11:00", &[day, other], &[crossed, back]),
        ("2024-05-26T10:00 11:00", &[day], &[crossed]),
        ("2024-05-26 10:00 - 2024-05-27 11:00", &[day, other], &[crossed, back]),
        ("May 26 at 10:00 and at 11:00 a call", &[day], &[crossed]),
        ("2024-05-26T10:00-05:00", &[], &[day, "2024-05-26T05:00"]),
    ];
    let mut bad: Vec<String> =
        cases.iter().flat_map(|(t, given, not)| wrong(ReadAs::DateTime, t, given, not)).collect();
    for text in [
        "May 26 at 10:00",
        "May 26, 10:00",
        "May 26 10 am",
        "May 26 @ 10:00",
        "May 26 - 10:00",
        "May 26 (10:00)",
        "26.05.2024 um 10:00",
        "26.05.2024, um 10:00",
        "10:00 on Sunday, May 26",
        "10:00 on Sunday, the 26th of May",
        "10 a.m. on May 26",
        "Jan. 3 or 26 May, at 10:00",
        "Sunday, May 26, 2024 at 10:00",
        "May 26 from 10:00 to 11:00",
        "May 26 between 9:00 and 10:00",
        "May 26 9:00-10:00",
        "May 25-26 at 10:00",
        "Date: May 26\nTime: 10:00",
        "2024-05-26 10:00",
        "2024-05-26T10:00:00 or so, 2024-05-26T10:00",
    ] {
        bad.extend(wrong(ReadAs::DateTime, text, &[day], &["2024-05-26T12:00"]));
    }
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(find(ReadAs::DateTime, "Jan. 26 at noon", &json!("2024-01-26T12:00")).is_some());
    assert!(find(ReadAs::DateTime, "noon on 26 Jan. 2024", &json!("2024-01-26T12:00")).is_some());
    assert!(find(ReadAs::DateTime, "26 Jan. at noon", &json!("2024-01-26T12:00")).is_some());
}
