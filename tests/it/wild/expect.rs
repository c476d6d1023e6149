//! What must come of a case, and whether it came.

use serde_json::{Map, Value};

use super::trial::Came;

/// What is not as `expected`, in one line.
pub(super) fn problem(expected: &Value, came: &Came, seen: &Value) -> Option<String> {
    let expected = expected.as_object().unwrap();
    let mut problems =
        if expected.contains_key("findings") { of_check(expected, came) } else { of_call(expected, came) };
    for (key, wanted) in expected {
        match key.as_str() {
            "connected" | "status" | "reply" | "reply_has" | "reply_lacks" | "error" | "not_error" | "events"
            | "no_events" | "findings" => {}
            "seen" => problems.extend(wanted.as_object().unwrap().iter().filter_map(|(name, wanted)| {
                let count = seen.get(name).and_then(Value::as_u64).unwrap_or_default();
                (Some(count) != wanted.as_u64()).then(|| format!("{count} × `{name}` instead of {wanted}: {seen}"))
            })),
            "seen_at_most" => problems.extend(wanted.as_object().unwrap().iter().filter_map(|(name, most)| {
                let count = seen.get(name).and_then(Value::as_u64).unwrap_or_default();
                (count > most.as_u64().unwrap()).then(|| format!("{count} × `{name}`, more than {most}"))
            })),
            "seconds" => {
                let most = wanted.as_f64().unwrap();
                problems.extend((came.seconds > most).then(|| format!("{:.1} s, more than {most}", came.seconds)));
            }
            other => panic!("`{other}` cannot be expected"),
        }
    }
    if problems.is_empty() {
        return None;
    }
    let short = |text: &str| text.chars().take(500).collect::<String>();
    Some(format!(
        "{} (exit {}, output {}, errors {:?})",
        problems.join("; "),
        came.code,
        short(&came.out),
        short(&came.err)
    ))
}

fn of_call(expected: &Map<String, Value>, came: &Came) -> Vec<String> {
    let Ok(line) = serde_json::from_str::<Value>(&came.out) else { return vec!["the output is no JSON".to_owned()] };
    let mut problems = Vec::new();
    // either, where a list says so
    let connected = expected.get("connected").cloned().unwrap_or(Value::Bool(true));
    let allowed = connected.as_array().map_or(line["connected"] == connected, |any| any.contains(&line["connected"]));
    if !allowed {
        problems.push(format!("`connected` is {}", line["connected"]));
    }
    let status = line["status"].as_str().unwrap_or_default();
    let statuses = texts(&expected["status"]);
    if !statuses.contains(&status.to_owned()) {
        problems.push(format!("`{status}` instead of {}", statuses.join(" or ")));
    }
    let code = match status {
        "replied" | "dry_run" => 0,
        "refused" => 1,
        "failed" | "unconfirmed" => 3,
        _ => -1,
    };
    if came.code != code {
        problems.push(format!("exit code {} for `{status}`", came.code));
    }
    if let Some(wanted) = expected.get("reply")
        && !holds(&line["reply"], wanted)
    {
        problems.push(format!("the reply is not {wanted}"));
    }
    let shown = line["reply"].to_string();
    let written = |text: &String| Value::from(text.as_str()).to_string().trim_matches('"').to_owned();
    let unwanted = expected.get("reply_lacks").map(texts).unwrap_or_default();
    problems.extend(
        unwanted
            .iter()
            .filter(|text| shown.contains(*text) || shown.contains(&written(text)))
            .map(|text| format!("the reply has {text:?}")),
    );
    let wanted = expected.get("reply_has").map(texts).unwrap_or_default();
    problems
        .extend(wanted.iter().filter(|text| !shown.contains(*text)).map(|text| format!("the reply has no {text:?}")));
    let error = line["error"].as_str().unwrap_or_default();
    let lacking = |key: &str, bad: bool| -> Vec<String> {
        let listed = expected.get(key).map(texts).unwrap_or_default();
        listed.into_iter().filter(|text| error.contains(text) == bad).collect()
    };
    problems.extend(lacking("error", false).iter().map(|text| format!("the error does not say `{text}`")));
    problems.extend(lacking("not_error", true).iter().map(|text| format!("the error says `{text}`")));
    problems.extend(of_events(expected, &line));
    problems
}

fn of_events(expected: &Map<String, Value>, line: &Value) -> Vec<String> {
    let codes: Vec<String> =
        line["events"].as_array().into_iter().flatten().flat_map(|event| texts(&event["code"])).collect();
    let listed = |key: &str| expected.get(key).map(texts).unwrap_or_default();
    let (wanted, unwanted) = (listed("events"), listed("no_events"));
    let missing = wanted.iter().filter(|code| !codes.contains(code));
    let missing = missing.map(|code| format!("no event `{code}`: {codes:?}"));
    let extra = unwanted.iter().filter(|code| codes.contains(code)).map(|code| format!("an event `{code}`"));
    missing.chain(extra).collect()
}

/// Each of the texts stands in some line of the findings.
fn of_check(expected: &Map<String, Value>, came: &Came) -> Vec<String> {
    let has = |parts: &Value| came.out.lines().any(|line| texts(parts).iter().all(|part| line.contains(part)));
    let wanted = expected["findings"].as_array().unwrap();
    wanted.iter().filter(|parts| !has(parts)).map(|parts| format!("no finding with {parts}")).collect()
}

/// A text, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Null => Vec::new(),
        other => panic!("{other} is not text"),
    }
}

/// Whether a value has what another one has: objects may have more, and lists are of the same length.
fn holds(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| value.get(key).is_some_and(|value| holds(value, wanted)))
        }
        (Value::Array(value), Value::Array(wanted)) => {
            value.len() == wanted.len() && value.iter().zip(wanted).all(|(value, wanted)| holds(value, wanted))
        }
        _ => value == wanted,
    }
}

#[test]
fn what_is_not_as_expected_is_told() {
    use serde_json::json;
    let came = |out: Value| Came { code: 0, out: out.to_string(), err: String::new(), seconds: 2.0 };
    let good = came(
        json!({ "connected": true, "status": "replied", "reply": { "a": [1, { "b": 2, "c": "\u{7}" }] }, "events": [{ "code": "x" }] }),
    );
    let seen = json!({ "performed": 1 });
    let told = |expected: Value| problem(&expected, &good, &seen).map_or(0, |told| told.matches("; ").count() + 1);
    let all = json!({ "status": "replied", "reply": { "a": [1, { "b": 2 }] }, "events": ["x"], "no_events": "y", "seen": { "performed": 1, "GET": 0 }, "seconds": 3 });
    assert_eq!(told(all), 0);
    for wrong in [
        json!({ "status": "failed" }),
        json!({ "status": "replied", "connected": false }),
        json!({ "status": "replied", "reply": { "a": [1] } }),
        json!({ "status": "replied", "reply": { "a": [1, { "b": 3 }] } }),
        json!({ "status": "replied", "error": "no" }),
        json!({ "status": "replied", "reply_lacks": "\u{7}" }),
        json!({ "status": "replied", "events": ["y"] }),
        json!({ "status": "replied", "no_events": ["x"] }),
        json!({ "status": "replied", "seen": { "performed": 2 } }),
        json!({ "status": "replied", "seen_at_most": { "performed": 0 } }),
        json!({ "status": "replied", "seconds": 1 }),
        json!({ "findings": [["x", "nothing like it"]] }),
    ] {
        assert_eq!(told(wrong.clone()), 1, "{wrong}");
    }
    let failed = Came { code: 0, ..came(json!({ "connected": true, "status": "failed" })) };
    assert!(problem(&json!({ "status": "failed" }), &failed, &seen).is_some(), "exit code");
}
