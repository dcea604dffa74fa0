//! One file for each version of each event, for ever: what was written once can be read, whatever has changed since.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use photovote_domain::{
    Ballot, Election, Voter, ballot::BallotEvent, election::ElectionEvent, import::ImportEvent, mailing::MailingEvent,
    photograph::PhotographEvent, voter::VoterEvent,
};
use photovote_events::{SCHEMA_CHANGES, StoredEvent, newest_version, schema_version};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// A sample of every event in its current version, by stream.
fn samples() -> [(&'static str, Vec<Value>); 6] {
    let (a, b) = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ");
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let pixels = json!({"height": 4000, "placeholder": "#7a6f5d", "renditions": [format!("480x320.jpg 20187 {digest}"), format!("480x320.webp 15042 {digest}")], "sha256": digest, "width": 6000});
    let picture = json!({"alt": "The full moon", "caption": "From the garden", "photograph": b, "pixels": pixels});
    let election = vec![
        json!({"ElectionCreated": {"description": "All of it", "name": "Summer", "owner": "ada", "scale": {"max": 5, "min": 1}, "shards": 16}}),
        json!({"ElectionNameChanged": {"name": "Autumn"}}),
        json!({"ElectionDescriptionChanged": {"description": null}}),
        json!({"ElectionScaleChanged": {"scale": {"max": 10, "min": 0}}}),
        json!({"ElectionOpened": {"closes_at": 1_800_000_000_000_u64}}),
        json!({"ElectionExtended": {"closes_at": 1_800_000_600_000_u64}}),
        json!({"ElectionClosing": {}}),
        json!({"ElectionClosed": {"casts": 150, "digest_follows": true, "registered": 200}}),
        json!({"ResultsCounted": {"digest": digest}}),
        json!({"ResultsReleased": {"digest": digest}}),
        json!({"ElectionDeleted": {}}),
        json!({"ElectionLinksChanged": {"links": "invite"}}),
        json!({"ElectionLanguageChanged": {"language": "de"}}),
        json!({"ElectionContactChanged": {"contact": "club@example.org"}}),
        json!({"ElectionInvitationChanged": {"subject": "Your vote", "text": "It is our tenth contest."}}),
        json!({"ElectionScheduled": {"schedule": {
            "closes_at": {"at": 1_800_000_000_000_u64, "local": "2027-01-15T09:00"},
            "opens_at": {"at": 1_799_900_000_000_u64, "local": "2027-01-14T05:13:20+01:00"},
            "reminders": [{"at": 1_799_989_200_000_u64, "before": "PT3H"}],
            "rules": "2026e",
            "time_zone": "Europe/Berlin",
        }}}),
        json!({"ElectionUnscheduled": {}}),
        json!({"AdministratorAdded": {"role": "editor", "subject": "auth0|123"}}),
        json!({"AdministratorRoleChanged": {"role": "owner", "subject": "auth0|123"}}),
        json!({"AdministratorRemoved": {"subject": "auth0|123"}}),
        json!({"CompetitionAdded": {"competition": a, "description": "Outside", "name": "Nature"}}),
        json!({"CompetitionRemoved": {"competition": a}}),
        json!({"CompetitionNameChanged": {"competition": a, "name": "Sky"}}),
        json!({"CompetitionDescriptionChanged": {"competition": a, "description": "Above"}}),
        json!({"CandidateAdded": {"candidate": b, "competition": a, "description": "Full", "image": picture, "name": "Moon"}}),
        json!({"CandidateRemoved": {"candidate": b, "competition": a}}),
        json!({"CandidateNameChanged": {"candidate": b, "competition": a, "name": "Sun"}}),
        json!({"CandidateDescriptionChanged": {"candidate": b, "competition": a, "description": null}}),
        json!({"CandidateImageChanged": {"candidate": b, "competition": a, "image": {"url": "https://example.org/sun.png"}}}),
        json!({"CandidateDisqualified": {"candidate": b, "competition": a, "reason": "late"}}),
    ];
    let voter = vec![
        json!({"VoterRegistered": {"ballot": b, "email": "grace@example.org", "name": "Grace"}}),
        json!({"VoterRemoved": {}}),
        json!({"VoterTokenReplaced": {}}),
        json!({"VoterNameChanged": {"name": "Grace Hopper"}}),
        json!({"VoterEmailChanged": {"email": "grace@example.net"}}),
    ];
    let ballot = vec![
        json!({"BallotCreated": {"token": digest}}),
        json!({"BallotCandidateRated": {"candidate": b, "rating": 4}}),
        json!({"BallotRatingCleared": {"candidate": b}}),
        json!({"BallotTokenReplaced": {"token": digest}}),
        json!({"BallotCast": {"nonce": digest, "ratings": {b: 4}}}),
        json!({"BallotVoided": {}}),
        json!({"BallotSaved": {"draft": "5.0a", "saves": 3, "token": digest}}),
        json!({"BallotSealed": {"receipt": format!("7-{digest}"), "token": digest}}),
        json!({"BallotLinkAwaited": {"link": 2}}),
        json!({"BallotLinkIssued": {"link": 2, "token": digest}}),
    ];
    let photograph = vec![
        json!({"PhotographRequested": {"bytes": 8_123_456, "name": "DSC_0042.jpg"}}),
        json!({"PhotographUploaded": {}}),
        json!({"PhotographReady": {"likeness": "f0e1d2c3b4a59687", "pixels": pixels}}),
        json!({"PhotographRefused": {"problem": {"code": "damaged", "detail": "The file is damaged."}}}),
        json!({"PhotographRemoved": {}}),
    ];
    let mailing = vec![json!({"MailingRequested": {
        "kind": "reminder", "subject": "One week left", "text": "Please vote.", "to": {"voters": [b]},
    }})];
    let columns = json!({"email": 2, "first_name": 0, "last_name": 1, "name": null, "sheet": 3});
    let import = vec![
        json!({"ImportRequested": {"bytes": 4_096, "name": "members.csv"}}),
        json!({"ImportUploaded": {}}),
        json!({"ImportColumnsChosen": {"columns": columns}}),
        json!({"ImportRead": {"already": 3, "columns": columns, "new": 120, "rejected": 2, "rows": 125, "width": 5}}),
        json!({"ImportRefused": {"problem": {"code": "empty", "detail": "The file is empty."}}}),
        json!({"ImportConfirmed": {}}),
        json!({"ImportFinished": {"already": 3, "imported": 120, "problem": null}}),
        json!({"ImportUndoing": {}}),
        json!({"ImportUndone": {"removed": 119}}),
    ];
    [
        ("election", election),
        ("voter", voter),
        ("ballot", ballot),
        ("photograph", photograph),
        ("mailing", mailing),
        ("import", import),
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The event as it is stored today.
fn encoded(stream: &str, sample: &Value) -> StoredEvent {
    fn encode<E: Serialize + DeserializeOwned>(sample: &Value) -> StoredEvent {
        let event: E = serde_json::from_value(sample.clone()).expect("a sample is an event");
        StoredEvent::encode(&event).expect("an event can be stored")
    }
    match stream {
        "election" => encode::<ElectionEvent>(sample),
        "voter" => encode::<VoterEvent>(sample),
        "photograph" => encode::<PhotographEvent>(sample),
        "mailing" => encode::<MailingEvent>(sample),
        "import" => encode::<ImportEvent>(sample),
        _ => encode::<BallotEvent>(sample),
    }
}

/// The stored event, read and written again.
fn read_again(stream: &str, stored: &StoredEvent) -> StoredEvent {
    fn again<E: Serialize + DeserializeOwned>(stored: &StoredEvent) -> StoredEvent {
        StoredEvent::encode(&stored.decode::<E>().expect("the file can be read")).expect("an event can be stored")
    }
    match stream {
        "election" => again::<<Election as photovote_domain::Aggregate>::Event>(stored),
        "voter" => again::<<Voter as photovote_domain::Aggregate>::Event>(stored),
        "photograph" => again::<PhotographEvent>(stored),
        "mailing" => again::<MailingEvent>(stored),
        "import" => again::<ImportEvent>(stored),
        _ => again::<<Ballot as photovote_domain::Aggregate>::Event>(stored),
    }
}

/// With `UPDATE_GOLDEN=1`, writes the files that are missing; it never changes one.
#[test]
fn every_event_has_its_file() {
    for (stream, samples) in samples() {
        for sample in &samples {
            let event = encoded(stream, sample);
            let path = folder().join(format!("{stream}.{}.{}.json", event.event_type, event.schema_version));
            if !path.exists() && std::env::var_os("UPDATE_GOLDEN").is_some() {
                fs::write(&path, &event.payload).expect("the file can be written");
            }
            let golden = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(String::from_utf8_lossy(&golden), String::from_utf8_lossy(&event.payload), "{}", path.display());
        }
    }
}

#[test]
fn every_file_can_be_read() {
    let mut read = BTreeSet::new();
    for entry in fs::read_dir(folder()).expect("the folder is there") {
        let name = entry.expect("the folder can be read").file_name().into_string().expect("names are ASCII");
        let [stream, event_type, version, "json"] = name.split('.').collect::<Vec<_>>()[..] else { panic!("{name}") };
        let payload = fs::read(folder().join(&name)).expect("the file can be read");
        let stored =
            StoredEvent { event_type: event_type.into(), schema_version: version.parse().expect("a version"), payload };
        let current = read_again(stream, &stored);
        assert_eq!(current.schema_version, schema_version(event_type), "{name}");
        if stored.schema_version == current.schema_version {
            assert_eq!(stored, current, "{name}: what was written is what would be written now");
        }
        read.insert(event_type.to_owned());
    }
    // No version of any event is without its file.
    for change in SCHEMA_CHANGES {
        for version in 1..=newest_version(change.event_type) {
            let name = format!("election.{}.{version}.json", change.event_type);
            let kinds = ["election", "voter", "ballot", "photograph", "mailing", "import"]
                .map(|kind| name.replacen("election", kind, 1));
            assert!(kinds.iter().any(|name| folder().join(name).exists()), "{name}");
        }
    }
    let known: usize = samples().iter().map(|(_, samples)| samples.len()).sum();
    assert_eq!(read.len(), known);
}

/// Adding a variant without a sample fails to compile here.
#[test]
fn every_event_is_sampled() {
    let election = |event: &ElectionEvent| match event {
        ElectionEvent::ElectionCreated { .. } => 0,
        ElectionEvent::ElectionNameChanged { .. } => 1,
        ElectionEvent::ElectionDescriptionChanged { .. } => 2,
        ElectionEvent::ElectionScaleChanged { .. } => 3,
        ElectionEvent::ElectionOpened { .. } => 4,
        ElectionEvent::ElectionExtended { .. } => 5,
        ElectionEvent::ElectionClosing {} => 6,
        ElectionEvent::ElectionClosed { .. } => 7,
        ElectionEvent::ResultsCounted { .. } => 8,
        ElectionEvent::ResultsReleased { .. } => 9,
        ElectionEvent::ElectionDeleted {} => 10,
        ElectionEvent::ElectionLinksChanged { .. } => 11,
        ElectionEvent::ElectionLanguageChanged { .. } => 12,
        ElectionEvent::ElectionContactChanged { .. } => 13,
        ElectionEvent::ElectionInvitationChanged { .. } => 14,
        ElectionEvent::ElectionScheduled { .. } => 15,
        ElectionEvent::ElectionUnscheduled {} => 16,
        ElectionEvent::AdministratorAdded { .. } => 17,
        ElectionEvent::AdministratorRoleChanged { .. } => 18,
        ElectionEvent::AdministratorRemoved { .. } => 19,
        ElectionEvent::CompetitionAdded { .. } => 20,
        ElectionEvent::CompetitionRemoved { .. } => 21,
        ElectionEvent::CompetitionNameChanged { .. } => 22,
        ElectionEvent::CompetitionDescriptionChanged { .. } => 23,
        ElectionEvent::CandidateAdded { .. } => 24,
        ElectionEvent::CandidateRemoved { .. } => 25,
        ElectionEvent::CandidateNameChanged { .. } => 26,
        ElectionEvent::CandidateDescriptionChanged { .. } => 27,
        ElectionEvent::CandidateImageChanged { .. } => 28,
        ElectionEvent::CandidateDisqualified { .. } => 29,
    };
    let voter = |event: &VoterEvent| match event {
        VoterEvent::VoterRegistered { .. } => 0,
        VoterEvent::VoterRemoved {} => 1,
        VoterEvent::VoterTokenReplaced {} => 2,
        VoterEvent::VoterNameChanged { .. } => 3,
        VoterEvent::VoterEmailChanged { .. } => 4,
    };
    let ballot = |event: &BallotEvent| match event {
        BallotEvent::BallotCreated { .. } => 0,
        BallotEvent::BallotCandidateRated { .. } => 1,
        BallotEvent::BallotRatingCleared { .. } => 2,
        BallotEvent::BallotTokenReplaced { .. } => 3,
        BallotEvent::BallotCast { .. } => 4,
        BallotEvent::BallotVoided {} => 5,
        BallotEvent::BallotSaved { .. } => 6,
        BallotEvent::BallotSealed { .. } => 7,
        BallotEvent::BallotLinkAwaited { .. } => 8,
        BallotEvent::BallotLinkIssued { .. } => 9,
    };
    let photograph = |event: &PhotographEvent| match event {
        PhotographEvent::PhotographRequested { .. } => 0,
        PhotographEvent::PhotographUploaded {} => 1,
        PhotographEvent::PhotographReady { .. } => 2,
        PhotographEvent::PhotographRefused { .. } => 3,
        PhotographEvent::PhotographRemoved {} => 4,
    };
    let mailing = |event: &MailingEvent| match event {
        MailingEvent::MailingRequested(_) => 0,
    };
    let import = |event: &ImportEvent| match event {
        ImportEvent::ImportRequested { .. } => 0,
        ImportEvent::ImportUploaded {} => 1,
        ImportEvent::ImportColumnsChosen { .. } => 2,
        ImportEvent::ImportRead { .. } => 3,
        ImportEvent::ImportRefused { .. } => 4,
        ImportEvent::ImportConfirmed {} => 5,
        ImportEvent::ImportFinished { .. } => 6,
        ImportEvent::ImportUndoing {} => 7,
        ImportEvent::ImportUndone { .. } => 8,
    };
    let parsed = |value: &Value| value.clone();
    let [(_, elections), (_, voters), (_, ballots), (_, photographs), (_, mailings), (_, imports)] = samples();
    let places = |samples: &[Value], place: &dyn Fn(Value) -> usize| samples.iter().map(|s| place(parsed(s))).collect();
    let found: Vec<usize> = places(&elections, &|s| election(&serde_json::from_value(s).unwrap()));
    assert_eq!(found, (0..30).collect::<Vec<_>>());
    let found: Vec<usize> = places(&voters, &|s| voter(&serde_json::from_value(s).unwrap()));
    assert_eq!(found, [0, 1, 2, 3, 4]);
    let found: Vec<usize> = places(&ballots, &|s| ballot(&serde_json::from_value(s).unwrap()));
    assert_eq!(found, (0..10).collect::<Vec<_>>());
    let found: Vec<usize> = places(&photographs, &|s| photograph(&serde_json::from_value(s).unwrap()));
    assert_eq!(found, [0, 1, 2, 3, 4]);
    let found: Vec<usize> = places(&mailings, &|s| mailing(&serde_json::from_value(s).unwrap()));
    assert_eq!(found, [0]);
    let found: Vec<usize> = places(&imports, &|s| import(&serde_json::from_value(s).unwrap()));
    assert_eq!(found, (0..9).collect::<Vec<_>>());
}
