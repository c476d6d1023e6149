//! `abide tools call` against real servers.

use abide_testbed::{Options, Testbed, lab::closed::Closed};
use serde_json::{Value, json};

use crate::policy::{example, folder, said};

/// A testbed with the rules of the example, in which compiling would write for real.
struct Desk {
    testbed: Testbed,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let testbed = Testbed::start(Options::default()).await.unwrap();
        let folder = folder(&[("boundary.toml", &example(&testbed))]);
        Self { testbed, folder }
    }

    async fn run(&self, args: &[&str]) -> (i32, String, String) {
        let env = [("CRM_CLIENT_SECRET", self.testbed.client_secret())];
        said(self.folder.path(), &[&["tools", "call"], args].concat(), &env).await
    }

    /// The exit code and the only line.
    async fn json(&self, args: &[&str]) -> (i32, Value) {
        let (code, out, errors) = self.run(&[args, &["--json"]].concat()).await;
        assert_eq!((out.lines().count(), errors.as_str()), (1, ""), "{out}");
        (code, serde_json::from_str(&out).unwrap())
    }
}

const INFO: &str = "crm.get_customer_info";
const TICKET: &str = "crm.create_support_ticket";
const ABOUT: &str = r#"{"customer_id":"ABC123","issue":"broken grill"}"#;

fn codes(report: &Value) -> Vec<&str> {
    report["events"].as_array().unwrap().iter().map(|event| event["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_call_is_guarded_made_and_told_in_one_line() {
    let desk = Desk::new().await;
    let (code, report) = desk.json(&[INFO, r#"{"customer_id":"ABC123"}"#, "--input", "who is ABC123?"]).await;
    assert_eq!((code, &report["status"], &report["connected"]), (0, &json!("replied"), &json!(true)), "{report}");
    assert_eq!((&report["reply"]["customer_id"], &report["error"]), (&json!("ABC123"), &Value::Null));
    assert!(report["seconds"].as_f64().unwrap() > 0.0 && codes(&report).is_empty(), "{report}");
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["connected", "error", "events", "reply", "seconds", "status"]);

    // the same value, which nobody asked for
    for input in [&[][..], &["--input", "who is ABC124?"], &["--input", r#"{"other":"ABC124"}"#]] {
        let (code, report) = desk.json(&[&[INFO, r#"{"customer_id":"ABC123"}"#], input].concat()).await;
        assert_eq!((code, &report["status"], &report["reply"]), (1, &json!("refused"), &Value::Null), "{report}");
        assert_eq!(codes(&report), ["provenance_denied"]);
        let error = report["error"].as_str().unwrap();
        assert!(error.contains("`customer_id`") && error.contains("`from`") && !error.contains("ABC123"), "{error}");
        assert_eq!(error.contains("`--input` says what the call counts as asked for"), input.is_empty(), "{error}");
    }
    let fields = json!({ "request": "ABC123" }).to_string();
    assert_eq!(desk.json(&[INFO, r#"{"customer_id":"ABC123"}"#, "--input", &fields]).await.0, 0);
}

#[tokio::test]
async fn a_write_is_made_with_live_only() {
    let desk = Desk::new().await;
    let before = desk.testbed.mcp().log().all().len();
    let args = [TICKET, ABOUT, "--input", "a ticket for ABC123: broken grill"];
    let (code, report) = desk.json(&args).await;
    assert_eq!((code, &report["status"]), (0, &json!("dry_run")), "{report}");
    assert_eq!(codes(&report), ["dry_run"]);
    assert_eq!(desk.testbed.mcp().log().all().len(), before, "a dry run reached the server");
    let (code, report) = desk.json(&[&args[..], &["--live"]].concat()).await;
    assert_eq!((code, &report["status"]), (0, &json!("replied")), "{report}");
    assert_eq!(report["reply"]["customer_id"], "ABC123");
    let (_, text, _) = desk.run(&args).await;
    assert!(text.starts_with("dry run, not sent (`--live` sends it)") && text.contains("dry_run: "), "{text}");
}

#[tokio::test]
async fn every_mistake_has_a_message_of_its_own() {
    let desk = Desk::new().await;
    for (args, message) in [
        (&[INFO, "{customer_id}"][..], "not a JSON object: key must be a string at line 1 column 2"),
        (&[INFO, "[1]"], "not a JSON object"),
        (&[INFO, r#"{"customer_id":"A","customer_id":"B"}"#], "not a JSON object: key `customer_id` stands twice"),
        (&[INFO, "{}", "--input", "{request: 1}"], "begins as a JSON object, and is not one: key must be a string"),
        (&["crm get", "{}"], "`crm get` is not a tool or server name"),
        (&[], "<SERVER.TOOL>"),
    ] {
        let (code, out, errors) = desk.run(args).await;
        assert_eq!((code, out.as_str()), (64, ""), "{errors}");
        assert!(errors.starts_with("error: ") && errors.contains(message), "{errors}");
    }
    let (code, report) = desk.json(&["crm.delete_customer", "{}"]).await;
    assert_eq!((code, &report["status"]), (1, &json!("refused")));
    assert_eq!(codes(&report), ["tool_not_allowed"]);
    for (tool, message) in [
        (
            "bank.pay",
            "`bank.pay` is a tool of no server in the boundary: write SERVER.TOOL with one of its servers, which are `crm`",
        ),
        ("pay", "`pay` is a tool of no server"),
    ] {
        let (code, report) = desk.json(&[tool]).await;
        assert_eq!((code, &report["status"], &report["connected"]), (3, &json!("failed"), &json!(false)));
        assert!(report["error"].as_str().unwrap().starts_with(message), "{report}");
    }

    let unset = said(desk.folder.path(), &["tools", "call", INFO, "--json"], &[]).await;
    let report: Value = serde_json::from_str(&unset.1).unwrap();
    assert_eq!((unset.0, &report["connected"]), (3, &json!(false)));
    assert!(
        report["error"].as_str().unwrap().contains("the environment variable `CRM_CLIENT_SECRET` is not set"),
        "{report}"
    );
    let (code, out, errors) = said(desk.folder.path(), &["tools", "call", INFO, "--boundary", "none.toml"], &[]).await;
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(errors.contains("`none.toml` cannot be read"), "{errors}");
}

#[tokio::test]
async fn other_servers_and_other_tools_do_not_matter() {
    let mut desk = Desk::new().await;
    let closed = Closed::bind();
    let elsewhere = format!(
        "[servers.down]\nurl = 'http://{closed}/mcp'\nauthorization = 'none'\n\
         [tools.'crm.gone']\nscopes = []\neffect = 'read'\n"
    );
    desk.folder = folder(&[("boundary.toml", &format!("{}\n{elsewhere}", example(&desk.testbed)))]);
    let (code, report) = desk.json(&[INFO, r#"{"customer_id":"ABC123"}"#, "--input", "ABC123"]).await;
    assert_eq!((code, &report["status"]), (0, &json!("replied")), "{report}");
    let (code, report) = desk.json(&["crm.gone"]).await;
    assert_eq!((code, codes(&report)), (1, vec!["unknown_tool"]));
    let (code, report) = desk.json(&["down.anything"]).await;
    assert_eq!((code, &report["connected"], &report["status"]), (3, &json!(false), &json!("failed")));
    assert!(report["error"].as_str().unwrap().contains("cannot reach server `down`"), "{report}");
}
