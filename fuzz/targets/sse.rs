#![no_main]
//! An event stream. The first byte says in how large parts it comes, the second how large an event may be.

use std::fmt::Write;

use abide::{
    mcp::client::fuzzing::{End, events},
    net::Bytes,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (part, limit, bytes) = (usize::from(input.0) + 1, usize::from(input.1) * 4, input.2);
    let parts = |part| bytes.chunks(part).map(Bytes::copy_from_slice).collect::<Vec<_>>();
    let (all, how) = events(parts(1), usize::MAX);
    let (found, end) = events(parts(part), usize::MAX);
    assert_eq!(end, how, "in parts of {part}");
    // a part with an error in it gives nothing of what came before in it
    assert_eq!(found, all[..found.len()], "in parts of {part}");
    assert!(end.is_some() || found.len() == all.len(), "in parts of {part}");

    let (some, end) = events(parts(part), limit);
    assert_eq!(some, found[..some.len()], "at most {limit}");
    let size = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    // a byte that is no UTF-8 becomes a character of three
    assert!(some.iter().all(|event| size(&event.data) + size(&event.event) + size(&event.id) <= 3 * limit));
    if end == Some(End::TooLong) {
        assert!(largest(bytes) > limit, "nothing is longer than {limit}");
    } else {
        assert_eq!((some.len(), end), (found.len(), how));
    }

    let mut text = String::new();
    for event in &all {
        for (name, value) in [("event", &event.event), ("id", &event.id)] {
            value.iter().for_each(|value| writeln!(text, "{name}: {value}").unwrap());
        }
        event.retry.iter().for_each(|retry| writeln!(text, "retry: {retry}").unwrap());
        event.data.iter().flat_map(|data| data.split('\n')).for_each(|line| writeln!(text, "data: {line}").unwrap());
        text.push('\n');
    }
    assert_eq!(events(vec![Bytes::from(text)], usize::MAX), (all, None));
});

/// The most bytes between two empty lines, however lines end, with their ends.
fn largest(bytes: &[u8]) -> usize {
    let (mut largest, mut size, mut rest) = (0, 0, bytes);
    while !rest.is_empty() {
        let line = rest.iter().position(|byte| b"\r\n".contains(byte)).unwrap_or(rest.len());
        let end = if rest[line..].starts_with(b"\r\n") { 2 } else { 1 };
        let whole = (line + end).min(rest.len());
        size += whole;
        largest = largest.max(size);
        if line == 0 {
            size = 0;
        }
        rest = &rest[whole..];
    }
    largest
}
