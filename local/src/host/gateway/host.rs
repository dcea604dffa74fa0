//! Which hosts the gateway answers for.
//!
//! A page of the internet can have its own name lead to this machine. The browser then lets it read what this server answers, and
//! sends that name as `Host`.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use photovote_edge::{Code, Problem};
use url::Host;

use super::{connections::Connection, name, refuse};
use crate::host::event::{NamedHost, check_head};

/// The hosts that the gateway answers for, besides loopback names and the address that a client has connected to.
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts(Arc<[Host]>);

impl FromIterator<Host> for AllowedHosts {
    fn from_iter<I: IntoIterator<Item = Host>>(hosts: I) -> Self {
        Self(hosts.into_iter().collect())
    }
}

impl AllowedHosts {
    /// Whether the gateway answers for a host, on a connection to this address of ours. Any port is right: it may be
    /// forwarded.
    fn admit(&self, host: &Host, here: IpAddr) -> bool {
        let address = match host {
            Host::Domain(name) if name == "localhost" => return true,
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address)),
        };
        let address = address.map(|address| address.to_canonical());
        address.is_some_and(|address| address.is_loopback() || address == here.to_canonical()) || self.0.contains(host)
    }
}

/// Why a text names no host.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// It is neither a name nor an address.
    #[error("a host looks like vote.example or 192.0.2.7, without a scheme or a port: {0}")]
    NotAHost(#[from] url::ParseError),
    /// No host has this name.
    #[error("a host's name has letters, digits, dots and hyphens")]
    Name,
}

/// Reads the name or the address of one host.
pub(crate) fn one_host(text: &str) -> Result<Host, HostError> {
    let host = Host::parse(text)?;
    // The parser takes more in a name than one can have, `*` for one.
    let named = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if matches!(&host, Host::Domain(name) if !named(name)) { Err(HostError::Name) } else { Ok(host) }
}

/// Refuses a request for another host, before anything else looks at it.
pub(super) async fn admit(
    State(hosts): State<AllowedHosts>,
    Extension(connection): Extension<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let named = check_head(&parts).and_then(|named| {
        let unknown = "the server does not answer for this host; --allowed-host names further ones";
        let known = hosts.admit(&named.host, connection.here);
        if known { Ok(named) } else { Err(Problem::new(Code::MalformedHost, unknown)) }
    });
    match named {
        Ok(named) => {
            parts.extensions.insert::<NamedHost>(named);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => match name() {
            Ok(id) => refuse(&problem, &id),
            Err(no_name) => no_name.into_response(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_one_name_or_address() {
        for host in ["vote.example", "192.0.2.7", "[2001:db8::7]", "straße.example", "a_b"] {
            one_host(host).unwrap();
        }
        for text in ["", "*", "*.example", "http://a.example", "a.example:3000", "a/b", "a b", "2001:db8::7"] {
            one_host(text).unwrap_err();
        }
    }

    #[test]
    fn only_local_own_and_allowed_hosts_are_admitted() {
        let hosts: AllowedHosts = [Host::parse("Vote.Example").unwrap()].into_iter().collect();
        let admits = |host: &str, here: &str| hosts.admit(&Host::parse(host).unwrap(), here.parse().unwrap());
        for here in ["127.0.0.1", "192.0.2.7", "::ffff:192.0.2.7", "2001:db8::7"] {
            for host in
                ["localhost", "LOCALHOST", "127.0.0.1", "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "vote.example"]
            {
                assert!(admits(host, here), "{host} at {here}");
            }
            for host in
                ["evil.example", "localhost.evil.example", "a.vote.example", "vote.example.evil", "192.0.2.8", "[::2]"]
            {
                assert!(!admits(host, here), "{host} at {here}");
            }
        }
        assert!(admits("192.0.2.7", "192.0.2.7") && admits("192.0.2.7", "::ffff:192.0.2.7"));
        assert!(admits("[2001:db8::7]", "2001:db8::7") && !admits("192.0.2.7", "127.0.0.1"));
    }
}
