#![expect(clippy::unwrap_used, reason = "tests")]

use super::super::odd::*;

#[tokio::test]
async fn directions_write_the_boundary_and_make_the_call() {
    let case = cases().unwrap().into_iter().find(|case| case.name == "ordinary-write").unwrap();
    let odd = Odd::start(&case, &Launch::default()).await.unwrap();
    let text = directions(&case, &odd).unwrap();
    assert!(text.contains("cat > odd/boundary.toml <<'END'\n[servers.odd]\nurl = \"http://127.0.0.1:"), "{text}");
    assert!(text.ends_with("'odd.note' '{\"customer_id\":\"C-1\",\"text\":\"called\"}' --live\n"), "{text}");
    assert_eq!(quoted("it's"), r"'it'\''s'");
}

#[test]
fn without_a_known_name_all_are_named() {
    for (name, problem) in [(None, "`--odd` needs a name"), (Some("\u{1b}x"), "there is no odd server `\\u{1b}x`")] {
        let mut err = Vec::new();
        assert_eq!(serve(name, &mut Vec::new(), &mut err).unwrap(), USAGE);
        let text = String::from_utf8(err).unwrap();
        assert!(text.contains(problem) && text.contains("\n  ordinary "), "{text}");
    }
}
