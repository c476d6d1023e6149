use std::io::Write;

use clap::Args;

use crate::error::CliError;

/// What is served.
#[derive(Debug, Args)]
pub(crate) struct Served {
    /// Serves this odd or hostile server or issuer instead, for any client; without a name, shows their names
    #[arg(long, value_name = "NAME", num_args = 0..=1)]
    odd: Option<Option<String>>,
    /// Is the odd server itself, over standard input and output
    #[arg(long, hide = true, requires = "odd")]
    stdio: bool,
}

#[cfg(not(feature = "testbed"))]
pub(crate) fn serve(_: &Served, _: &mut dyn Write, _: &mut dyn Write) -> Result<u8, CliError> {
    Err(CliError::Testbed(
        "this `abide` was built without the testbed: in the folder of its source, run `cargo run --features testbed -- testbed`"
            .to_owned(),
    ))
}

/// Starts the servers, says how to reach them, and serves until ctrl-c. A name that cannot be used is said to `err`.
#[cfg(feature = "testbed")]
pub(crate) fn serve(served: &Served, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8, CliError> {
    match (&served.odd, served.stdio) {
        (Some(name), false) => return super::odd::serve(name.as_deref(), out, err),
        (Some(name), true) => return super::odd::serve_stdio(name.as_deref(), err),
        (None, _) => {}
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let testbed = abide_testbed::Testbed::start(abide_testbed::Options::default())
            .await
            .map_err(|e| CliError::Testbed(format!("cannot start the testbed: {e}")))?;
        let tell = async {
            write!(out, "{}", directions(&testbed))?;
            out.flush()
        };
        // listens first: a reader of the directions may interrupt, and temporary files go
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
