use std::path::Path;

use rustls::InconsistentKeys;
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{Error as PemError, PemObject},
};
use zeroize::Zeroizing;

use super::validity;
use crate::{ClientCertificate, Error};

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

pub(super) fn read(files: &ClientCertificate) -> Result<Identity, Error> {
    Ok((chain(&files.certificate)?, key(&files.key)?))
}

/// What rustls says when it puts a certificate and a key together.
pub(super) fn mismatch(files: &ClientCertificate, error: &rustls::Error) -> Error {
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            let reason = format!("it does not belong to the certificate of `{}`", files.certificate.display());
            unusable(&files.key, reason)
        }
        other => unusable(&files.key, other.to_string()),
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = std::fs::read(path).map_err(|e| unusable(path, e.to_string()))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.map_err(|e| unusable(path, format!("not PEM: {e}")))?;
    if chain.is_empty() {
        return Err(unusable(path, "no certificate in it; expected PEM".into()));
    }
    chain.iter().try_for_each(validity::check).map_err(|reason| unusable(path, reason))?;
    Ok(chain)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let pem = Zeroizing::new(std::fs::read(path).map_err(|e| unusable(path, e.to_string()))?);
    warn_if_exposed(path);
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
        let reason = match error {
            PemError::NoItemsFound => "no private key in it; expected PEM with PKCS#8, SEC1 or PKCS#1, unencrypted",
            // more could tell what is in the file
            _ => "broken PEM",
        };
        unusable(path, reason.into())
    })
}

#[cfg(unix)]
fn warn_if_exposed(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_or(0, |file| file.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!("`{}` holds a private key, and others may use the file: `chmod 600` it", path.display());
    }
}

#[cfg(not(unix))]
fn warn_if_exposed(_: &Path) {}

fn unusable(path: &Path, reason: String) -> Error {
    Error::ClientCertificate { path: path.to_owned(), reason }
}
