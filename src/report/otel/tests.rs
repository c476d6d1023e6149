#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::{collections::BTreeMap, sync::Arc};

use abide_base::call::ToolCall;
use abide_guard::Audit;
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLogRecord, SdkLoggerProvider};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::{
    prelude::*,
    runtime::CallError,
    testing::{ScriptedLm, boundary},
};

const RULES: &str = "[tools.shout]\nscopes = []\neffect = \"read\"\narguments.text = { max_chars = 5 }\n";

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Shout {
    text: String,
}

/// Shouts what it may, and what is too long.
struct Shouting(Toolbox);

impl Module for Shouting {
    type Input = ();
    type Output = ();

    async fn forward(&self, cx: &Cx, (): ()) -> Result<(), CallError> {
        let cx = cx.asked_by("Shouting");
        for text in ["hey", "secret"] {
            let Value::Object(arguments) = json!({ "text": text }) else { panic!("an object") };
            self.0.call(&cx, ToolCall { tool: "shout".try_into().unwrap(), arguments }).await;
        }
        Ok(())
    }
}

fn attributes(record: &SdkLogRecord) -> BTreeMap<String, AnyValue> {
    record.attributes_iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
}

#[tokio::test]
async fn rows_become_records_of_a_provider() {
    let exporter = InMemoryLogExporter::default();
    let provider = SdkLoggerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let (audit, rows) = Audit::memory();
    let audit = audit.mirrored(Arc::new(AuditLogs::new(&provider)));
    let runtime = Runtime::builder().lm(ScriptedLm::texts([])).boundary(boundary(RULES)).audit(audit).build();
    let shout =
        Function::new("shout", "Shouts.", |shout: Shout| async move { Ok::<_, String>(json!(shout.text)) }).unwrap();
    let run = runtime.run(&Shouting(Toolbox::new().with(shout)), ()).await;

    let records: Vec<SdkLogRecord> = exporter.get_emitted_logs().unwrap().into_iter().map(|log| log.record).collect();
    let said: Vec<_> = records.iter().map(|record| (record.event_name().unwrap(), record.severity_number())).collect();
    assert_eq!(
        said,
        [
            ("abide.audit.decision", Some(Severity::Info)),
            ("abide.audit.outcome", Some(Severity::Info)),
            ("abide.audit.decision", Some(Severity::Warn)),
        ]
    );
    for record in &records {
        let attributes = attributes(record);
        assert_eq!(attributes["gen_ai.tool.name"], AnyValue::from("shout"));
        assert_eq!(attributes["gen_ai.operation.name"], AnyValue::from("execute_tool"));
        assert_eq!(attributes["abide.run"], AnyValue::from(run.episode.run.to_string()));
        let trace = record.trace_context().unwrap().trace_id;
        assert_eq!(trace.to_string(), run.episode.run.to_string());
        assert_eq!(record.target().map(|target| target.as_ref()), Some("abide::audit"));
        assert!(record.timestamp().is_some());
    }
    let outcome = attributes(&records[1]);
    assert_eq!(outcome["abide.audit.decision"], AnyValue::Int(0));
    assert_eq!(outcome["abide.status"], AnyValue::from("done"));
    let denied = attributes(&records[2]);
    assert_eq!(denied["error.type"], AnyValue::from("argument_denied"));
    assert_eq!(denied["abide.rule"], AnyValue::from("tools.\"shout\".arguments.text.max_chars"));
    assert_eq!(denied["abide.mode"], AnyValue::from("live"));
    assert_eq!(denied["abide.effect"], AnyValue::from("read"));
    assert_eq!(denied["abide.module"], AnyValue::from("Shouting"));
    assert!(!format!("{records:?}").contains("secret"));
    assert_eq!((rows.all().len(), rows.outcomes().len()), (2, 1));
}
