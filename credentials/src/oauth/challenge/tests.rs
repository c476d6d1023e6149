#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use http::HeaderValue;

use super::super::challenge::*;

fn parsed(values: &[&[u8]]) -> Vec<Challenge> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_bytes(value).unwrap());
    }
    parse(&headers)
}

fn schemes(value: &[u8]) -> Vec<String> {
    parsed(&[value]).into_iter().map(|c| c.scheme).collect()
}

#[test]
fn reads_what_an_mcp_server_sends() {
    let found =
        parsed(&[br#"Bearer error="insufficient_scope", scope="a:b c", resource_metadata="https://x/y?a=1,2""#]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].param("error"), Some("insufficient_scope"));
    assert_eq!(found[0].param("scope"), Some("a:b c"));
    assert_eq!(found[0].param("resource_metadata"), Some("https://x/y?a=1,2"));
    assert_eq!(found[0].param("realm"), None);
}

#[test]
fn finds_the_bearer_among_others() {
    let one_header: &[u8] = br#"DPoP algs="ES256 PS256", Basic realm="a, Bearer b=c", bearer Scope=read"#;
    let several: [&[u8]; 3] = [br#"DPoP algs="ES256""#, b"Negotiate", br#"BEARER scope="read""#];
    for found in [parsed(&[one_header]), parsed(&several)] {
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(bearer(&found).unwrap().param("scope"), Some("read"));
        assert_eq!(found[0].scheme, "dpop");
    }
}

#[test]
fn tells_words_from_parameters() {
    assert_eq!(schemes(b"Negotiate YWJj==, Basic, Bearer"), ["negotiate", "basic", "bearer"]);
    let found = parsed(&[b"Bearer realm = \"a\" , error=x,,, scope=\"\\\"q\\\\\" "]);
    assert_eq!(found[0].param("realm"), Some("a"));
    assert_eq!(found[0].param("error"), Some("x"));
    assert_eq!(found[0].param("scope"), Some("\"q\\"));
}

#[test]
fn the_first_of_two_equal_parameters_counts() {
    let found = parsed(&[b"Bearer scope=a, scope=b"]);
    assert_eq!(found[0].param("scope"), Some("a"));
}

#[test]
fn survives_nonsense() {
    for nonsense in [
        &b""[..],
        b",,,",
        b"=",
        b"\"",
        b"Bearer scope=\"never closed",
        b"Bearer scope=\"ends in \\",
        b"scope=a",
        b"\xff\xfe, Bearer",
        b"(((), Bearer",
        b"Bearer = = =",
    ] {
        let found = parsed(&[nonsense]);
        assert!(found.len() <= 2, "{nonsense:?}: {found:?}");
    }
    assert!(bearer(&parsed(&[b"\xff\xfe, Bearer"])).is_some());
    let long = [b"Bearer a=".as_slice(), &[b'x'; 100_000]].concat();
    assert!(parsed(&[&long])[0].param("a").unwrap().len() <= MAX_HEADER);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(32_u8..=255, 0..200)) {
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let mut headers = HeaderMap::new();
            headers.append(WWW_AUTHENTICATE, value);
            proptest::prop_assert!(parse(&headers).len() <= bytes.len());
        }
    }

    #[test]
    fn quoted_values_come_back(value in "[ -~]{0,40}") {
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
        let found = parsed(&[format!("Bearer a=\"{quoted}\", b=c").as_bytes()]);
        proptest::prop_assert_eq!(found[0].param("a"), Some(value.as_str()));
        proptest::prop_assert_eq!(found[0].param("b"), Some("c"));
    }
}
