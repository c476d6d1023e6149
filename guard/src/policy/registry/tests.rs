use serde_json::json;

use super::super::registry::*;

#[test]
fn a_list_has_its_values_and_the_addresses_at_its_domains() {
    let registry = Registry::new().with("payees", ["DE89370400440532013000", "ann@other.example", "@corp.example"]);
    let has = |text: &str| registry.has("payees", &json!(text));
    for text in ["DE89370400440532013000", "ann@other.example", "bob@corp.example", "bob.b+x@CORP.example"] {
        assert!(has(text), "{text}");
    }
    for text in [
        "DE8937040044053201300",
        "de89370400440532013000",
        "@corp.example",
        "bob@corp.example.evil.example",
        "bob@evil.example@corp.example",
        "\"bob@evil.example\"@corp.example",
        "bob@evil.example,bob@corp.example",
        "bob @corp.example",
        "bob@sub.corp.example",
        "eve@other.example",
        "",
    ] {
        assert!(!has(text), "{text}");
    }
    assert!(!registry.has("others", &json!("ann@other.example")));
    assert!(!Registry::new().with("numbers", ["5"]).has("numbers", &json!(5)), "only texts are listed");
}
