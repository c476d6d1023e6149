#![no_main]
//! The metadata of a protected resource. The first line is the address of the server, the second the place that its challenge named.

use abide::credentials::oauth::fuzzing::{resource, resource_places};
use abide_fuzz::{assert_safe, assert_short, first_line};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use url::Url;

const MAX_URL: usize = 200;

fuzz_target!(|input: &[u8]| {
    let Some((server, rest)) = first_line(input) else { return };
    let Some((named, body)) = first_line(rest) else { return };
    let Ok(server) = server.parse::<Url>() else { return };
    let has_origin = matches!(server.scheme(), "https" | "http") && server.username().is_empty();
    if !has_origin || server.password().is_some() || server.as_str().len() > MAX_URL {
        return;
    }
    for place in resource_places(&server, Some(named)) {
        assert_eq!(place.origin(), server.origin());
        if server.scheme() == "https" {
            assert_safe(&place);
        }
    }
    match resource(body, &server) {
        None => {}
        Some(Err(error)) => assert_short(&error),
        Some(Ok((name, issuers))) => {
            if let Some(name) = &name {
                assert_eq!(name.parse::<Url>().unwrap().origin(), server.origin());
            }
            let document = json!({ "resource": name, "authorization_servers": issuers }).to_string();
            assert_eq!(resource(document.as_bytes(), &server).unwrap().unwrap(), (name, issuers));
        }
    }
});
