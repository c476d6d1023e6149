use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The addresses a [`Client`](crate::Client) may connect to; only public ones by default.
///
/// It is asked about every address before a connection to it: about one in a URL, and about all that a name resolves to. A name
/// with any forbidden address is refused as a whole, since an answer of both kinds is what an attack by DNS looks like.
/// Link-local addresses, those of cloud metadata services, unspecified, multicast and broadcast ones can never be allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressFilter {
    loopback: bool,
    allowed: Vec<IpNet>,
}

/// What an address is for (the special-purpose registries of IANA, RFC 6890), from harmless to harmful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AddressKind {
    /// A host of the internet.
    Public,
    /// The machine itself.
    Loopback,
    /// A private network: RFC 1918, unique local (RFC 4193) and site-local ones.
    Private,
    /// The network of a provider, behind its address translation (RFC 6598).
    Shared,
    /// Documentation, benchmarks, protocols, the future.
    Reserved,
    /// The same cable (RFC 3927, RFC 4291).
    LinkLocal,
    /// A local network's own translation to IPv4 (RFC 8215), of which it is not known outside where it leads.
    Translated,
    /// A group of hosts.
    Multicast,
    /// Every host of a network.
    Broadcast,
    /// No host, or this one (RFC 1122).
    Unspecified,
    /// A service that hands out the credentials of a cloud machine.
    Metadata,
}

/// An address that a filter refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{address}` is {kind}")]
pub(super) struct Refused {
    pub(super) address: IpAddr,
    pub(super) kind: AddressKind,
}

impl AddressFilter {
    /// Any address that can be allowed at all: for a server that the operator runs or chose himself, by its address.
    pub fn own_network() -> Self {
        Self::default().loopback().allow(Ipv4Net::default().into()).allow(Ipv6Net::default().into())
    }

    /// Allows the machine itself.
    #[must_use]
    pub fn loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// The networks that may be connected to beside public addresses.
    pub fn allowed(&self) -> &[IpNet] {
        &self.allowed
    }

    /// Allows the private, shared and reserved addresses of a network. Opens neither loopback nor what is never allowed,
    /// however wide the network is.
    #[must_use]
    pub fn allow(mut self, network: IpNet) -> Self {
        self.allowed.push(network);
        self
    }

    /// Whether an address may be connected to.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.check(address).is_ok()
    }

    pub(super) fn check(&self, address: IpAddr) -> Result<(), Refused> {
        let forbidden = |target: &IpAddr| !self.permits_target(*target);
        match targets(address).into_iter().filter(forbidden).map(kind_of_target).max() {
            Some(kind) => Err(Refused { address, kind }),
            None => Ok(()),
        }
    }

    fn permits_target(&self, target: IpAddr) -> bool {
        match kind_of_target(target) {
            AddressKind::Public => true,
            AddressKind::Loopback => self.loopback,
            AddressKind::Private | AddressKind::Shared | AddressKind::Reserved => {
                self.allowed.iter().any(|network| network.contains(&target))
            }
            _ => false,
        }
    }
}

impl AddressKind {
    /// The kind of an address. One that only wraps IPv4 addresses is of the worst of their kinds.
    pub fn of(address: IpAddr) -> Self {
        targets(address).into_iter().map(kind_of_target).max().unwrap_or(Self::Unspecified)
    }

    pub(super) fn remedy(self) -> &'static str {
        match self {
            Self::Public => {
                "a host that was named as a private one must not be there, since it may be spoken to without encryption"
            }
            Self::Loopback => {
                "if it is meant to be on this machine, write that into its address, as `localhost` or `127.0.0.1`"
            }
            Self::Private | Self::Shared | Self::Reserved => {
                "if the server is in your own network, allow that network with `allow_addresses`"
            }
            _ => "no setting allows that: check the address, and who answers for its name",
        }
    }
}

/// The addresses that packets to an address really go to: the IPv4 ones inside, or itself.
fn targets(address: IpAddr) -> Vec<IpAddr> {
    let IpAddr::V6(v6) = address else {
        return vec![address];
    };
    let bits = v6.to_bits();
    let v4 = |bits: u32| IpAddr::V4(Ipv4Addr::from_bits(bits));
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => vec![address],
        // IPv4-compatible and IPv4-mapped (RFC 4291), IPv4-translated (RFC 2765), NAT64 (RFC 6052)
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            vec![v4(low(bits))]
        }
        // 6to4 (RFC 3056)
        [0x2002, ..] => vec![v4(low(bits >> 80))],
        // Teredo (RFC 4380): its server, and its client with all bits flipped
        [0x2001, 0, ..] => vec![v4(low(bits >> 64)), v4(!low(bits))],
        _ => vec![address],
    }
}

fn low(bits: u128) -> u32 {
    u32::try_from(bits & u128::from(u32::MAX)).unwrap_or_default()
}

fn kind_of_target(address: IpAddr) -> AddressKind {
    match address {
        IpAddr::V4(v4) => {
            let matches = |(network, length, _): &&(Ipv4Addr, u32, AddressKind)| {
                (network.to_bits() ^ v4.to_bits()).leading_zeros() >= *length
            };
            V4.iter().find(matches).map_or(AddressKind::Public, |(.., kind)| *kind)
        }
        IpAddr::V6(v6) => {
            let matches = |(network, length, _): &&(Ipv6Addr, u32, AddressKind)| {
                (network.to_bits() ^ v6.to_bits()).leading_zeros() >= *length
            };
            V6.iter().find(matches).map_or(AddressKind::Reserved, |(.., kind)| *kind)
        }
    }
}

/// Networks of IPv4, the first that fits counts. Any other address is public.
const V4: [(Ipv4Addr, u32, AddressKind); 21] = [
    // metadata services: AWS and most others, AWS ECS and EKS, Alibaba, Oracle, Azure
    (Ipv4Addr::new(169, 254, 169, 254), 32, AddressKind::Metadata),
    (Ipv4Addr::new(169, 254, 170, 0), 24, AddressKind::Metadata),
    (Ipv4Addr::new(100, 100, 100, 200), 32, AddressKind::Metadata),
    (Ipv4Addr::new(192, 0, 0, 192), 32, AddressKind::Metadata),
    (Ipv4Addr::new(168, 63, 129, 16), 32, AddressKind::Metadata),
    (Ipv4Addr::new(255, 255, 255, 255), 32, AddressKind::Broadcast),
    (Ipv4Addr::new(0, 0, 0, 0), 8, AddressKind::Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, AddressKind::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, AddressKind::Shared),
    (Ipv4Addr::new(127, 0, 0, 0), 8, AddressKind::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, AddressKind::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, AddressKind::Private),
    (Ipv4Addr::new(192, 168, 0, 0), 16, AddressKind::Private),
    (Ipv4Addr::new(224, 0, 0, 0), 4, AddressKind::Multicast),
    // protocols, documentation, old 6to4 relays, benchmarks, the future
    (Ipv4Addr::new(192, 0, 0, 0), 24, AddressKind::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, AddressKind::Reserved),
    (Ipv4Addr::new(192, 88, 99, 0), 24, AddressKind::Reserved),
    (Ipv4Addr::new(198, 18, 0, 0), 15, AddressKind::Reserved),
    (Ipv4Addr::new(198, 51, 100, 0), 24, AddressKind::Reserved),
    (Ipv4Addr::new(203, 0, 113, 0), 24, AddressKind::Reserved),
    (Ipv4Addr::new(240, 0, 0, 0), 4, AddressKind::Reserved),
];

/// Networks of IPv6, the first that fits counts. Any other address is reserved.
const V6: [(Ipv6Addr, u32, AddressKind); 15] = [
    (Ipv6Addr::UNSPECIFIED, 128, AddressKind::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, AddressKind::Loopback),
    // metadata services: AWS, Google, Scaleway
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32, AddressKind::Metadata),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, AddressKind::Metadata),
    (Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42), 128, AddressKind::Metadata),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, AddressKind::Translated),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, AddressKind::Private),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, AddressKind::Private),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, AddressKind::LinkLocal),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, AddressKind::Multicast),
    // protocols, documentation, documentation
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, AddressKind::Reserved),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, AddressKind::Reserved),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, AddressKind::Reserved),
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, AddressKind::Reserved),
    // global unicast
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, AddressKind::Public),
];

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Loopback => "this machine itself",
            Self::Private => "an address of a private network",
            Self::Shared => "an address of a provider's own network",
            Self::Reserved => "a reserved address",
            Self::LinkLocal => "a link-local address",
            Self::Translated => "an address of a local translation to IPv4",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "a broadcast address",
            Self::Unspecified => "no address of a host",
            Self::Metadata => "the metadata service of a cloud machine",
        })
    }
}

#[cfg(test)]
mod tests;
