//! A small raw client, so that what goes over the wire is what the tests say.

use std::sync::Arc;

use reqwest::{Client, RequestBuilder, Response};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::{Value, json};

use crate::{Options, Testbed};

pub(crate) const MODERN: &str = "2026-07-28";
pub(crate) const LEGACY: &str = "2025-11-25";

/// A trace context for the run number `run`.
pub(crate) fn traceparent(run: u32) -> String {
    format!("00-{run:032x}-00000000000000aa-01")
}

pub(crate) fn trace(run: u32) -> crate::TraceId {
    format!("{run:032x}").parse().unwrap()
}

/// TLS that trusts the testbed's authority and nothing else.
pub(crate) fn tls(testbed: &Testbed, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(testbed.ca_pem().as_bytes()).unwrap()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

pub(crate) fn client(testbed: &Testbed) -> Client {
    Client::builder().tls_backend_preconfigured(tls(testbed, rustls::ALL_VERSIONS)).no_proxy().build().unwrap()
}

pub(crate) struct Agent {
    pub(crate) testbed: Testbed,
    pub(crate) http: Client,
    pub(crate) token: String,
}

impl Agent {
    /// A testbed, and an agent with a token for all that it is registered for.
    pub(crate) async fn start(options: Options) -> Self {
        let testbed = Testbed::start(options).await.unwrap();
        let http = client(&testbed);
        let mut agent = Self { testbed, http, token: String::new() };
        agent.token = agent.fetch_token(None).await;
        agent
    }

    pub(crate) fn token_request(&self, fields: &[(&str, &str)]) -> RequestBuilder {
        self.http.post(format!("{}/token", self.testbed.issuer())).form(fields)
    }

    /// A token request by the registered agent, its secret in the body.
    pub(crate) async fn ask_token(&self, scope: Option<&str>) -> Value {
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.testbed.client_id()),
            ("client_secret", self.testbed.client_secret()),
            ("resource", self.testbed.mcp_url()),
        ];
        fields.extend(scope.map(|scope| ("scope", scope)));
        let response = self.token_request(&fields).send().await.unwrap();
        response.json().await.unwrap()
    }

    pub(crate) async fn fetch_token(&self, scope: Option<&str>) -> String {
        let granted = self.ask_token(scope).await;
        granted["access_token"].as_str().unwrap().to_owned()
    }

    /// One message of the stateless protocol, with this agent's token.
    pub(crate) fn modern(&self, method: &str, mut params: Value) -> RequestBuilder {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let mut request = self.raw(MODERN).header("mcp-method", method);
        if let Some(name) = params["name"].as_str() {
            request = request.header("mcp-name", name);
        }
        request.json(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
    }

    /// One message of a protocol that starts with `initialize`.
    pub(crate) fn legacy(&self, message: &Value) -> RequestBuilder {
        self.raw(LEGACY).json(message)
    }

    pub(crate) fn call(&self, run: u32, tool: &str, arguments: Value) -> RequestBuilder {
        self.modern("tools/call", json!({ "name": tool, "arguments": arguments }))
            .header("traceparent", traceparent(run))
    }

    /// Calls a tool and gives its result; the call must succeed over HTTP.
    pub(crate) async fn result(&self, run: u32, tool: &str, arguments: Value) -> Value {
        let response = self.call(run, tool, arguments).send().await.unwrap();
        assert_eq!(response.status(), 200, "`{tool}` of run {run}");
        let mut body: Value = response.json().await.unwrap();
        body["result"].take()
    }

    fn raw(&self, version: &str) -> RequestBuilder {
        self.http
            .post(self.testbed.mcp_url())
            .bearer_auth(&self.token)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", version)
    }
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}
