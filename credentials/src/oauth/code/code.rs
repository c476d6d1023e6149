use std::borrow::Cow;

use abide_base::secret::Secret;
use zeroize::Zeroizing;

use super::super::{
    AuthError,
    agent::UserAgent,
    answer::Grant,
    endpoint::{Endpoint, field},
    grant::{self, Target},
    issuing::{Issuer, Issuing},
    store::{Consent, Contents, Held, Hidden, Method, Registered, Store},
    unix_time::seconds,
};
use super::{
    authorize::{Ask, Request},
    session::Memory,
};
use crate::oauth::config::{ClientAuth, Code, Registration};

/// All that getting a token by consent takes.
struct Login<'a> {
    issuing: &'a Issuing,
    issuer: &'a Issuer,
    code: &'a Code,
    target: Target<'a>,
}

/// Who we are at an issuer.
pub(super) struct Client<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) auth: Cow<'a, ClientAuth>,
}

/// A token by a consent that was given before, else by a new one.
pub(in crate::oauth) async fn obtain(
    issuing: &Issuing,
    issuer: &Issuer,
    code: &Code,
    target: Target<'_>,
) -> Result<Grant, AuthError> {
    let mut memory = issuing.session.0.lock().await;
    let login = Login { issuing, issuer, code, target };
    if let Some(grant) = login.refresh(&mut memory).await? {
        return Ok(grant);
    }
    match &code.agent {
        Some(agent) => login.authorize(&mut memory, &**agent).await,
        None => Err(AuthError::LoginNeeded { issuer: login.pinned().to_owned() }),
    }
}

impl<'a> Login<'a> {
    /// Nothing when there is no consent, or none that reaches far enough, or the issuer takes it no more.
    async fn refresh(&self, memory: &mut Memory) -> Result<Option<Grant>, AuthError> {
        let held = match self.store().filter(Store::exists) {
            Some(store) => Some(store.hold().await?),
            None => None,
        };
        let contents = held.as_ref().map(Held::read).transpose()?.unwrap_or_default();
        if memory.registered.is_none() {
            memory.registered = contents.clients.get(self.pinned()).cloned();
        }
        let registered = memory.registered.clone();
        let Some(client) = self.client(registered.as_ref()) else {
            return Ok(None);
        };
        // what could not be written down the last time is newer than what is there
        let kept = || contents.consent(self.pinned(), self.target.resource, &client.id).cloned();
        let Some(consent) = memory.consent.clone().or_else(kept) else {
            return Ok(None);
        };
        if !consent.asked.covers(self.target.scopes) {
            memory.asked = memory.asked.union(&consent.asked);
            return Ok(None);
        }
        self.issuing.redactor.learn(&consent.refresh_token.0);
        match grant::refresh(&self.endpoint(&client), self.target, &consent.refresh_token.0).await {
            Ok(mut grant) => {
                let granted = grant.scopes.get_or_insert_with(|| consent.granted.clone()).clone();
                if let Some(token) = grant.refresh.take() {
                    let renewed = Consent { refresh_token: Hidden(token), granted, ..consent };
                    self.keep(memory, &client, renewed, held).await?;
                }
                Ok(Some(grant))
            }
            // the second one is GitHub's
            Err(AuthError::Refused { code, .. }) if matches!(code.as_str(), "invalid_grant" | "bad_refresh_token") => {
                self.forget(memory, contents, held)?;
                Ok(None)
            }
            Err(AuthError::ClientRefused { .. }) if registered.is_some() => {
                memory.registered = None;
                self.forget(memory, contents, held)?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn authorize(&self, memory: &mut Memory, agent: &dyn UserAgent) -> Result<Grant, AuthError> {
        let redirect = agent.redirect_uri();
        let stale = |known: &Registered| known.redirect_uri != redirect.as_str() || self.has_expired(known);
        if memory.registered.as_ref().is_some_and(stale) {
            memory.registered = None;
        }
        if self.client(memory.registered.as_ref()).is_none() {
            memory.registered = Some(super::register::register(self.issuing, self.issuer, &redirect).await?);
        }
        let registered = memory.registered.clone();
        let client = self.client(registered.as_ref()).ok_or_else(|| self.failed("there is no client"))?;
        let asked = memory.asked.union(self.target.scopes);
        let ask = Ask {
            client_id: &client.id,
            redirect: &redirect,
            resource: self.target.named_resource(),
            scopes: &asked,
            parameters: &self.target.request.login_parameters,
            pkce: self.target.request.pkce,
            thumbprint: self.issuing.prover.as_ref().map(|prover| prover.thumbprint()),
        };
        let request = Request::new(self.pinned(), &self.issuer.metadata, &ask)?;
        let came = agent.authorize(&request.page).await.map_err(|reason| self.failed(reason))?;
        let code = request.read(&came)?;
        self.issuing.redactor.learn(&code);
        let mut grant = self.redeem(&client, &request, &code).await?;
        let granted = grant.scopes.get_or_insert_with(|| asked.clone()).clone();
        if let Some(token) = grant.refresh.take() {
            let consent = Consent {
                issuer: self.pinned().to_owned(),
                resource: self.target.resource.to_owned(),
                client_id: client.id.clone().into_owned(),
                refresh_token: Hidden(token),
                asked,
                granted,
            };
            self.keep(memory, &client, consent, None).await?;
        }
        Ok(grant)
    }

    /// A code is good once, so nothing of this is repeated.
    async fn redeem(&self, client: &Client<'_>, request: &Request, code: &Secret<String>) -> Result<Grant, AuthError> {
        let form = vec![
            field("grant_type", "authorization_code"),
            ("code".into(), Zeroizing::new(code.expose().clone())),
            ("code_verifier".into(), Zeroizing::new(request.verifier.expose().clone())),
            field("redirect_uri", request.redirect.as_str()),
        ];
        let form = form.into_iter().chain(self.target.resource_field()).collect();
        let granted = self.endpoint(client).grant(self.target.extended(form)).await;
        granted.map_err(|error| {
            if error.is_infrastructure() {
                self.failed(format!("the code could not be exchanged ({error}): log in again"))
            } else {
                error
            }
        })
    }

    /// Remembers a refresh token where it survives us, before anything is done with the token that came with it.
    async fn keep(
        &self,
        memory: &mut Memory,
        client: &Client<'_>,
        consent: Consent,
        held: Option<Held<'_>>,
    ) -> Result<(), AuthError> {
        self.issuing.redactor.learn(&consent.refresh_token.0);
        memory.consent = Some(consent.clone());
        let Some(store) = self.store().filter(|_| !self.is_bound(client)) else {
            return Ok(());
        };
        let held = match held {
            Some(held) => held,
            None => store.hold().await?,
        };
        let mut contents = held.read()?;
        contents.keep(consent);
        if let Some(registered) = &memory.registered {
            contents.clients.insert(self.pinned().to_owned(), registered.clone());
        }
        held.write(&mut contents)?;
        memory.consent = None;
        Ok(())
    }

    fn forget(&self, memory: &mut Memory, mut contents: Contents, held: Option<Held<'_>>) -> Result<(), AuthError> {
        memory.consent = None;
        if memory.registered.is_none() {
            contents.clients.remove(self.pinned());
        }
        contents.forget(self.pinned(), self.target.resource);
        held.map_or(Ok(()), |held| held.write(&mut contents))
    }

    /// Nothing where we have to register first.
    fn client<'c>(&self, registered: Option<&'c Registered>) -> Option<Client<'c>>
    where
        'a: 'c,
    {
        let oauth = &self.issuing.oauth;
        let takes_documents = self.issuer.metadata.capabilities.client_id_metadata_document_supported;
        let id = match &self.code.registration {
            Registration::Known => oauth.client_id.as_str(),
            Registration::Document(url) if takes_documents => url.as_str(),
            Registration::Document(_) | Registration::Dynamic => {
                return registered.filter(|known| !self.has_expired(known)).map(Client::registered);
            }
        };
        Some(Client { id: id.into(), auth: Cow::Borrowed(&oauth.client) })
    }

    fn endpoint<'c>(&'c self, client: &'c Client<'_>) -> Endpoint<'c> {
        if let Some(secret) = client.auth.secret() {
            self.issuing.redactor.learn(secret);
        }
        Endpoint { client_id: &client.id, auth: &client.auth, ..self.issuing.endpoint(self.issuer) }
    }

    /// The key of a public client's tokens dies with us, and its refresh tokens with it (RFC 9449, section 5).
    fn is_bound(&self, client: &Client<'_>) -> bool {
        self.issuing.prover.is_some() && matches!(*client.auth, ClientAuth::Public)
    }

    fn has_expired(&self, registered: &Registered) -> bool {
        registered.expires.is_some_and(|expires| expires <= seconds(self.issuing.clock.now()))
    }

    fn store(&self) -> Option<Store<'a>> {
        self.code.store.as_deref().map(Store::at)
    }

    fn pinned(&self) -> &'a str {
        &self.issuing.oauth.issuer
    }

    fn failed(&self, reason: impl Into<String>) -> AuthError {
        AuthError::Login { issuer: self.pinned().to_owned(), reason: reason.into() }
    }
}

impl<'a> Client<'a> {
    pub(super) fn registered(registered: &'a Registered) -> Self {
        let secret = || registered.secret.as_ref().map(|secret| secret.0.clone());
        let auth = match registered.method {
            Method::Public => None,
            Method::Basic => secret().map(ClientAuth::Basic),
            Method::Post => secret().map(ClientAuth::Post),
        };
        Self { id: registered.client_id.as_str().into(), auth: Cow::Owned(auth.unwrap_or(ClientAuth::Public)) }
    }
}
