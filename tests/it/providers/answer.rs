//! What each provider publishes, refuses and issues, after its public documentation of 2026.

use std::time::{SystemTime, UNIX_EPOCH};

use abide::credentials::jwt::{Algorithm, SigningKey};
use http::StatusCode;
use jsonwebtoken::{EncodingKey, crypto};
use serde_json::{Value, json};

use super::imitation::{Asked, Form, Proof, Refusal};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Entra(Version),
    EntraLogin,
    Auth0,
    Okta,
    Cognito,
    Keycloak,
    Zitadel,
    Google,
    GitHub,
}

/// Which of its forms Entra's tokens have, as the API's manifest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

const RSA: &str = include_str!("../../../credentials/src/jwt/sign/keys/rsa.pem");
const KID: &str = "key-2026";
const DRIVE: &str = "https://www.googleapis.com/auth/drive.readonly";

impl Provider {
    /// All that the page has a table for, in its order.
    pub(super) const ALL: [Self; 9] = [
        Self::Entra(Version::Two),
        Self::EntraLogin,
        Self::Auth0,
        Self::Okta,
        Self::Cognito,
        Self::Keycloak,
        Self::Zitadel,
        Self::Google,
        Self::GitHub,
    ];

    pub(super) fn marker(self) -> &'static str {
        match self {
            Self::Entra(_) => "entra",
            Self::EntraLogin => "entra-login",
            Self::Auth0 => "auth0",
            Self::Okta => "okta",
            Self::Cognito => "cognito",
            Self::Keycloak => "keycloak",
            Self::Zitadel => "zitadel",
            Self::Google => "google",
            Self::GitHub => "github",
        }
    }

    /// The hosts that this site stands for.
    pub(super) fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::Entra(_) | Self::EntraLogin => &["login.microsoftonline.com"],
            Self::Auth0 => &["TENANT.eu.auth0.com"],
            Self::Okta => &["ORG.okta.com"],
            Self::Cognito => &["cognito-idp.eu-west-1.amazonaws.com"],
            Self::Keycloak => &["keycloak.example.com"],
            Self::Zitadel => &["INSTANCE.zitadel.cloud"],
            Self::Google => &["accounts.google.com"],
            Self::GitHub => &["github.com"],
        }
    }

    pub(super) fn issuer(self, base: &str) -> String {
        let path = match self {
            Self::Entra(_) | Self::EntraLogin => "/TENANT/v2.0",
            Self::Auth0 => "/",
            Self::Okta => "/oauth2/default",
            Self::Cognito => "/POOL",
            Self::Keycloak => "/realms/REALM",
            Self::Zitadel | Self::Google => "",
            Self::GitHub => "/login/oauth",
        };
        format!("{base}{path}")
    }

    pub(super) fn metadata_path(self) -> &'static str {
        match self {
            Self::Entra(_) | Self::EntraLogin => "/TENANT/v2.0/.well-known/openid-configuration",
            Self::Okta => "/oauth2/default/.well-known/openid-configuration",
            Self::Cognito => "/POOL/.well-known/openid-configuration",
            Self::Keycloak => "/realms/REALM/.well-known/openid-configuration",
            Self::Auth0 | Self::Zitadel | Self::Google => "/.well-known/openid-configuration",
            Self::GitHub => "/.well-known/oauth-authorization-server/login/oauth",
        }
    }

    /// Where `keys`, `authorize` and `token` are.
    pub(super) fn path(self, what: &str) -> String {
        let paths = match self {
            Self::Entra(_) | Self::EntraLogin => {
                ["/TENANT/discovery/v2.0/keys", "/TENANT/oauth2/v2.0/authorize", "/TENANT/oauth2/v2.0/token"]
            }
            Self::Auth0 => ["/.well-known/jwks.json", "/authorize", "/oauth/token"],
            Self::Okta => ["/oauth2/default/v1/keys", "/oauth2/default/v1/authorize", "/oauth2/default/v1/token"],
            Self::Cognito => ["/POOL/.well-known/jwks.json", "/oauth2/authorize", "/oauth2/token"],
            Self::Keycloak => [
                "/realms/REALM/protocol/openid-connect/certs",
                "/realms/REALM/protocol/openid-connect/auth",
                "/realms/REALM/protocol/openid-connect/token",
            ],
            Self::Zitadel => ["/oauth/v2/keys", "/oauth/v2/authorize", "/oauth/v2/token"],
            Self::Google => ["/oauth2/v3/certs", "/o/oauth2/v2/auth", "/token"],
            Self::GitHub => ["/none", "/login/oauth/authorize", "/login/oauth/access_token"],
        };
        let at = ["keys", "authorize", "token"].iter().position(|name| *name == what).unwrap();
        paths[at].to_owned()
    }

    pub(super) fn metadata(self, base: &str) -> Value {
        let at = |what: &str| format!("{base}{}", self.path(what));
        let mut document = json!({
            "issuer": self.issuer(base),
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "response_types_supported": ["code"],
        });
        let more = match self {
            // none of the two says that it checks code challenges
            Self::Entra(_) | Self::EntraLogin => json!({
                "jwks_uri": at("keys"),
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "tenant_region_scope": "EU",
                "cloud_instance_name": "microsoftonline.com",
                "kerberos_endpoint": format!("{base}/TENANT/kerberos"),
            }),
            Self::Cognito => json!({
                "jwks_uri": at("keys"),
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "scopes_supported": ["openid", "email", "phone", "profile"],
            }),
            Self::GitHub => json!({
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
                "service_documentation": "https://docs.github.com/",
            }),
            Self::Zitadel => json!({
                "jwks_uri": at("keys"),
                "introspection_endpoint": format!("{base}/oauth/v2/introspect"),
                "code_challenge_methods_supported": ["S256"],
                "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            }),
            Self::Google => json!({
                "jwks_uri": at("keys"),
                "revocation_endpoint": format!("{base}/revoke"),
                "scopes_supported": ["openid", "email", "profile"],
                "code_challenge_methods_supported": ["plain", "S256"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
            }),
            Self::Auth0 | Self::Okta | Self::Keycloak => json!({
                "jwks_uri": at("keys"),
                "revocation_endpoint": format!("{base}/revoke"),
                "code_challenge_methods_supported": ["S256"],
                "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            }),
        };
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document
    }

    /// Whether it reads a request that names the server.
    pub(super) fn takes_resource(self) -> bool {
        !matches!(self, Self::Entra(_) | Self::EntraLogin | Self::Google)
    }

    /// Whether a person is asked at all, else what the page says.
    pub(super) fn page(self, query: &Form) -> Result<(), String> {
        let has = |name: &str, value: &str| query.get(name).is_some_and(|found| found == value);
        match self {
            Self::Google if query.contains_key("resource") => {
                Err("Parameter not allowed for this message type: resource".to_owned())
            }
            Self::EntraLogin if query.contains_key("resource") => {
                Err("AADSTS901002: the resource parameter is not supported".to_owned())
            }
            Self::Google | Self::EntraLogin | Self::GitHub => {
                let whole = has("response_type", "code") && has("code_challenge_method", "S256");
                if whole { Ok(()) } else { Err(format!("{query:?}")) }
            }
            _ => Err("no logins here".to_owned()),
        }
    }

    pub(super) fn token(self, asked: &Asked<'_>) -> Result<Value, Refusal> {
        match self {
            Self::Entra(version) => entra(asked, version),
            Self::EntraLogin => entra_login(asked),
            Self::Auth0 => auth0(asked),
            Self::Okta => okta(asked),
            Self::Cognito => cognito(asked),
            Self::Keycloak => keycloak(asked),
            Self::Zitadel => zitadel(asked),
            Self::Google => google(asked),
            Self::GitHub => github(asked),
        }
    }
}

impl Asked<'_> {
    fn has(&self, name: &str, value: &str) -> bool {
        self.field(name) == value
    }

    fn field(&self, name: &str) -> &str {
        self.form.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The scopes that were asked for, if they are among those that there are.
    fn scopes(&self, known: &[&str]) -> Result<String, Refusal> {
        let asked = self.field("scope");
        let all = !asked.is_empty() && asked.split(' ').all(|scope| known.contains(&scope));
        if all { Ok(asked.to_owned()) } else { Err(refusal(400, "invalid_scope")) }
    }

    /// The client of a request by a program for itself.
    fn program(&self) -> Result<String, Refusal> {
        let Some((client, _)) = &self.client else { return Err(refusal(401, "invalid_client")) };
        if self.has("grant_type", "client_credentials") {
            Ok(client.clone())
        } else {
            Err(refusal(400, "unsupported_grant_type"))
        }
    }
}

fn entra(asked: &Asked<'_>, version: Version) -> Result<Value, Refusal> {
    let client = asked.program()?;
    if asked.form.contains_key("resource") {
        return Err(numbered("invalid_request", 901_002));
    }
    if !asked.has("scope", "api://API-GUID/.default") {
        return Err(numbered("invalid_scope", 1_002_012));
    }
    let common = json!({ "oid": "o1", "sub": "o1", "tid": "TENANT", "roles": ["mcp.read"], "rh": "0.x", "uti": "u1" });
    let (own, lives) = match version {
        Version::Two => (
            json!({ "aud": "API-GUID", "iss": asked.site_issuer(), "azp": client, "azpacr": "1", "ver": "2.0" }),
            json!(3_599),
        ),
        Version::One => (
            json!({
                "aud": "api://API-GUID", "iss": "https://sts.windows.net/TENANT/", "appid": client, "appidacr": "1", "ver": "1.0",
                "idp": "https://sts.windows.net/TENANT/",
            }),
            json!("3599"),
        ),
    };
    let token = jwt(json!({ "typ": "JWT", "alg": "RS256", "kid": KID, "x5t": KID }), [common, own, times()]);
    Ok(json!({ "token_type": "Bearer", "expires_in": lives, "ext_expires_in": lives, "access_token": token }))
}

fn entra_login(asked: &Asked<'_>) -> Result<Value, Refusal> {
    if asked.form.contains_key("resource") {
        return Err(numbered("invalid_request", 901_002));
    }
    let scopes = match asked.field("grant_type") {
        "authorization_code" => {
            asked.site.redeem(asked.form).ok_or_else(|| refusal(400, "invalid_grant"))?["scope"].clone()
        }
        "refresh_token" if asked.site.renew(asked.form) => "api://API-GUID/mcp.read offline_access".to_owned(),
        _ => return Err(refusal(400, "invalid_grant")),
    };
    if !scopes.split(' ').any(|scope| scope == "api://API-GUID/mcp.read") {
        return Err(numbered("invalid_scope", 650_053));
    }
    let claims = json!({
        "aud": "API-GUID", "iss": asked.site_issuer(), "azp": asked.field("client_id"), "scp": "mcp.read", "oid": "o1", "sub": "s1",
        "tid": "TENANT", "ver": "2.0", "name": "A Person", "preferred_username": "person@example.com",
    });
    let token = jwt(json!({ "typ": "JWT", "alg": "RS256", "kid": KID }), [claims, times()]);
    let mut answer = json!({
        "token_type": "Bearer", "scope": "api://API-GUID/mcp.read", "expires_in": 4_000, "ext_expires_in": 4_000, "access_token": token,
    });
    if scopes.split(' ').any(|scope| scope == "offline_access") {
        answer["refresh_token"] = json!(format!("1.refresh-{}", asked.site.next()));
    }
    Ok(answer)
}

fn auth0(asked: &Asked<'_>) -> Result<Value, Refusal> {
    let client = asked.program()?;
    if !asked.has("audience", "https://api.example.com") {
        return Err(refusal(403, "access_denied"));
    }
    let scope = asked.scopes(&["read:customers"])?;
    let claims = json!({
        "iss": asked.site_issuer(), "sub": format!("{client}@clients"), "aud": "https://api.example.com", "azp": client, "scope": scope,
        "gty": "client-credentials",
    });
    let token = jwt(json!({ "alg": "RS256", "typ": "JWT", "kid": KID }), [claims, times()]);
    Ok(json!({ "access_token": token, "scope": scope, "expires_in": 86_400, "token_type": "Bearer" }))
}

fn okta(asked: &Asked<'_>) -> Result<Value, Refusal> {
    let client = asked.program()?;
    let scope = asked.scopes(&["mcp.read"])?;
    let claims = json!({
        "ver": 1, "jti": "AT.x", "iss": asked.site_issuer(), "aud": "api://default", "cid": client, "sub": client,
        "scp": scope.split(' ').collect::<Vec<_>>(),
    });
    let token = jwt(json!({ "kid": KID, "alg": "RS256" }), [claims, times()]);
    Ok(json!({ "token_type": "Bearer", "expires_in": 3_600, "access_token": token, "scope": scope }))
}

fn cognito(asked: &Asked<'_>) -> Result<Value, Refusal> {
    let client = asked.program()?;
    let scope = asked.scopes(&["mcp/read"])?;
    let claims = json!({
        "sub": client, "token_use": "access", "scope": scope, "auth_time": now(), "iss": asked.site_issuer(), "version": 2, "jti": "j1",
        "client_id": client,
    });
    let token = jwt(json!({ "kid": KID, "alg": "RS256" }), [claims, times()]);
    Ok(json!({ "access_token": token, "expires_in": 3_600, "token_type": "Bearer" }))
}

fn keycloak(asked: &Asked<'_>) -> Result<Value, Refusal> {
    let client = asked.program()?;
    let scope = format!("profile {} email", asked.scopes(&["mcp.read"])?);
    let claims = json!({
        "jti": "trrtcc:1", "iss": asked.site_issuer(), "aud": ["mcp-server", "account"], "sub": "s1", "typ": "Bearer", "azp": client,
        "acr": "1", "realm_access": { "roles": ["offline_access", "uma_authorization"] }, "scope": scope, "email_verified": false,
        "clientHost": "127.0.0.1", "preferred_username": format!("service-account-{client}"), "clientAddress": "127.0.0.1",
        "client_id": client,
    });
    let token = jwt(json!({ "alg": "RS256", "typ": "JWT", "kid": KID }), [claims, times()]);
    Ok(json!({
        "access_token": token, "expires_in": 300, "refresh_expires_in": 0, "token_type": "Bearer", "not-before-policy": 0, "scope": scope,
    }))
}

fn zitadel(asked: &Asked<'_>) -> Result<Value, Refusal> {
    let client = asked.program()?;
    const AUDIENCE: &str = "urn:zitadel:iam:org:project:id:PROJECT:aud";
    let scope = asked.scopes(&["openid", "mcp.read", AUDIENCE])?;
    let named = |name: &str| scope.split(' ').any(|scope| scope == name);
    if !named("openid") {
        return Err(refusal(400, "invalid_scope"));
    }
    let mut audience = vec![client.as_str()];
    audience.extend(named(AUDIENCE).then_some("PROJECT"));
    let claims =
        json!({ "iss": asked.site_issuer(), "sub": "s1", "aud": audience, "jti": "j1", "azp": client, "nbf": now() });
    let token = jwt(json!({ "alg": "RS256", "kid": KID, "typ": "JWT" }), [claims, times()]);
    Ok(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 43_199 }))
}

fn google(asked: &Asked<'_>) -> Result<Value, Refusal> {
    if asked.client.as_ref().is_none_or(|(_, proof)| *proof != Proof::Post) {
        return Err(refusal(401, "invalid_client"));
    }
    if asked.form.contains_key("resource") {
        return Err(refusal(400, "invalid_request"));
    }
    let number = asked.site.next();
    let mut answer = json!({
        "access_token": format!("ya29.a0opaque-{number}"), "expires_in": 3_599, "scope": DRIVE, "token_type": "Bearer",
    });
    match asked.field("grant_type") {
        "authorization_code" => {
            let page = asked.site.redeem(asked.form).ok_or_else(|| refusal(400, "invalid_grant"))?;
            if page.get("access_type").is_some_and(|kind| kind == "offline") {
                answer["refresh_token"] = json!(format!("1//refresh-{number}"));
            }
        }
        // it stays good, and is not sent again
        "refresh_token" if asked.site.knows(asked.form) => {}
        _ => return Err(refusal(400, "invalid_grant")),
    }
    Ok(answer)
}

fn github(asked: &Asked<'_>) -> Result<Value, Refusal> {
    // its refusals are successes, to go by the status
    if asked.headers.get("accept").is_none_or(|kind| kind != "application/json") {
        return Err(refusal(200, "a form"));
    }
    if asked.client.as_ref().is_none_or(|(_, proof)| *proof != Proof::Post) {
        return Err(refusal(200, "incorrect_client_credentials"));
    }
    match asked.field("grant_type") {
        "authorization_code" if asked.site.redeem(asked.form).is_some() => {}
        "refresh_token" if asked.site.renew(asked.form) => {}
        "refresh_token" => return Err(refusal(200, "bad_refresh_token")),
        _ => return Err(refusal(200, "bad_verification_code")),
    }
    let number = asked.site.next();
    Ok(json!({
        "access_token": format!("ghu_{number}"), "expires_in": 28_800, "refresh_token": format!("ghr_{number}"),
        "refresh_token_expires_in": 15_897_600, "scope": "", "token_type": "bearer",
    }))
}

fn refusal(status: u16, code: &str) -> Refusal {
    (StatusCode::from_u16(status).unwrap(), json!({ "error": code, "error_description": "Words of the provider." }))
}

fn numbered(code: &str, number: u32) -> Refusal {
    let (status, mut body) = refusal(400, code);
    body["error_codes"] = json!([number]);
    (status, body)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn times() -> Value {
    json!({ "iat": now(), "exp": now() + 3_600 })
}

/// A signed token of these claims.
fn jwt<const N: usize>(header: Value, claims: [Value; N]) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut all = serde_json::Map::new();
    for part in claims {
        let Value::Object(part) = part else { panic!("claims are an object") };
        all.extend(part);
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(&Value::Object(all)));
    let key = EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap();
    let signature = crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::RS256).unwrap();
    format!("{message}.{signature}")
}

/// The keys that providers publish: one to sign with, and one for encryption, as Keycloak has it.
pub(super) fn key_set() -> Value {
    let mut jwk = SigningKey::from_pem(RSA.as_bytes(), Algorithm::Rs256, None).unwrap().public_jwk();
    jwk["kid"] = json!(KID);
    jwk["use"] = json!("sig");
    jwk["x5t"] = json!(KID);
    let mut other = jwk.clone();
    other["kid"] = json!("for-encryption");
    other["use"] = json!("enc");
    other["alg"] = json!("RSA-OAEP");
    json!({ "keys": [other, jwk] })
}
