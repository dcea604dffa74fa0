//! Copies of the ballots that commands make: none stays behind, however a command ends.

use std::{
    fs,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use crate::program::{Server, photovote};
use photovote::data_dir::temporary;
use photovote_tests::{Client, Election, followed};
use rustix::process::{Pid, Signal, kill_process};

/// The names in a directory that are none of a data directory's own.
fn left(path: &Path) -> Vec<String> {
    const OWN: [&str; 11] = [
        "address",
        "copies.lock",
        "endpoint",
        "issuer.key",
        "local.db",
        "lock",
        "objects",
        "photovote.db",
        "uploads.key",
        "links.key",
        "outbox",
    ];
    let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_own =
        |name: &str| OWN.iter().any(|own| name == *own || name == format!("{own}-wal") || name == format!("{own}-shm"));
    names.filter(|name| !is_own(name)).collect()
}

async fn data(home: &Path) {
    let server = Server::start(home);
    Election::open(Client::new(&server.url, Some(&server.token)), &[2]).await.voters(30).await;
    followed(home).await;
    server.stop();
}

/// Longer than any export takes.
const LONGEST: Duration = Duration::from_secs(2);

/// Ends `export` by a signal after longer and longer times, until three signals were faster and then one was not. A signal can come too
/// late on a busy machine, or too early where the program began with signals that are ignored. So all times are tried again.
fn interrupted(home: &Path, copies: &Path, target: &Path, signal: Signal, mut after_each: impl FnMut(Option<i32>)) {
    let (mut pause, mut faster) = (Duration::from_millis(1), 0);
    for _ in 0..200 {
        let mut export = photovote(home);
        export.arg("export").arg(target).arg("--copy-dir").arg(copies);
        let export = export.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(pause);
        pause = pause.mul_f64(1.3);
        // It may have ended by itself. A program that sends the signal would come too late on a busy machine.
        kill_process(Pid::from_child(&export), signal).ok();
        let Output { status: ended, stderr, .. } = export.wait_with_output().unwrap();
        assert_ne!(ended.code(), Some(1), "{}", String::from_utf8_lossy(&stderr));
        after_each(ended.code());
        if !target.exists() {
            faster += 1;
        } else if faster > 2 {
            return;
        } else {
            fs::remove_file(target).unwrap();
        }
        if pause > LONGEST {
            pause = Duration::from_millis(1);
        }
    }
    unreachable!("{signal:?} was faster {faster} times of 200");
}

/// Whether these tests were started to ignore the signal, as `nohup` does. The program then ignores it, too.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    let ignored = ignored.map(|mask| u64::from_str_radix(mask, 16).unwrap());
    ignored.is_some_and(|mask| mask & 1 << (signal.as_raw() - 1) != 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_a_signal_ends_leaves_nothing() {
    let (home, copies, place) = (temporary().unwrap(), temporary().unwrap(), temporary().unwrap());
    data(home.path()).await;
    let signals = [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)];
    for (signal, code) in signals.into_iter().filter(|(signal, _)| !is_ignored(*signal)) {
        let target = place.path().join(format!("-{code}"));
        interrupted(home.path(), copies.path(), &target, signal, |ended| {
            // Before it listens for signals, there is nothing to clean up.
            assert!([Some(0), Some(code), None].contains(&ended), "{signal:?}: {ended:?}");
            assert_eq!((left(home.path()), left(copies.path())), (vec![], vec![]), "{signal:?}");
            assert!(
                left(place.path()).iter().all(|name| name.starts_with('-')),
                "{signal:?}: {:?}",
                left(place.path())
            );
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_command_removes_what_a_killed_export_left() {
    let (home, copies, place) = (temporary().unwrap(), temporary().unwrap(), temporary().unwrap());
    data(home.path()).await;
    let mut ever_left = 0;
    interrupted(home.path(), copies.path(), &place.path().join("backup"), Signal::KILL, |_| {
        ever_left += left(copies.path()).len() + left(place.path()).iter().filter(|name| *name != "backup").count();
        assert!(photovote(home.path()).arg("token").output().unwrap().status.success());
        assert_eq!((left(home.path()), left(copies.path())), (vec![], vec![]));
        assert!(left(place.path()).iter().all(|name| name == "backup"), "{:?}", left(place.path()));
    });
    assert!(ever_left > 0, "no export was killed at work");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_private_and_in_the_given_directory() {
    use std::os::unix::fs::PermissionsExt;

    let (home, copies) = (temporary().unwrap(), temporary().unwrap());
    data(home.path()).await;
    let mut export = photovote(home.path());
    export.args(["status", "--copy-dir", copies.path().to_str().unwrap()]).stdout(Stdio::null());
    let mut export = export.spawn().unwrap();
    let mut seen = 0;
    while export.try_wait().unwrap().is_none() {
        for entry in fs::read_dir(copies.path()).unwrap() {
            if let Ok(found) = entry.unwrap().metadata() {
                assert_eq!(found.permissions().mode() & 0o777, 0o700);
                seen += 1;
            }
        }
    }
    assert!(seen > 0 && left(copies.path()).is_empty());
}
