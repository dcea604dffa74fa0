//! How a ballot is filled in and cast.

use photovote_domain::{
    Ballot, Election, Refusal,
    ballot::{BallotCommand, BallotEvent, BallotRejection, Context, MAX_RATINGS_IN_REQUEST, Status},
    election::{ElectionEvent, Status as ElectionStatus},
    fold,
};

use crate::{
    given::{Decision, given},
    photos::{
        NOW, STATUSES, at, ballot_created, ballot_history, candidate, candidate_added, cast, competition,
        competition_added, created, draft, election, grades, history, nonce, opened_until, rated, ratings, scale,
        token,
    },
};

fn rate<const N: usize>(ratings: [(u128, i64); N]) -> BallotCommand {
    BallotCommand::Rate { ratings: grades(ratings) }
}

fn clear(number: u128) -> BallotCommand {
    BallotCommand::Clear { candidate: candidate(number) }
}

fn cast_with<const N: usize>(ratings: [(u128, i64); N]) -> BallotCommand {
    BallotCommand::Cast { ratings: grades(ratings), nonce: nonce() }
}

/// When this is asked of a ballot with this past, in an election that is open.
fn when(events: impl IntoIterator<Item = BallotEvent>, command: BallotCommand) -> Decision<Ballot> {
    let election = election(ElectionStatus::Open);
    given::<Ballot>(events).when(command, &Context { election: &election, now: NOW })
}

/// A ballot that nothing was done with yet.
fn blank() -> [BallotEvent; 1] {
    [ballot_created()]
}

#[test]
fn every_command_has_its_answer_at_every_stage_of_a_ballot() {
    use BallotCommand as C;
    const NONE: &str = "ballot_not_found";
    const CAST: &str = "ballot_cast_already";
    const VOIDED: &str = "ballot_voided";
    let stages = [Status::Absent, Status::Draft, Status::Cast, Status::Voided];
    let table = [
        (C::Create { token: token(2) }, ["event", "id_taken", "id_taken", "id_taken"]),
        (rate([(1, 5)]), [NONE, "event", CAST, VOIDED]),
        (clear(1), [NONE, "event", CAST, VOIDED]),
        (cast_with([]), [NONE, "event", CAST, VOIDED]),
        (C::ReplaceToken { token: token(2) }, [NONE, "event", CAST, VOIDED]),
        (C::Void, [NONE, "event", CAST, VOIDED]),
    ];
    for (command, answers) in table {
        let found = stages.map(|stage| match when(ballot_history(stage), command.clone()).get() {
            Ok(events) if events.len() == 1 => "event",
            Ok(_) => "another number of events",
            Err(rejection) => rejection.code(),
        });
        assert_eq!(found, answers, "{command:?}");
    }
}

#[test]
fn a_ballot_is_filled_in_and_cast_while_its_election_is_open_and_at_no_other_stage() {
    const NOT_YET: &str = "election_not_open";
    const CLOSED: &str = "election_closed";
    for command in [rate([(1, 5)]), clear(1), cast_with([(1, 5)])] {
        let found = STATUSES.map(|status| {
            // An election that does not exist yet has no candidates either: these are the open one's.
            let election = Election { status, ..election(ElectionStatus::Open) };
            let context = Context { election: &election, now: NOW };
            match given::<Ballot>(ballot_history(Status::Draft)).when(command.clone(), &context).get() {
                Ok(_) => "yes",
                Err(rejection) => rejection.code(),
            }
        });
        let expected = [NOT_YET, NOT_YET, "yes", CLOSED, CLOSED, CLOSED, "election_deleted"];
        assert_eq!(found, expected, "{command:?}");
    }
}

#[test]
fn nothing_is_rated_or_cast_from_the_closing_time_on() {
    let mut events = draft();
    events.push(opened_until(Some(at(2_000))));
    let election = fold::<Election>(&events);
    let ballot = given::<Ballot>(blank());
    let before = Context { election: &election, now: at(1_999) };
    let due = Context { election: &election, now: at(2_000) };
    ballot.when(rate([(1, 5)]), &before).then([rated(1, 5)]);
    ballot.when(cast_with([(1, 5)]), &before).then([cast([(1, 5)])]);
    ballot.when(rate([(1, 5)]), &due).then_refused(BallotRejection::Closed);
    ballot.when(clear(1), &due).then_refused(BallotRejection::Closed);
    ballot.when(cast_with([(1, 5)]), &due).then_refused(BallotRejection::Closed);
}

#[test]
fn a_ballot_opens_with_the_token_it_was_made_for_until_another_replaces_it() {
    when([], BallotCommand::Create { token: token(1) }).then([ballot_created()]);
    let replaced = BallotEvent::BallotTokenReplaced { token: token(2) };
    when(blank(), BallotCommand::ReplaceToken { token: token(2) }).then([replaced.clone()]);
    assert_eq!(fold::<Ballot>(&blank()).token, Some(token(1)));
    assert_eq!(fold::<Ballot>(&[ballot_created(), replaced]).token, Some(token(2)));
    assert_eq!(fold::<Ballot>(&ballot_history(Status::Voided)).token, None, "nothing opens a withdrawn ballot");
}

#[test]
fn candidates_are_rated_one_event_each() {
    when(blank(), rate([(2, 5), (1, 1)])).then([rated(1, 1), rated(2, 5)]);
    assert_eq!(fold::<Ballot>(&[ballot_created(), rated(1, 1), rated(2, 5)]).ratings, ratings([(1, 1), (2, 5)]));
}

#[test]
fn rating_again_overwrites_and_the_same_grade_again_is_nothing_new() {
    let past = || [ballot_created(), rated(1, 4), rated(2, 3)];
    when(past(), rate([(1, 4), (2, 5)])).then([rated(2, 5)]);
    when(past(), rate([(1, 4)])).then_nothing();
    when(past(), rate([])).then_nothing();
    assert_eq!(fold::<Ballot>(&[ballot_created(), rated(1, 4), rated(1, 2)]).ratings, ratings([(1, 2)]));
}

#[test]
fn a_rating_can_be_taken_back() {
    let cleared = BallotEvent::BallotRatingCleared { candidate: candidate(1) };
    when([ballot_created(), rated(1, 4)], clear(1)).then([cleared.clone()]);
    when([ballot_created(), rated(1, 4)], clear(2)).then_nothing();
    assert!(fold::<Ballot>(&[ballot_created(), rated(1, 4), cleared]).ratings.is_empty(), "not rated is not 0");
}

#[test]
fn a_rating_is_on_the_scale_of_the_election() {
    let out = |number, min, max| BallotRejection::OutOfScale { candidate: candidate(number), min, max };
    when(blank(), rate([(1, 1), (2, 5)])).then([rated(1, 1), rated(2, 5)]);
    when(blank(), rate([(1, 3), (2, 0)])).then_refused(out(2, 1, 5));
    when(blank(), rate([(1, 6)])).then_refused(out(1, 1, 5));
    when(blank(), cast_with([(1, 6)])).then_refused(out(1, 1, 5));
    let mut events = draft();
    events.extend([ElectionEvent::ElectionScaleChanged { scale: scale(0, 10) }, opened_until(None)]);
    let wider = fold::<Election>(&events);
    let context = Context { election: &wider, now: NOW };
    given::<Ballot>(blank()).when(rate([(1, 0), (2, 10)]), &context).then([rated(1, 0), rated(2, 10)]);
}

#[test]
fn only_candidates_of_the_election_are_rated() {
    let unknown = BallotRejection::UnknownCandidate(candidate(9));
    when(blank(), rate([(1, 3), (9, 3)])).then_refused(unknown);
    when(blank(), cast_with([(9, 3)])).then_refused(unknown);
    when(blank(), clear(9)).then_refused(unknown);
}

#[test]
fn a_candidate_that_is_disqualified_can_still_be_rated() {
    let mut events = history(ElectionStatus::Open);
    let (candidate, competition) = (candidate(1), competition(1));
    events.push(ElectionEvent::CandidateDisqualified { candidate, competition, reason: "a painting".into() });
    let election = fold::<Election>(&events);
    let context = Context { election: &election, now: NOW };
    given::<Ballot>(blank()).when(rate([(1, 5)]), &context).then([rated(1, 5)]);
    given::<Ballot>(blank()).when(cast_with([(1, 5)]), &context).then([cast([(1, 5)])]);
}

#[test]
fn one_request_rates_at_most_500_candidates() {
    let mut events = vec![created(), competition_added(1), competition_added(2)];
    events.extend((0..500).map(|number| candidate_added(1, number)));
    events.extend([candidate_added(2, 500), candidate_added(2, 501), opened_until(None)]);
    let election = fold::<Election>(&events);
    let context = Context { election: &election, now: NOW };
    let rated = |count: u128| (0..count).flat_map(|number| grades([(number, 3)])).collect();
    let ballot = given::<Ballot>(blank());
    let most = ballot.when(BallotCommand::Rate { ratings: rated(500) }, &context).get();
    assert_eq!(most.map(|events| events.len()), Ok(MAX_RATINGS_IN_REQUEST));
    let rate = BallotCommand::Rate { ratings: rated(501) };
    ballot.when(rate, &context).then_refused(BallotRejection::TooManyRatings);
    let cast = BallotCommand::Cast { ratings: rated(501), nonce: nonce() };
    ballot.when(cast, &context).then_refused(BallotRejection::TooManyRatings);
}

#[test]
fn what_is_sent_with_the_cast_is_merged_into_the_draft_first() {
    let past = || [ballot_created(), rated(1, 4)];
    when(past(), cast_with([])).then([cast([(1, 4)])]);
    when(past(), cast_with([(2, 5)])).then([cast([(1, 4), (2, 5)])]);
    when(past(), cast_with([(1, 1)])).then([cast([(1, 1)])]);
    when(blank(), cast_with([(2, 5)])).then([cast([(2, 5)])]);
}

#[test]
fn a_ballot_that_says_nothing_cannot_be_cast() {
    when(blank(), cast_with([])).then_refused(BallotRejection::Empty);
    let cleared = BallotEvent::BallotRatingCleared { candidate: candidate(1) };
    when([ballot_created(), rated(1, 4), cleared], cast_with([])).then_refused(BallotRejection::Empty);
}

#[test]
fn a_cast_ballot_says_what_was_cast() {
    let ballot = fold::<Ballot>(&[ballot_created(), rated(1, 4), cast([(1, 2), (2, 5)])]);
    assert_eq!(ballot.status, Status::Cast);
    assert_eq!(ballot.ratings, ratings([(1, 2), (2, 5)]));
    assert_eq!(ballot.nonce, Some(nonce()), "its receipt can be made again");
    assert_eq!(ballot.token, Some(token(1)), "its voter can still look at it");
}

#[test]
fn a_request_that_breaks_a_rule_is_told_so_before_the_state_is_looked_at() {
    let events = || ballot_history(Status::Cast);
    when(events(), rate([(9, 3)])).then_refused(BallotRejection::UnknownCandidate(candidate(9)));
    when(events(), rate([(1, 3)])).then_refused(BallotRejection::CastAlready);
}
