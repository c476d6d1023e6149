use abide::credentials::jwt::KeyHint;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, crypto};
use serde_json::{Value, json};

use super::{
    super::forge::{ISSUER, NOW, RSA_PUBLIC, message, object, part, text},
    Corpus, Why,
};

pub(super) fn algorithms(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    let key = forge.key("rs");
    let nothing =
        ["none", "None", "NONE", "nOnE", "NoNe", "none ", " none", "none\0", "no\u{200b}ne", "n\u{43e}ne", "null", ""];
    for alg in nothing {
        let message = message(&object(json!({ "alg": alg, "typ": "at+jwt", "kid": "rs" })), &forge.claims());
        corpus.add(Why::Algorithm, format!("alg {alg:?} without a signature"), format!("{message}."));
        corpus.add(Why::Algorithm, format!("alg {alg:?} with the key's signature"), key.seal(&message));
    }
    let others = [
        "rs256",
        "Rs256",
        "RS256 ",
        "RS256\0",
        "R\u{405}256",
        "\u{ff32}\u{ff33}256",
        "RSA256",
        "RS1",
        "RSA1_5",
        "SHA256",
        "ES256K",
        "ES512",
        "Ed25519",
        "Ed448",
        "dir",
        "A256GCM",
        "ML-DSA-65",
    ];
    for alg in others {
        let token = forge.header("rs", |header| header["alg"] = json!(alg));
        corpus.add(Why::Algorithm, format!("alg {alg:?}"), token);
    }
    for alg in ["RS384", "RS512", "PS384", "PS512"] {
        let header = object(json!({ "alg": alg, "typ": "at+jwt", "kid": "rs" }));
        let message = message(&header, &forge.claims());
        let token = format!("{message}.{}", key.signature_with(&message, alg));
        corpus.add(Why::Algorithm, format!("a right signature of {alg}, which is not allowed"), token);
    }
    for alg in [json!(null), json!(0), json!(true), json!(["RS256"]), json!({ "RS256": 1 })] {
        let token = forge.header("rs", |header| header["alg"] = alg.clone());
        corpus.add(Why::Malformed, format!("alg {alg}"), token);
    }
    corpus.add(Why::Malformed, "no alg", forge.header("rs", |header| drop(header.remove("alg"))));
    algorithms_of_other_keys(corpus);
}

fn algorithms_of_other_keys(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    let key = forge.key("rs");
    for signer in &forge.keys {
        for named in forge.keys.iter().filter(|named| named.kid != signer.kid) {
            let token = forge.header(signer.kid, |header| header["kid"] = json!(named.kid));
            let both_rsa = ["rs", "ps"].contains(&signer.kid) && ["rs", "ps"].contains(&named.kid);
            if both_rsa {
                continue; // one key under two names
            }
            corpus.add(Why::Algorithm, format!("{} by the key of {}", signer.algorithm, named.algorithm), token);
            let token = forge.header(signer.kid, |header| {
                header["kid"] = json!(named.kid);
                header["alg"] = json!(named.algorithm.name());
            });
            let claimed = format!("a signature of {} that says {}", signer.algorithm, named.algorithm);
            corpus.add(Why::Signature, claimed, token);
        }
    }
    for (signed, said) in [("RS256", "PS256"), ("PS256", "RS256")] {
        let message = message(&object(json!({ "alg": said, "typ": "at+jwt", "kid": "rs" })), &forge.claims());
        let token = format!("{message}.{}", key.signature_with(&message, signed));
        corpus.add(Why::Signature, format!("padding of {signed} that says {said}"), token);
    }
}

/// HMAC with whatever is public about a key.
pub(super) fn secrets_that_everybody_knows(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    let der = pem::parse(RSA_PUBLIC).unwrap().into_contents();
    let jwk = forge.key("rs").public();
    let modulus = jwk["n"].as_str().unwrap();
    let point = forge.key("es").public();
    let decoded = |member: &Value| URL_SAFE_NO_PAD.decode(member.as_str().unwrap()).unwrap();
    let secrets: Vec<(&str, &str, Vec<u8>)> = vec![
        ("pem", "rs", RSA_PUBLIC.into()),
        ("pem without its last line end", "rs", RSA_PUBLIC.trim_end().into()),
        ("pem of windows", "rs", RSA_PUBLIC.replace('\n', "\r\n").into()),
        ("der", "rs", der.clone()),
        ("bare der", "rs", der[24..].to_vec()),
        ("jwk", "rs", jwk.to_string().into()),
        ("modulus", "rs", decoded(&jwk["n"])),
        ("modulus as text", "rs", modulus.into()),
        ("key set", "rs", forge.key_set().to_string().into()),
        ("key id", "rs", "rs".into()),
        ("nothing", "rs", Vec::new()),
        ("point", "es", [vec![4], decoded(&point["x"]), decoded(&point["y"])].concat()),
        ("coordinate", "es", decoded(&point["x"])),
        ("Edwards point", "ed", decoded(&forge.key("ed").public()["x"])),
    ];
    for (what, kid, secret) in secrets {
        for alg in ["HS256", "HS384", "HS512"] {
            let header = object(json!({ "alg": alg, "typ": "at+jwt", "kid": kid }));
            let message = message(&header, &forge.claims());
            let mac =
                crypto::sign(message.as_bytes(), &EncodingKey::from_secret(&secret), alg.parse().unwrap()).unwrap();
            corpus.add(Why::Algorithm, format!("{alg} with the {what} as secret"), format!("{message}.{mac}"));
        }
    }
}

/// Signed by a key of the attacker, who says where it is.
pub(super) fn keys_in_the_header(corpus: &mut Corpus<'_>, trap: &str) {
    let forge = corpus.forge;
    let jwk = forge.attacker.public();
    let sign = |kid: Option<&str>, name: &str, value: Value| {
        let mut header = forge.attacker.header();
        match kid {
            Some(kid) => header["kid"] = json!(kid),
            None => drop(header.remove("kid")),
        }
        header.insert(name.to_owned(), value);
        forge.attacker.seal(&message(&header, &forge.claims()))
    };
    let places = [
        ("jwk", jwk.clone()),
        ("jku", json!(trap)),
        ("x5u", json!(trap)),
        ("x5c", json!([part("certificate")])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("iss", json!(trap)),
        ("jwks", json!({ "keys": [jwk] })),
        ("jwks_uri", json!(trap)),
    ];
    for (name, value) in places {
        // without a name, every key that fits is tried, and none made the signature
        for (kid, why) in [(Some("es"), Why::Signature), (Some("mine"), Why::UnknownKey), (None, Why::Signature)] {
            corpus.add(why, format!("`{name}` of the attacker's key, kid {kid:?}"), sign(kid, name, value.clone()));
        }
    }
    let hidden = [format!("{ISSUER}@{trap}"), format!("{trap}#{ISSUER}/jwks"), "file:///dev/zero".to_owned()];
    for jku in hidden {
        corpus.add(Why::UnknownKey, format!("`jku` {jku}"), sign(Some("mine"), "jku", json!(jku)));
    }
    let proof = forge.attacker.signing.sign("at+jwt", KeyHint::Embedded, &Value::Object(forge.claims())).unwrap();
    corpus.add(Why::Signature, "made like a proof of possession", proof.expose().clone());
}

pub(super) fn key_ids(corpus: &mut Corpus<'_>, trap: &str) {
    let forge = corpus.forge;
    let unknown = [
        "../../../../../../dev/null",
        "/dev/null",
        "/proc/sys/kernel/randomize_va_space",
        "..\\..\\windows\\win.ini",
        "file:///etc/hostname",
        trap,
        "' OR '1'='1",
        "x' UNION SELECT 'c2VjcmV0' --",
        "'; DROP TABLE keys; --",
        "|/bin/id",
        "$(id)",
        "${jndi:ldap://127.0.0.1/a}",
        "{{7*7}}",
        "%00",
        "rs\0",
        "rs ",
        " rs",
        "RS",
        "r\u{455}",
        "\u{ff52}\u{ff53}",
        "rs\r\nx: y",
        "*",
        "0",
    ];
    for kid in unknown {
        let token = forge.header("rs", |header| header["kid"] = json!(kid));
        corpus.add(Why::UnknownKey, format!("kid {kid:?}"), token);
        // the key that a file of nothing, or a forged row, would hold
        let header = object(json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid }));
        let message = message(&header, &forge.claims());
        let key = EncodingKey::from_secret(if kid.contains("UNION") { b"secret" } else { b"" });
        let mac = crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
        corpus.add(Why::Algorithm, format!("kid {kid:?} of a secret that is guessed"), format!("{message}.{mac}"));
    }
    key_ids_that_are_none(corpus);
}

fn key_ids_that_are_none(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    for (kid, why) in [
        (json!(""), Why::KeyId),
        (json!(["rs"]), Why::Malformed),
        (json!({ "rs": 1 }), Why::Malformed),
        (json!(7), Why::Malformed),
        (json!(true), Why::Malformed),
        (json!("k".repeat(257)), Why::Malformed),
        (json!("k".repeat(5_000)), Why::Malformed),
    ] {
        let token = forge.header("rs", |header| header["kid"] = kid.clone());
        let text = kid.to_string();
        corpus.add(why, format!("kid {text:.20} of {} letters", text.len()), token);
    }
    for alg in ["PS256", "ES256", "EdDSA", "HS256", "RS512", "none"] {
        let token = forge.header("rs", |header| {
            header.remove("kid");
            header["alg"] = json!(alg);
        });
        let why = if ["HS256", "RS512", "none"].contains(&alg) { Why::Algorithm } else { Why::Signature };
        corpus.add(why, format!("no kid, and a signature of RS256 that says {alg}"), token);
    }
    let token = forge.header("rs", |header| header["kid"] = json!("k".repeat(256)));
    corpus.add(Why::UnknownKey, "the longest kid", token);
}

pub(super) fn types(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    let others = [
        "",
        "id_token+jwt",
        "logout+jwt",
        "dpop+jwt",
        "oauth-id-jag+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
        "client-authentication+jwt",
        "oauth-authz-req+jwt",
        "entity-statement+jwt",
        "rt+jwt",
        "vc+sd-jwt",
        "JOSE",
        "JOSE+JSON",
        "JWT ",
        " at+jwt",
        "at+jwt\0",
        "at jwt",
        "at+jwt+at",
        "at-jwt",
        "application/jwt",
        "application/at+jwt; x=y",
        "text/at+jwt",
        "\u{430}t+jwt",
        "\u{ff2a}WT",
    ];
    for typ in others {
        let token = forge.header("es", |header| header["typ"] = json!(typ));
        corpus.add(Why::Type, format!("typ {typ:?}"), token);
    }
    for typ in [json!(["at+jwt"]), json!(1), json!({ "at+jwt": 1 })] {
        let token = forge.header("es", |header| header["typ"] = typ.clone());
        corpus.add(Why::Malformed, format!("typ {typ}"), token);
    }
    let key = forge.key("es");
    let mut header = key.header();
    header["typ"] = json!("JWT");
    for (name, value) in [
        ("nonce", json!("n1")),
        ("at_hash", json!("AAAA")),
        ("c_hash", json!("AAAA")),
        ("events", json!({ "http://schemas.openid.net/event/backchannel-logout": {} })),
        ("htm", json!("POST")),
        ("htu", json!(forge.audience)),
    ] {
        let mut claims = forge.claims();
        claims.insert(name.to_owned(), value);
        corpus.add(Why::Foreign, format!("a `JWT` with `{name}`"), key.seal(&message(&header, &claims)));
        let mut untyped = header.clone();
        untyped.remove("typ");
        corpus.add(Why::Foreign, format!("no typ, and `{name}`"), key.seal(&message(&untyped, &claims)));
    }
}

pub(super) fn critical_and_nested(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!("exp")),
        ("crit", json!(null)),
        ("crit", json!(["http://example.com/UNDEFINED"])),
        ("b64", json!(false)),
        ("b64", json!(true)),
    ] {
        let token = forge.header("es", |header| drop(header.insert(name.to_owned(), value.clone())));
        corpus.add(Why::Critical, format!("{name} {value}"), token);
    }
    let key = forge.key("es");
    let unencoded = forge.header("es", |header| {
        header.insert("crit".to_owned(), json!(["b64"]));
        header.insert("b64".to_owned(), json!(false));
    });
    corpus.add(Why::Critical, "critical b64", unencoded.clone());
    let head = unencoded.split('.').next().unwrap();
    corpus.add(Why::Critical, "detached payload", format!("{head}..{}", key.signature(&format!("{head}."))));
    for (name, value) in [("cty", json!("JWT")), ("zip", json!("DEF")), ("enc", json!("A256GCM"))] {
        let token = forge.header("es", |header| drop(header.insert(name.to_owned(), value)));
        corpus.add(Why::Malformed, format!("{name} in the header"), token);
    }
    let inner = forge.good("es");
    let head = part(text(&key.header()));
    corpus.add(Why::Malformed, "a token in a token", key.seal(&format!("{head}.{}", part(&inner))));
    corpus.add(
        Why::Malformed,
        "a token in quotes in a token",
        key.seal(&format!("{head}.{}", part(json!(inner).to_string()))),
    );
    corpus.add(Why::Missing, "a token as a claim", {
        let claims = object(json!({ "token": inner, "exp": NOW + 300 }));
        key.seal(&message(&key.header(), &claims))
    });
    let encrypted = part(r#"{"alg":"dir","enc":"A256GCM","kid":"es","typ":"at+jwt"}"#);
    corpus.add(Why::Malformed, "encrypted", format!("{encrypted}..{}.{}.{}", part("iv"), part("text"), part("tag")));
    corpus.add(Why::Malformed, "encrypted in three parts", format!("{encrypted}.{}.{}", part("iv"), part("tag")));
    corpus.add(
        Why::Malformed,
        "encrypted in four parts",
        format!("{encrypted}.{}.{}.{}", part("iv"), part("text"), part("tag")),
    );
}
