use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};

use super::{
    call::{Idempotency, Ticket},
    error::Fault,
    http::Http,
};
use crate::{
    net::{self, Backoff, Request, Streamed, retry_after},
    security::{
        ScopeSet,
        oauth::{
            AccessToken,
            challenge::{self, Challenge},
        },
    },
};

/// What one message has been through so far.
#[derive(Default)]
struct Trials {
    renewed: bool,
    failures: u32,
    waits: u32,
}

const MAX_WAITS: u32 = 3;
const MAX_WAIT: Duration = Duration::from_secs(30);
const MAX_FAILURES: u32 = 2;

impl Http {
    /// Sends a message with a token, until there is a verdict: the one place that judges what a server says by status.
    pub(super) async fn exchange(&self, request: &Request, ticket: Option<&Ticket>) -> Result<Streamed, Fault> {
        let mut trials = Trials::default();
        loop {
            let token = self.identity().token().await?;
            let mut attempt = request.clone();
            attempt.headers.insert(AUTHORIZATION, bearer(&token)?);
            let reply = match self.identity().client().open(attempt).await {
                Ok(reply) => reply,
                Err(error) => {
                    let lost = matches!(error, net::Error::Connect { .. } | net::Error::Broken { .. });
                    if lost && self.may_repeat(&mut trials, ticket, None).await {
                        continue;
                    }
                    return Err(error.into());
                }
            };
            if !is_verdict(reply.status) {
                return Ok(reply);
            }
            // the body says nothing that counts, and waiting must not hold the connection
            let Streamed { status, headers, .. } = reply;
            match status {
                StatusCode::UNAUTHORIZED if !trials.renewed => {
                    trials.renewed = true;
                    self.identity().reject(&token);
                }
                StatusCode::UNAUTHORIZED => return Err(self.unauthorized(&headers, &token).await),
                StatusCode::FORBIDDEN => return Err(forbidden(&headers, &token)),
                StatusCode::TOO_MANY_REQUESTS => {
                    let asked = retry_after(&headers, self.clock().now());
                    let waits = trials.rate_limited(asked, ticket);
                    if !self.wait(asked, waits).await {
                        return Err(Fault::RateLimited);
                    }
                }
                _ => {
                    let asked = retry_after(&headers, self.clock().now());
                    if !self.may_repeat(&mut trials, ticket, asked).await {
                        return Err(Fault::Unavailable(status.as_u16()));
                    }
                }
            }
        }
    }

    /// Waits before sending something again. False when it is not worth it. Never shorter than asked, and a little longer, so that those who were refused together do not come back together.
    pub(super) async fn wait(&self, asked: Option<Duration>, before: u32) -> bool {
        if before >= MAX_WAITS || asked.is_some_and(|wait| wait > MAX_WAIT) {
            return false;
        }
        let wait = match asked {
            Some(wait) => wait + (wait / 10 + Duration::from_millis(50)).mul_f64(rand::random()),
            None => Backoff::default().delay(before),
        };
        self.clock().sleep(wait).await;
        true
    }

    /// Whether nobody minds if it is done twice. Messages that are no calls change nothing.
    async fn may_repeat(&self, trials: &mut Trials, ticket: Option<&Ticket>, asked: Option<Duration>) -> bool {
        let repeatable = ticket.is_none_or(|ticket| ticket.retry == Idempotency::Repeatable);
        if !repeatable || trials.failures >= MAX_FAILURES {
            return false;
        }
        trials.failures += 1;
        self.wait(asked, trials.failures).await
    }

    /// A token that was just renewed is refused: for the wrong issuer, for a scope, or for reasons unknown.
    async fn unauthorized(&self, headers: &HeaderMap, token: &AccessToken) -> Fault {
        let challenges = challenge::parse(headers);
        let bearer = challenge::bearer(&challenges);
        let named = bearer.and_then(|c| c.param("resource_metadata"));
        if let Err(error) = self.identity().check_server(named).await {
            return error.into();
        }
        match bearer.map(|c| missing(c, token)) {
            Some(missing) if !missing.is_empty() => Fault::ScopeMissing(missing),
            _ => Fault::Refused(StatusCode::UNAUTHORIZED.as_u16()),
        }
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

fn is_verdict(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS)
        || status.is_server_error()
}

/// The one place for a step-up: asking for more scopes than were declared is not done, because the boundary fixes them.
fn forbidden(headers: &HeaderMap, token: &AccessToken) -> Fault {
    let challenges = challenge::parse(headers);
    match challenge::bearer(&challenges) {
        Some(bearer) if bearer.param("error") == Some("insufficient_scope") => {
            Fault::ScopeMissing(missing(bearer, token))
        }
        _ => Fault::Refused(StatusCode::FORBIDDEN.as_u16()),
    }
}

fn missing(challenge: &Challenge, token: &AccessToken) -> ScopeSet {
    let wanted = ScopeSet::parse(challenge.param("scope").unwrap_or_default()).unwrap_or_default();
    let missing = token.granted.missing(&wanted);
    let contradicts_itself = challenge.param("error") == Some("insufficient_scope");
    if missing.is_empty() && contradicts_itself { wanted } else { missing }
}

fn bearer(token: &AccessToken) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
        .map_err(|_| Fault::Garbage("the token does not fit into a header".into()))?;
    value.set_sensitive(true);
    Ok(value)
}
