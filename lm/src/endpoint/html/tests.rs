use crate::endpoint::html::*;

#[test]
fn a_page_is_told_by_its_title_or_its_text() {
    let cases = [
        ("<html>\n<head><TITLE>502 Bad\n Gateway</TITLE></head><body><center>nginx</center>", Some("502 Bad Gateway")),
        ("<!DOCTYPE html><body><h1>Down</h1><p>Back &amp; running soon</p>", Some("Down Back & running soon")),
        ("<html><script>var x = '<b>';</script><style>p{}</style>Busy", Some("Busy")),
        ("<html><script>never ends", Some("")),
        ("<title></title>Ünavailable", Some("Ünavailable")),
        ("<title", Some("")),
        ("<xml/>", None),
        ("slow down", None),
        ("{\"error\": \"<html>\"}", None),
    ];
    for (body, expected) in cases {
        assert_eq!(text(body).as_deref(), expected, "{body}");
    }
}

#[test]
fn a_hostile_page_costs_little() {
    let page = format!("<html>Busy{}", "<script></script>".repeat(400_000));
    assert_eq!(text(&page).as_deref(), Some("Busy"));
    let page = format!("<html>{}", "ü".repeat(1 << 20));
    assert!(text(&page).is_some_and(|text| text.starts_with('ü') && text.len() <= MOST));
}
