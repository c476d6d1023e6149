use std::{path::Path, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs},
    version,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use sha2::{Digest, Sha256};

use crate::{Error, Options, SpkiPin, TlsVersion, pin::PinMismatch};

/// Asks for a valid chain and name first, then for a pinned key.
#[derive(Debug)]
pub(super) struct Pinned {
    chain: Arc<WebPkiServerVerifier>,
    pins: Vec<SpkiPin>,
}

pub(crate) fn config(options: &Options) -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let roots = Arc::new(roots(options.ca_bundle.as_deref())?);
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions(options.min_tls))
        .map_err(|e| Error::Setup(e.to_string()))?;
    let builder = match options.spki_pins.as_slice() {
        [] => builder.with_root_certificates(roots),
        pins => {
            let verifier = pinned(roots, provider, pins.to_vec())?;
            builder.dangerous().with_custom_certificate_verifier(verifier)
        }
    };
    let mut config = match &options.client_certificate {
        None => builder.with_no_client_auth(),
        Some(files) => {
            let (chain, key) = super::client::read(files)?;
            builder.with_client_auth_cert(chain, key).map_err(|e| super::client::mismatch(files, &e))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

pub(super) fn versions(oldest: TlsVersion) -> Vec<&'static SupportedProtocolVersion> {
    match oldest {
        TlsVersion::Tls12 => vec![&version::TLS13, &version::TLS12],
        TlsVersion::Tls13 => vec![&version::TLS13],
    }
}

pub(super) fn pinned(
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    pins: Vec<SpkiPin>,
) -> Result<Arc<Pinned>, Error> {
    if let [only] = pins.as_slice() {
        tracing::warn!(
            "`{only}` is the only pin: add the pin of a backup key to `spki_pins`, or every call fails when the server changes its key"
        );
    }
    let chain = WebPkiServerVerifier::builder_with_provider(roots, provider)
        .build()
        .map_err(|e| Error::Setup(e.to_string()))?;
    Ok(Arc::new(Pinned { chain, pins }))
}

/// A named bundle replaces `SSL_CERT_FILE`, which replaces the system's authorities.
fn roots(bundle: Option<&Path>) -> Result<RootCertStore, Error> {
    let from_environment = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty());
    match bundle.or(from_environment.as_deref().map(Path::new)) {
        Some(path) => roots_of_file(path),
        None => roots_of_system(),
    }
}

pub(crate) fn roots_of_file(path: &Path) -> Result<RootCertStore, Error> {
    let unusable = |reason: String| Error::Authorities { path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|e| unusable(e.to_string()))?;
    let mut roots = RootCertStore::empty();
    let mut not_valid_now = None;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| unusable(format!("not PEM: {e}")))?;
        // rustls does not check the dates of root certificates
        if let Err(reason) = super::validity::check(&certificate) {
            tracing::warn!("a certification authority of `{}` is not used: {reason}", path.display());
            not_valid_now = Some(reason);
            continue;
        }
        roots.add(certificate).map_err(|e| unusable(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable(not_valid_now.unwrap_or_else(|| "no certificate in it; expected PEM".into())));
    }
    Ok(roots)
}

fn roots_of_system() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = found.errors.first().map_or_else(String::new, |e| format!(": {e}"));
        return Err(Error::NoAuthorities { reason });
    }
    Ok(roots)
}

impl Pinned {
    fn has_pinned_key(&self, leaf: &CertificateDer<'_>) -> Result<bool, rustls::Error> {
        let (_, certificate) = x509_parser::parse_x509_certificate(leaf)
            .map_err(|_| rustls::Error::from(CertificateError::BadEncoding))?;
        let key = SpkiPin::new(Sha256::digest(certificate.public_key().raw).into());
        Ok(self.pins.contains(&key))
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        if self.has_pinned_key(end_entity)? {
            Ok(verified)
        } else {
            Err(CertificateError::Other(OtherError(Arc::new(PinMismatch))).into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
