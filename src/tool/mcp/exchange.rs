use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use super::{
    call::{Idempotency, Ticket},
    error::{Fault, Sent},
    http::Http,
};
use crate::{
    event::EventKind,
    net::{self, Backoff, Request, Streamed, retry_after},
    security::{
        ScopeSet,
        oauth::{
            AccessToken, AuthError, TokenChallenge,
            challenge::{self, Challenge},
        },
    },
};

/// What one message has been through so far.
#[derive(Default)]
struct Trials {
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
    pub(super) async fn exchange(&self, request: &Request, ticket: Option<&Ticket>) -> Result<Streamed, Fault> {
        let mut trials = Trials::default();
        // whether an earlier message or attempt of the same call may have done something
        let mut earlier = ticket.map_or(Sent::No, Ticket::sent);
        loop {
            self.identity().pace().turn().await;
            let mut attempt = request.clone();
            let token = self.identity().attach(&mut attempt).await?;
            set_sent(ticket, Sent::Perhaps);
            let reply = match self.identity().client().open(attempt).await {
                Ok(reply) => reply,
                Err(error) => {
                    if let Some(ticket) = ticket {
                        ticket.verdict(EventKind::ServerUnavailable, failure(&error));
                    }
                    if may_have_arrived(&error) {
                        earlier = Sent::Perhaps;
                    }
                    set_sent(ticket, earlier);
                    let lost = matches!(error, net::Error::Connect { .. } | net::Error::Broken { .. });
                    if lost && self.may_repeat(&mut trials, ticket, None).await {
                        continue;
                    }
                    return Err(error.into());
                }
            };
            let asked_for_nonce = self.identity().learn_nonce(&request.url, &reply.headers);
            if !is_verdict(reply.status) {
                self.identity().pace().taken();
                return Ok(reply);
            }
            // a server that failed has done nothing that counts, unless the call changes something
            if reply.status.is_server_error() && ticket.is_some_and(|ticket| ticket.retry == Idempotency::Once) {
                earlier = Sent::Perhaps;
            }
            set_sent(ticket, earlier);
            // the body says nothing that counts, and waiting must not hold the connection
            let Streamed { status, headers, .. } = reply;
            let verdict = match (status, &token) {
                (StatusCode::UNAUTHORIZED, None) => Verdict::Final(self.token_wanted(&headers)),
                (StatusCode::UNAUTHORIZED, Some(_)) if asked_for_nonce && !trials.proved => {
                    trials.proved = true;
                    Verdict::Again
                }
                // a stream that is only listened to is opened again anyway, with whatever token is good then
                (StatusCode::UNAUTHORIZED, Some(_)) if request.method == Method::GET => {
                    Verdict::Final(Fault::Refused(status.as_u16()))
                }
                (StatusCode::UNAUTHORIZED, Some(token)) => {
                    self.unauthorized(&mut trials, &headers, token, ticket).await
                }
                (StatusCode::FORBIDDEN, token) => self.forbidden(&mut trials, &headers, token.as_deref(), ticket),
                (StatusCode::TOO_MANY_REQUESTS, _) => self.limited(&mut trials, &headers, ticket).await,
                _ => self.failed(&mut trials, status, &headers, ticket).await,
            };
            if let Verdict::Final(fault) = verdict {
                return Err(fault);
            }
        }
    }

    /// Waits because the server limits the rate; everybody else goes slower. False when it is not worth it. Never shorter than
    /// asked, and a little longer, so that those who were refused together do not come back together.
    pub(super) async fn wait(&self, asked: Option<Duration>, before: u32) -> bool {
        // a wait of our own making is for this message only
        self.identity().pace().refused(asked.unwrap_or_default().min(MAX_WAIT), before);
        if before >= MAX_WAITS || asked.is_some_and(|wait| wait > MAX_WAIT) {
            return false;
        }
        let wait = asked.unwrap_or_else(|| Backoff::default().delay(before));
        self.clock().sleep(wait + (wait / 10 + Duration::from_millis(50)).mul_f64(rand::random())).await;
        true
    }

    async fn limited(&self, trials: &mut Trials, headers: &HeaderMap, ticket: Option<&Ticket>) -> Verdict {
        let asked = retry_after(headers, self.clock().now());
        let waits = trials.rate_limited(asked, ticket);
        if self.wait(asked, waits).await { Verdict::Again } else { Verdict::Final(Fault::RateLimited) }
    }

    async fn failed(
        &self,
        trials: &mut Trials,
        status: StatusCode,
        headers: &HeaderMap,
        ticket: Option<&Ticket>,
    ) -> Verdict {
        if let Some(ticket) = ticket {
            ticket.verdict(EventKind::ServerUnavailable, format!("the server failed with status {}", status.as_u16()));
        }
        let asked = retry_after(headers, self.clock().now());
        if self.may_repeat(trials, ticket, asked).await {
            return Verdict::Again;
        }
        Verdict::Final(Fault::Unavailable(status.as_u16()))
    }

    /// Whether nobody minds if it is done twice. Messages that are no calls change nothing.
    async fn may_repeat(&self, trials: &mut Trials, ticket: Option<&Ticket>, asked: Option<Duration>) -> bool {
        let repeatable = ticket.is_none_or(|ticket| ticket.retry == Idempotency::Repeatable);
        if !repeatable || trials.failures >= MAX_FAILURES || asked.is_some_and(|wait| wait > MAX_WAIT) {
            return false;
        }
        trials.failures += 1;
        let wait = asked.unwrap_or_else(|| Backoff::default().delay(trials.failures));
        self.clock().sleep(wait + (wait / 10).mul_f64(rand::random())).await;
        true
    }

    /// A token that is refused is replaced once; by one with more scopes where the server names some that it lacks.
    async fn unauthorized(
        &self,
        trials: &mut Trials,
        headers: &HeaderMap,
        token: &AccessToken,
        ticket: Option<&Ticket>,
    ) -> Verdict {
        let challenges = challenge::parse(headers);
        let challenge = challenge::of_tokens(&challenges);
        let missing = challenge.map(|challenge| missing(challenge, token)).unwrap_or_default();
        if self.step_up(trials, token, &missing, ticket) {
            return Verdict::Again;
        }
        if !trials.renewed && self.identity().reject(token) {
            trials.renewed = true;
            if let Some(ticket) = ticket {
                ticket.verdict(EventKind::TokenRenewed, "the server refused a token before its time");
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
        trials: &mut Trials,
        headers: &HeaderMap,
        token: Option<&AccessToken>,
        ticket: Option<&Ticket>,
    ) -> Verdict {
        let challenges = challenge::parse(headers);
        let challenge = challenge::of_tokens(&challenges);
        match (challenge, token) {
            (Some(challenge), Some(token)) if challenge.param("error") == Some("insufficient_scope") => {
                let missing = missing(challenge, token);
                if self.step_up(trials, token, &missing, ticket) {
                    Verdict::Again
                } else {
                    Verdict::Final(Fault::ScopeMissing(missing))
                }
            }
            _ => Verdict::Final(Fault::Refused(StatusCode::FORBIDDEN.as_u16())),
        }
    }

    fn step_up(&self, trials: &mut Trials, token: &AccessToken, missing: &ScopeSet, ticket: Option<&Ticket>) -> bool {
        let may = !missing.is_empty() && trials.step_ups < MAX_STEP_UPS;
        let stepped = may && self.identity().step_up(token, missing);
        if stepped {
            trials.step_ups += 1;
            // what a server lists may depend on what we may do
            self.freshness().lose();
        }
        if let Some(ticket) = ticket.filter(|_| stepped) {
            ticket.verdict(EventKind::ScopeStepUp, "the server wants scopes that the token lacks");
        }
        stepped
    }

    fn token_wanted(&self, headers: &HeaderMap) -> Fault {
        let server = self.identity().config().url.to_string();
        AuthError::TokenWanted { server, wanted: TokenChallenge::of(headers) }.into()
    }
}

impl Trials {
    /// How often the server limited the rate before; a call's ticket knows that over all its messages.
    fn rate_limited(&mut self, asked: Option<Duration>, ticket: Option<&Ticket>) -> u32 {
        match ticket {
            Some(ticket) => ticket.rate_limited(asked),
            None => {
                self.waits += 1;
                self.waits - 1
            }
        }
    }
}

fn set_sent(ticket: Option<&Ticket>, sent: Sent) {
    if let Some(ticket) = ticket {
        ticket.set_sent(sent);
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
