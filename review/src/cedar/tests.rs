#![expect(clippy::unwrap_used, reason = "tests")]

use abide_mcp::boundary::Draft;

use super::cedar::{beginning, list, quoted, whole};
use crate::cedar::*;

#[test]
fn texts_are_written_so_that_cedar_reads_them_back() {
    assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\n""#);
    assert_eq!(beginning("https://a/"), r#""https://a/*""#);
    assert_eq!(beginning("a*b\""), r#""a\*b\"*""#);
    assert_eq!(list(&["a", "b"]), r#"["a", "b"]"#);
    assert_eq!((whole(5.0), whole(0.5), whole(1e300)), (Some(5), None, None));
}

#[test]
fn a_policy_says_what_its_tool_needs_and_what_it_leaves_out() {
    let rules = "[tools.'s.mail']\nscopes = ['mail:send']\neffect = 'external'\nmax_calls = 2\nafter = ['s.get']\n\
                 arguments.to = { from = ['input', 'registry:known'], max_items = 3 }\narguments.n = { min = 1, max = 2.5 }\n\
                 arguments.kind = { enum = ['a', 1], pattern = '.' }\narguments.url = { prefix = ['https://a/'] }\n\
                 arguments.rows = { max_items = 2, id = { from = ['input'], as = 'number' } }\n\
                 [tools.'s.get']\nscopes = []\neffect = 'read'\n[registry]\nknown = []\n[limits]\ntool_calls = 6\n";
    let exported = export(Draft::parse(rules, "", &|_| None).unwrap().boundary().policy());
    insta::assert_snapshot!(exported.policies);
    insta::assert_snapshot!(exported.schema);
}
