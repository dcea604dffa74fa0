//! What is stored, and what is made of it.

use photovote_documents::{pack, unpack};
use photovote_domain::{
    Aggregate, Ballot, CandidateId, CompetitionId, Election, ElectionId, Scale, ShardCount, Tally, Voter,
    election::ElectionEvent as E,
};
use photovote_edge::ResultsView;
use photovote_events::Commit;
use serde_dynamo::Item;

/// An item of the events table in DynamoDB's JSON: a commit that is written as it was read, or refused.
pub fn commit(data: &[u8]) {
    let Ok(item) = serde_json::from_slice::<Item>(data) else { return };
    let stored: photovote_dynamodb::Item = item.into();
    let Ok(commit) = Commit::from_item(stored.clone()) else { return };
    assert!(!commit.events.is_empty() && commit.last() >= commit.first);
    let written = commit.to_item();
    // More attributes would be none of ours.
    for name in ["pk", "sk", "salt", "prev", "hash"] {
        assert_eq!(written[name], stored[name], "{name}");
    }
    assert_eq!(Commit::from_item(written).as_ref(), Ok(&commit));
    // A part that cannot be read is an error, and nothing worse.
    let _unread = commit.private_part();
    decoded::<Election>(&commit);
    decoded::<Voter>(&commit);
    decoded::<Ballot>(&commit);
}

/// Whatever was decoded is evolved: history is not judged again.
fn decoded<A: Aggregate + Default>(commit: &Commit) {
    if let Ok(events) = commit.decode::<A>() {
        assert_eq!(events.len(), commit.events.len());
        events.iter().fold(A::default(), A::evolve);
    }
}

/// A packed tally: it is packed again byte for byte, or refused.
pub fn tally(data: &[u8]) {
    if let Ok(tally) = unpack(data) {
        assert_eq!(pack(&tally), data);
    }
}

/// The results of an election whose candidates have these lines for names, as a table: every cell is what it was, none of them
/// a formula.
pub fn results_csv(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let names: Vec<&str> = text.split('\n').collect();
    let competition = CompetitionId::from_bits(1);
    let added = (1_u128..).zip(&names).map(|(bits, name)| E::CandidateAdded {
        candidate: CandidateId::from_bits(bits),
        competition,
        description: None,
        image: None,
        name: (*name).to_owned(),
    });
    let first = [
        E::ElectionCreated {
            description: None,
            name: "Summer".into(),
            owner: "ada".into(),
            scale: Scale::default(),
            shards: ShardCount::default(),
        },
        E::CompetitionAdded { competition, description: None, name: names[0].to_owned() },
    ];
    let last = [
        E::ElectionOpened { closes_at: None },
        E::CandidateDisqualified {
            candidate: CandidateId::from_bits(1),
            competition,
            reason: names[names.len() - 1].to_owned(),
        },
        E::ElectionClosing {},
        E::ElectionClosed { casts: 0, digest_follows: false, registered: None },
    ];
    let events: Vec<_> = first.into_iter().chain(added).chain(last).collect();
    let election = events.iter().fold(Election::default(), Election::evolve);
    let ResultsView::Final(results) =
        ResultsView::of(ElectionId::from_bits(7), &election, Some(&Tally::default()), 0).expect("it is closed")
    else {
        panic!("every ballot is counted, as there is none")
    };
    let table =
        photovote_election_queries::Sheet::of(&results, election.scale).into_csv().expect("memory can be written");
    let table = table.strip_prefix("\u{FEFF}".as_bytes()).expect("it begins with a byte order mark");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table);
    let rows: Vec<_> = reader.records().map(|row| row.expect("the table is CSV")).collect();
    assert_eq!(rows.len(), 1 + names.len());
    for row in &rows {
        assert_eq!(row.len(), rows[0].len());
        for cell in row {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
            assert!(!cell.split(';').any(|part| part.trim_start().starts_with(['=', '+', '-', '@'])), "{cell:?}");
        }
    }
    // The first candidate is disqualified, and listed last.
    let listed = rows[1..].iter().map(|row| &row[3]);
    for (cell, name) in listed.zip(names[1..].iter().chain(&names[..1])) {
        assert_eq!(cell.replace('\'', ""), name.replace('\'', ""));
    }
}
