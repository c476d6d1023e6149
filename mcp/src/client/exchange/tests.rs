use std::time::Duration;

use super::super::exchange::*;

#[test]
fn an_exchange_that_failed_is_called_what_it_is() {
    let (host, reason, after) = ("s".to_owned(), "it ended".to_owned(), Duration::from_secs(60));
    for (error, said) in [
        (net::Error::Connect { host: host.clone(), reason: reason.clone() }, "the server could not be reached"),
        (net::Error::ConnectTimeout { host: host.clone(), after }, "the server could not be reached"),
        (net::Error::UnknownAuthority { host: host.clone() }, "the server could not be reached"),
        (net::Error::Broken { host: host.clone(), reason }, "the connection to the server broke"),
        (net::Error::Timeout { host: host.clone(), after }, "the server did not answer in time"),
        (net::Error::Silent { host, after }, "the server did not answer in time"),
    ] {
        assert_eq!(failure(&error), said, "{error:?}");
        let was_sent = said != "the server could not be reached";
        assert_eq!(may_have_arrived(&error), was_sent, "{error:?}");
    }
}
