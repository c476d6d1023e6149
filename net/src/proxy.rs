use std::net::IpAddr;

use url::{Host, Url};

use crate::{
    AddressFilter, Error,
    host::{host_of, is_loopback},
};

/// Whether the operator's proxy can be one.
pub(super) fn check(proxy: &Url) -> Result<&Url, Error> {
    let unusable = |reason: String| Err(Error::Proxy { host: host_of(proxy), reason });
    if proxy.scheme() != "http" {
        return unusable("it must begin with `http://`; what goes through it is encrypted all the same".into());
    }
    if !proxy.username().is_empty() || proxy.password().is_some() {
        return unusable("it carries a user name or password: leave them out".into());
    }
    let address = match proxy.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        _ => return Ok(proxy),
    };
    AddressFilter::own_network().check(address).map_or_else(|refused| unusable(refused.to_string()), |()| Ok(proxy))
}

/// Through the proxy, unless to this machine.
pub(super) fn route(proxy: Url) -> reqwest::Proxy {
    reqwest::Proxy::custom(move |url| (!is_loopback(url)).then(|| proxy.clone()))
}
