//! Certificates for a proxy and for us, made anew for each test.

use std::{fs, path::PathBuf};

use abide::net::ClientCertificate;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// An authority, a server certificate for 127.0.0.1, and a client certificate for `CN=client`, in a folder.
pub(super) struct Pki {
    pub(super) folder: TempDir,
    /// `sha256/…` of the server's key.
    pub(super) pin: String,
}

impl Pki {
    pub(super) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("abide-pki-").tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let leaf = |name: &str, subjects: &[&str], purpose| {
            let key = KeyPair::generate().unwrap();
            let subjects: Vec<String> = subjects.iter().map(|subject| (*subject).to_owned()).collect();
            let mut params = CertificateParams::new(subjects).unwrap();
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, name);
            params.extended_key_usages = vec![purpose];
            let certificate = params.signed_by(&key, &authority).unwrap();
            fs::write(folder.path().join(format!("{name}.pem")), certificate.pem()).unwrap();
            fs::write(folder.path().join(format!("{name}.key")), key.serialize_pem()).unwrap();
            key
        };
        let server = leaf("server", &["127.0.0.1", "localhost"], ExtendedKeyUsagePurpose::ServerAuth);
        leaf("client", &[], ExtendedKeyUsagePurpose::ClientAuth);
        let pin = format!("sha256/{}", STANDARD.encode(Sha256::digest(server.subject_public_key_info())));
        fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        Self { folder, pin }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn authority(&self) -> PathBuf {
        self.path("ca.pem")
    }

    pub(super) fn client(&self) -> ClientCertificate {
        ClientCertificate { certificate: self.path("client.pem"), key: self.path("client.key") }
    }
}
