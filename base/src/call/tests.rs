#![expect(clippy::unwrap_used, reason = "tests")]

use crate::call::*;

#[test]
fn names_of_tools_are_those_of_the_protocol() {
    let server = ServerId::try_from("crm".to_owned()).unwrap();
    for local in [
        "get",
        "DATA_EXPORT_v2",
        "admin.tools.list",
        "user-profile/update",
        "a/b.c/d",
        "a..b",
        ".",
        "/a",
        &"x".repeat(128),
    ] {
        let name = ToolName::of_server(&server, local).unwrap();
        assert_eq!((name.server(), name.local()), (Some("crm"), local));
        assert_eq!(ToolName::try_from(name.to_string()).unwrap(), name);
    }
    for local in ["", "get customer", "größe", "a:b", "a\\b", &"x".repeat(129)] {
        assert!(ToolName::of_server(&server, local).is_err(), "{local}");
    }
    // a function has no server, and so no place for either sign
    assert!(ToolName::of_function("convert").is_ok());
    assert!(ToolName::of_function("a/b").is_err());
    assert!(ToolName::of_function("a.b").is_err());
    assert!(ServerId::try_from("a/b".to_owned()).is_err());
}
