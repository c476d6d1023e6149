//! A certificate authority made at start, and one server certificate signed by it.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use rustls::{ServerConfig, crypto::aws_lc_rs};
use rustls_pki_types::PrivateKeyDer;
use sha2::{Digest, Sha256};

/// Why no server identity could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key or certificate could not be generated.
    #[error("cannot make the certificates of the local servers: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refused the certificate or the key.
    #[error("cannot set up tls for the local servers: {0}")]
    Tls(#[from] rustls::Error),
}

/// What a local server shows to its clients: a leaf certificate for `127.0.0.1` and `localhost`,
/// signed by a certificate authority that exists only as long as this value. The private key of
/// the authority is dropped once the leaf is signed.
#[derive(Clone, Debug)]
pub struct Identity {
    ca_pem: String,
    spki_pin: String,
    server: Arc<ServerConfig>,
}

impl Identity {
    /// Makes a fresh authority (ECDSA P-256) and a leaf certificate.
    ///
    /// # Errors
    /// When the system gives no randomness or the TLS library refuses its own material.
    pub fn generate() -> Result<Self, Error> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.distinguished_name.push(DnType::CommonName, "Abide testbed CA");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

        let key = KeyPair::generate()?;
        let mut leaf = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        leaf.distinguished_name.push(DnType::CommonName, "Abide testbed server");
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let leaf = leaf.signed_by(&key, &authority)?;

        let pin = STANDARD.encode(Sha256::digest(key.subject_public_key_info()));
        let mut server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { ca_pem: authority.pem(), spki_pin: format!("sha256/{pin}"), server: Arc::new(server) })
    }

    /// The certificate of the authority, PEM. A client that trusts it, and nothing else, reaches
    /// only servers of this identity.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The pin of the server's key: `sha256/` and the base64 of the SHA-256 of the leaf's
    /// `SubjectPublicKeyInfo` (the form of RFC 7469).
    #[must_use]
    pub fn spki_pin(&self) -> &str {
        &self.spki_pin
    }

    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}
