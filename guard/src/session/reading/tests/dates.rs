use super::super::tests::*;

const DAY: &str = "2024-05-26";

#[test]
fn ways_to_write_a_date() {
    for text in [
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
        check(ReadAs::Date, &[(text, &[DAY], &[])]);
    }
}

#[test]
fn what_is_another_date_or_none() {
    for text in [
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
        check(ReadAs::Date, &[(text, &[], &[DAY])]);
    }
}

#[test]
fn a_date_in_the_call_says_one_thing() {
    check(ReadAs::Date, &[("May 26", &["26.05.2024", "May 26, 2024", "26 May 2024", "2024/05/26", "5/26/2024"], &[])]);
    let not = ["05/06/2024", "May 26", "2024-05-26 and more", "2024-05-26 10:00", "2024-13-26", "26", ""];
    check(ReadAs::Date, &[("May 26, June 5, May 6", &[], &not)]);
    check(ReadAs::Date, &[("5/6/2024", &["2024-05-06", "2024-06-05", "6 May 2024"], &[])]);
    check(ReadAs::Date, &[("Feb 29", &["2024-02-29"], &["2023-02-29"])]);
    let form = |text: &str| find(ReadAs::Date, text, &json!(DAY));
    assert_eq!(form("May 26 or 2024-05-26"), Some(WrittenAs::YearMonthDay));
    assert_eq!(form("May 26"), Some(WrittenAs::MonthDay));
}

#[test]
fn what_is_between_a_day_and_a_month_parts_them() {
    let other = "2024-05-05";
    let cases: &[Case<'_>] = &[
        ("Seats: 26\nMay 5", &[other], &[DAY]),
        ("Seats: 26\r\nMay 5", &[other], &[DAY]),
        ("Seats: 26\n\nMay 5", &[other], &[DAY]),
        ("26\tMay 5", &[other], &[DAY]),
        ("\"Seats: 26\" \"May 5\"", &[other], &[DAY]),
        ("\u{201c}26\u{201d} \u{201c}May 5\u{201d}", &[other], &[DAY]),
        ("seats (26) May 5", &[other], &[DAY]),
        ("**26** May 5", &[other], &[DAY]),
        ("pay 26€ May 5", &[other], &[DAY]),
        ("pay $26 May 5", &[other], &[DAY]),
        ("room #26 May 5", &[other], &[DAY]),
        ("26% May 5", &[other], &[DAY]),
        ("in May\n26 people", &[], &[DAY]),
        ("the 26th\nof May", &[], &[DAY]),
        ("May the\n26th", &[], &[DAY]),
        ("in May, 26 people", &[], &[DAY]),
        ("May $26", &[], &[DAY]),
        ("May 26%", &[], &[DAY]),
        ("in Jan.\n26 people", &[], &["2024-01-26"]),
        ("on Jan. 26", &["2024-01-26"], &[]),
        ("26 May., 2024", &[DAY], &["2023-05-26"]),
        ("\"May 26\"", &[DAY], &[]),
        ("**26 May**", &[DAY], &[]),
        ("May 26 (2024)", &[DAY], &["2023-05-26"]),
        ("May 26,\n2024", &[DAY], &["2023-05-26"]),
        ("on May 26 $2000", &[DAY], &[]),
    ];
    check(ReadAs::Date, cases);
}

#[test]
fn the_half_of_the_day_is_beside_its_hour() {
    let cases: &[Case<'_>] = &[
        ("Seats: 10\nPM: Ann", &[], &["22:00"]),
        ("room 5, pm is fine", &[], &["17:00"]),
        ("\"5\" \"pm\"", &[], &["17:00"]),
        ("10:00 (PM)", &["22:00"], &["10:00"]),
        ("from 5-6 pm", &["17:00", "18:00"], &["05:00", "06:00"]),
    ];
    check(ReadAs::Time, cases);
}
