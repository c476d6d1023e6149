use std::io::Write;

use super::CliError;

#[cfg(not(feature = "testbed"))]
pub(super) fn serve(_: &mut dyn Write) -> Result<u8, CliError> {
    Err(CliError::Testbed(
        "this `abide` was built without the testbed: install it with `cargo install abide --features testbed`"
            .to_owned(),
    ))
}

/// Starts the servers, says how to reach them, and serves until ctrl-c.
#[cfg(feature = "testbed")]
pub(super) fn serve(out: &mut dyn Write) -> Result<u8, CliError> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let testbed = abide_testbed::Testbed::start(abide_testbed::Options::default())
            .await
            .map_err(|e| CliError::Testbed(format!("cannot start the testbed: {e}")))?;
        let tell = async {
            write!(out, "{}", directions(&testbed))?;
            out.flush()
        };
        // listens first: whoever has read the directions may interrupt, and temporary files go
        tokio::try_join!(biased; tokio::signal::ctrl_c(), tell)?;
        Ok(0)
    })
}

/// What may be done with the testbed's tools: the rules of the example data.
#[cfg(feature = "testbed")]
const RULES: &str = include_str!("testbed.toml");

/// Shell lines that set the environment and write a boundary file. The secret is made up at each start and opens nothing but
/// these servers.
#[cfg(feature = "testbed")]
fn directions(testbed: &abide_testbed::Testbed) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let ca = testbed.ca_path().display().to_string();
    format!(
        "# Local servers and a simulated model, until ctrl-c. Paste this into another terminal:\n\
         export ABIDE_MODEL=openai/stand-in\n\
         export ABIDE_BASE_URL={model}\n\
         export CRM_CLIENT_SECRET={secret}\n\
         cat > testbed.toml <<'END'\n\
         [servers.crm]\n\
         url = {url}\n\
         issuer = {issuer}\n\
         client_id = {id}\n\
         client_secret_env = \"CRM_CLIENT_SECRET\"\n\
         ca_bundle = {ca}\n\
         \n\
         {RULES}\
         END\n\
         # Then, in a checkout of abide: cargo run --release --example secure_agent -- testbed.toml\n",
        model = testbed.model_url(),
        secret = testbed.client_secret(),
        url = quoted(testbed.mcp_url()),
        issuer = quoted(testbed.issuer()),
        id = quoted(testbed.client_id()),
        ca = quoted(&ca),
    )
}
