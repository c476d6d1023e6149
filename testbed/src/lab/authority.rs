//! Certification authorities that issue what a test wants.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;

/// An authority, and the files it writes.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// When a certificate is valid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// From 2001 to 4001.
    Now,
    /// In 2001.
    Past,
    /// In 4001.
    Future,
}

/// A certificate and its key.
pub struct Leaf {
    /// The certificate, DER.
    pub certificate: CertificateDer<'static>,
    /// The certificate, PEM.
    pub pem: String,
    /// Its key pair.
    pub key: KeyPair,
}

impl Authority {
    /// An authority whose own certificate is valid at that time.
    pub fn new(validity: Validity) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.distinguished_name.push(DnType::CommonName, "Lab Authority");
        validity.set(&mut params);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer, folder: TempDir::new().unwrap() }
    }

    /// Its certificate, DER.
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// Its certificate, PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// The file to trust.
    pub fn bundle(&self) -> PathBuf {
        self.file("ca.pem", &self.pem())
    }

    /// Writes a file into its folder.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A certificate for `name` with a new key.
    pub fn leaf(&self, name: &str, validity: Validity) -> Leaf {
        self.leaf_of(name, validity, KeyPair::generate().unwrap())
    }

    /// A certificate for `name` with this key.
    pub fn leaf_of(&self, name: &str, validity: Validity, key: KeyPair) -> Leaf {
        self.issue(name, key, |params| validity.set(params))
    }

    /// A certificate that is valid now, but for a change.
    pub fn odd_leaf(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        self.issue(name, KeyPair::generate().unwrap(), |params| {
            Validity::Now.set(params);
            change(params);
        })
    }

    fn issue(&self, name: &str, key: KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Leaf { certificate: certificate.der().clone(), pem: certificate.pem(), key }
    }
}

impl Validity {
    fn set(self, params: &mut CertificateParams) {
        (params.not_before, params.not_after) = match self {
            Self::Now => (date_time_ymd(2001, 2, 3), date_time_ymd(4001, 2, 3)),
            Self::Past => (date_time_ymd(2001, 2, 3), date_time_ymd(2002, 2, 3)),
            Self::Future => (date_time_ymd(4001, 2, 3), date_time_ymd(4002, 2, 3)),
        };
    }
}
