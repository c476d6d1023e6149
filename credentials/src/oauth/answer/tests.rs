#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::super::answer::*;

fn granted(more: Value) -> Result<Grant, &'static str> {
    let mut body = json!({ "access_token": "t1", "token_type": "Bearer" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    read(body.to_string().as_bytes(), "a b x,y")
}

#[test]
fn nothing_is_written_in_several_ways() {
    for nothing in [json!({}), json!({ "refresh_token": null }), json!({ "refresh_token": "" })] {
        assert!(granted(nothing).unwrap().refresh.is_none());
    }
    for nothing in [json!({}), json!({ "expires_in": null }), json!({ "expires_in": "" }), json!({ "expires_in": " " })]
    {
        assert_eq!(granted(nothing).unwrap().life, None);
    }
    for nothing in [json!({}), json!({ "scope": null })] {
        assert_eq!(granted(nothing).unwrap().scopes, None, "as asked for (RFC 6749, section 5.1)");
    }
    for empty in [json!({ "scope": "" }), json!({ "scope": " " }), json!({ "scope": [] }), json!({ "scope": [""] })] {
        assert_eq!(granted(empty).unwrap().scopes, Some(ScopeSet::new()), "nothing was granted");
    }
}

#[test]
fn scopes_are_in_one_text_or_several_with_blanks_or_commas() {
    for (scope, expected) in [
        (json!("a b"), "a b"),
        (json!(" b  a "), "a b"),
        (json!(["a", "b"]), "a b"),
        (json!(["a b", "c"]), "a b c"),
        (json!("repo,user"), "repo user"),
        (json!("repo, user,"), "repo user"),
        (json!(["repo,user"]), "repo user"),
        // with a comma in it, as it was asked for
        (json!("x,y a"), "a x,y"),
        (json!("x,y,a"), "a x y"),
        (
            json!("https://www.example.com/auth/drive.readonly openid"),
            "https://www.example.com/auth/drive.readonly openid",
        ),
    ] {
        let found = granted(json!({ "scope": scope.clone() })).unwrap().scopes.unwrap();
        assert_eq!(found, ScopeSet::parse(expected).unwrap(), "{scope}");
    }
    for wrong in
        [json!(7), json!(true), json!({ "a": true }), json!(["a", 7]), json!([["a"]]), json!("a\tb"), json!("\"a\"")]
    {
        assert!(granted(json!({ "scope": wrong.clone() })).is_err(), "{wrong}");
    }
}

#[test]
fn types_and_lives_are_read_as_they_are_meant() {
    for (kind, proof) in
        [("Bearer", Proof::Bearer), ("bearer", Proof::Bearer), ("BEARER", Proof::Bearer), ("dpop", Proof::Dpop)]
    {
        assert_eq!(granted(json!({ "token_type": kind })).unwrap().proof, proof);
    }
    for wrong in [json!("mac"), json!(""), json!(null), json!(7), json!(["Bearer"])] {
        assert!(granted(json!({ "token_type": wrong.clone() })).is_err(), "{wrong}");
    }
    for (life, millis) in [
        (json!(3_600), 3_600_000),
        (json!("3600"), 3_600_000),
        (json!(1.5), 1_500),
        (json!(" 60 "), 60_000),
        (json!(0), 0),
    ] {
        assert_eq!(granted(json!({ "expires_in": life })).unwrap().life, Some(Duration::from_millis(millis)));
    }
    for wrong in [json!(-1), json!("soon"), json!([3_600]), json!(true), json!("NaN"), json!(1e300)] {
        assert!(granted(json!({ "expires_in": wrong.clone() })).is_err(), "{wrong}");
    }
    for wrong in [json!(7), json!(["r"]), json!({}), json!("r r")] {
        assert!(granted(json!({ "refresh_token": wrong.clone() })).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_missing_is_named() {
    for (body, says) in [
        ("", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("\"t1\"", "not a JSON object"),
        ("access_token=t1&token_type=bearer", "not a JSON object"),
        ("{}", "`access_token`"),
        ("{\"access_token\":\"\"}", "`access_token`"),
        ("{\"access_token\":7}", "`access_token`"),
        ("{\"access_token\":\"t1\"}", "`token_type`"),
    ] {
        let error = read(body.as_bytes(), "").unwrap_err();
        assert!(error.contains(says), "{body}: {error}");
    }
    assert!(read(b"\xef\xbb\xbf{\"access_token\":\"t1\",\"token_type\":\"bearer\"}", "").is_ok());
}

#[test]
fn a_refusal_is_one_whatever_its_status() {
    let refused = json!({ "error": "bad_verification_code", "error_description": "hidden" }).to_string();
    assert!(is_refusal(refused.as_bytes()));
    assert_eq!(error_code(refused.as_bytes()).as_deref(), Some("bad_verification_code"));
    for good in [
        json!({ "access_token": "t1", "token_type": "bearer", "error": "" }),
        json!({ "access_token": "t1", "token_type": "bearer", "error": null }),
        json!({ "access_token": "t1", "token_type": "bearer", "error": "none" }),
        json!({}),
    ] {
        assert!(!is_refusal(good.to_string().as_bytes()), "{good}");
    }
    for hidden in ["The words of an issuer", "<script>", &"a".repeat(41), ""] {
        assert_eq!(error_code(json!({ "error": hidden }).to_string().as_bytes()), None, "{hidden}");
    }
}

#[test]
fn a_statement_is_what_was_asked_for() {
    const KIND: &str = "urn:ietf:params:oauth:token-type:id-jag";
    let token = "eyJhbGciOiJFUzI1NiJ9.e30.AAAA";
    let of = |token: Value, kind: Value| {
        let body = json!({ "access_token": token, "issued_token_type": kind, "token_type": "N_A" }).to_string();
        statement(body.as_bytes(), KIND)
    };
    assert_eq!(of(json!(token), json!(KIND)).unwrap().expose(), token);
    for (token, kind) in [
        (json!(token), json!("")),
        (json!(token), json!(null)),
        (json!(token), json!([KIND])),
        (json!("opaque"), json!(KIND)),
        (json!(""), json!(KIND)),
    ] {
        assert!(of(token, kind).is_err());
    }
}
