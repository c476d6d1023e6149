//! Undoing a consent.

use std::{borrow::Cow, path::PathBuf, sync::Arc};

use abide_base::{clock::Clock, secret::Redactor};
use http::StatusCode;
use zeroize::Zeroizing;

use super::super::{
    AuthError,
    endpoint::{Endpoint, field},
    grant, identity,
    issuing::Issuing,
    store::{Consent, Store},
};
use super::code::Client;
use crate::oauth::config::{Code, Grant, ProtectedResource};

/// What became of the refresh token at the issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// The issuer takes it no more (RFC 7009).
    Done,
    /// The issuer has no place to ask that.
    NotOffered,
    /// The issuer could not be asked, or refused.
    Failed(AuthError),
}

/// Takes what was consented to for a server out of its file, and has the issuer revoke it. None when there was nothing.
///
/// # Errors
/// The file cannot be read or written. That the issuer could not be asked is a [`Revocation::Failed`].
pub async fn logout(server: &ProtectedResource, clock: Arc<dyn Clock>) -> Result<Option<Revocation>, AuthError> {
    let Some(oauth) = server.oauth() else { return Ok(None) };
    let Grant::Code(code) = &oauth.grant else { return Ok(None) };
    let Some(store) = code.store.as_deref().map(Store::at).filter(Store::exists) else { return Ok(None) };
    let issuing = identity::issuing(server, oauth, clock, Redactor::new())
        .map_err(|source| AuthError::Network { issuer: oauth.issuer.clone(), reason: source })?;
    let held = store.hold().await?;
    let mut contents = held.read()?;
    let gone = contents.forget(&oauth.issuer, &issuing.resource);
    let registered = contents.clients.get(&oauth.issuer).cloned();
    if !contents.consents.iter().any(|kept| kept.issuer == oauth.issuer) {
        contents.clients.remove(&oauth.issuer);
    }
    // first here, whatever the issuer says
    if contents.consents.is_empty() {
        held.remove()?;
    } else {
        held.write(&mut contents)?;
    }
    let mut outcome = None;
    for consent in gone {
        let client = registered.as_ref().filter(|known| known.client_id == consent.client_id).map(Client::registered);
        let client =
            client.unwrap_or(Client { id: consent.client_id.as_str().into(), auth: Cow::Borrowed(&oauth.client) });
        outcome = Some(match revoke(&issuing, &client, &consent).await {
            Ok(outcome) => outcome,
            Err(error) => Revocation::Failed(error),
        });
    }
    Ok(outcome)
}

/// The file that keeps a consent for a server, if there is one.
///
/// # Errors
/// It cannot be read.
pub async fn consent_file(server: &ProtectedResource) -> Result<Option<PathBuf>, AuthError> {
    let Some(oauth) = server.oauth() else { return Ok(None) };
    let Grant::Code(Code { store: Some(path), .. }) = &oauth.grant else { return Ok(None) };
    let store = Store::at(path);
    if !store.exists() {
        return Ok(None);
    }
    let contents = store.hold().await?.read()?;
    Ok(contents.has(&oauth.issuer, &grant::resource_of(server, oauth)).then(|| path.clone()))
}

async fn revoke(issuing: &Issuing, client: &Client<'_>, consent: &Consent) -> Result<Revocation, AuthError> {
    let issuer = issuing.issuer().await?;
    let Some(url) = &issuer.metadata.revocation else {
        return Ok(Revocation::NotOffered);
    };
    let endpoint = Endpoint { url, client_id: &client.id, auth: &client.auth, ..issuing.endpoint(&issuer) };
    let token = Zeroizing::new(consent.refresh_token.0.expose().clone());
    let reply = endpoint.send(&[("token".into(), token), field("token_type_hint", "refresh_token")]).await?;
    if reply.status == StatusCode::OK { Ok(Revocation::Done) } else { Err(endpoint.refusal(&reply)) }
}
