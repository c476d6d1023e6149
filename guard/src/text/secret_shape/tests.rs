use super::super::secret_shape::*;

#[test]
fn credentials_are_known_by_how_they_look() {
    let letters = "a1B2".repeat(12);
    for secret in [
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        format!("ghp_{}", &letters[..36]),
        format!("key=github_pat_{letters}"),
        format!("\"xoxb-{letters}\""),
        format!("sk-{letters}"),
        format!("sk-ant-{letters}"),
        "sk-0f3a9c1e77b24d5f8a6c0e1b2d3f4a5b".to_owned(),
        format!("SG.{}.{}", &letters[..22], &letters[..43]),
        "-----BEGIN EC PRIVATE KEY-----\nabc".to_owned(),
        "-----BEGIN PRIVATE KEY-----".to_owned(),
        format!("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{letters}"),
        format!("-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{letters}"),
        format!("Bearer_eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{letters}"),
        format!("t.eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{letters}"),
        format!("eyJ eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{letters}"),
        // behind what looks like the first part of an encrypted token
        format!("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{letters}.AAAA"),
    ] {
        assert!(is_in(&secret), "{secret}");
    }
    for plain in [
        "AKIA",
        "sk-short",
        "ghp_ is how such keys begin",
        "https://corp.example/sk-slovensko-vyrocna-sprava-za-rok-2026",
        "https://corp.example/sk-Slovensko-Vyrocna-sprava-za-rok-2026-2027",
        "SG.Bericht.zur.Lage.der.Nation.im.Jahr.2026.final",
        "task-list-for-the-week-of-the-twenty-third",
        "-----BEGIN CERTIFICATE-----",
        "a.b.c",
        "eyJ.a.b",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAAAAAAAAAAAAAA.AAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert!(!is_in(plain), "{plain}");
    }
}

/// Texts that nearly hold a credential at every place: a test that hangs fails.
#[test]
fn what_nearly_is_a_credential_takes_no_time() {
    for start in ["e", "eyJ", "eyJ ", "eyJ.eyJ.abc ", "ask-", "aSG.", "asAKIA", "ahf_", "-----BEGIN ", "ya29"] {
        assert!(!is_in(&start.repeat(1_000_000 / start.len())), "{start}");
    }
}
