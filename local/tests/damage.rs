//! Data that are damaged, foreign or not there: every command says so, and changes nothing.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::program::{Server, photovote};
use photovote::data_dir::temporary;
use photovote_tests::{Client, Election, followed};

const ELECTION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Every command that opens the data, `FILE` being a backup that is whole.
const COMMANDS: [&[&str]; 8] = [
    &["serve", "--port", "0"],
    &["status"],
    &["status", "--json"],
    &["export", "NEW"],
    &["import", "FILE"],
    &["personal-data", "--election", ELECTION],
    &["rebuild", "--settle", "0"],
    &["rebuild", "--control"],
];

/// A data directory with an election in it, and a backup of it.
async fn data(home: &Path) -> PathBuf {
    let server = Server::start(home);
    Election::open(Client::new(&server.url, Some(&server.token)), &[2]).await.voters(3).await;
    followed(home).await;
    server.stop();
    let backup = home.with_extension("backup");
    let exported = photovote(home).arg("export").arg(&backup).output().unwrap();
    assert!(exported.status.success(), "{exported:?}");
    backup
}

/// The files in a directory and what they hold.
fn holds(path: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.clone(), path.is_file().then(|| fs::read(&path).unwrap()))).collect()
}

/// Lets every command have a data directory that it must refuse in one line, with these words.
fn refused(home: &Path, backup: &Path, says: &str, commands: &[&[&str]]) {
    let (before, new) = (holds(home), backup.with_extension("new"));
    for command in commands {
        let arguments = command.iter().map(|argument| match *argument {
            "FILE" => backup.to_str().unwrap(),
            "NEW" => new.to_str().unwrap(),
            other => other,
        });
        let output = photovote(home).args(arguments).output().unwrap();
        let complaint = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(output.status.code(), Some(1), "{command:?}: {output:?}");
        assert!(output.stdout.is_empty() && complaint.lines().count() == 1, "{command:?}: {output:?}");
        assert!(complaint.contains(says), "{command:?}: {complaint}");
        assert_eq!(holds(home).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "{command:?}");
        assert!(holds(home) == before && !new.exists(), "{command:?} has changed something");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_refuse_a_damaged_or_foreign_database() {
    let parent = temporary().unwrap();
    let home = parent.path().join("data");
    let backup = data(&home).await;
    let file = home.join("photovote.db");
    let whole = fs::read(&file).unwrap();
    let mut overwritten = whole.clone();
    overwritten[4_096..20_000].fill(7);
    for (bytes, says) in [
        (&[][..], "is damaged (it is empty)"),
        (&whole[..whole.len() / 2], "is damaged"),
        (&overwritten, "is damaged"),
        (b"not a database, and long enough to be looked at as one", "is damaged"),
    ] {
        fs::write(&file, bytes).unwrap();
        refused(&home, &backup, says, &COMMANDS);
    }
    fs::remove_file(&file).unwrap();
    let foreign = rusqlite::Connection::open(&file).unwrap();
    foreign.execute_batch("CREATE TABLE music (title TEXT)").unwrap();
    drop(foreign);
    refused(&home, &backup, "holds something else than PhotoVote's data", &COMMANDS);
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    refused(&home, &backup, "photovote.db cannot be used", &COMMANDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_read_queues_refuse_damaged_ones() {
    let parent = temporary().unwrap();
    let home = parent.path().join("data");
    let backup = data(&home).await;
    for bytes in [&[][..], b"not a database, and long enough to be looked at as one"] {
        fs::write(home.join("local.db"), bytes).unwrap();
        refused(&home, &backup, "local.db is damaged", &COMMANDS[..3]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_sign_refuse_a_damaged_key() {
    let parent = temporary().unwrap();
    let home = parent.path().join("data");
    let backup = data(&home).await;
    for bytes in [&[][..], b"not a key"] {
        fs::write(home.join("issuer.key"), bytes).unwrap();
        refused(&home, &backup, "issuer.key", &[&["serve", "--port", "0"], &["token"]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_without_data_is_left_as_it_is() {
    let parent = temporary().unwrap();
    let backup = data(&parent.path().join("data")).await;
    let (empty, missing) = (parent.path().join("empty"), parent.path().join("missing"));
    fs::create_dir(&empty).unwrap();
    let looks = COMMANDS.into_iter().filter(|command| !["serve", "import"].contains(&command[0]));
    let looks: Vec<_> = looks.chain([&["token"][..], &["sign-in"]]).collect();
    refused(&empty, &backup, "there is no data in", &looks);
    for command in looks {
        let output = photovote(&missing).args(command).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command:?}: {output:?}");
        assert!(!missing.exists(), "{command:?}");
    }
}
