//! What stands before the tools: token, scope, faults and rates, in this order.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use axum::{
    Json,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    Fault, Options, RetryAfter, TokenCheck,
    clock::Clock,
    limit::{Bucket, Bursts, Limited, RETRY_AFTER},
    scope_of,
    verify::{Claims, Verifier},
};
use crate::{
    auth::Trust,
    log::{Call, Log, Refusal, Verdict},
    serve::lock,
    trace::TraceId,
};

/// The largest request body, in bytes.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// Who sends a request, as its checked token says. Put into the extensions of the request.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) trace: TraceId,
    pub(super) claims: Arc<Claims>,
}

impl Caller {
    pub(super) fn may(&self, tool: &str) -> bool {
        scope_of(tool).is_none_or(|needed| self.claims.scope.split(' ').any(|has| has == needed))
    }
}

#[derive(Debug)]
pub(super) struct Gate {
    pub(super) log: Log,
    pub(super) clock: Clock,
    verifier: Verifier,
    metadata_url: String,
    bursts: Mutex<Bursts>,
    bucket: Mutex<Bucket>,
    faults: Mutex<VecDeque<(usize, Fault)>>,
    says: Mutex<RetryAfter>,
}

impl Gate {
    pub(super) fn new(options: &Options, base: &str, url: &str, trust: Trust) -> Self {
        let clock = Clock::default();
        Self {
            log: Log::default(),
            verifier: Verifier::new(trust, url.to_owned()),
            metadata_url: format!("{base}/.well-known/oauth-protected-resource/mcp"),
            bursts: Mutex::new(Bursts::new(options.burst)),
            bucket: Mutex::new(Bucket::new(options.calls_per_second, clock.now())),
            faults: Mutex::default(),
            says: Mutex::default(),
            clock,
        }
    }

    pub(super) fn fail_next(&self, calls: usize, fault: Fault) {
        if calls > 0 {
            lock(&self.faults).push_back((calls, fault));
        }
    }

    pub(super) fn heal(&self) {
        lock(&self.faults).clear();
    }

    pub(super) fn limit(&self, calls_per_second: u32, says: RetryAfter) {
        *lock(&self.bucket) = Bucket::new(calls_per_second, self.clock.now());
        *lock(&self.says) = says;
    }

    fn next_fault(&self) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let (left, fault) = faults.front_mut()?;
        let fault = *fault;
        *left -= 1;
        if *left == 0 {
            faults.pop_front();
        }
        Some(fault)
    }

    pub(super) fn check_tokens_with(&self, check: Arc<dyn TokenCheck>) {
        self.verifier.leave_to(check);
    }

    fn identify(&self, headers: &HeaderMap, trace: TraceId) -> Result<Caller, Denial> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or(Denial::NoToken)?;
        let claims = self.verifier.verify(token).map_err(|_| Denial::InvalidToken)?;
        Ok(Caller { trace, claims })
    }

    /// Scope first, so that a call that may not be made never uses up a burst.
    fn admit(&self, wanted: &Wanted, caller: &Caller) -> Result<Fate, Denial> {
        if let Some(scope) = scope_of(&wanted.tool)
            && !caller.may(&wanted.tool)
        {
            return Err(Denial::Scope(scope));
        }
        match self.next_fault() {
            Some(Fault::BadGateway) => return Ok(Fate::Lost),
            Some(fault) => return Err(Denial::Fault(fault)),
            None => {}
        }
        let (now, says) = (self.clock.now(), *lock(&self.says));
        let limited = |Limited| Denial::Limited(says);
        lock(&self.bucket).take(now).map_err(limited)?;
        lock(&self.bursts).admit(caller.trace, wanted.fingerprint(), now).map_err(limited)?;
        Ok(Fate::Told)
    }

    fn refuse(&self, wanted: Wanted, trace: TraceId, caller: Option<&Caller>, reason: Refusal) {
        let claims = caller.map(|caller| &caller.claims);
        self.log.append(Call {
            trace,
            tool: wanted.tool,
            arguments: wanted.arguments,
            subject: claims.map(|c| c.sub.clone()).unwrap_or_default(),
            scope: claims.map(|c| c.scope.clone()).unwrap_or_default(),
            verdict: Verdict::Refused { reason },
        });
    }
}

/// The middleware before the MCP service.
pub(super) async fn check(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let trace = trace_of(&parts.headers, &message);
    let wanted = Wanted::of(&message);
    let caller = match gate.verifier.other() {
        None => gate.identify(&parts.headers, trace),
        Some(other) => {
            let scope = wanted.as_ref().and_then(|wanted| scope_of(&wanted.tool));
            match other.check(&parts.headers, scope).await {
                Ok(passed) => Ok(Caller { trace, claims: Arc::new(passed.into()) }),
                Err(refused) => {
                    if let Some(wanted) = wanted {
                        gate.refuse(wanted, trace, None, refused.reason);
                    }
                    return refused.into_response();
                }
            }
        }
    };
    let admitted = match (&caller, &wanted) {
        (Ok(caller), Some(wanted)) => gate.admit(wanted, caller),
        (Ok(_), None) => Ok(Fate::Told),
        (Err(denial), _) => Err(*denial),
    };
    let fate = match admitted {
        Ok(fate) => fate,
        Err(denial) => {
            if let Some(wanted) = wanted {
                gate.refuse(wanted, trace, caller.as_ref().ok(), denial.reason());
            }
            return denial.answer(&gate.metadata_url, &message);
        }
    };
    if let Ok(caller) = caller {
        parts.extensions.insert(caller);
    }
    let reply = forward(parts, body, next).await;
    match fate {
        Fate::Told => reply,
        Fate::Lost => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// What becomes of the reply to a call that is executed.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Told,
    Lost,
}

async fn forward(parts: axum::http::request::Parts, body: Bytes, next: Next) -> Response {
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// The header first, then `_meta` of the message (both W3C Trace Context).
fn trace_of(headers: &HeaderMap, message: &Value) -> TraceId {
    let header = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(TraceId::from_traceparent);
    let meta = || {
        let value = message.pointer("/params/_meta/traceparent")?;
        TraceId::from_traceparent(value.as_str()?)
    };
    header.or_else(meta).unwrap_or(TraceId::NONE)
}

/// The tool that a message wants to call.
#[derive(Debug)]
struct Wanted {
    tool: String,
    arguments: Value,
}

impl Wanted {
    fn of(message: &Value) -> Option<Self> {
        if message.get("method")?.as_str()? != "tools/call" {
            return None;
        }
        let text = message.pointer("/params/name").and_then(Value::as_str);
        Some(Self {
            tool: text.unwrap_or_default().to_owned(),
            arguments: message.pointer("/params/arguments").cloned().unwrap_or_default(),
        })
    }

    /// The same for a retry of the same call.
    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.tool.hash(&mut hasher);
        self.arguments.hash(&mut hasher);
        hasher.finish()
    }
}

#[derive(Clone, Copy, Debug)]
enum Denial {
    NoToken,
    InvalidToken,
    Scope(&'static str),
    Limited(RetryAfter),
    Fault(Fault),
}

impl Denial {
    fn reason(self) -> Refusal {
        match self {
            Self::NoToken => Refusal::NoToken,
            Self::InvalidToken => Refusal::InvalidToken,
            Self::Scope(_) => Refusal::InsufficientScope,
            Self::Limited(_) => Refusal::RateLimited,
            Self::Fault(_) => Refusal::Fault,
        }
    }

    /// Challenges as in RFC 6750 section 3 and RFC 9728 section 5.1.
    fn answer(self, metadata_url: &str, message: &Value) -> Response {
        let place = format!("resource_metadata=\"{metadata_url}\"");
        match self {
            Self::NoToken => challenge(StatusCode::UNAUTHORIZED, "unauthorized", &place),
            Self::InvalidToken => {
                challenge(StatusCode::UNAUTHORIZED, "invalid_token", &format!("{place}, error=\"invalid_token\""))
            }
            Self::Scope(scope) => challenge(
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                &format!("error=\"insufficient_scope\", scope=\"{scope}\", {place}"),
            ),
            Self::Limited(says) => too_many(says, message),
            Self::Fault(Fault::TooManyForSeconds) => too_many(RetryAfter::Seconds, message),
            Self::Fault(Fault::TooManyUntilDate) => too_many(RetryAfter::Date, message),
            Self::Fault(Fault::TooMany) => too_many(RetryAfter::Absent, message),
            Self::Fault(Fault::Unavailable) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Self::Fault(Fault::BadGateway) => StatusCode::BAD_GATEWAY.into_response(),
            Self::Fault(Fault::InternalError) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

fn challenge(status: StatusCode, error: &str, parameters: &str) -> Response {
    let mut response = (status, Json(json!({ "error": error }))).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("Bearer {parameters}")) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

fn too_many(says: RetryAfter, message: &Value) -> Response {
    let retry_after = match says {
        RetryAfter::Seconds => Some(RETRY_AFTER.as_secs().to_string()),
        RetryAfter::Date => Some(httpdate::fmt_http_date(SystemTime::now() + RETRY_AFTER + Duration::from_secs(1))),
        RetryAfter::Nonsense => Some("soon".to_owned()),
        RetryAfter::Absent => None,
        RetryAfter::InBody => {
            let error = json!({ "code": -32000, "message": "Global rate limit exceeded" });
            return Json(json!({ "jsonrpc": "2.0", "id": message.get("id"), "error": error })).into_response();
        }
    };
    let body = Json(json!({ "error": "too many calls" }));
    let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    if let Some(Ok(value)) = retry_after.map(|text| HeaderValue::from_str(&text)) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}
