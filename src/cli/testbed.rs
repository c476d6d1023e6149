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
        // from here on ctrl-c ends the wait, not the process, so that temporary files go
        let stop = tokio::signal::ctrl_c();
        tokio::pin!(stop);
        write!(out, "{}", directions(&testbed))?;
        out.flush()?;
        stop.await?;
        Ok(0)
    })
}

/// Shell lines for the environment, and the server's part of a boundary file. The secret is made up at each start and
/// opens nothing but these servers.
#[cfg(feature = "testbed")]
fn directions(testbed: &abide_testbed::Testbed) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let ca = testbed.ca_path().display().to_string();
    format!(
        "# Local servers and a simulated model, until ctrl-c. In another terminal:\n\
         export ABIDE_MODEL=openai/stand-in\n\
         export ABIDE_BASE_URL={model}\n\
         export CRM_CLIENT_SECRET={secret}\n\
         \n\
         # In the boundary file:\n\
         [servers.crm]\n\
         url = {url}\n\
         issuer = {issuer}\n\
         client_id = {id}\n\
         client_secret_env = \"CRM_CLIENT_SECRET\"\n\
         ca_bundle = {ca}\n",
        model = testbed.model_url(),
        secret = testbed.client_secret(),
        url = quoted(testbed.mcp_url()),
        issuer = quoted(testbed.issuer()),
        id = quoted(testbed.client_id()),
        ca = quoted(&ca),
    )
}
