use super::*;

fn changed(change: impl FnOnce(&mut Contents)) -> Diff {
    let mut contents = contents();
    change(&mut contents);
    diff(&artifact(), &Artifact::seal(contents).unwrap())
}

fn agent(contents: &mut Contents) -> &mut SlotState {
    contents.state.0.get_mut(&path("agent")).unwrap()
}

#[test]
fn equal_artifacts_have_no_diff() {
    let none = diff(&artifact(), &artifact());
    assert!(none.is_empty() && !none.widens() && none.to_string().is_empty());
}

#[test]
fn a_reviewer_sees_what_changed() {
    let diff = changed(|c| {
        c.requires.scopes = ScopeSet::parse("customer:read refund:create").unwrap();
        c.requires.tools = BTreeMap::from([
            ("crm.lookup".to_owned().try_into().unwrap(), Digest::of_bytes(b"drifted")),
            ("crm.refund".to_owned().try_into().unwrap(), Digest::of_bytes(b"refund")),
        ]);
        c.boundary_digest = Digest::of_bytes(b"wider");
        let slot = agent(c);
        slot.instruction = Some("Answer at length.\nAsk before you act.\nPay refunds.".into());
        slot.demos.remove(0);
        slot.demos.push(demo("Pay now.", Origin::Written));
        slot.tool_docs.insert("crm.lookup".into(), "Finds all customers.".into());
        let plan = c.state.0.remove(&path("plan")).unwrap();
        c.state.0.insert(path("judge"), plan);
        let shape = c.program.slots.remove(&path("plan")).unwrap();
        c.program.slots.insert(path("judge"), shape);
        c.provenance.seed = 8;
        c.provenance.models.insert("proposer".into(), ModelId("big".into()));
        c.provenance.parent = Some(artifact().digest().clone());
        c.evidence.simulated = false;
        let test = c.evidence.splits.get_mut(&SplitName::Test).unwrap();
        test.after = measured(0.8, 0.1, &[("scope_missing", 4)]);
        let same = test.clone();
        c.evidence.splits.insert(SplitName::Val, same);
    });
    assert!(diff.widens());
    insta::assert_snapshot!(diff);
}

#[test]
fn only_new_needs_widen() {
    assert!(!changed(|c| c.requires = Requires::default()).widens());
    assert!(!changed(|c| agent(c).instruction = None).widens());
}

#[test]
fn demonstrations_are_counted_and_ordered() {
    let turned = changed(|c| agent(c).demos.reverse()).to_string();
    assert!(turned.contains("~ order of demonstrations") && !turned.contains("demonstration "), "{turned}");
    let twice = changed(|c| {
        let first = agent(c).demos[0].clone();
        agent(c).demos.insert(0, first);
    });
    assert_eq!(twice.to_string().matches("+ demonstration ").count(), 1);
}

#[test]
fn text_from_outside_cannot_fake_a_diff_or_move_a_cursor() {
    let nasty = "\u{1b}[2J\u{202e}safe\u{2066}\r\u{200b}\u{e0041}\n  - scope customer:read";
    let change = changed(|c| {
        agent(c).instruction = Some(nasty.into());
        agent(c).demos.push(demo(nasty, Origin::Labeled { example: nasty.into() }));
        agent(c).tool_docs.insert(nasty.into(), nasty.into());
        c.provenance.optimizer = nasty.into();
        c.provenance.models.insert(nasty.into(), ModelId(nasty.into()));
        let test = c.evidence.splits.get_mut(&SplitName::Test).unwrap();
        test.after.events.insert(nasty.into(), 1);
    });
    let mut contents = contents();
    agent(&mut contents).instruction = Some(nasty.into());
    contents.provenance.abide_version = nasty.into();
    let summary = Artifact::seal(contents).unwrap().summary().to_string();
    for text in [change.to_string(), summary] {
        assert!(text.contains(r"\u{1b}[2J\u{202e}safe\u{2066}\r\u{200b}\u{e0041}"), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
        assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{e0041}']), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("- scope")), "{text}");
    }
}

#[test]
fn very_long_texts_are_counted_not_compared() {
    let text = changed(|c| agent(c).instruction = Some("a\n".repeat(1_000_000))).to_string();
    assert!(text.contains("+   | 1000000 lines") && text.contains("-   | 2 lines"), "{text}");
}

#[test]
fn the_summary_shows_the_whole_artifact() {
    insta::assert_snapshot!(artifact().summary());
}
