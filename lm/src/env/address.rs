//! Addresses from variables: those that can never work are refused at once. The reasons hold nothing of the address, which may have a
//! password in it.

use std::net::IpAddr;

use abide_net::{self as net, AddressFilter};
use url::{Host, ParseError, Url};

/// The ends of the addresses that the clients complete by themselves.
const ENDS: [&str; 4] = ["/chat/completions", "/completions", "/messages", "/responses"];

/// The hosts of a list with commas.
pub(super) fn hosts(list: &str) -> Result<Vec<Host>, String> {
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| {
            // an address of IPv6 may come without the brackets that it has in a URL
            let host = match name.parse::<IpAddr>() {
                Ok(IpAddr::V6(address)) => Ok(Host::Ipv6(address)),
                _ => Host::parse(name),
            };
            host.map_err(|_| "has an entry that is no host: write names and addresses with commas between them, such as `model.internal,10.0.0.5`, without scheme and port".to_owned())
        })
        .collect()
}

/// A base address that can work, given the hosts for which plain http is allowed.
pub(super) fn base(text: &str, private: &[Host]) -> Result<Url, String> {
    let no_scheme = || Err("has no scheme: put `http://` (this machine) or `https://` in front of it".to_owned());
    let url: Url = match text.parse() {
        Ok(url) => url,
        Err(ParseError::RelativeUrlWithoutBase) => return no_scheme(),
        Err(error) => return Err(format!("is not an address ({error})")),
    };
    // `localhost:11434/v1` has the scheme `localhost`
    if !text.contains("://") && !matches!(url.scheme(), "http" | "https") {
        return no_scheme();
    }
    if let Some(address) = ip(&url) {
        if address.is_unspecified() {
            return Err("is where a server listens, and no address of one: write `127.0.0.1` in its place".to_owned());
        }
        if !AddressFilter::own_network().permits(address) {
            return Err(format!("leads to {}, where no model is", net::AddressKind::of(address)));
        }
    }
    encrypted(&url, private)?;
    let path = url.path().trim_end_matches('/');
    match ENDS.iter().find(|end| path.ends_with(*end)) {
        Some(end) => Err(format!("ends with `{end}`, which the client adds by itself: leave it out")),
        None => Ok(url),
    }
}

fn encrypted(url: &Url, private: &[Host]) -> Result<(), String> {
    match net::check_address(url) {
        Ok(()) => Ok(()),
        Err(net::Error::Insecure { .. }) => match url.host().map(|host| host.to_owned()) {
            Some(host) if private.contains(&host) => Ok(()),
            _ => Err("would be spoken to without encryption: use https; or, for a host of your own network, name it in `ABIDE_PRIVATE_HOSTS`".to_owned()),
        },
        Err(net::Error::Address { reason, .. }) => Err(format!("is unusable: {reason}")),
        Err(error) => Err(format!("is unusable: {error}")),
    }
}

fn ip(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests;
