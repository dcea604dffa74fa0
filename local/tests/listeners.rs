//! What a running program listens on, as the system knows it.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path, process::Stdio};

use crate::program::{Server, photovote};
use photovote::data_dir::temporary;
use photovote_tests::{Client, Election, followed};
use procfs::{
    ProcResult,
    net::{TcpState, UnixState},
    process::{FDTarget, Process},
};

/// What a process listens on: addresses for TCP and UDP, paths for Unix sockets.
fn listening(pid: u32) -> ProcResult<BTreeSet<String>> {
    let process = Process::new(pid.cast_signed())?;
    let mut own = BTreeSet::new();
    for fd in process.fd()?.flatten() {
        if let FDTarget::Socket(inode) = fd.target {
            own.insert(inode);
        }
    }
    let mut found = BTreeSet::new();
    for entry in process.tcp()?.into_iter().chain(process.tcp6()?) {
        if own.contains(&entry.inode) && entry.state == TcpState::Listen {
            found.insert(entry.local_address.to_string());
        }
    }
    for entry in process.udp()?.into_iter().chain(process.udp6()?) {
        if own.contains(&entry.inode) {
            found.insert(format!("udp {}", entry.local_address));
        }
    }
    for entry in process.unix()? {
        if let Some(path) = entry.path.filter(|_| own.contains(&entry.inode) && entry.state == UnixState::UNCONNECTED) {
            found.insert(path.to_string_lossy().into_owned());
        }
    }
    Ok(found)
}

/// Everything that a command listens on from its start to its end.
fn ever_listening(data: &Path, arguments: &[&str]) -> BTreeSet<String> {
    let mut command = photovote(data).args(arguments).stdout(Stdio::null()).spawn().unwrap();
    let (mut found, mut looks) = (BTreeSet::new(), 0);
    let ended = loop {
        // What has just ended cannot be looked at.
        if let Ok(now) = listening(command.id()) {
            found.extend(now);
            looks += 1;
        }
        if let Some(ended) = command.try_wait().unwrap() {
            break ended;
        }
    };
    assert!(ended.success() && looks > 0, "{arguments:?}: {ended}, looked at {looks} times");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_server_listens_on_a_port_and_a_socket() {
    let home = temporary().unwrap();
    let server = Server::start(home.path());
    let election = Election::open(Client::new(&server.url, Some(&server.token)), &[2]).await;
    election.voters(3).await;
    followed(home.path()).await;
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let mut found = listening(server.pid()).unwrap();
    assert!(found.remove(&address), "{found:?}");
    let socket = found.pop_first().unwrap();
    assert!(found.is_empty(), "{found:?}");
    let place = Path::new(&socket).parent().unwrap();
    assert_eq!(fs::metadata(place).unwrap().permissions().mode() & 0o077, 0, "{socket}");

    let mut server = Some(server);
    let file = home.path().join("export");
    let file = file.to_str().unwrap();
    for (running, rebuild) in [(true, "--rate=1000"), (false, "--retire")] {
        for arguments in [
            &["status"][..],
            &["export", file],
            &["personal-data", "--election", &election.id],
            &["rebuild", rebuild, "--settle", "0"],
        ] {
            assert_eq!(ever_listening(home.path(), arguments), BTreeSet::new(), "{arguments:?}, {running}");
        }
        fs::remove_file(file).unwrap();
        if let Some(server) = server.take() {
            server.stop();
        }
    }
}
