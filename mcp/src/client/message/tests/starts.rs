use super::super::tests::*;

#[test]
fn an_odd_field_of_who_a_server_is_costs_that_field() {
    let whole = json!({
        "protocolVersion": "2025-06-18", "capabilities": { "tools": { "listChanged": true } },
        "serverInfo": { "name": "x", "version": "1" }, "instructions": "Ask.",
    });
    let (read, noted) = result_as(Asked::Initialize, &whole);
    assert_eq!((&read["result"], noted.len()), (&whole, 0));
    for (path, odd, part) in [
        ("/capabilities", json!([]), "`capabilities`"),
        ("/capabilities", Value::Null, "`capabilities`"),
        ("/capabilities/tools", json!(true), "`capabilities.tools`"),
        ("/capabilities/tools/listChanged", json!("yes"), "`capabilities.tools`"),
        ("/serverInfo", json!("x"), "`serverInfo`"),
        ("/serverInfo/version", json!(1), "`serverInfo.version`"),
        ("/serverInfo/name", Value::Null, "`serverInfo.name`"),
        ("/instructions", json!(["a"]), "`instructions`"),
        ("/protocolVersion", json!(20250618), "`protocolVersion`"),
    ] {
        let mut odd_one = whole.clone();
        *odd_one.pointer_mut(path).unwrap() = odd.clone();
        let (read, noted) = result_as(Asked::Initialize, &odd_one);
        assert!(read["result"]["serverInfo"]["version"].is_string(), "{path}: {odd}: {read}");
        assert!(noted.len() == 1 && noted[0].starts_with(&format!("{part} of `initialize`: ")), "{path}: {noted:?}");
    }
    for (name, odd) in [("icons", json!([{ "sizes": "48x48" }])), ("title", json!(3)), ("websiteUrl", json!({}))] {
        let mut odd_one = whole.clone();
        odd_one["serverInfo"][name] = odd;
        let (read, noted) = result_as(Asked::Initialize, &odd_one);
        assert_eq!((&read["result"]["serverInfo"], noted.len()), (&whole["serverInfo"], 1), "{name}: {noted:?}");
    }
    let (read, noted) = result_as(Asked::Initialize, &json!({}));
    assert_eq!(read["result"]["protocolVersion"], "2025-03-26");
    assert_eq!(noted.len(), 3, "{noted:?}");
    for none in [json!("x"), json!([]), json!(5)] {
        assert_eq!(reason(&result_as(Asked::Initialize, &none).0), "it is not an answer to what was asked");
    }
}

#[test]
fn a_server_of_the_newer_era_may_say_less_than_it_should() {
    for result in [
        json!({ "supportedVersions": ["2026-07-28"], "capabilities": {} }),
        json!({ "supportedVersions": "2026-07-28", "capabilities": {}, "ttlMs": "x", "cacheScope": 5, "resultType": 1 }),
        json!({ "supportedVersions": [5, "2026-07-28"], "capabilities": null, "instructions": 5 }),
    ] {
        let (read, _) = result_as(Asked::Discover, &result);
        assert_eq!(read["result"]["supportedVersions"], json!(["2026-07-28"]), "{result}");
        let typed: Result<rmcp::model::DiscoverResult, _> = serde_json::from_value(read["result"].clone());
        assert!(typed.is_ok(), "{result}: {read}");
    }
}

#[test]
fn a_server_that_names_no_newer_version_is_of_the_older_era() {
    for result in [
        json!({}),
        Value::Null,
        json!("ok"),
        json!({ "supportedVersions": [] }),
        json!({ "supportedVersions": null }),
        json!({ "supportedVersions": ["2025-11-25", "2025-06-18"], "capabilities": {} }),
        json!({ "protocolVersion": "2025-11-25" }),
    ] {
        let (read, _) = result_as(Asked::Discover, &result);
        assert_eq!(read["error"]["code"], -32600, "{result}: {read}");
    }
    let refused = json!({ "code": -32022, "message": "no", "data": { "supported": ["2025-11-25"] } });
    let read = read_as(Asked::Discover, &json!({ "id": 7, "error": refused }).to_string()).0.unwrap();
    assert_eq!(read["error"]["code"], -32600);
    let other = json!({ "code": -32022, "message": "no", "data": { "supported": ["2099-01-01"] } });
    let read = read_as(Asked::Discover, &json!({ "id": 7, "error": other }).to_string()).0.unwrap();
    assert_eq!(read["error"]["code"], -32022);
}
