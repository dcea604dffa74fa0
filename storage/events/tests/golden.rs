//! One line for each version of each event, for ever: what was written once can be read, whatever has changed since. Below an
//! election's event stands the state that it leads to, in the current form of snapshots.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use photovote_domain::{
    Aggregate, Ballot, Election, Import, Mailing, Photograph, Voter,
    election::{Candidate, Competition, ElectionEvent, Picture},
    photograph::{Pixels, Rendition},
};
use photovote_events::{StoredEvent, newest_version, schema_version};
use serde_aux::serde_introspection::serde_introspect;

/// The events that lead to the state in which each golden event of an election changes something. They stay as they are: every
/// state in the file depends on them.
const BEFORE: &str = include_str!("golden/before.txt");

/// Where the events of a stream stand.
fn file<A: Aggregate>() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{}.txt", A::KIND))
}

/// An event of a file: `Type/version payload`.
fn event(line: &str) -> StoredEvent {
    let (name, payload) = line.split_once(' ').unwrap_or_else(|| panic!("no payload: {line}"));
    let (event_type, version) = name.split_once('/').unwrap_or_else(|| panic!("no version: {line}"));
    let (event_type, schema_version) = (event_type.to_owned(), version.parse().expect("a version is a number"));
    StoredEvent { event_type, schema_version, payload: payload.as_bytes().to_vec() }
}

fn line(StoredEvent { event_type, schema_version, payload }: &StoredEvent) -> String {
    format!("{event_type}/{schema_version} {}", String::from_utf8_lossy(payload))
}

fn every_event_can_be_read<A: Aggregate>() {
    let path = file::<A>();
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut read = BTreeSet::new();
    for stored in text.lines().filter(|line| !line.starts_with(' ')).map(event) {
        let decoded: A::Event = stored.decode().unwrap_or_else(|error| panic!("{}: {error}", line(&stored)));
        let current = StoredEvent::encode(&decoded).expect("an event can be stored");
        assert_eq!(current.schema_version, schema_version(&stored.event_type), "{}", line(&stored));
        if stored.schema_version == current.schema_version {
            assert_eq!(line(&stored), line(&current), "what was written is what would be written now");
        }
        assert!(read.insert((stored.event_type.clone(), stored.schema_version)), "twice: {}", line(&stored));
    }
    for event_type in serde_introspect::<A::Event>() {
        for version in 1..=newest_version(event_type) {
            let known = read.contains(&((*event_type).to_owned(), version));
            assert!(known, "write a line `{event_type}/{version} <payload>` into {}", path.display());
        }
    }
}

#[test]
fn every_event_that_was_ever_written_can_be_read() {
    every_event_can_be_read::<Ballot>();
    every_event_can_be_read::<Election>();
    every_event_can_be_read::<Import>();
    every_event_can_be_read::<Mailing>();
    every_event_can_be_read::<Photograph>();
    every_event_can_be_read::<Voter>();
}

/// The state, as a snapshot has it.
fn written(state: &Election) -> String {
    let written = serde_json::to_string(state).unwrap();
    assert_eq!(serde_json::from_str::<Election>(&written).unwrap(), *state);
    for Competition { id: _, name: _, description: _, candidates } in &state.competitions {
        for Candidate { id: _, name: _, description: _, image, disqualified: _ } in candidates {
            // A new field fails to compile here, also one that is left out when it is empty: it raises `Election::FORM`.
            let Some(image) = image else { continue };
            match image {
                Picture::Linked { caption: _, url: _ } => {}
                Picture::Uploaded { alt: _, caption: _, photograph: _, pixels } => {
                    let Pixels { height: _, placeholder: _, renditions, sha256: _, width: _ } = pixels;
                    for Rendition { bytes: _, height: _, media_type: _, sha256: _, width: _ } in renditions {}
                }
            }
        }
    }
    written
}

/// Folds each event of an election onto one state. With `UPDATE_GOLDEN=1`, writes the states of a new form, and those of new
/// events; it never changes one.
#[test]
fn a_changed_state_needs_a_new_form_number() {
    let before = BEFORE.lines().fold(Election::default(), |state, line| state.evolve(&event(line).decode().unwrap()));
    let path = file::<Election>();
    let text = fs::read_to_string(&path).unwrap();
    let form = format!("  form {}: ", Election::FORM);
    let (mut complete, mut missing, mut lines) = (Vec::new(), Vec::new(), text.lines().peekable());
    while let Some(stored) = lines.next() {
        let state = before.clone().evolve(&event(stored).decode::<ElectionEvent>().unwrap());
        assert_ne!(state, before, "give it a payload that changes `BEFORE`: {stored}");
        let known = lines.next_if(|line| line.starts_with(' ')).and_then(|line| line.strip_prefix(&form));
        let state = written(&state);
        missing.extend(known.is_none().then_some(stored));
        complete.extend([stored.to_owned(), format!("{form}{}", known.unwrap_or(&state))]);
        let raise = "raise `Election::FORM` in domain/src/election.rs, and run `make golden`";
        assert_eq!(known.unwrap_or(&state), state, "{stored}: the state is written or folded differently: {raise}");
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, complete.join("\n") + "\n").unwrap();
    } else {
        assert!(missing.is_empty(), "`make golden` adds to {} the states of {missing:#?}", path.display());
    }
}
