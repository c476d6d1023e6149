use std::{io, net::IpAddr, path::PathBuf, time::Duration};

use rustls::CertificateError;

use crate::{AddressKind, address::Refused, cause, pin::PinMismatch, resolve::ResolveError};

/// Why an HTTP exchange did not happen. Holds no header, no body and no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not https, and not the machine itself.
    #[error("`{host}` would be spoken to without encryption: use https")]
    Insecure {
        /// Host and port.
        host: String,
    },
    /// The address has no host, or carries a user name or password.
    #[error("the address of `{host}` is unusable: {reason}")]
    Address {
        /// Host and port, as far as there are any.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The host is at an address that may not be connected to.
    #[error("`{host}` leads to `{address}`, {kind}: {}", .kind.remedy())]
    Forbidden {
        /// Host and port.
        host: String,
        /// The address that its name has, or that it is.
        address: IpAddr,
        /// What the address is for.
        kind: AddressKind,
    },
    /// The proxy cannot be used.
    #[error("cannot use the proxy `{host}`: {reason}")]
    Proxy {
        /// Host and port of the proxy.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of certification authorities cannot be used.
    #[error("cannot use the certification authorities of `{}`: {reason}", .path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Unreadable, not PEM, empty.
        reason: String,
    },
    /// The certificate that proves who we are, or its key, cannot be used.
    #[error("cannot use the client certificate or key `{}`: {reason}", .path.display())]
    ClientCertificate {
        /// The file.
        path: PathBuf,
        /// Unreadable, not PEM, empty, expired, not fitting together.
        reason: String,
    },
    /// The system has no certification authorities.
    #[error("the system has no certification authorities{reason}: install some, or set `ca_bundle` or `SSL_CERT_FILE`")]
    NoAuthorities {
        /// What looking for them said, after a colon.
        reason: String,
    },
    /// The TLS settings contradict themselves.
    #[error("cannot set up TLS: {0}")]
    Setup(String),
    /// No trusted authority vouches for the certificate.
    #[error(
        "the certificate of `{host}` comes from no trusted authority: set `ca_bundle` to the file of the authority that issued it, and have the server send the certificates in between"
    )]
    UnknownAuthority {
        /// Host and port.
        host: String,
    },
    /// The certificate is expired, for another name, or broken.
    #[error("the certificate of `{host}` is not acceptable: {reason}")]
    Certificate {
        /// Host and port.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificate is trusted, but its key is none of the pinned ones.
    #[error(
        "certificate of `{host}` has none of the pinned keys: check `spki_pins`; the connection may be intercepted"
    )]
    PinMismatch {
        /// Host and port.
        host: String,
    },
    /// TLS failed in another way.
    #[error("no TLS connection to `{host}`: {reason}")]
    Tls {
        /// Host and port.
        host: String,
        /// What went wrong.
        reason: String,
    },
    /// No connection: nothing was sent.
    #[error("cannot connect to `{host}`: {reason}")]
    Connect {
        /// Host and port.
        host: String,
        /// What went wrong, and what to do.
        reason: String,
    },
    /// No connection in time: nothing was sent.
    #[error("no connection to `{host}` within {after:?}: check the address, and what is between here and there")]
    ConnectTimeout {
        /// Host and port.
        host: String,
        /// The time it had.
        after: Duration,
    },
    /// The connection broke; the server may have acted on the request.
    #[error("the connection to `{host}` broke: {reason}")]
    Broken {
        /// Host and port.
        host: String,
        /// What went wrong.
        reason: String,
    },
    /// The time for the exchange is over; the server may have acted on the request.
    #[error("`{host}` did not answer within {after:?}: look at the server, and at what is between here and there")]
    Timeout {
        /// Host and port.
        host: String,
        /// The time it had.
        after: Duration,
    },
    /// A streamed body stopped arriving; the server may have acted on the request.
    #[error(
        "`{host}` sent no more of its answer for {after:?}: timed out waiting for the next body chunk; look at the server"
    )]
    Silent {
        /// Host and port.
        host: String,
        /// The longest silence allowed.
        after: Duration,
    },
    /// The body is longer than allowed.
    #[error("`{host}` answered with more than {limit} bytes: raise the limit, or ask for less")]
    TooLarge {
        /// Host and port.
        host: String,
        /// The most bytes a body may have.
        limit: usize,
    },
}

impl Error {
    /// Whether the same request may succeed a moment later.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. }
                | Self::ConnectTimeout { .. }
                | Self::Broken { .. }
                | Self::Timeout { .. }
                | Self::Silent { .. }
        )
    }

    pub(super) fn forbidden(host: String, Refused { address, kind }: Refused) -> Self {
        Self::Forbidden { host, address, kind }
    }

    pub(super) fn of_exchange(error: &reqwest::Error, host: &str, connect_timeout: Duration) -> Self {
        let host = host.to_owned();
        let causes: Vec<_> = causes(error).collect();
        if let Some(ResolveError::Refused(refused)) = causes.iter().find_map(|cause| cause.downcast_ref()) {
            return Self::forbidden(host, *refused);
        }
        if let Some(tls) = causes.iter().find_map(|cause| tls_error(*cause)) {
            return Self::of_tls(tls, host);
        }
        if error.is_connect() && error.is_timeout() {
            return Self::ConnectTimeout { host, after: connect_timeout };
        }
        if error.is_connect() {
            Self::Connect { host, reason: cause::connect(&causes) }
        } else {
            Self::Broken { host, reason: cause::broken(&causes) }
        }
    }

    /// Says that a proxy is in between, which may be what is wrong.
    pub(super) fn through(self, proxy: Option<&str>) -> Self {
        match (self, proxy) {
            (Self::Connect { host, reason }, Some(proxy)) => {
                Self::Connect { host, reason: format!("through the proxy `{proxy}`: {reason}") }
            }
            (other, _) => other,
        }
    }

    fn of_tls(error: &rustls::Error, host: String) -> Self {
        match error {
            rustls::Error::InvalidCertificate(CertificateError::Other(other)) if other.0.is::<PinMismatch>() => {
                Self::PinMismatch { host }
            }
            // the signature is wrong when an authority only has the name of a trusted one
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
                Self::UnknownAuthority { host }
            }
            rustls::Error::InvalidCertificate(reason) => Self::Certificate { host, reason: cause::certificate(reason) },
            other => Self::Tls { host, reason: cause::handshake(other) },
        }
    }
}

fn causes<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |cause| cause.source())
}

/// An `io::Error` hides what it wraps from `source`, so it is opened by hand.
fn tls_error<'e>(cause: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    if let Some(tls) = cause.downcast_ref() {
        return Some(tls);
    }
    let inner = cause.downcast_ref::<io::Error>()?.get_ref()?;
    tls_error(inner)
}
