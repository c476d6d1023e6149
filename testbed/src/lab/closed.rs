//! An address that refuses connections for as long as a test needs it.

use std::{fmt, io, net::SocketAddr, time::Duration};

use tokio::net::TcpSocket;

/// An address of loopback on which no server listens, and on which no other test can start one: its port is bound, and the socket
/// does not listen. A port that was free a moment ago would not do, because the system gives it to the next test.
pub struct Closed {
    address: SocketAddr,
    _bound: TcpSocket,
}

impl Closed {
    /// At a port that the system picks.
    pub fn bind() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self { address: socket.local_addr().unwrap(), _bound: socket }
    }

    /// At the address of a server that was stopped; waits until it listens no more.
    pub async fn after(address: SocketAddr) -> Self {
        let listening = async {
            loop {
                match Self::at(address) {
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => tokio::task::yield_now().await,
                    closed => return closed.unwrap(),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), listening).await.unwrap()
    }

    fn at(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // connections of the server that are not over yet do not matter
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        // from here on no other socket may have the port
        socket.set_reuseaddr(false)?;
        Ok(Self { address, _bound: socket })
    }
}

/// `127.0.0.1:PORT`.
impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}
