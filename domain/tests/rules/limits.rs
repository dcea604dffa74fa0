//! How much there can be of everything in an election.

use photovote_domain::{
    Aggregate, Election, Image,
    election::{ElectionCommand, ElectionEvent, ElectionRejection, Limit},
    fold,
};

use crate::{
    given::given,
    photos::{TODAY, candidate, candidate_added, competition, competition_added, created, opened_until, text},
};

fn add_candidate(to: u128, number: u128, description: Option<&str>) -> ElectionCommand {
    ElectionCommand::AddCandidate {
        competition: competition(to),
        candidate: candidate(number),
        name: text("Moon"),
        description: description.map(text),
        image: None,
    }
}

/// An election of so many competitions with so many candidates each.
fn election_of(competitions: u128, candidates: u128) -> Vec<ElectionEvent> {
    let with_candidates = |number| {
        let added = move |candidate| candidate_added(number, number * 1_000 + candidate);
        std::iter::once(competition_added(number)).chain((0..candidates).map(added))
    };
    std::iter::once(created()).chain((1..=competitions).flat_map(with_candidates)).collect()
}

/// One competition as full of candidates with long descriptions as it can get, and how many they are.
fn full_competition() -> (Election, u128) {
    let description = "x".repeat(4_000);
    let mut election = fold::<Election>(&[created(), competition_added(1)]);
    for number in 0.. {
        match election.decide(add_candidate(1, number, Some(&description)), &TODAY) {
            Ok(events) => election = events.iter().fold(election, Election::evolve),
            Err(rejection) => {
                assert_eq!(rejection, ElectionRejection::TooMany(Limit::CompetitionBytes));
                return (election, number);
            }
        }
    }
    unreachable!("numbers do not end")
}

/// What the competition's texts and names take as JSON, which is about what they take in the database.
fn json_size(election: &Election) -> usize {
    serde_json::to_vec(&election.competitions[0]).unwrap().len()
}

#[test]
fn an_election_has_at_most_50_competitions() {
    let add = |number| ElectionCommand::AddCompetition {
        competition: competition(number),
        name: text("Nature"),
        description: None,
    };
    given::<Election>(election_of(49, 0)).when(add(50), &TODAY).then([competition_added(50)]);
    let too_many = ElectionRejection::TooMany(Limit::Competitions);
    given::<Election>(election_of(50, 0)).when(add(51), &TODAY).then_refused(too_many);
}

#[test]
fn a_competition_has_at_most_500_candidates() {
    let added = candidate_added(1, 7);
    given::<Election>(election_of(1, 499)).when(add_candidate(1, 7, None), &TODAY).then([added]);
    let too_many = ElectionRejection::TooMany(Limit::CandidatesInCompetition);
    given::<Election>(election_of(1, 500)).when(add_candidate(1, 7, None), &TODAY).then_refused(too_many);
}

#[test]
fn an_election_has_at_most_2000_candidates() {
    let mut events = election_of(5, 399);
    events.extend((0..4).map(|number| candidate_added(1, number)));
    given::<Election>(events.clone()).when(add_candidate(2, 7, None), &TODAY).then([candidate_added(2, 7)]);
    events.push(candidate_added(2, 7));
    let too_many = ElectionRejection::TooMany(Limit::Candidates);
    given::<Election>(events).when(add_candidate(3, 8, None), &TODAY).then_refused(too_many);
}

#[test]
fn a_competition_is_limited_to_350_kilobytes() {
    let (election, candidates) = full_competition();
    assert!((82..87).contains(&candidates), "{candidates} descriptions of 4,000 bytes");
    assert!(json_size(&election) <= 350_000, "{}", json_size(&election));
    let too_large = ElectionRejection::TooMany(Limit::CompetitionBytes);
    let long = "x".repeat(4_000);
    let describe = ElectionCommand::ChangeCompetition {
        competition: competition(1),
        name: None,
        description: Some(Some(text(&long))),
    };
    assert_eq!(election.decide(describe, &TODAY), Err(too_large));
    let url = format!("https://example.org/{}", "x".repeat(2_000));
    let pictured = |election: Election, number| {
        let change = ElectionCommand::ChangeCandidate {
            competition: competition(1),
            candidate: candidate(number),
            name: None,
            description: None,
            image: Some(Some(Image::Linked { url: text(&url), caption: None })),
        };
        let events = election.decide(change, &TODAY)?;
        Ok::<_, ElectionRejection>(events.iter().fold(election, Election::evolve))
    };
    // There may be room for a picture or two where there is none for another candidate.
    assert_eq!((0..3).try_fold(election.clone(), pictured).unwrap_err(), too_large);
    let shorter = ElectionCommand::ChangeCandidate {
        competition: competition(1),
        candidate: candidate(0),
        name: None,
        description: Some(None),
        image: None,
    };
    let events = election.decide(shorter, &TODAY).unwrap();
    let election = events.iter().fold(election, Election::evolve);
    assert!(election.decide(add_candidate(1, candidates, Some(&long)), &TODAY).is_ok(), "room was made");
}

#[test]
fn a_full_competition_grows_to_390_kb_by_moderation() {
    let (draft, candidates) = full_competition();
    let mut election = draft.evolve(&opened_until(None));
    let mut refused = None;
    for number in 0..candidates {
        let disqualify = ElectionCommand::DisqualifyCandidate {
            competition: competition(1),
            candidate: candidate(number),
            reason: text(&"🖌".repeat(500)),
        };
        match election.decide(disqualify, &TODAY) {
            Ok(events) => election = events.iter().fold(election, Election::evolve),
            Err(rejection) => {
                refused = Some((number, rejection));
                break;
            }
        }
    }
    let (disqualified, rejection) = refused.unwrap();
    assert_eq!(rejection, ElectionRejection::TooMany(Limit::ModeratedBytes));
    assert!((17..22).contains(&disqualified), "{disqualified} reasons of 2,000 bytes");
    assert!(json_size(&election) <= 390_000, "{}", json_size(&election));
}
