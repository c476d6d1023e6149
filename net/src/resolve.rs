use std::{io, net::IpAddr, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use url::Host;

use crate::{
    AddressKind,
    address::{AddressFilter, Refused},
};

/// Turns the name of a host into addresses.
pub(super) trait Lookup: Send + Sync {
    fn lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// What the system says.
pub(super) struct System;

/// Looks a name up once per connection, and lets connections go only to the addresses that it judged.
#[derive(Clone)]
pub(super) struct Resolver {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) filter: AddressFilter,
    /// The one name that the operator chose himself, so that it may be in his own network.
    pub(super) proxy: Option<String>,
    /// Hosts of his own network that he named.
    pub(super) private: Vec<Host>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("its name has no address: {0}")]
    Unknown(io::Error),
}

impl Resolver {
    /// Whether the operator named a host as one of his own network.
    pub(super) fn is_private(&self, host: &Host) -> bool {
        self.private.contains(host)
    }

    /// Whether a host may be at an address. One that may be spoken to without encryption must not be at a public one.
    pub(super) fn check(&self, host: &Host, address: IpAddr) -> Result<(), Refused> {
        let named = self.is_private(host);
        if named && AddressKind::of(address) == AddressKind::Public {
            return Err(Refused { address, kind: AddressKind::Public });
        }
        let proxy = matches!(host, Host::Domain(name) if self.proxy.as_ref() == Some(name));
        if named || proxy { AddressFilter::own_network().check(address) } else { self.filter.check(address) }
    }

    pub(super) async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let addresses = self.lookup.lookup(name).await.map_err(ResolveError::Unknown)?;
        let host = Host::Domain(name.to_owned());
        for address in &addresses {
            self.check(&host, *address)?;
        }
        match addresses.iter().find(|address| name == "localhost" && !address.is_loopback()) {
            // it may be spoken to without encryption, so it must be what its name says
            Some(_) => Err(ResolveError::Unknown(io::Error::other("`localhost` is not this machine"))),
            None if addresses.is_empty() => Err(ResolveError::Unknown(io::ErrorKind::NotFound.into())),
            None => Ok(addresses),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        async move {
            let addresses = resolver.resolve(name.as_str()).await?;
            // port 0 stands for the port of the URL
            Ok(Box::new(addresses.into_iter().map(|address| (address, 0_u16).into())) as Addrs)
        }
        .boxed()
    }
}

impl Lookup for System {
    fn lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect()) }.boxed()
    }
}

#[cfg(test)]
mod tests;
