use super::super::tests::*;

#[test]
fn a_time_belongs_to_the_date_beside_it() {
    let (day, other) = ("2024-05-26T10:00", "2024-05-27T11:00");
    let (crossed, back) = ("2024-05-26T11:00", "2024-05-27T10:00");
    let cases: &[Case<'_>] = &[
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

/// The moments of two days with two times: `crossed` are those whose time is of the other day.
const FIRST: [&str; 2] = ["2024-05-26T10:00", "2024-05-27T11:00"];
const CROSSED: [&str; 2] = ["2024-05-26T11:00", "2024-05-27T10:00"];

#[test]
fn two_times_between_two_dates_are_one_of_each() {
    for text in [
        "Book May 26, 10:00 and 11:00 on May 27",
        "Book May 26, 10:00 and 11:00\non May 27",
        "May 26 10:00 to 11:00, May 27",
        "May 26, 10:00 or 11:00 May 27",
        "from May 26 at 10:00 until 11:00 on May 27",
        "May 26, 10:00-11:00 May 27",
        "May 26, 10-11 am May 27",
    ] {
        check(ReadAs::DateTime, &[(text, &FIRST, &CROSSED)]);
    }
    let night: (&[&str], &[&str]) =
        (&["2024-05-26T22:00", "2024-05-27T06:00"], &["2024-05-27T22:00", "2024-05-26T06:00"]);
    for text in [
        "May 26, 22:00 - 06:00 May 27",
        "May 26 22:00 to 06:00, May 27",
        "May 26, 22:00-06:00 May 27",
        "May 26, 22:00\u{2013}06:00, May 27",
        "May 26, 10 pm - 6 am May 27",
    ] {
        check(ReadAs::DateTime, &[(text, night.0, night.1)]);
    }
    let cases: &[Case<'_>] = &[
        ("May 26, 22:00 - 06:00 tomorrow", &["2024-05-26T22:00"], &["2024-05-26T06:00"]),
        ("May 26, 22:00 - 06:00 the next day", &["2024-05-26T22:00"], &["2024-05-26T06:00"]),
        ("May 26 from 10:00 to 2:00", &["2024-05-26T10:00", "2024-05-26T14:00"], &["2024-05-26T02:00"]),
        ("May 26 at 10:00, 11:00 and 12:00 on May 27", &[], &["2024-05-26T12:00", "2024-05-27T10:00"]),
    ];
    check(ReadAs::DateTime, cases);
}

#[test]
fn both_ends_of_a_time_are_of_the_date_that_has_no_other() {
    let day = ["2024-05-26T10:00", "2024-05-26T11:00"];
    let other = ["2024-05-27T10:00", "2024-05-27T11:00"];
    for text in [
        "May 26 10:00-11:00, May 27 14:00-15:00",
        "May 26 from 10:00 to 11:00\nMay 27 from 14:00 to 15:00",
        "May 26 from 10:00 to 11:00\nMay 27 is free",
        "May 26 from 10:00 to 11:00; May 27 is free",
        "9:00 on May 27, 10:00 - 11:00 on May 26",
    ] {
        check(ReadAs::DateTime, &[(text, &day, &other)]);
    }
}

#[test]
fn records_and_rows_have_their_times() {
    for text in [
        "Date: May 26\nTime: 10:00\nDate: May 27\nTime: 11:00",
        "Date: May 26\r\nTime: 10:00\r\n\r\nDate: May 27\r\nTime: 11:00\r\n",
        "Time: 10:00\nDate: May 26\nTime: 11:00\nDate: May 27",
        "| May 26 | 10:00 |\n| May 27 | 11:00 |",
        "May 26 | 10:00\nMay 27 | 11:00",
    ] {
        check(ReadAs::DateTime, &[(text, &FIRST, &CROSSED)]);
    }
    for text in [
        "| May 26 | May 27 |\n| 10:00 | 11:00 |",
        "May 26 | May 27\n10:00 | 11:00",
        "May 26, May 27\n10:00, 11:00",
        "| 10:00 | 11:00 |\n| May 27 | May 26 |",
        "May 26\n11:00\nMay 27",
        "May 26\n11:00\nMonday. May 27",
        "10:00\nMay 27\n22:00 06:00",
        "May 26 | | 11:00",
    ] {
        check(ReadAs::DateTime, &[(text, &[], &CROSSED)]);
    }
}

#[test]
fn words_between_a_date_and_its_time() {
    for text in [
        "| May 26 | 10:00 |",
        "May 26 around 10:00",
        "May 26 starting at 10:00",
        "May 26, starting at 10:00",
        "10:00 Uhr am 26.05.2024",
        "26.05.2024 ab 10:00",
        "26.05.2024 um 10:00 Uhr",
        "May 26\nat 10:00",
        "May 26\n10:00 breakfast, 11:00 lunch",
        "May 26\n10:00, 11:00",
    ] {
        check(ReadAs::DateTime, &[(text, &["2024-05-26T10:00"], &["2024-05-26T12:00"])]);
    }
}
