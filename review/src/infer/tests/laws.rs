//! What holds of every proposal.

use abide_guard::policy::Source;
use proptest::{collection, option, prelude::*, sample::select};

use super::super::tests::*;

fn texts() -> impl Strategy<Value = &'static str> {
    select(vec![
        "AB12CD34",
        "ann@corp.example",
        "eve@x.example",
        "word",
        "two words",
        "2026-05-01",
        "2026-5-11",
        "17",
        "r",
        "https://x.example/a?b",
        "",
        "@corp.example",
        "a\u{7f}\"b\\1",
        "+44 20 7946 0958",
        "naïve-1",
    ])
}

fn values() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        6 => texts().prop_map(Value::from),
        2 => select(vec![json!(5), json!(7), json!(12.5), json!(-3), json!(0), json!(1e300)]),
        1 => select(vec![json!(true), json!(null)]),
        1 => object(),
    ];
    prop_oneof![4 => one.clone(), 1 => collection::vec(one, 0..3).prop_map(Value::from)]
}

fn object() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![texts().prop_map(Value::from), select(vec![json!(5), json!(null), json!(["17", "r"])])];
    let inner = collection::btree_map(select(vec!["id", "min", "ann@corp.example"]), leaf.clone(), 0..3);
    let one = prop_oneof![3 => leaf, 1 => inner.prop_map(|map| json!(map))];
    collection::btree_map(select(vec!["k", "id", "from"]), one, 0..3).prop_map(|map| json!(map))
}

fn arguments() -> impl Strategy<Value = Value> {
    let plain = collection::btree_map(select(vec!["to", "item_id", "note", "odd key"]), values(), 0..3);
    let rows = prop_oneof![object(), collection::vec(object(), 0..3).prop_map(Value::from)];
    (plain, option::of(rows)).prop_map(|(mut map, rows)| {
        map.extend(rows.map(|rows| ("rows", rows)));
        json!(map)
    })
}

fn results() -> impl Strategy<Value = Value> {
    let record = || collection::btree_map(select(vec!["id", "owner", "note", "eve@x.example"]), values(), 0..3);
    prop_oneof![
        record().prop_map(|map| json!(map)),
        collection::vec(record(), 0..3).prop_map(|list| json!(list)),
        texts().prop_map(Value::from),
        Just(json!({ "error": "no" })),
    ]
}

fn recording() -> impl Strategy<Value = Value> {
    let tool = select(vec!["s.get", "s.put", "t.list", "local"]);
    let call = (tool, arguments(), results())
        .prop_map(|(tool, arguments, result)| json!({ "tool": tool, "arguments": arguments, "result": result }));
    let input = (collection::vec(texts(), 0..3), texts())
        .prop_map(|(words, mail)| json!({ "request": words.join(" and "), "mail": mail }));
    let scopes = collection::btree_set(select(vec!["a", "b", "c"]), 0..3);
    let registry = option::of(collection::btree_set(texts(), 0..3));
    (input, scopes, registry, collection::vec(call, 0..5)).prop_map(|(input, scopes, list, calls)| {
        let registry = list.map_or(json!({}), |list| json!({ "people": list }));
        json!({ "id": "a", "input": input, "session": { "scopes": scopes, "registry": registry }, "calls": calls })
    })
}

fn recordings() -> impl Strategy<Value = Vec<Recording>> {
    collection::vec(recording(), 1..7).prop_map(|list| runs(json!(list)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn it_admits_what_it_was_made_from_and_reads_back(recordings in recordings()) {
        let inferred = infer(&recordings, &Known::default()).unwrap();
        let text = inferred.to_toml();
        let policy = load(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        for recording in &recordings {
            for one in replay(&policy, recording).unwrap() {
                prop_assert_eq!(one.decision, Decision::Permit, "{:?}\n{}", one, text);
            }
        }
        let spec = inferred.spec();
        let read: BTreeMap<_, _> = policy.catalogue().map(|(name, rule)| (name.clone(), rule.clone())).collect();
        prop_assert_eq!(read, spec.tools);
        prop_assert_eq!(policy.registry(), &spec.registry);
        prop_assert_eq!(policy.limits(), &spec.limits);
    }

    #[test]
    fn nothing_can_be_taken_from_it(recordings in recordings()) {
        let inferred = infer(&recordings, &Known::default()).unwrap();
        for less in smaller(&inferred) {
            // a rule that nothing can meet is refused as such
            let too_little = load(&less.to_toml()).is_ok_and(|boundary| admits(&boundary, &recordings));
            prop_assert!(!too_little, "{}\nadmits all that this does:\n{}", less.to_toml(), inferred.to_toml());
        }
    }

    #[test]
    fn nothing_in_it_is_invented(recordings in recordings()) {
        let inferred = infer(&recordings, &Known::default()).unwrap();
        for (name, tool) in &inferred.tools {
            let calls = |recording: &Recording| recording.calls.iter().any(|call| call.tool == name.as_str());
            prop_assert!(recordings.iter().any(calls));
            for scope in tool.rule.scopes.iter() {
                let has = |recording: &Recording| recording.session.scopes.contains(&scope.to_string());
                prop_assert!(recordings.iter().filter(|recording| calls(recording)).all(has));
            }
            let used = recordings.iter().flat_map(|recording| &recording.calls).filter(|call| call.tool == name.as_str());
            let used: Vec<_> = used.collect();
            for (argument, rule) in &tool.rule.arguments {
                let place = format!("{name}.{argument}");
                for (path, rule) in rule.all() {
                    let place = std::iter::once(place.as_str()).chain(path).collect::<Vec<_>>().join(".");
                    for source in rule.from.iter().flatten() {
                        prop_assert!(exists(source, &place, &recordings), "{}", source);
                    }
                }
                if !used.iter().any(|call| call.arguments.contains_key(argument)) {
                    prop_assert_eq!(&rule.from, &Some(vec![Source::Registry(place.clone())]));
                    prop_assert_eq!(inferred.registry.entries(&place).count(), 0);
                    continue;
                }
                for value in rule.one_of.iter().flatten() {
                    prop_assert!(used.iter().any(|call| holds(call.arguments.get(argument), value)));
                }
                for value in inferred.registry.entries(&place).map(Value::from) {
                    prop_assert!(used.iter().any(|call| holds(call.arguments.get(argument), &value)));
                }
            }
        }
    }

    #[test]
    fn the_order_of_runs_is_nothing(recordings in recordings().prop_shuffle(), again in any::<prop::sample::Index>()) {
        let mut others = recordings.clone();
        others.rotate_left(again.index(recordings.len()));
        others.reverse();
        let known = Known::default();
        prop_assert_eq!(infer(&recordings, &known).unwrap(), infer(&others, &known).unwrap());
    }
}

/// The proposal, with one thing less in each.
fn smaller(inferred: &Inferred) -> Vec<Inferred> {
    let mut all = Vec::new();
    let mut without = |change: &dyn Fn(&mut Inferred)| {
        let mut less = inferred.clone();
        change(&mut less);
        all.push(less);
    };
    if let Some(fewer) = inferred.limits.tool_calls.and_then(|max| super::super::seen::count(max.get() as usize - 1)) {
        without(&|less| less.limits.tool_calls = Some(fewer));
    }
    for (name, tool) in &inferred.tools {
        without(&|less| drop(less.tools.remove(name)));
        if let Some(fewer) = tool.rule.max_calls.and_then(|max| super::super::seen::count(max.get() as usize - 1)) {
            without(&|less| less.tools.get_mut(name).unwrap().rule.max_calls = Some(fewer));
        }
        let all = tool
            .rule
            .arguments
            .iter()
            .flat_map(|(argument, rule)| rule.all().into_iter().map(move |(path, rule)| (argument, path, rule)));
        for (argument, path, rule) in all {
            for at in 0..rule.from.as_ref().map_or(0, Vec::len) {
                without(&|less| drop(argument_of(less, name, argument, &path).from.as_mut().unwrap().remove(at)));
            }
            for at in 0..rule.one_of.as_ref().map_or(0, Vec::len) {
                without(&|less| drop(argument_of(less, name, argument, &path).one_of.as_mut().unwrap().remove(at)));
            }
            // without any, the object would be free
            for field in rule.fields.keys().filter(|_| rule.fields.len() > 1) {
                without(&|less| drop(argument_of(less, name, argument, &path).fields.remove(field)));
            }
            let place = std::iter::once(format!("{name}.{argument}")).chain(path.iter().map(ToString::to_string));
            let place = place.collect::<Vec<_>>().join(".");
            for entry in inferred.registry.entries(&place) {
                without(&|less| {
                    let kept = |list: &str, one: &str| list != place || one != entry;
                    less.registry = less.registry.names().fold(Registry::new(), |all, list| {
                        all.with(list, less.registry.entries(list).filter(|one| kept(list, one)))
                    });
                });
            }
        }
    }
    all
}

fn argument_of<'i>(inferred: &'i mut Inferred, tool: &ToolName, argument: &str, path: &[&str]) -> &'i mut ArgumentRule {
    let rule = inferred.tools.get_mut(tool).unwrap().rule.arguments.get_mut(argument).unwrap();
    path.iter().fold(rule, |rule, name| rule.fields.get_mut(*name).unwrap())
}

fn holds(argument: Option<&Value>, value: &Value) -> bool {
    match argument {
        Some(Value::Array(list)) => list.iter().any(|item| holds(Some(item), value)),
        other => other == Some(value),
    }
}

/// Whether some run has this place, or it is the list that a proposal makes for one argument.
fn exists(source: &Source, own: &str, recordings: &[Recording]) -> bool {
    recordings.iter().any(|recording| match source {
        Source::Input { field } => field.as_ref().is_some_and(|field| recording.input.contains_key(field)),
        Source::Registry(list) => list == own || recording.session.registry.contains_key(list),
        Source::Reply { tool, field } => recording.calls.iter().any(|call| {
            let field = field.as_ref().unwrap();
            call.tool == tool.as_str() && call.result.to_string().contains(&format!("\"{field}\":"))
        }),
    })
}
