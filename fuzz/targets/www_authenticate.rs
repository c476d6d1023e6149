#![no_main]
//! `WWW-Authenticate`: each line is one header.

use std::fmt::Write;

use abide::{
    credentials::oauth::fuzzing::{Challenge, challenge, challenges},
    scope::ScopeSet,
};
use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};
use libfuzzer_sys::fuzz_target;

const MAX_HEADERS: usize = 64;
const MAX_HEADER: usize = 8 * 1024;

fuzz_target!(|input: &[u8]| {
    let headers = headers(input.split(|byte| *byte == b'\n'));
    let found = challenges(&headers);
    let read: usize = headers.values().map(|value| value.len().min(MAX_HEADER)).sum();
    // a byte that is no UTF-8 becomes a character of three
    assert!(found.iter().map(size).sum::<usize>() <= 3 * read);
    for name in found.iter().flat_map(|(scheme, params)| params.keys().chain([scheme])) {
        assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()), "`{name}`");
    }
    let rendered = render(&found);
    if rendered.len() <= MAX_HEADER {
        assert_eq!(challenges(&self::headers([rendered.as_bytes()])), found, "{rendered}");
    }
    let challenge = challenge(&headers);
    let said = |text: &String| found.iter().any(|(_, params)| params.values().any(|value| value == text));
    assert!(challenge.metadata.as_ref().is_none_or(said));
    if let Some(scopes) = challenge.scopes {
        assert_eq!(ScopeSet::parse(&scopes.to_string()), Ok(scopes));
    }
});

fn headers<'l>(lines: impl IntoIterator<Item = &'l [u8]>) -> HeaderMap {
    let values = lines.into_iter().take(MAX_HEADERS).filter_map(|line| HeaderValue::from_bytes(line).ok());
    values.map(|value| (WWW_AUTHENTICATE, value)).fold(HeaderMap::new(), |mut headers, (name, value)| {
        headers.append(name, value);
        headers
    })
}

fn size((scheme, params): &Challenge) -> usize {
    scheme.len() + params.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
}

fn render(challenges: &[Challenge]) -> String {
    let mut text = String::new();
    for (scheme, params) in challenges {
        write!(text, ", {scheme}").unwrap();
        for (i, (name, value)) in params.iter().enumerate() {
            let gap = if i == 0 { " " } else { ", " };
            write!(text, "{gap}{name}=\"{}\"", value.replace('\\', r"\\").replace('"', r#"\""#)).unwrap();
        }
    }
    text
}
