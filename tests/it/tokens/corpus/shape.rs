use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use serde_json::json;

use super::{
    super::forge::{Forge, message, part, text},
    Corpus, Why,
};

/// The order of P-256, as a number that is as good as zero.
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

pub(super) fn signatures(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    for key in &forge.keys {
        let signed = forge.good(key.kid);
        let (message, signature) = signed.rsplit_once('.').unwrap();
        let right = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let zero = vec![0; right.len()];
        let mut ones = zero.clone();
        ones[right.len() / 2 - 1] = 1;
        ones[right.len() - 1] = 1;
        let mut flipped = right.clone();
        flipped[right.len() / 3] ^= 4;
        let other = forge.set("scope", json!("all"));
        for (what, wrong) in [
            ("no signature", Vec::new()),
            ("a signature of zeros", zero.clone()),
            ("a signature of ones", ones),
            ("a signature of all bits", vec![0xff; right.len()]),
            ("a flipped bit", flipped),
            ("a byte too little", right[1..].to_vec()),
            ("half a signature", right[..right.len() / 2].to_vec()),
            ("a byte too much", [right.as_slice(), &[0]].concat()),
            ("a zero in front", [&[0], right.as_slice()].concat()),
            ("two signatures", [right.as_slice(), &right].concat()),
            ("the halves swapped", [&right[right.len() / 2..], &right[..right.len() / 2]].concat()),
            ("the signature of another token", URL_SAFE_NO_PAD.decode(other.rsplit('.').next().unwrap()).unwrap()),
            ("a hash", vec![7; 32]),
        ] {
            corpus.add(Why::Signature, format!("{}: {what}", key.algorithm), format!("{message}.{}", part(wrong)));
        }
        let (head, body) = message.split_once('.').unwrap();
        let changed = forge.set("sub", json!("admin"));
        let changed = changed.split('.').nth(1).unwrap();
        corpus.add(Why::Signature, format!("{}: other claims", key.algorithm), format!("{head}.{changed}.{signature}"));
        corpus.add(
            Why::Signature,
            format!("{}: claims signed alone", key.algorithm),
            format!("{message}.{}", key.signature(body)),
        );
        if ["es", "e3"].contains(&key.kid) {
            let der = der(&right[..right.len() / 2], &right[right.len() / 2..]);
            corpus.add(Why::Signature, format!("{}: in DER", key.algorithm), format!("{message}.{}", part(der)));
        }
    }
    let order: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&ORDER[2 * i..2 * i + 2], 16).unwrap()).collect();
    let one = [vec![0; 31], vec![1]].concat();
    let message = message(&forge.key("es").header(), &forge.claims());
    for (what, r, s) in [
        ("r of the order", &order, &one),
        ("s of the order", &one, &order),
        ("r and s of the order", &order, &order),
        ("r of zero", &vec![0; 32], &one),
        ("s of zero", &one, &vec![0; 32]),
    ] {
        corpus.add(Why::Signature, format!("ES256: {what}"), format!("{message}.{}", part([r.as_slice(), s].concat())));
    }
}

/// A SEQUENCE of two INTEGERs, as other protocols have it.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let sign: &[u8] = if bytes[0] & 0x80 == 0 { &[] } else { &[0] };
        [&[2, u8::try_from(bytes.len() + sign.len()).unwrap()], sign, bytes].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(both.len()).unwrap()], both].concat()
}

/// The right token, spelled in another way.
pub(super) fn encodings(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    let good = forge.good("es");
    let parts: Vec<&str> = good.split('.').collect();
    let [head, body, signature] = parts[..] else { panic!("three parts") };
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    // not the message that was signed
    corpus.add(Why::Signature, "a line end in the middle", format!("{head}.{body}\r\n.{signature}"));
    corpus.add(Why::Signature, "a blank in the middle", format!("{head}. {body}.{signature}"));
    let mut add = |name: &str, token: String| corpus.add(Why::Malformed, name, token);
    add("padded signature", format!("{head}.{body}.{}", URL_SAFE.encode(&raw)));
    add("one `=` too many", format!("{head}.{body}.{signature}==="));
    add("nothing", String::new());
    add("two dots", "..".to_owned());
    add("a dot in front", format!(".{good}"));
    add("a dot behind", format!("{good}."));
    add("two dots in a row", format!("{head}..{body}.{signature}"));
    add("two parts", format!("{head}.{body}"));
    add("four parts", format!("{good}.{signature}"));
    add("five parts", format!("{good}.{signature}.{signature}"));
    add("one part", head.to_owned());
    add("parts in another order", format!("{body}.{head}.{signature}.x"));
    add("dots escaped", good.replace('.', "%2E"));
    add("another sort of dot", good.replace('.', "\u{ff0e}"));
    add("a line end behind", format!("{good}\n"));
    add("a tab in the signature", format!("{head}.{body}.{}\t{}", &signature[..9], &signature[9..]));
    add("a zero byte behind", format!("{good}\0"));
    add("in quotes", format!("\"{good}\""));
    add("with its scheme", format!("Bearer {good}"));
    add("twice", format!("{good},{good}"));
    add("a look-alike letter", format!("{head}.{body}.\u{430}{}", &signature[1..]));
    add(
        "JSON serialization",
        json!({ "payload": body, "signatures": [{ "protected": head, "signature": signature }] }).to_string(),
    );
    add(
        "flattened JSON serialization",
        json!({ "payload": body, "protected": head, "signature": signature }).to_string(),
    );
    add("trailing bits in the signature", format!("{head}.{body}.{}", with_trailing_bits(signature)));
    for (name, head, body) in reencoded(forge) {
        add(&format!("{name}, signed like that"), forge.key("es").seal(&format!("{head}.{body}")));
    }
}

/// The last character with one more bit, which decodes to the same where that is tolerated.
fn with_trailing_bits(part: &str) -> String {
    let alphabet: Vec<char> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars().collect();
    let last = alphabet.iter().position(|letter| part.ends_with(*letter)).unwrap();
    format!("{}{}", &part[..part.len() - 1], alphabet[last + 1])
}

/// Headers and claims in other spellings of Base64; each is the message that is signed.
fn reencoded(forge: &Forge) -> Vec<(&'static str, String, String)> {
    let (mut header, mut claims) = (forge.key("es").header(), forge.claims());
    // so that every alphabet and padding makes a difference
    header.insert("x".to_owned(), json!("\u{3ff}\u{3ff}\u{fbff}?>"));
    claims.insert("x".to_owned(), json!("\u{3ff}\u{3ff}\u{fbff}?>"));
    let unpadded = |map: &super::super::forge::Object| {
        let mut text = text(map);
        while text.len() % 3 != 1 {
            text.insert(1, ' ');
        }
        text
    };
    let (header, claims) = (unpadded(&header), unpadded(&claims));
    let (head, body) = (part(&header), part(&claims));
    let broken = |part: &str| format!("{}\n{}", &part[..20], &part[20..]);
    vec![
        ("a padded header", URL_SAFE.encode(&header), body.clone()),
        ("padded claims", head.clone(), URL_SAFE.encode(&claims)),
        ("a header in the standard alphabet", STANDARD_NO_PAD.encode(&header), body.clone()),
        ("claims in the standard alphabet", head.clone(), STANDARD_NO_PAD.encode(&claims)),
        ("everything as in mail", STANDARD.encode(&header), STANDARD.encode(&claims)),
        ("a header in two lines", broken(&head), body.clone()),
        ("claims in two lines", head.clone(), broken(&body)),
        ("trailing bits in the header", with_trailing_bits(&head), body.clone()),
        ("trailing bits in the claims", head.clone(), with_trailing_bits(&body)),
        ("a header that is not encoded", header, body.clone()),
        ("claims that are not encoded", head.clone(), claims),
        ("claims encoded twice", head, part(body)),
    ]
}

/// What is JSON to somebody, or nearly.
pub(super) fn texts(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    let (header, claims) = (text(&forge.key("es").header()), text(&forge.claims()));
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut add =
        |name: &str, header: &[u8], claims: &[u8]| corpus.add(Why::Malformed, name, forge.texts(header, claims));
    for (what, other) in [
        ("an array", format!("[{claims}]").into_bytes()),
        ("a text", json!(claims).to_string().into_bytes()),
        ("null", b"null".to_vec()),
        ("a number", b"7".to_vec()),
        ("nothing", Vec::new()),
        ("two objects", format!("{claims}{claims}").into_bytes()),
        ("an object and more", format!("{claims}x").into_bytes()),
        ("an object and a zero byte", format!("{claims}\0").into_bytes()),
        ("an object after a byte order mark", format!("\u{feff}{claims}").into_bytes()),
        ("an object that does not end", claims.as_bytes()[..claims.len() - 1].to_vec()),
        ("an object with a comment", format!("/**/{claims}").into_bytes()),
        ("an object with a comma too many", claims.replace('}', ",}").into_bytes()),
        ("an object in single quotes", claims.replace('"', "'").into_bytes()),
        ("an object in UTF-16", utf16(&claims)),
        ("an object that is no UTF-8", [&claims.as_bytes()[..claims.len() - 2], b"\xc0\xaf\"}"].concat()),
        ("half a surrogate", claims.replace("u1", "\\ud800").into_bytes()),
        ("XML", b"<claims/>".to_vec()),
        ("a form", b"iss=https://issuer.example&exp=1".to_vec()),
        ("a prototype", format!("{{\"__proto__\":{claims}").into_bytes()),
        ("deep arrays", format!("{{\"x\":{}{},{}", "[".repeat(1_000), "]".repeat(1_000), &claims[1..]).into_bytes()),
    ] {
        add(&format!("claims: {what}"), header.as_bytes(), &other);
    }
    for (what, other) in [
        ("an array", format!("[{header}]").into_bytes()),
        ("nothing", Vec::new()),
        ("two objects", format!("{header}{header}").into_bytes()),
        ("after a byte order mark", format!("\u{feff}{header}").into_bytes()),
        ("in UTF-16", utf16(&header)),
        ("with alg twice", header.replacen('{', "{\"alg\":\"none\",", 1).into_bytes()),
        ("with kid twice", header.replacen('{', "{\"kid\":\"rs\",", 1).into_bytes()),
        ("with typ twice", header.replacen('{', "{\"typ\":\"JWT\",", 1).into_bytes()),
        ("with alg twice, once escaped", header.replacen('{', "{\"\\u0061lg\":\"ES256\",", 1).into_bytes()),
        ("deep arrays", format!("{{\"x\":{}{},{}", "[".repeat(1_000), "]".repeat(1_000), &header[1..]).into_bytes()),
    ] {
        add(&format!("header: {what}"), &other, claims.as_bytes());
    }
}

pub(super) fn sizes(corpus: &mut Corpus<'_>) {
    let forge = corpus.forge;
    let filler = "x".repeat(1 << 20);
    corpus.add(
        Why::Size,
        "a header of a megabyte",
        forge.header("es", |header| drop(header.insert("x".to_owned(), json!(filler)))),
    );
    corpus.add(
        Why::Size,
        "a `jwk` of a megabyte",
        forge.header("es", |header| drop(header.insert("jwk".to_owned(), json!([filler])))),
    );
    corpus.add(Why::Size, "a kid of a megabyte", forge.header("es", |header| header["kid"] = json!(filler)));
    corpus.add(Why::Size, "claims of a megabyte", forge.set("x", json!(filler)));
    corpus.add(Why::Size, "a signature of a megabyte", format!("{}{filler}", forge.good("es")));
    corpus.add(Why::Size, "a megabyte of dots", ".".repeat(1 << 20));
    corpus.add(Why::Size, "claims of 17 kilobytes", forge.set("x", json!(&filler[..13_000])));
    let token = forge.header("es", |header| drop(header.insert("x".to_owned(), json!(&filler[..6_200]))));
    corpus.add(Why::Malformed, "a header of more than 8 kilobytes", token);
    corpus.add(Why::Malformed, "ten thousand dots", ".".repeat(10_000));
}
