use std::time::{Duration, SystemTime};

use rustls_pki_types::{CertificateDer, UnixTime};

/// Whether a certificate is valid now, and if not, since or until when.
pub(crate) fn check(certificate: &CertificateDer<'_>) -> Result<(), String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(|e| format!("no certificate: {e}"))?;
    let (validity, now) = (parsed.validity(), UnixTime::now().as_secs());
    let seconds = |time: x509_parser::time::ASN1Time| u64::try_from(time.timestamp()).unwrap_or(0);
    let (from, until) = (seconds(validity.not_before), seconds(validity.not_after));
    if now > until {
        Err(format!("the certificate of `{}` {}", parsed.subject(), expired(until)))
    } else if now < from {
        Err(format!("the certificate of `{}` {}", parsed.subject(), not_yet(from)))
    } else {
        Ok(())
    }
}

/// `until` in seconds since 1970.
pub(crate) fn expired(until: u64) -> String {
    format!("expired on {}: renew it, or correct the clock of this machine", date(until))
}

/// `from` in seconds since 1970.
pub(crate) fn not_yet(from: u64) -> String {
    format!("is not valid before {}: wait, or correct the clock of this machine", date(from))
}

fn date(seconds: u64) -> String {
    // the last year that the format can write
    const LAST: u64 = 253_402_300_799;
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LAST)))
}
