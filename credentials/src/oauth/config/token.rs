//! What is asked of an issuer besides the standard's own fields, and what its tokens must say.

use std::collections::BTreeMap;

use abide_base::scope::ScopeSet;

use crate::jwt::Algorithm;

/// How a token is asked for, where an issuer wants it otherwise than the standard has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRequest {
    /// What is sent as `scope`, instead of the scopes that tools declare. Those are still what a token must grant.
    pub scopes: Option<ScopeSet>,
    /// Further fields of each request for a token. None of the protocol's own (such as `scope` or `resource`), and no secrets.
    pub parameters: BTreeMap<String, String>,
    /// Further fields of the page that asks a person, under the same conditions.
    pub login_parameters: BTreeMap<String, String>,
    /// Whether the server is named in each request.
    pub resource: ResourceParameter,
    /// Where it is known from that the issuer binds codes to the client that asked for them (RFC 7636).
    pub pkce: Pkce,
}

/// Whether the field `resource` (RFC 8707) is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceParameter {
    /// It is.
    #[default]
    Sent,
    /// It is not, since the issuer refuses what it does not know. The audience of each token is checked all the same.
    Omitted,
}

/// Where it is known from that an issuer checks code challenges of the method `S256`. They are sent in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pkce {
    /// From its metadata, as MCP wants it.
    #[default]
    Published,
    /// From the operator. If that is wrong, a code that is stolen on its way can be used by the thief.
    DangerAssumed,
}

/// What a signed token must say to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRules {
    /// Who it must be for: any of these; the resource when there are none.
    pub audiences: Vec<String>,
    /// Who it must say that it is from, where that is not what the issuer's metadata say.
    pub issuer: Option<String>,
    /// What it may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// The claim that lists what it grants; `scope`, else `scp`, when absent.
    pub scope_claim: Option<String>,
    /// What becomes of a token without an audience.
    pub missing_audience: MissingAudience,
}

/// What becomes of a token without `aud`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingAudience {
    /// It is refused.
    #[default]
    Refused,
    /// It counts, if it was issued to our client id. Any server of the issuer can then use what this one gets.
    DangerAccepted,
}

/// The fields of requests that are the protocol's own, or could change what it means.
const RESERVED: [&str; 36] = [
    "access_token",
    "actor_token",
    "actor_token_type",
    "assertion",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "dpop_jkt",
    "grant_type",
    "id_token",
    "id_token_hint",
    "iss",
    "issuer",
    "nonce",
    "password",
    "redirect_uri",
    "refresh_token",
    "request",
    "request_uri",
    "requested_token_type",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "subject_token",
    "subject_token_type",
    "token",
    "token_type_hint",
    "username",
];

impl TokenRequest {
    /// What to ask for, when tools declare `declared` and the server has made us ask for `wanted`.
    pub(crate) fn scopes_for(&self, declared: &ScopeSet, wanted: &ScopeSet) -> ScopeSet {
        self.scopes.as_ref().map_or_else(|| wanted.clone(), |fixed| fixed.union(&declared.missing(wanted)))
    }
}

impl Default for TokenRules {
    fn default() -> Self {
        Self {
            audiences: Vec::new(),
            issuer: None,
            algorithms: Algorithm::usual().into(),
            scope_claim: None,
            missing_audience: MissingAudience::default(),
        }
    }
}

/// Whether a name is one that only the protocol itself may use, to the most forgiving reader of names: some read them in any case, and some
/// take other marks for `_`.
pub fn is_reserved(name: &str) -> bool {
    let normalize: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    RESERVED.contains(&normalize.trim_matches('_'))
}
