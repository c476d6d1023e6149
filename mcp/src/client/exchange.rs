use std::time::Duration;

use abide_base::{event::EventKind, scope::ScopeSet};
use abide_credentials::oauth::{
    AccessToken, AuthError, TokenChallenge,
    challenge::{self, Challenge},
};
use abide_net as net;
use abide_net::{Backoff, Request, Streamed, retry_after};
use http::{HeaderMap, Method, StatusCode};

use super::{
    call::{CallHandle, Idempotency},
    error::{Fault, Sent},
    http::Http,
};

/// What one message has been through so far.
#[derive(Default)]
struct Attempts {
    renewed: bool,
    proved: bool,
    failures: u32,
    waits: u32,
    step_ups: u32,
}

/// What to do about a refusal.
enum Verdict {
    /// Send it again: nothing happened, and something is different now.
    Again,
    /// Give up.
    Final(Fault),
}

/// How often one message waits because the server limits the rate. All runs slow down together, so few get here often.
const MAX_WAITS: u32 = 8;
const MAX_WAIT: Duration = Duration::from_secs(30);
const MAX_FAILURES: u32 = 2;
/// How often one message is sent again with more scopes.
const MAX_STEP_UPS: u32 = 3;
/// More scopes in one challenge are not looked at: its text reaches feedback.
const MAX_SCOPES: usize = 16;

impl Http {
    /// Sends a message with a token, until there is a verdict: the one place that judges what a server says by status.
    pub(super) async fn exchange(&self, request: &Request, handle: Option<&CallHandle>) -> Result<Streamed, Fault> {
        let mut attempts = Attempts::default();
        // whether an earlier message or attempt of the same call may have done something
        let mut earlier = handle.map_or(Sent::No, CallHandle::sent);
        loop {
            self.server().pace().turn(attempts.waited(handle)).await;
            let mut attempt = request.clone();
            let token = self.identity().attach(&mut attempt).await?;
            set_sent(handle, Sent::Perhaps);
            let reply = match self.identity().client().open(attempt).await {
                Ok(reply) => reply,
                Err(error) => {
                    if let Some(handle) = handle {
                        handle.verdict(EventKind::ServerUnavailable, failure(&error));
                    }
                    if may_have_arrived(&error) {
                        earlier = Sent::Perhaps;
                    }
                    set_sent(handle, earlier);
                    let lost = matches!(error, net::Error::Connect { .. } | net::Error::Broken { .. });
                    if lost && self.may_repeat(&mut attempts, handle, None).await {
                        continue;
                    }
                    return Err(error.into());
                }
            };
            let asked_for_nonce = self.identity().learn_nonce(&request.url, &reply.headers);
            if !is_verdict(reply.status) {
                self.server().pace().taken();
                return Ok(reply);
            }
            // a server that failed has done nothing that counts, unless the call changes something
            if reply.status.is_server_error() && handle.is_some_and(|handle| handle.retry == Idempotency::Once) {
                earlier = Sent::Perhaps;
            }
            set_sent(handle, earlier);
            // the body says nothing that counts, and waiting must not hold the connection
            let Streamed { status, headers, .. } = reply;
            let verdict = match (status, &token) {
                (StatusCode::UNAUTHORIZED, None) => Verdict::Final(self.token_wanted(&headers)),
                (StatusCode::UNAUTHORIZED, Some(_)) if asked_for_nonce && !attempts.proved => {
                    attempts.proved = true;
                    Verdict::Again
                }
                // a stream that is only listened to is opened again anyway, with whatever token is good then
                (StatusCode::UNAUTHORIZED, Some(_)) if request.method == Method::GET => {
                    Verdict::Final(Fault::Refused(status.as_u16()))
                }
                (StatusCode::UNAUTHORIZED, Some(token)) => {
                    self.unauthorized(&mut attempts, &headers, token, handle).await
                }
                (StatusCode::FORBIDDEN, token) => self.forbidden(&mut attempts, &headers, token.as_deref(), handle),
                (StatusCode::TOO_MANY_REQUESTS, _) => self.limited(&mut attempts, &headers, handle).await,
                _ => self.failed(&mut attempts, status, &headers, handle).await,
            };
            if let Verdict::Final(fault) = verdict {
                return Err(fault);
            }
        }
    }

    /// Waits because the server limits the rate; all other callers go slower. False when it is not worth it. Never shorter than
    /// asked, and a little longer, so that those who were refused together do not come back together.
    pub(super) async fn wait(&self, asked: Option<Duration>, before: u32) -> bool {
        // a wait of our own making is for this message only
        self.server().pace().refused(asked.unwrap_or_default().min(MAX_WAIT), before);
        if before >= MAX_WAITS || asked.is_some_and(|wait| wait > MAX_WAIT) {
            return false;
        }
        let wait = asked.unwrap_or_else(|| Backoff::default().delay(before));
        self.clock().sleep(wait + (wait / 10 + Duration::from_millis(50)).mul_f64(rand::random())).await;
        true
    }

    async fn limited(&self, attempts: &mut Attempts, headers: &HeaderMap, handle: Option<&CallHandle>) -> Verdict {
        let asked = retry_after(headers, self.clock().now());
        let waits = attempts.rate_limited(asked, handle);
        if self.wait(asked, waits).await { Verdict::Again } else { Verdict::Final(Fault::RateLimited) }
    }

    async fn failed(
        &self,
        attempts: &mut Attempts,
        status: StatusCode,
        headers: &HeaderMap,
        handle: Option<&CallHandle>,
    ) -> Verdict {
        if let Some(handle) = handle {
            handle.verdict(EventKind::ServerUnavailable, format!("the server failed with status {}", status.as_u16()));
        }
        let asked = retry_after(headers, self.clock().now());
        if self.may_repeat(attempts, handle, asked).await {
            return Verdict::Again;
        }
        Verdict::Final(Fault::Unavailable(status.as_u16()))
    }

    /// Whether it may be done twice. Messages that are no calls change nothing.
    async fn may_repeat(&self, attempts: &mut Attempts, handle: Option<&CallHandle>, asked: Option<Duration>) -> bool {
        let repeatable = handle.is_none_or(|handle| handle.retry == Idempotency::Repeatable);
        if !repeatable || attempts.failures >= MAX_FAILURES || asked.is_some_and(|wait| wait > MAX_WAIT) {
            return false;
        }
        attempts.failures += 1;
        let wait = asked.unwrap_or_else(|| Backoff::default().delay(attempts.failures));
        self.clock().sleep(wait + (wait / 10).mul_f64(rand::random())).await;
        true
    }

    /// A token that is refused is replaced once; by one with more scopes where the server names some that it lacks.
    async fn unauthorized(
        &self,
        attempts: &mut Attempts,
        headers: &HeaderMap,
        token: &AccessToken,
        handle: Option<&CallHandle>,
    ) -> Verdict {
        let challenges = challenge::parse(headers);
        let challenge = challenge::of_tokens(&challenges);
        let missing = challenge.map(|challenge| missing(challenge, token)).unwrap_or_default();
        if self.step_up(attempts, token, &missing, handle) {
            return Verdict::Again;
        }
        if !attempts.renewed && self.identity().reject(token) {
            attempts.renewed = true;
            if let Some(handle) = handle {
                handle.verdict(EventKind::TokenRenewed, "the server refused a token before its time");
            }
            return Verdict::Again;
        }
        // a token that was just renewed is refused: for the wrong issuer, for a scope, or for reasons unknown
        let named = challenge.and_then(|challenge| challenge.param("resource_metadata"));
        if let Err(error) = self.identity().check_server(named).await {
            return Verdict::Final(error.into());
        }
        Verdict::Final(if missing.is_empty() {
            Fault::Refused(StatusCode::UNAUTHORIZED.as_u16())
        } else {
            Fault::ScopeMissing(missing)
        })
    }

    /// For lack of a scope, or for reasons of the server's own.
    fn forbidden(
        &self,
        attempts: &mut Attempts,
        headers: &HeaderMap,
        token: Option<&AccessToken>,
        handle: Option<&CallHandle>,
    ) -> Verdict {
        let challenges = challenge::parse(headers);
        let challenge = challenge::of_tokens(&challenges);
        match (challenge, token) {
            (Some(challenge), Some(token)) if challenge.param("error") == Some("insufficient_scope") => {
                let missing = missing(challenge, token);
                if self.step_up(attempts, token, &missing, handle) {
                    Verdict::Again
                } else {
                    Verdict::Final(Fault::ScopeMissing(missing))
                }
            }
            _ => Verdict::Final(Fault::Refused(StatusCode::FORBIDDEN.as_u16())),
        }
    }

    fn step_up(
        &self,
        attempts: &mut Attempts,
        token: &AccessToken,
        missing: &ScopeSet,
        handle: Option<&CallHandle>,
    ) -> bool {
        let may = !missing.is_empty() && attempts.step_ups < MAX_STEP_UPS;
        let stepped = may && self.identity().step_up(token, missing);
        if stepped {
            attempts.step_ups += 1;
            // what a server lists may depend on what we may do
            self.freshness().invalidate();
        }
        if let Some(handle) = handle.filter(|_| stepped) {
            handle.verdict(EventKind::ScopeStepUp, "the server wants scopes that the token lacks");
        }
        stepped
    }

    fn token_wanted(&self, headers: &HeaderMap) -> Fault {
        let server = self.server().config().url.to_string();
        AuthError::TokenWanted { server, wanted: TokenChallenge::of(headers) }.into()
    }
}

impl Attempts {
    /// How often the server limited the rate so far.
    fn waited(&self, handle: Option<&CallHandle>) -> u32 {
        handle.map_or(self.waits, CallHandle::waits)
    }

    /// How often the server limited the rate before; a call's handle knows that over all its messages.
    fn rate_limited(&mut self, asked: Option<Duration>, handle: Option<&CallHandle>) -> u32 {
        match handle {
            Some(handle) => handle.rate_limited(asked),
            None => {
                self.waits += 1;
                self.waits - 1
            }
        }
    }
}

fn set_sent(handle: Option<&CallHandle>, sent: Sent) {
    if let Some(handle) = handle {
        handle.set_sent(sent);
    }
}

/// What an operator is told of an exchange without a reply.
fn failure(error: &net::Error) -> &'static str {
    match error {
        net::Error::Broken { .. } => "the connection to the server broke",
        net::Error::Timeout { .. } | net::Error::Silent { .. } => "the server did not answer in time",
        _ => "the server could not be reached",
    }
}

/// Whether a request that failed so may have reached the server. The time may be over before or after that.
fn may_have_arrived(error: &net::Error) -> bool {
    matches!(error, net::Error::Broken { .. } | net::Error::Timeout { .. } | net::Error::Silent { .. })
}

fn is_verdict(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS)
        || status.is_server_error()
}

fn missing(challenge: &Challenge, token: &AccessToken) -> ScopeSet {
    let named = challenge.param("scope").unwrap_or_default();
    let wanted: ScopeSet = ScopeSet::parse(named).unwrap_or_default().iter().take(MAX_SCOPES).cloned().collect();
    let missing = token.granted.missing(&wanted);
    let contradicts_itself = challenge.param("error") == Some("insufficient_scope");
    if missing.is_empty() && contradicts_itself { wanted } else { missing }
}

#[cfg(test)]
mod tests;
