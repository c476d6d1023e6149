//! The protocol library by itself, used as its documentation says.

use std::time::{SystemTime, UNIX_EPOCH};

use rmcp::{
    RoleClient,
    model::{CallToolRequestParams, CallToolResult, ClientConfig, ProtocolVersion},
    service::{ClientInitializeError, ClientLifecycleMode, ClientServiceExt, RunningService, ServiceError},
    transport::{
        StreamableHttpClientTransport,
        auth::{
            AuthClient, AuthError, AuthorizationManager, ClientCredentialsConfig, CredentialStore,
            InMemoryCredentialStore, OAuthState, StoredCredentials,
        },
        streamable_http_client::{StreamableHttpClientTransportConfig, StreamableHttpError},
    },
};
use serde_json::{Map, json};

use super::lab::{CLIENT, READ, SECRET, Site};

pub(super) type Service = RunningService<RoleClient, ClientConfig>;

/// A client as it comes.
pub(super) fn http() -> reqwest::Client {
    provide();
    reqwest::Client::new()
}

pub(super) async fn manager(url: &str) -> AuthorizationManager {
    provide();
    AuthorizationManager::new(url).await.unwrap()
}

/// Who we are, by a secret.
pub(super) fn secret(url: &str) -> ClientCredentialsConfig {
    ClientCredentialsConfig::ClientSecret {
        client_id: CLIENT.to_owned(),
        client_secret: SECRET.to_owned(),
        scopes: vec![READ.to_owned()],
        resource: Some(url.to_owned()),
    }
}

/// Gets a token by client credentials.
pub(super) async fn log_in(url: &str, config: ClientCredentialsConfig) -> Result<AuthorizationManager, AuthError> {
    provide();
    let mut state = OAuthState::new(url, None).await?;
    state.authenticate_client_credentials(config).await?;
    Ok(state.into_authorization_manager().unwrap())
}

/// Has the site's first token already, and a refresh token.
pub(super) async fn refreshable(site: &Site) -> AuthorizationManager {
    let token = json!({ "access_token": "token-0", "token_type": "bearer", "expires_in": 3_600, "refresh_token": "r" });
    let token = serde_json::from_value(token).unwrap();
    let stored = StoredCredentials::new(CLIENT.to_owned(), Some(token), vec![READ.to_owned()], Some(now()));
    let store = InMemoryCredentialStore::new();
    store.save(stored.with_issuer(Some(site.base.clone()))).await.unwrap();
    let mut manager = manager(&site.url()).await;
    manager.set_credential_store(store);
    assert!(manager.initialize_from_store().await.unwrap());
    manager
}

pub(super) async fn connect(
    url: &str,
    manager: AuthorizationManager,
) -> Result<(Service, AuthClient<reqwest::Client>), ClientInitializeError> {
    let client = AuthClient::new(http(), manager);
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    let transport = StreamableHttpClientTransport::with_client(client.clone(), config);
    let mode = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    Ok((ClientConfig::default().serve_with_lifecycle(transport, mode).await?, client))
}

pub(super) async fn call(service: &Service, tool: &'static str) -> Result<CallToolResult, ServiceError> {
    service.call_tool(CallToolRequestParams::new(tool).with_arguments(Map::new())).await
}

/// What its HTTP client made of an answer.
pub(super) fn verdict(error: &ServiceError) -> &StreamableHttpError<reqwest::Error> {
    let ServiceError::TransportSend(error) = error else { panic!("{error:?}") };
    error.error.downcast_ref().unwrap()
}

pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The library leaves the choice of a crypto provider to the process. Whoever comes first makes it.
fn provide() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
