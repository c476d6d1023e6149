use std::{path::PathBuf, time::Duration};

use url::{Host, Url};

use crate::{AddressFilter, SpkiPin, host::is_loopback};

/// How a [`Client`](crate::Client) connects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// PEM file of the only trusted certification authorities. When absent, those of the file that `SSL_CERT_FILE` names, else the
    /// system's.
    pub ca_bundle: Option<PathBuf>,
    /// Public keys of which a server's certificate must have one, on top of a valid chain; any key when empty. Besides the
    /// server's present key, one should belong to a key kept in reserve, so that the server can change its key.
    pub spki_pins: Vec<SpkiPin>,
    /// The oldest TLS version to speak; 1.2 by default.
    pub min_tls: TlsVersion,
    /// Who we are to a server that asks for a certificate (mutual TLS).
    pub client_certificate: Option<ClientCertificate>,
    /// An HTTP proxy to go through, by `CONNECT`, to every server but this machine. Only this setting names one, never the
    /// environment.
    ///
    /// Only the proxy connects then, so it is the proxy that turns names into addresses. A name is looked up here too,
    /// and refused when this shows a forbidden address; one that is unknown here is left to the proxy. What a proxy may
    /// reach is to be limited at the proxy.
    pub proxy: Option<Url>,
    /// The addresses that may be connected to; public ones by default.
    pub addresses: AddressFilter,
    /// Hosts of the operator's own network, each named by him: they may be spoken to without encryption, and their addresses, which must
    /// not be public, need no leave of [`Options::addresses`]. What that filter can never allow stays forbidden. None by default.
    pub private_hosts: Vec<Host>,
    /// The longest wait for a connection, with its name lookup and handshake; 10 s by default.
    pub connect_timeout: Duration,
    /// The longest silence within the body of a [`Client::open`](crate::Client::open) stream; 60 s by default.
    pub read_timeout: Duration,
    /// How long an unused connection is kept; 90 s by default.
    pub idle_timeout: Duration,
    /// Most unused connections kept for one host; 64 by default.
    pub max_idle_per_host: usize,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// A certificate that proves who we are (mutual TLS), and its private key. Both are read when a client is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientCertificate {
    /// PEM file of the certificate, followed by those of the authorities between it and one that the server trusts.
    pub certificate: PathBuf,
    /// PEM file of the private key, unencrypted: PKCS#8, SEC1 or PKCS#1. May be the same file. No other user should be able to read it.
    pub key: PathBuf,
}

impl Options {
    /// For a server whose address the operator wrote down himself, so that it may be on this machine or in his own network.
    /// Not for an address that came from elsewhere, such as from another server's metadata.
    pub fn own_network() -> Self {
        Self { addresses: AddressFilter::own_network(), ..Self::default() }
    }

    /// Allows this machine, if that is where an address that the operator wrote down leads.
    #[must_use]
    pub fn reaching(mut self, own: &Url) -> Self {
        if is_loopback(own) {
            self.addresses = self.addresses.loopback();
        }
        self
    }

    /// Trusts only the certification authorities of a PEM file, if there is one.
    #[must_use]
    pub fn ca_bundle(mut self, path: Option<PathBuf>) -> Self {
        self.ca_bundle = path;
        self
    }

    /// Asks for one of some public keys, if there are any.
    #[must_use]
    pub fn spki_pins(mut self, pins: Vec<SpkiPin>) -> Self {
        self.spki_pins = pins;
        self
    }

    /// Sets the oldest TLS version to speak.
    #[must_use]
    pub fn min_tls(mut self, version: TlsVersion) -> Self {
        self.min_tls = version;
        self
    }

    /// Sets the certificate to show to a server that asks for one, if there is one.
    #[must_use]
    pub fn client_certificate(mut self, certificate: Option<ClientCertificate>) -> Self {
        self.client_certificate = certificate;
        self
    }

    /// Sets the HTTP proxy to go through, if there is one.
    #[must_use]
    pub fn proxy(mut self, proxy: Option<Url>) -> Self {
        self.proxy = proxy;
        self
    }

    /// Sets the addresses that may be connected to.
    #[must_use]
    pub fn addresses(mut self, filter: AddressFilter) -> Self {
        self.addresses = filter;
        self
    }

    /// Names hosts of the operator's own network, which may be spoken to without encryption. Whoever can listen in that network reads
    /// all that is sent, keys included.
    #[must_use]
    pub fn private_hosts(mut self, hosts: Vec<Host>) -> Self {
        self.private_hosts = hosts;
        self
    }

    /// Sets the longest wait for a connection.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the longest silence within a streamed body.
    #[must_use]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets how long an unused connection is kept.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets how many unused connections are kept for one host.
    #[must_use]
    pub fn max_idle_per_host(mut self, most: usize) -> Self {
        self.max_idle_per_host = most;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ca_bundle: None,
            spki_pins: Vec::new(),
            min_tls: TlsVersion::default(),
            client_certificate: None,
            proxy: None,
            addresses: AddressFilter::default(),
            private_hosts: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(90),
            max_idle_per_host: 64,
        }
    }
}
