//! The life of an election, from its creation to its end.

use photovote_domain::{
    Aggregate, Digest, Election, Scale,
    election::{ElectionCommand, ElectionEvent, ElectionRejection, ResultsDigest, Role, Status},
    fold,
};

use crate::{
    given::given,
    photos::{
        NOW, STATUSES, TODAY, candidate, competition, counted, create, created, draft, election, history, opened_until,
        results_digest,
    },
};

#[test]
fn an_election_is_created_as_a_draft_as_requested() {
    given::<Election>([]).when(create(), &TODAY).then([created()]);
    let election = fold::<Election>(&[created()]);
    assert_eq!(election.status, Status::Draft);
    assert_eq!(election.name, "Photo of the year");
    assert_eq!(election.administrators.iter().collect::<Vec<_>>(), [("ada", Role::Owner)]);
    assert_eq!((election.scale, election.closes_at, election.casts), (Scale::default(), None, None));
}

#[test]
fn each_step_of_a_life_leads_to_the_next() {
    use ElectionCommand as C;
    let steps = [
        (C::Open { closes_at: None }, Status::Open),
        (C::Close, Status::Closing),
        (C::FinishClosing { casts: 3, registered: 4 }, Status::Closed),
        (C::RecordResults { digest: results_digest() }, Status::Closed),
        (C::Release, Status::Released),
        (C::Delete, Status::Deleted),
    ];
    let mut election = election(Status::Draft);
    for (command, status) in steps {
        let events = election.decide(command, &TODAY).unwrap();
        election = events.iter().fold(election, Election::evolve);
        assert_eq!(election.status, status);
    }
    assert_eq!(election.casts, Some(3), "a deleted election remembers how many voted");
}

#[test]
fn the_number_of_casts_is_known_once_it_is_closed() {
    let closed = ElectionEvent::ElectionClosed { casts: 12, digest_follows: true, registered: Some(14) };
    given::<Election>(history(Status::Closing))
        .when(ElectionCommand::FinishClosing { casts: 12, registered: 14 }, &TODAY)
        .then([closed]);
    let casts = STATUSES.map(|status| election(status).casts);
    assert_eq!(casts, [None, None, None, None, Some(3), Some(3), Some(3)]);
}

#[test]
fn votes_are_accepted_only_while_the_election_is_open() {
    let accepting = STATUSES.map(|status| election(status).accepts_votes(NOW));
    assert_eq!(accepting, [false, false, true, false, false, false, false]);
}

#[test]
fn every_stage_but_the_first_exists() {
    assert_eq!(STATUSES.map(|status| election(status).exists()), [false, true, true, true, true, true, true]);
}

#[test]
fn a_draft_without_a_competition_cannot_open() {
    use photovote_domain::election::ElectionRejection as R;
    let open = || ElectionCommand::Open { closes_at: None };
    given::<Election>([created()]).when(open(), &TODAY).then_refused(R::NoCompetition);
    let mut events = draft();
    events.push(ElectionEvent::CompetitionRemoved { competition: competition(1) });
    given::<Election>(events).when(open(), &TODAY).then_refused(R::NoCompetition);
}

#[test]
fn each_competition_needs_two_candidates_to_open() {
    use crate::photos::{candidate_added, competition_added};
    use photovote_domain::election::ElectionRejection as R;
    let open = || ElectionCommand::Open { closes_at: None };
    let mut events = draft();
    events.push(competition_added(2));
    given::<Election>(events.clone()).when(open(), &TODAY).then_refused(R::TooFewCandidates);
    events.push(candidate_added(2, 3));
    given::<Election>(events.clone()).when(open(), &TODAY).then_refused(R::TooFewCandidates);
    events.push(candidate_added(2, 4));
    given::<Election>(events).when(open(), &TODAY).then([opened_until(None)]);
}

/// What has happened to the election when its gates are closed and its ballots are not counted.
fn closed(digest_follows: bool) -> Vec<ElectionEvent> {
    let closed = ElectionEvent::ElectionClosed { casts: 3, digest_follows, registered: Some(3) };
    [history(Status::Closing), vec![closed]].concat()
}

#[test]
fn counted_results_are_released_with_their_digest() {
    use ElectionCommand as C;
    let awaiting = given::<Election>(closed(true));
    awaiting.when(C::Release, &TODAY).then_refused(ElectionRejection::Counting);
    awaiting.when(C::RecordResults { digest: results_digest() }, &TODAY).then([counted()]);
    let released = ElectionEvent::ResultsReleased { digest: Some(results_digest()) };
    given::<Election>(history(Status::Closed)).when(C::Release, &TODAY).then([released]);
}

#[test]
fn a_disqualification_makes_results_be_counted_anew() {
    use ElectionCommand as C;
    let disqualified = ElectionEvent::CandidateDisqualified {
        candidate: candidate(1),
        competition: competition(1),
        reason: "a painting".into(),
    };
    let moved = given::<Election>([history(Status::Closed), vec![disqualified.clone()]].concat());
    moved.when(C::Release, &TODAY).then_refused(ElectionRejection::Counting);
    let digest = Digest::of(b"other results");
    moved.when(C::RecordResults { digest }, &TODAY).then([ElectionEvent::ResultsCounted { digest }]);
    // While people vote there are no results that could change.
    let open = fold::<Election>(&[history(Status::Open), vec![disqualified]].concat());
    assert_eq!(open.results, ResultsDigest::None);
}

#[test]
fn an_older_close_is_released_without_a_digest() {
    use ElectionCommand as C;
    let old = given::<Election>(closed(false));
    old.when(C::RecordResults { digest: results_digest() }, &TODAY).then_nothing();
    old.when(C::Release, &TODAY).then([ElectionEvent::ResultsReleased { digest: None }]);
}
