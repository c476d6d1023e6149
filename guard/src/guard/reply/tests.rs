#![expect(clippy::unwrap_used, reason = "tests")]

use abide_base::id::RunId;
use abide_signatures::Fields;
use serde_json::json;

use super::super::reply::*;
use crate::Mode;

/// What the program sees of a reply, and what is noted; `None` if nothing of it.
fn shown(markup: &str, content: Value) -> Option<(Value, usize)> {
    let rules = format!("[tools.t]\nscopes = []\neffect = 'read'\nreply = {{ markup = '{markup}' }}\n");
    let policy = Policy::parse(&rules, "").unwrap();
    let tool: ToolName = "t".try_into().unwrap();
    let (rule, mut reply) = (policy.tool(&tool).unwrap(), ToolReply::done(content));
    let session = Session::new(RunId::random(), Mode::Live, &Fields::new());
    if withheld(rule, &tool, &reply).is_some() {
        return None;
    }
    let events = clean(&policy, rule, &tool, &mut reply, &session);
    let denied = events.iter().filter(|event| event.kind == EventKind::ReplyDenied).count();
    Some((reply.content, denied))
}

#[test]
fn control_characters_are_stripped_or_refused_in_texts_and_keys() {
    let hidden: Vec<char> = (0..0x20_u32).chain(0x7f..0xa0).filter_map(char::from_u32).collect();
    let others = ['\u{2028}', '\u{2029}', '\u{200b}', '\u{202e}', '\u{2066}', '\u{e0041}', '\u{feff}'];
    for c in hidden.into_iter().filter(|c| !matches!(c, '\t' | '\n')).chain(others) {
        for content in [json!(format!("a{c}b")), json!({ "k": [format!("a{c}b")] }), json!({ format!("a{c}b"): 1 })] {
            assert_eq!(shown("keep", content.clone()), Some((content.clone(), 0)));
            assert_eq!(shown("refuse", content.clone()), None, "{c:?}");
            let (stripped, events) = shown("strip", content).unwrap();
            let gap = if matches!(c, '\r' | '\u{2028}' | '\u{2029}') { "\\n" } else { "" };
            assert!(stripped.to_string().contains(&format!("\"a{gap}b\"")), "{c:?}: {stripped}");
            assert_eq!(events, 1);
        }
    }
}

#[test]
fn tabs_and_ends_of_lines_stay() {
    for markup in ["strip", "refuse"] {
        assert_eq!(shown(markup, json!("a\tb\nc")), Some((json!("a\tb\nc"), 0)));
        assert_eq!(shown(markup, json!({ "a\r\nb": "c\r\n\r\nd" })), Some((json!({ "a\nb": "c\n\nd" }), 0)));
    }
    assert_eq!(shown("strip", json!("a\r\r\nb\r")), Some((json!("a\n\nb\n"), 1)));
    assert_eq!(shown("refuse", json!("a\r\r\nb")), None);
}
