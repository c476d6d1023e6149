#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::super::introspection::*;

const AUDIENCES: [&str; 2] = ["https://mcp.example/mcp", "api://0f3e"];

fn said(more: Value) -> Result<Introspected, &'static str> {
    let mut body = json!({ "active": true });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let asked = ScopeSet::parse("a x,y").unwrap();
    let expected = Expected { issuer: "https://issuer.example", audiences: &AUDIENCES, asked: &asked };
    read(body.to_string().as_bytes(), expected)
}

#[test]
fn only_true_is_active() {
    assert!(said(json!({})).is_ok());
    for wrong in [json!(false), json!("true"), json!("false"), json!(1), json!(null), json!([true]), json!("")] {
        let error = said(json!({ "active": wrong.clone() })).unwrap_err();
        assert!(error.contains("active"), "{wrong}: {error}");
    }
}

#[test]
fn an_end_is_a_number_or_a_text_with_one() {
    let end = |seconds: f64| SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds);
    for (exp, expected) in [
        (json!(1_800_000_000), Some(end(1_800_000_000.0))),
        (json!(1_800_000_000.5), Some(end(1_800_000_000.5))),
        (json!("1800000000"), Some(end(1_800_000_000.0))),
        (json!("1800000000.5"), Some(end(1_800_000_000.5))),
        (json!(1.8e9), Some(end(1_800_000_000.0))),
        (json!(null), None),
        (json!(""), None),
    ] {
        assert_eq!(said(json!({ "exp": exp.clone() })).unwrap().expires, expected, "{exp}");
    }
    for wrong in [json!("tomorrow"), json!(-1), json!([1]), json!(true), json!("2099-01-01T00:00:00Z")] {
        assert!(said(json!({ "exp": wrong.clone() })).is_err(), "{wrong}");
    }
}

#[test]
fn an_end_in_the_past_is_no_life_at_all() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let remaining = |exp: Value| said(json!({ "exp": exp })).unwrap().remaining(now);
    assert_eq!(remaining(json!(1_800_000_001)), Ok(Some(Duration::from_secs(1))));
    assert_eq!(remaining(json!(1_800_000_000.5)), Ok(Some(Duration::from_millis(500))));
    for none in [json!(null), json!(""), json!(0), json!("0"), json!(0.0)] {
        assert_eq!(remaining(none), Ok(None));
    }
    // within the leeway for clocks that differ
    for (exp, seconds) in [(json!(1_800_000_000), 30), (json!("1799999999"), 29), (json!(1_799_999_971), 1)] {
        assert_eq!(remaining(exp), Ok(Some(Duration::from_secs(seconds))));
    }
    for past in [json!(1_799_999_970), json!(1_799_999_969.5), json!("1799999969"), json!(1)] {
        assert_eq!(remaining(past), Err(Expired));
    }
}

#[test]
fn an_audience_is_one_or_several_and_ours_among_them() {
    for ours in
        [json!(AUDIENCES[0]), json!("api://0f3e"), json!(["account", "api://0f3e"]), json!(null), json!(""), json!([])]
    {
        assert!(said(json!({ "aud": ours.clone() })).is_ok(), "{ours}");
    }
    for other in [json!("account"), json!(["account"]), json!("api://0F3E"), json!("https://mcp.example/mcp/")] {
        let error = said(json!({ "aud": other.clone() })).unwrap_err();
        assert!(error.contains("set `audience`"), "{other}: {error}");
    }
    for wrong in [json!(7), json!({ "aud": AUDIENCES[0] }), json!([AUDIENCES[0], 7])] {
        assert!(said(json!({ "aud": wrong.clone() })).is_err(), "{wrong}");
    }
}

#[test]
fn scopes_and_issuer_are_read_as_elsewhere() {
    for (scope, expected) in [
        (json!("a b"), Some("a b")),
        (json!("repo,user"), Some("repo user")),
        (json!(["a", "b"]), Some("a b")),
        (json!("x,y"), Some("x,y")),
        (json!(""), Some("")),
        (json!(null), None),
    ] {
        let expected = expected.map(|text| ScopeSet::parse(text).unwrap());
        assert_eq!(said(json!({ "scope": scope.clone() })).unwrap().scopes, expected, "{scope}");
    }
    for iss in [json!("https://issuer.example"), json!(null), json!("")] {
        assert!(said(json!({ "iss": iss })).is_ok());
    }
    assert!(said(json!({ "iss": "https://issuer.example/" })).is_err());
    assert!(read(b"<html>", Expected { issuer: "", audiences: &[], asked: &ScopeSet::new() }).is_err());
}
