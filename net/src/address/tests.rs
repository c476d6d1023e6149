#![expect(clippy::unwrap_used, reason = "tests")]

use crate::address::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

/// First and last addresses of special networks, and their neighbours outside.
const KINDS: [(AddressKind, &[&str]); 11] = [
    (
        AddressKind::Public,
        &[
            "1.0.0.0",
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "3ffd::1",
        ],
    ),
    (AddressKind::Loopback, &["127.0.0.1", "127.0.0.0", "127.255.255.255", "::1"]),
    (
        AddressKind::Private,
        &[
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.0",
            "192.168.255.255",
            "fc00::",
            "fd00::1",
            "fdff:ffff::1",
            "fec0::",
            "feff::1",
        ],
    ),
    (AddressKind::Shared, &["100.64.0.0", "100.127.255.255"]),
    (
        AddressKind::Reserved,
        &[
            "192.0.0.0",
            "192.0.0.255",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "240.0.0.0",
            "255.255.255.254",
            "100::1",
            "2001:1ff::1",
            "2001:2::1",
            "2001:db8::1",
            "3ffe::1",
            "3fff:fff::1",
            "4000::",
            "5f00::1",
            "64:ff9c::1",
            "fe00::",
            "f000::",
        ],
    ),
    (AddressKind::LinkLocal, &["169.254.0.0", "169.254.255.255", "fe80::", "fe80::a9fe:a9fe", "febf::1"]),
    (AddressKind::Translated, &["64:ff9b:1::", "64:ff9b:1::8.8.8.8", "64:ff9b:1:ffff::1"]),
    (AddressKind::Multicast, &["224.0.0.0", "239.255.255.255", "ff00::", "ff02::1", "ff0e::1"]),
    (AddressKind::Broadcast, &["255.255.255.255"]),
    (AddressKind::Unspecified, &["0.0.0.0", "0.255.255.255", "::"]),
    (
        AddressKind::Metadata,
        &[
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:42::42",
        ],
    ),
];

const NEVER: [AddressKind; 6] = [
    AddressKind::LinkLocal,
    AddressKind::Translated,
    AddressKind::Multicast,
    AddressKind::Broadcast,
    AddressKind::Unspecified,
    AddressKind::Metadata,
];

/// Addresses that only wrap the IPv4 address of the two groups.
fn wrappings(groups: [u16; 2]) -> [Ipv6Addr; 7] {
    let [a, b] = groups;
    [
        Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, a, b),
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, a, b),
        Ipv6Addr::new(0, 0, 0, 0, 0, 0, a, b),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b),
        Ipv6Addr::new(0x2002, a, b, 1, 2, 3, 4, 5),
        Ipv6Addr::new(0x2001, 0, 0x0808, 0x0808, 0, 0, !a, !b),
        Ipv6Addr::new(0x2001, 0, a, b, 0, 0, !0x0808, !0x0808),
    ]
}

#[test]
fn every_address_has_its_kind() {
    for (kind, addresses) in KINDS {
        for address in addresses {
            assert_eq!(AddressKind::of(ip(address)), kind, "{address}");
        }
    }
}

#[test]
fn what_wraps_an_address_is_judged_as_that() {
    for (kind, addresses) in KINDS {
        let v4 = addresses.iter().filter_map(|address| address.parse::<Ipv4Addr>().ok());
        // 0.0.0.0 and 0.0.0.1 in the last bits are other addresses
        for inner in v4.filter(|inner| *inner != Ipv4Addr::UNSPECIFIED) {
            let [a, b, c, d] = inner.octets();
            for outer in wrappings([u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]) {
                assert_eq!(AddressKind::of(outer.into()), kind, "{inner} in {outer}");
                let filter = AddressFilter::default().allow(net("10.0.0.0/8"));
                assert_eq!(filter.permits(outer.into()), filter.permits(inner.into()), "{inner} in {outer}");
            }
        }
    }
    // a public server and a private client: both count
    assert_eq!(AddressKind::of(ip("2001:0:808:808::f5ff:fffe")), AddressKind::Private);
}

#[test]
fn only_public_ones_by_default() {
    for (kind, addresses) in KINDS {
        for address in addresses {
            assert_eq!(AddressFilter::default().permits(ip(address)), kind == AddressKind::Public, "{address}");
        }
    }
}

#[test]
fn loopback_opens_loopback_alone() {
    let filter = AddressFilter::default().loopback();
    for (kind, addresses) in KINDS {
        let expected = matches!(kind, AddressKind::Public | AddressKind::Loopback);
        assert!(addresses.iter().all(|address| filter.permits(ip(address)) == expected), "{kind:?}");
    }
}

#[test]
fn a_network_opens_itself_alone() {
    let filter = AddressFilter::default().allow(net("10.1.0.0/16")).allow(net("fd12::/16"));
    for (address, expected) in [
        ("10.1.2.3", true),
        ("10.2.0.1", false),
        ("192.168.0.1", false),
        ("fd12::1", true),
        ("fd13::1", false),
        ("127.0.0.1", false),
        ("1.1.1.1", true),
    ] {
        assert_eq!(filter.permits(ip(address)), expected, "{address}");
    }
}

#[test]
fn no_network_opens_what_is_never_allowed() {
    let mut filter = AddressFilter::own_network();
    for exact in KINDS.iter().flat_map(|(_, addresses)| *addresses) {
        filter = filter.allow(IpNet::from(ip(exact)));
    }
    for (kind, addresses) in KINDS {
        let expected = !NEVER.contains(&kind);
        assert!(addresses.iter().all(|address| filter.permits(ip(address)) == expected), "{kind:?}");
    }
    let wide = AddressFilter::default().allow(net("0.0.0.0/0")).allow(net("::/0"));
    assert!(!wide.permits(ip("127.0.0.1")) && !wide.permits(ip("::1")), "loopback has its own word");
    assert!(wide.permits(ip("192.168.1.1")));
}
