//! The table in `docs/boundary.md` says what counts as given, and so do these.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use serde_json::{Value, json};

use super::super::given::*;

const PAGE: &str = include_str!("../../../../docs/boundary.md");

/// The code spans of a cell.
pub(in crate::session) fn spans(cell: &str) -> Vec<&str> {
    let (mut spans, mut rest) = (Vec::new(), cell);
    while let Some(start) = rest.find('`') {
        let mark = if rest.get(start..).is_some_and(|rest| rest.starts_with("``")) { "``" } else { "`" };
        let inner = rest.get(start + mark.len()..).unwrap();
        let end = inner.find(mark).unwrap();
        spans.push(inner.get(..end).unwrap());
        rest = inner.get(end + mark.len()..).unwrap();
    }
    spans
}

/// A number, or a text, which may stand in quotation marks.
fn value(span: &str) -> Value {
    serde_json::from_str(span).unwrap_or_else(|_| Value::from(span))
}

/// The cells of the table behind a heading, without its head.
pub(in crate::session) fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let section = PAGE.split(&format!("### {heading}\n")).nth(1).unwrap();
    abide_testbed::lab::page::cells(section.lines())
}

#[test]
fn the_table_on_the_page_is_true() {
    let rows = table("What counts as given in the input");
    assert!(rows.len() > 20, "{rows:?}");
    for row in &rows {
        let [what, said, counts, does_not] = row.as_slice() else { panic!("{row:?}") };
        let [said] = spans(said)[..] else { panic!("{row:?}") };
        let (counts, does_not) = (spans(counts), spans(does_not));
        assert!(!counts.is_empty() && !does_not.is_empty(), "{row:?}");
        for span in counts {
            assert!(has(said, &value(span)), "{what}: `{span}` in `{said}`");
        }
        for span in does_not {
            assert!(!has(said, &value(span)), "{what}: `{span}` not in `{said}`");
        }
    }
}

fn has(text: &str, value: &Value) -> bool {
    let given = Given::new(text.to_owned());
    given.has(value) || given.has_form_of(value)
}

#[test]
fn what_people_write_counts() {
    for (text, value) in [
        ("see www.example.com.They said", json!("www.example.com")),
        ("mail ann@corp.example.Please", json!("ann@corp.example")),
        ("https://www.example.com.They", json!("https://www.example.com")),
        ("order #W123", json!("W123")),
        ("order W123", json!("#W123")),
        ("#12", json!(12)),
        ("#12", json!("12")),
        ("#12", json!("#12")),
        ("acme/widget#12", json!(12)),
        ("widget#12", json!("widget#12")),
        ("widget#12", json!("widget")),
        ("widget#12", json!("12")),
        ("acme/widget#12", json!("acme/widget")),
        ("1,200.50", json!(1200.5)),
        ("1.200,50", json!(1200.5)),
        ("1200", json!(1200)),
        ("$1,200", json!(1200)),
        ("15%", json!(15)),
        ("2-3", json!(2)),
        ("2-3", json!(3)),
        ("2–3 days", json!(3)),
        ("$10-$20", json!(20)),
        ("2nd", json!(2)),
        ("26th of May", json!(26)),
        ("-5", json!(-5)),
        ("−5", json!(-5)),
        ("-$5", json!(-5)),
        ("$-5", json!(-5)),
        ("(50)", json!(50)),
        ("50EUR", json!(50)),
        ("EUR 50", json!(50)),
        ("US$50", json!(50)),
        ("€50", json!(50)),
        ("50€", json!(50)),
        ("€50", json!("50")),
        ("1'200", json!(1200)),
        ("1\u{a0}200 EUR", json!(1200)),
        ("1.234.567", json!(1234567)),
        ("0,5", json!(0.5)),
        (".5", json!(0.5)),
        ("12,50", json!(12.5)),
        ("1,2,3", json!(2)),
        ("amount:50", json!(50)),
        ("qty=2", json!(2)),
        ("1,200", json!("1200")),
        ("50.00", json!("50")),
        ("50", json!("50.00")),
        ("'abc1'", json!("abc1")),
        ("\"abc1\"", json!("abc1")),
        ("`abc1`", json!("abc1")),
        ("“abc1”", json!("abc1")),
        ("«abc1»", json!("abc1")),
        ("‹abc1›", json!("abc1")),
        ("„abc1“", json!("abc1")),
        ("「abc1」", json!("abc1")),
        ("‘abc1’", json!("abc1")),
        ("abc1.", json!("abc1")),
        ("abc1,", json!("abc1")),
        ("abc1:", json!("abc1")),
        ("abc1?", json!("abc1")),
        ("(abc1)", json!("abc1")),
        ("[abc1]", json!("abc1")),
        ("abc1's", json!("abc1")),
        ("abc1’s", json!("abc1")),
        ("abc1…", json!("abc1")),
        ("abc1—then", json!("abc1")),
        ("abc1🙂", json!("abc1")),
        ("https://corp.com/a.", json!("https://corp.com/a")),
        ("(https://corp.com/a)", json!("https://corp.com/a")),
        ("https://corp.com/a, and", json!("https://corp.com/a")),
        ("[x](https://corp.com/a)", json!("https://corp.com/a")),
        ("https://corp.com/a's", json!("https://corp.com/a")),
        ("**https://corp.com/a**", json!("https://corp.com/a")),
        ("https://a.example,https://b.example", json!("https://a.example")),
        ("https://a.example,https://b.example", json!("https://b.example")),
        ("www.example.com", json!("https://www.example.com")),
        ("www.example.com", json!("https://www.example.com/")),
        ("https://Corp.example/", json!("corp.example")),
        ("https://corp.example/A", json!("https://Corp.Example/A")),
        ("ann@corp.example,bob@corp.example", json!("bob@corp.example")),
        ("Ann@Corp.Example", json!("ann@corp.example")),
        ("<ann@corp.example>", json!("ann@corp.example")),
        ("mailto:ann@corp.example", json!("ann@corp.example")),
        ("new york", json!("New York")),
        ("New\nYork", json!("New York")),
        ("JANE DOE", json!("Jane Doe")),
        ("Cafe\u{301} Noir", json!("Café Noir")),
        ("Café Noir", json!("cafe\u{301} noir")),
        ("DE89 3704 0044 0532 0130 00", json!("DE89370400440532013000")),
        ("DE89370400440532013000", json!("DE89 3704 0044 0532 0130 00")),
        ("DE89370400440532013000 12.50 EUR", json!("DE89 3704 0044 0532 0130 00")),
        ("de89 3704 0044 0532 0130 00", json!("DE89370400440532013000")),
        ("4111-1111-1111-1111", json!("4111 1111 1111 1111")),
        ("CUST-12-A", json!("CUST-12-A")),
        ("a_b_1", json!("a_b_1")),
        ("**abc1**", json!("abc1")),
        ("_abc1_", json!("abc1")),
        ("__abc1__", json!("abc1")),
        ("*abc1*", json!("abc1")),
        ("~~abc1~~", json!("abc1")),
        ("+49 30 123456", json!("+49 30 123456")),
        ("https://crm.example/v?id=CUST1", json!("CUST1")),
        ("Doe,John", json!("Doe")),
        ("O'Brien", json!("O'Brien")),
        ("id=A1;B2", json!("B2")),
    ] {
        assert!(has(text, &value), "{value} in {text}");
    }
}

#[test]
fn a_part_of_what_people_write_does_not_count() {
    for (text, value) in [
        ("ann@corp.example", json!("corp.example")),
        ("ann@corp.example", json!("ann")),
        ("ann@corp.example", json!("corp")),
        ("ann@corp.example", json!("example")),
        ("ann.lee@corp.example", json!("lee@corp.example")),
        ("ann@corp.example.evil.example", json!("ann@corp.example")),
        ("www.example.com.Evil.example", json!("www.example.com")),
        ("corp.com.Au", json!("corp.com")),
        ("example.Com", json!("example")),
        ("corp.example.com", json!("corp.example")),
        ("x corp.example.Com", json!("corp.example")),
        ("https://corp.com/a", json!("https://corp.com")),
        ("https://corp.com/a?x=1", json!("https://corp.com/a")),
        ("https://corp.com/a#b", json!("https://corp.com/a")),
        ("https://corp.com/a/b", json!("https://corp.com/a")),
        ("https://corp.com/a.pdf", json!("https://corp.com/a")),
        ("https://corp.com/a.Pdf", json!("https://corp.com/a")),
        ("https://corp.com/a", json!("corp.com")),
        ("https://corp.com:8443/", json!("https://corp.com")),
        ("corp.com:8443", json!("corp.com")),
        ("https://r.example/?u=https://evil.example", json!("https://evil.example")),
        ("http://corp.example", json!("https://corp.example")),
        ("corp.example", json!("http://corp.example")),
        ("report.zip", json!("https://report.zip")),
        ("report.pdf.Exe", json!("report.pdf")),
        ("https://corp.com/path/x", json!("path")),
        ("https://u@corp.com", json!("https://u")),
        ("widget#123", json!(12)),
        ("widget#12", json!("#1")),
        ("widget12", json!(12)),
        ("CUST50", json!(50)),
        ("https://x.example/p#12", json!(12)),
        ("-5", json!(5)),
        ("−5", json!(5)),
        ("1,200.50", json!(1200)),
        ("1.200,50", json!(1.2)),
        ("2-3", json!(-3)),
        ("555-1234", json!(555)),
        ("2024-05-26", json!(26)),
        ("2024-05-26", json!(-26)),
        ("12:30", json!(12)),
        ("12:30", json!("12")),
        ("1/2", json!(1)),
        ("1.2.3", json!(1.2)),
        ("50.5", json!(50)),
        ("1e6", json!(1000000)),
        ("pay 1,5", json!(15)),
        ("pay 1,5", json!(1)),
        (".5", json!(5)),
        ("1\u{a0}200", json!(200)),
        ("5kg", json!(5)),
        ("5pm", json!(5)),
        ("007", json!("7.0e0")),
        ("12", json!("012")),
        ("CUST12", json!("CUST1")),
        ("CUST1\u{301}", json!("CUST1")),
        ("CUST1\u{200d}X", json!("CUST1")),
        ("CUST‑1", json!("CUST")),
        ("CUST１", json!("CUST")),
        ("ann＠corp.example", json!("ann")),
        ("O’Brien", json!("Brien")),
        ("O'Brien", json!("Brien")),
        ("cust1", json!("CUST1")),
        ("CUST-12-A", json!("CUST-12")),
        ("a_b_1", json!("b")),
        ("CUST1_2", json!("CUST1")),
        ("_CUST1_2", json!("CUST1")),
        ("new yorker", json!("New York")),
        ("New York", json!("New  York")),
        ("New York", json!("New\nYork")),
        ("Cafe\u{301}", json!("Cafe")),
        ("DE89 3704 0044 0532 0130 00", json!("DE8937040044")),
        ("1,234", json!("1")),
        ("a, b", json!(",")),
        ("4111-1111-1111-1111", json!("1111")),
        ("anything", json!("")),
        ("x\\CUST1", json!("CUST1")),
        ("50%off", json!("50")),
    ] {
        assert!(!has(text, &value), "{value} in {text}");
    }
}
