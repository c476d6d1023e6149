#![expect(clippy::unwrap_used, reason = "tests")]

use schemars::JsonSchema;
use serde::Deserialize;

use super::*;

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

#[test]
fn a_function_cannot_take_the_name_of_a_servers_tool() {
    let function = |name| Function::new(name, "", async |_: Nothing| Ok::<_, String>(1));
    assert!(function("add").is_ok());
    let error = function("crm.lookup").unwrap_err();
    assert!(error.to_string().contains("crm.lookup"), "{error}");
}
