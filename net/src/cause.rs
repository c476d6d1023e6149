//! What a library says about a failed connection, in words that say what to do.

use std::{error::Error, io};

use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use crate::{resolve::ResolveError, tls::validity};

/// Why a certificate is not accepted.
pub(super) fn certificate(reason: &CertificateError) -> String {
    let known = match reason {
        CertificateError::ExpiredContext { not_after, .. } => return validity::expired(not_after.as_secs()),
        CertificateError::NotValidYetContext { not_before, .. } => return validity::not_yet(not_before.as_secs()),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().take(4).map(|name| format!("`{}`", bare(name))).collect();
            let names = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
            return format!("it is for {names}, not for `{}`: check the address", expected.to_str());
        }
        CertificateError::Other(other) => other.0.downcast_ref().and_then(Rule::of_chain),
        other => Rule::of(other),
    };
    known.map_or_else(|| unknown(reason), |rule| rule.words().to_owned())
}

/// The words for a rule that only the library has a name for.
fn unknown(reason: &CertificateError) -> String {
    let name = match reason {
        CertificateError::Other(other) => other.0.to_string(),
        other => format!("{other:?}"),
    };
    // what follows the name are bytes of the certificate
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).find(|part| !part.is_empty()).unwrap_or_default();
    format!("it breaks a rule for certificates ({}): have it issued again", spaced(name))
}

/// A rule that a certificate breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    AuthorityAsServer,
    ServerAsAuthority,
    Encoding,
    Dates,
    NotYet,
    Name,
    Revoked,
    Purpose,
    Signature,
    Version,
    NameConstraint,
    PathLength,
    CriticalExtension,
    ChainLength,
}

impl Rule {
    /// The rule behind an error that the library for TLS has a name for.
    fn of(reason: &CertificateError) -> Option<Self> {
        Some(match reason {
            CertificateError::BadEncoding => Self::Encoding,
            CertificateError::Expired => Self::Dates,
            CertificateError::NotValidYet => Self::NotYet,
            CertificateError::NotValidForName => Self::Name,
            CertificateError::Revoked => Self::Revoked,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Self::Purpose,
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Self::Signature,
            CertificateError::UnhandledCriticalExtension => Self::CriticalExtension,
            _ => return None,
        })
    }

    /// The rule behind an error that only the library for chains of certificates has a name for.
    fn of_chain(reason: &webpki::Error) -> Option<Self> {
        use webpki::Error;
        Some(match reason {
            Error::CaUsedAsEndEntity => Self::AuthorityAsServer,
            Error::EndEntityUsedAsCa => Self::ServerAsAuthority,
            Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => Self::Encoding,
            Error::InvalidCertValidity => Self::Dates,
            Error::MalformedDnsIdentifier => Self::Name,
            Error::CertRevoked | Error::CertDistrusted => Self::Revoked,
            Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => Self::Purpose,
            Error::SignatureAlgorithmMismatch
            | Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Self::Signature,
            Error::UnsupportedCertVersion => Self::Version,
            Error::NameConstraintViolation => Self::NameConstraint,
            Error::PathLenConstraintViolated => Self::PathLength,
            Error::UnsupportedCriticalExtension => Self::CriticalExtension,
            Error::MaximumPathDepthExceeded
            | Error::MaximumPathBuildCallsExceeded
            | Error::MaximumSignatureChecksExceeded
            | Error::MaximumNameConstraintComparisonsExceeded => Self::ChainLength,
            _ => return None,
        })
    }

    fn words(self) -> &'static str {
        match self {
            Self::AuthorityAsServer => {
                "it is the certificate of an authority (CA), and is used as that of a server: have that authority issue one for the \
                 server, and keep its own for `ca_bundle`"
            }
            Self::ServerAsAuthority => {
                "a certificate in its chain is that of a server, and not of an authority (CA), but has issued another: have it issued by an \
                 authority"
            }
            Self::Encoding => "it is damaged: install it on the server again",
            Self::Dates => "its dates contradict each other: have it issued again",
            Self::NotYet => "it is not valid yet: wait, or correct the clock of this machine",
            Self::Name => "it is for another name: check the address",
            Self::Revoked => "its authority has revoked it: have a new one issued",
            Self::Purpose => {
                "it is not for servers (its extended key usage lacks server authentication): have one issued that is"
            }
            Self::Signature => {
                "it, or one in its chain, is signed in a way that is not accepted, such as with SHA-1: have it issued with SHA-256 or better"
            }
            Self::Version => "it, or one in its chain, is of X.509 version 1 or 2: have one of version 3 issued",
            Self::NameConstraint => "its authority may not issue certificates for this name: have another one issue it",
            Self::PathLength => "one of its authorities may not appoint others: have another one issue it",
            Self::CriticalExtension => "it has a critical extension that is not known here: have it issued without",
            Self::ChainLength => {
                "its chain is too long or branches too much: have the server send only what leads to its authority"
            }
        }
    }
}

/// A name without the kind of name around it, as in `DnsName("a.example")`.
fn bare(name: &str) -> String {
    let inside = name.split_once('(').map_or(name, |(_, inside)| inside.trim_end_matches(')'));
    inside.trim_matches('"').chars().take(80).collect()
}

/// Why there is no agreement on how to speak TLS.
pub(super) fn handshake(error: &rustls::Error) -> String {
    const NO_COMMON_PROTOCOL: &str =
        "the server speaks neither HTTP/2 nor HTTP/1.1 there: check the port, and what the server offers (ALPN)";
    match error {
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "the server speaks no version of TLS that `min_tls` allows".into(),
        rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)
        | rustls::Error::NoApplicationProtocol => NO_COMMON_PROTOCOL.into(),
        rustls::Error::AlertReceived(alert) => refusal(*alert),
        rustls::Error::InvalidMessage(_) => {
            "what answers there does not speak TLS: check the port; only an address of this machine may begin with `http://`".into()
        }
        rustls::Error::PeerIncompatible(reason) => {
            format!("the server and this client have nothing in common ({})", spaced(&format!("{reason:?}")))
        }
        rustls::Error::PeerMisbehaved(reason) => {
            format!("the server breaks the rules of TLS ({})", spaced(&format!("{reason:?}")))
        }
        other => other.to_string(),
    }
}

/// What a server means that breaks off the handshake (RFC 8446, section 6.2).
fn refusal(alert: AlertDescription) -> String {
    let name = spaced(&format!("{alert:?}"));
    match alert {
        AlertDescription::CertificateRequired => {
            "the server asks for a certificate: set `certificate_file` and `certificate_key_file`".into()
        }
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => format!(
            "the server broke off the handshake ({name}): it wants a certificate (set `certificate_file` and \
             `certificate_key_file`), or has no cipher in common with this client"
        ),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => format!(
            "the server does not accept the client's certificate, or its absence ({name}): check `certificate_file` and \
             `certificate_key_file`, and which authorities the server trusts"
        ),
        AlertDescription::UnrecognisedName => {
            "the server knows no such name (unrecognised name): check the address".into()
        }
        _ => format!("the server broke off the handshake ({name}): look at its log"),
    }
}

/// Why there is no connection.
pub(super) fn connect(causes: &[&(dyn Error + 'static)]) -> String {
    if let Some(ResolveError::Unknown(error)) = causes.iter().find_map(|cause| cause.downcast_ref()) {
        return format!(
            "its name has no address ({error}): check the spelling of the address, and the name service (DNS)"
        );
    }
    let words = causes.last().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    if let Some(tunnel) = words.strip_prefix("tunnel error: ") {
        return match tunnel {
            "proxy authorization required" => {
                "the proxy asks for a login, which cannot be given: have it let this machine through".into()
            }
            "unsuccessful" => "the proxy refused to connect to the host: allow the host there".into(),
            _ => "what answers there is no proxy: check `proxy`".into(),
        };
    }
    let next = match io_kind(causes) {
        Some(io::ErrorKind::ConnectionRefused) => "nothing listens there: check the address, and that the server runs",
        Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
            "the connection was closed before it was set up: check that the port speaks TLS, and what is between here and there"
        }
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkDown) => {
            "there is no way from here to there: check the network of this machine, or set `proxy`"
        }
        Some(io::ErrorKind::TimedOut) => "nothing answers there: check the address, and what is between here and there",
        Some(io::ErrorKind::PermissionDenied) => "this machine does not let the program connect: check its firewall",
        _ => "check the address, and that the server runs",
    };
    format!("{words}; {next}")
}

/// Why a connection that was there is not any more.
pub(super) fn broken(causes: &[&(dyn Error + 'static)]) -> String {
    let words = causes.last().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    match io_kind(causes) {
        Some(io::ErrorKind::ConnectionReset) => "the server, or something on the way, reset it".into(),
        Some(io::ErrorKind::UnexpectedEof) => "the server closed it in the middle of an answer".into(),
        _ if words.starts_with("connection closed before message completed") => {
            "the server closed it before it had answered".into()
        }
        _ if words.starts_with("invalid HTTP") => {
            format!(
                "what answers there does not speak HTTP as it should ({words}): check the port, and whether it wants `https://`"
            )
        }
        _ => words,
    }
}

/// What the system says, if it says anything of use. An `io::Error` hides what it wraps from `source`, so it is opened by hand.
fn io_kind(causes: &[&(dyn Error + 'static)]) -> Option<io::ErrorKind> {
    let found = causes.iter().filter_map(|cause| cause.downcast_ref::<io::Error>());
    let kinds = found.flat_map(|error| std::iter::successors(Some(error), |error| inside(error))).map(io::Error::kind);
    kinds.filter(|kind| *kind != io::ErrorKind::Other).last()
}

fn inside(error: &io::Error) -> Option<&io::Error> {
    error.get_ref()?.downcast_ref()
}

/// `NoCipherSuitesInCommon` in small words; `UnknownCA` stays recognisable.
fn spaced(name: &str) -> String {
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let mut words = String::new();
    let mut capital = true;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !capital {
            words.push(' ');
        }
        capital = letter.is_ascii_uppercase();
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests;
