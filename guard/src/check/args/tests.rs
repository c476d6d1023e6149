use serde_json::json;

use super::broken::first_broken;
use crate::policy::{ArgumentRule, RuleId};

fn rule(change: impl FnOnce(&mut ArgumentRule)) -> ArgumentRule {
    let mut rule = ArgumentRule::default();
    change(&mut rule);
    rule
}

/// Paths that lead to `/srv/files` or below it.
const WITHIN: &[&str] = &[
    "/srv/files",
    "/srv/files/",
    "/srv/files/a.txt",
    "/srv/files/a/b",
    "/srv/files/.hidden",
    "/srv/files/q3/",
    "/srv/files/...x",
    "/srv/files/\u{2764}\u{fe0f} a.txt",
];

/// Paths that lead elsewhere, or that a server could read so.
const OUTSIDE: &[&str] = &[
    "/srv/file",
    "/srv/files2",
    "/srv/files//",
    "/srv/files/.",
    "/srv/files/./",
    "/srv/files ",
    "/srv/files/ ",
    "/srv/files\u{0}",
    "/srv/files\u{200b}",
    "/srv/files\\",
    "/srv",
    "/",
    "",
    "/srv/filesystem/a",
    "/srv/files/../secret",
    "/srv/files/..",
    "/srv/files/./a",
    "/srv/files//etc/passwd",
    "/srv/files/%2e%2e/secret",
    "/srv/files/..\\secret",
    "/srv/files/a\u{0}.txt",
    "/srv/files/.. /secret",
    "/srv/files/\u{2025}/secret",
    "/srv/files/\u{ff0e}\u{ff0e}/secret",
    "/srv/files/$HOME",
    "/srv/files/..;/..;/etc/passwd",
    "/srv/files/..\u{37e}/etc/passwd",
    "/srv/files/.. ./secret",
    "/srv/files/a.txt:stream",
    "/srv/files/a|id",
    "/srv/files/q3//",
    "/srv/files/../",
    "/srv/files/{..,a}/x",
    "/srv/files/[.][.]/x",
    "/srv/files/`id`",
    "/srv/files/a\"b",
    "/srv/files/a<b",
    "/srv/files/a>b",
    "/srv/files/\u{ff5b}..,a\u{ff5d}/x",
    "/srv/files/..\u{2216}secret",
    "/srv/files/..\u{29f5}secret",
    "/srv/files/..\u{a5}secret",
    "/srv/files/..\u{20a9}secret",
    "/srv/files/a\u{fe01}",
    "srv/files/a",
    "file:///srv/files/a",
];

#[test]
fn a_path_stays_within_its_root() {
    let rule = rule(|rule| rule.path_root = Some("/srv/files".into()));
    for good in WITHIN {
        assert_eq!(first_broken(&rule, &json!(good)), None, "{good}");
    }
    for bad in OUTSIDE {
        assert_eq!(first_broken(&rule, &json!(bad)), Some(RuleId::PathRoot), "{bad}");
    }
    assert_eq!(first_broken(&rule, &json!(7)), Some(RuleId::PathRoot));
    assert_eq!(first_broken(&rule, &json!(["/srv/files/a", "/etc"])), Some(RuleId::PathRoot));
}

#[test]
fn lengths_prefixes_and_lists_hold_for_every_item() {
    let rules = rule(|rule| {
        rule.min_chars = Some(2);
        rule.max_chars = Some(4);
        rule.prefix = Some(vec!["ab".into(), "cd".into()]);
    });
    for (value, broken) in [
        (json!("ab"), None),
        (json!("cdef"), None),
        (json!(["ab", ["cd"]]), None),
        (json!(null), None),
        (json!("a"), Some(RuleId::MinChars)),
        (json!("abcde"), Some(RuleId::MaxChars)),
        (json!("xab"), Some(RuleId::Prefix)),
        (json!(["ab", "xy"]), Some(RuleId::Prefix)),
        (json!({ "a": "ab" }), Some(RuleId::MinChars)),
        (json!(12), Some(RuleId::MinChars)),
    ] {
        assert_eq!(first_broken(&rules, &value), broken, "{value}");
    }
}

#[test]
fn a_root_may_be_written_with_a_slash_or_be_relative_or_all() {
    for (root, good, bad) in [
        ("/srv/files/", &["/srv/files", "/srv/files/", "/srv/files/a"][..], &["/srv/filesystem", "/srv", ""][..]),
        ("docs", &["docs", "docs/", "docs/a"][..], &["docs2", "./docs", "/docs", ""][..]),
        ("/", &["/", "/a", "/a/"][..], &["", "a", "//", "/.."][..]),
    ] {
        let rule = rule(|rule| rule.path_root = Some(root.into()));
        good.iter().for_each(|path| assert_eq!(first_broken(&rule, &json!(path)), None, "{path} in {root}"));
        bad.iter()
            .for_each(|path| assert_eq!(first_broken(&rule, &json!(path)), Some(RuleId::PathRoot), "{path} in {root}"));
    }
}

#[test]
fn refused_values_are_refused_however_they_are_written() {
    let rule =
        rule(|rule| rule.not_one_of = Some(vec![json!("all"), json!("drop table"), json!(0), json!(true), json!("-")]));
    for bad in [
        json!("all"),
        json!("ALL"),
        json!(" a.l.l "),
        json!("a\u{200b}ll"),
        json!("ａｌｌ"),
        json!("Drop-Table"),
        json!(0),
        json!(0.0),
        json!("0"),
        json!(" 0.00"),
        json!("-0"),
        json!(true),
        json!("True"),
        json!("-"),
        json!(["some", ["ALL"]]),
        json!("none, all"),
        json!("none，all"),
        json!({ "eq": "all" }),
        json!({ "all": 1 }),
        json!(" -\u{200b}"),
        json!("－"),
        json!("0.0\u{200b}"),
        json!("０.０"),
    ] {
        assert_eq!(first_broken(&rule, &bad), Some(RuleId::NotEnum), "{bad}");
    }
    for good in [
        json!("alle"),
        json!("a"),
        json!(""),
        json!("--"),
        json!(10),
        json!("0.01"),
        json!(0.5),
        json!("00.1"),
        json!(false),
        json!(null),
        json!([]),
    ] {
        assert_eq!(first_broken(&rule, &good), None, "{good}");
    }
}
