//! The demonstration as a user starts it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is a test, the functions around it too")]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

/// The demonstration, with this directory for what is temporary.
fn demo(temporary: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_photovote"));
    // Nothing may be left where it is started either.
    command.arg("demo").current_dir(temporary).env("TMPDIR", temporary).env_remove("RUST_LOG");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

/// What it printed on stdout and stderr.
fn printed(output: Output) -> (String, String) {
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// The cells of the row of this photograph.
fn row<'a>(report: &'a str, photograph: &str) -> Vec<&'a str> {
    let cells = report.lines().map(|line| line.split(['│', '┆']).map(str::trim).collect::<Vec<_>>());
    let mut rows = cells.filter(|cells| cells.get(3) == Some(&photograph));
    let row = rows.next().unwrap();
    assert_eq!(rows.next(), None, "one row for {photograph}");
    row
}

/// The number that follows this text.
fn number(report: &str, text: &str) -> u64 {
    let (_, rest) = report.split_once(text).unwrap();
    rest.trim_start().chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

#[test]
fn the_demo_balances_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let output = demo(temporary.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(is_empty(temporary.path()));
    let (report, complaint) = printed(output);
    assert_eq!(complaint, "", "no progress bar where there is no terminal");

    let acknowledged = number(&report, "casts acknowledged");
    assert!((150..=200).contains(&acknowledged), "{report}");
    let balance = format!(
        "casts acknowledged {acknowledged} = casts at the gates {acknowledged} = ballots counted {acknowledged}."
    );
    assert!(report.contains(&balance), "{report}");
    let late = 200 - acknowledged;
    assert!(
        report.contains(&format!("{acknowledged} of 200 voters cast their ballots; {late} came too late")),
        "{report}"
    );
    assert!(report.contains(&format!("{acknowledged} of {acknowledged} are known to the public")), "{report}");
    assert!(report.contains("A plain count of what the voters sent gives the same results"), "{report}");

    let (brick, gravel) = (row(&report, "Brick"), row(&report, "Gravel"));
    assert_eq!(brick[2], "=", "a tie");
    assert_eq!((&brick[1..3], &brick[4..]), (&gravel[1..3], &gravel[4..]), "alike in all but the name");
    assert_eq!(row(&report, "Hubble deep field")[2], "", "no tie");
    let camera = row(&report, "Camera");
    assert_eq!((camera[1], camera[4]), ("–", ""), "no rank, no ratings");
    assert_eq!(camera[8], "disqualified: It was entered after the deadline");
}

#[test]
fn an_interrupted_demonstration_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut running = demo(temporary.path()).spawn().unwrap();
    // Once its directory is there, so is what hears the signal.
    while is_empty(temporary.path()) {
        assert_eq!(running.try_wait().unwrap(), None, "it ended");
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap().success());
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(is_empty(temporary.path()));
    assert_eq!(printed(output), (String::new(), "photovote: the demonstration was interrupted\n".to_owned()));
}
