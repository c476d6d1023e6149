use serde_json::{Value, json};

use super::{
    super::forge::{ISSUER, NOW, message, text},
    Corpus, Why,
};

pub(super) fn missing_and_twice(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    for name in ["iss", "aud", "exp"] {
        corpus.add(Why::Missing, format!("no {name}"), forge.claim(|claims| drop(claims.remove(name))));
        corpus.add(Why::Missing, format!("{name} null"), forge.set(name, json!(null)));
    }
    corpus.add(Why::Missing, "no claims at all", forge.texts(text(&forge.key("es").header()), "{}"));
    let audience = json!(forge.audience);
    for (name, first) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!(ISSUER)),
        ("aud", json!("https://evil.example/mcp")),
        ("aud", audience),
        ("exp", json!(NOW + 100_000)),
        ("exp", json!(NOW - 100_000)),
        ("nbf", json!(0)),
        ("iat", json!(0)),
        ("scope", json!("customer:export")),
        ("sub", json!("admin")),
        ("client_id", json!("admin")),
        ("jti", json!("t2")),
    ] {
        corpus.add(
            Why::Malformed,
            format!("{name} twice, first {first}"),
            forge.spelled(&format!("\"{name}\":{first}")),
        );
    }
    for (what, claims) in [
        ("escaped", format!("\"\\u0065xp\":{}", NOW + 300)),
        ("of no meaning", "\"x\":1,\"x\":1".to_owned()),
        ("the confirmation", "\"cnf\":{},\"cnf\":{}".to_owned()),
    ] {
        corpus.add(Why::Malformed, format!("a claim twice: {what}"), forge.spelled(&claims));
    }
}

pub(super) fn of_the_wrong_kind(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    let (issuer, audience) = (json!(ISSUER), json!(forge.audience));
    let wrong = [
        ("iss", json!(7)),
        ("iss", json!(true)),
        ("iss", json!([issuer])),
        ("iss", json!({ "0": issuer })),
        ("aud", json!(7)),
        ("aud", json!(true)),
        ("aud", json!({ "aud": audience })),
        ("aud", json!({ "0": audience, "length": 1 })),
        ("aud", json!([[audience]])),
        ("aud", json!([audience, 7])),
        ("aud", json!([audience, null])),
        ("aud", json!([{ "aud": audience }, audience])),
        ("exp", json!((NOW + 300).to_string())),
        ("exp", json!("2099-01-01T00:00:00Z")),
        ("exp", json!("NaN")),
        ("exp", json!("")),
        ("exp", json!(true)),
        ("exp", json!([NOW + 300])),
        ("exp", json!({ "$date": NOW + 300 })),
        ("nbf", json!(NOW.to_string())),
        ("nbf", json!(false)),
        ("nbf", json!([])),
        ("iat", json!(NOW.to_string())),
        ("iat", json!({})),
        ("sub", json!(7.5)),
        ("sub", json!(-7)),
        ("sub", json!(["u1", "admin"])),
        ("sub", json!({ "$ne": null })),
        ("client_id", json!(true)),
        ("azp", json!(["c1"])),
        ("jti", json!(1e300)),
        ("scope", json!(7)),
        ("scope", json!({ "customer:read": true })),
        ("scope", json!([["customer:read"]])),
        ("scope", json!(["customer:read", 7])),
        ("scope", json!("customer:read\tcustomer:export")),
        ("scope", json!("customer:read\ncustomer:export")),
        ("scope", json!("customer:read \"*\"")),
        ("scope", json!("\u{441}ustomer:read")),
        ("scp", json!({ "0": "customer:read" })),
        ("cnf", json!("thumbprint")),
        ("cnf", json!(["jkt"])),
        ("cnf", json!({ "jkt": 7 })),
        ("cnf", json!({ "x5t#S256": ["x"] })),
    ];
    for (name, value) in wrong {
        let token = forge.claim(|claims| {
            if name == "scp" {
                claims.remove("scope");
            }
            claims.insert(name.to_owned(), value.clone());
        });
        corpus.add(Why::Malformed, format!("{name} {value}"), token);
    }
}

pub(super) fn issuers_and_audiences(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    let issuers = [
        String::new(),
        "https://evil.example".to_owned(),
        format!("{ISSUER}/"),
        format!("{ISSUER}."),
        format!("{ISSUER}:443"),
        format!("{ISSUER}/tenant"),
        format!("{ISSUER}#"),
        format!("{ISSUER}?"),
        format!("{ISSUER}\0"),
        format!(" {ISSUER}"),
        format!("{ISSUER}.evil.example"),
        format!("{ISSUER}@evil.example"),
        ISSUER.to_uppercase(),
        ISSUER.replace("https", "http"),
        ISSUER.replace("https://", ""),
        ISSUER.replace('e', "\u{435}"),
        ISSUER[..ISSUER.len() - 1].to_owned(),
        format!("https://evil.example/{ISSUER}"),
    ];
    for issuer in issuers {
        corpus.add(Why::Issuer, format!("iss {issuer:?}, signed by the same key"), forge.set("iss", json!(issuer)));
    }
    let ours = &forge.audience;
    let audiences = [
        json!(""),
        json!([]),
        json!([""]),
        json!("https://evil.example/mcp"),
        json!(["https://evil.example/mcp", "https://other.example"]),
        json!(format!("{ours}/")),
        json!(format!("{ours}/tools")),
        json!(format!("{ours}x")),
        json!(format!("{ours}?x=y")),
        json!(format!("{ours}#x")),
        json!(format!("{ours} ")),
        json!(format!("{ours}\0")),
        json!(format!("{ours} https://other.example")),
        json!(format!("{ours},https://other.example")),
        json!(&ours[..ours.len() - 1]),
        json!(ours.trim_end_matches("/mcp")),
        json!(ours.to_uppercase()),
        json!(ours.replace("https", "http")),
        json!(ours.replace('m', "\u{43c}")),
        json!("*"),
        json!("mcp"),
        json!("c1"),
        json!(ISSUER),
        json!([format!("[\"{ours}\"]")]),
    ];
    for audience in audiences {
        corpus.add(Why::Audience, format!("aud {audience}"), forge.set("aud", audience));
    }
}

pub(super) fn times(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    let past = |exp: Value| {
        forge.claim(|claims| {
            claims.remove("nbf");
            claims.remove("iat");
            claims.insert("exp".to_owned(), exp);
        })
    };
    for exp in [
        json!(NOW - 30),
        json!(NOW - 31),
        json!(NOW - 3_600),
        json!(1),
        json!(0),
        json!(-0.0),
        json!(NOW as f64 - 30.5),
    ] {
        corpus.add(Why::Expired, format!("exp {exp}"), past(exp));
    }
    for exp in [
        json!(-1),
        json!(i64::MIN),
        json!(-1e300),
        json!((NOW + 300) * 1_000),
        json!((NOW + 300) * 1_000_000),
        json!(253_402_300_800_u64),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(1e300),
    ] {
        corpus.add(Why::Malformed, format!("exp {exp}"), past(exp));
    }
    let mut untimed = forge.claims();
    untimed.remove("exp");
    let untimed = text(&untimed);
    for spelled in [
        "1e400",
        "NaN",
        "Infinity",
        "-Infinity",
        "0x7fffffff",
        "01800000300",
        "1800000300.",
        "+1800000300",
        "1_800_000_300",
        "18446744073709551616e400",
    ] {
        let claims = format!("{{\"exp\":{spelled},{}", &untimed[1..]);
        corpus.add(
            Why::Malformed,
            format!("exp spelled {spelled}"),
            forge.texts(text(&forge.key("es").header()), claims),
        );
    }
    starts(corpus);
}

/// When a token begins to count, and when it was made.
fn starts(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    for name in ["nbf", "iat"] {
        for at in [NOW + 31, NOW + 299] {
            corpus.add(Why::Early, format!("{name} {} s ahead", at - NOW), forge.set(name, json!(at)));
        }
        corpus.add(Why::Malformed, format!("{name} negative"), forge.set(name, json!(-1)));
        corpus.add(Why::Malformed, format!("{name} in milliseconds"), forge.set(name, json!(NOW * 1_000)));
        let inverted = forge.claim(|claims| {
            claims.insert("exp".to_owned(), json!(NOW - 20));
            claims.insert(name.to_owned(), json!(NOW - 10));
        });
        corpus.add(Why::Malformed, format!("{name} after exp"), inverted);
    }
}

/// Good claims under names that are none.
pub(super) fn names(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    for (name, other) in [
        ("exp", "Exp"),
        ("exp", "EXP"),
        ("exp", "e\u{445}p"),
        ("exp", "exp "),
        ("exp", "exp\0"),
        ("iss", "ISS"),
        ("iss", "\u{456}ss"),
        ("iss", "issuer"),
        ("aud", "Aud"),
        ("aud", "\u{ff41}ud"),
        ("aud", "audience"),
    ] {
        let token = forge.claim(|claims| {
            let value = claims.remove(name).unwrap();
            claims.insert(other.to_owned(), value);
        });
        corpus.add(Why::Missing, format!("{other:?} for {name}"), token);
    }
    let key = forge.key("es");
    for (name, other, why) in
        [("alg", "Alg", Why::Malformed), ("kid", "KID", Why::Malformed), ("typ", "Typ", Why::Malformed)]
    {
        let mut header = key.header();
        let value = header.remove(name).unwrap();
        header.insert(other.to_owned(), value);
        corpus.add(why, format!("{other:?} for {name}"), key.seal(&message(&header, &forge.claims())));
    }
}
