use abide_base::scope::ScopeSet;
use http::HeaderMap;

use super::challenge;
use crate::oauth::config::Proof;

/// What a server said when it refused a request without a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenChallenge {
    /// Where it describes itself.
    pub metadata: Option<String>,
    /// The scopes that it asked for.
    pub scopes: Option<ScopeSet>,
    /// How tokens shall be shown.
    pub proof: Proof,
}

impl TokenChallenge {
    /// What the headers `WWW-Authenticate` of a reply say.
    pub fn of(headers: &HeaderMap) -> Self {
        let challenges = challenge::parse(headers);
        let param = |name: &str| challenges.iter().find_map(|challenge| challenge.param(name));
        let only_bound = !challenges.is_empty() && challenge::bearer(&challenges).is_none();
        let bound = only_bound && challenges.iter().any(|challenge| challenge.scheme == "dpop");
        Self {
            metadata: param("resource_metadata").map(str::to_owned),
            scopes: param("scope").and_then(|text| ScopeSet::parse(text).ok()),
            proof: if bound { Proof::Dpop } else { Proof::Bearer },
        }
    }
}
