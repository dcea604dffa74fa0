//! How a ballot is filled in and cast.

use std::collections::BTreeMap;

use photovote_domain::{
    Aggregate, Ballot, CandidateId, Election, LinkNumber, Rating, Receipt, Refusal,
    ballot::{
        BallotCommand, BallotEvent, BallotRejection, Context, MAX_RATINGS_IN_REQUEST, MAX_RATINGS_WITHOUT_SEAL, Status,
        max_saves,
    },
    election::{ElectionEvent, Status as ElectionStatus},
    fold,
};

use crate::{
    given::{Decision, given},
    photos::{
        NOW, STATUSES, at, ballot_created, ballot_history, candidate, candidate_added, cast, competition,
        competition_added, created, draft, election, election_id, grades, history, nonce, opened_until, rated, ratings,
        saved, scale, shard, token,
    },
};

fn rate<const N: usize>(ratings: [(u128, i64); N]) -> BallotCommand {
    BallotCommand::Rate { ratings: grades(ratings) }
}

fn clear(number: u128) -> BallotCommand {
    BallotCommand::Clear { candidate: candidate(number) }
}

fn cast_with<const N: usize>(ratings: [(u128, i64); N]) -> BallotCommand {
    cast_of(grades(ratings))
}

fn cast_of(ratings: BTreeMap<CandidateId, Rating>) -> BallotCommand {
    BallotCommand::Cast { ratings, nonce: nonce(), election: election_id(), shard: shard() }
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
fn a_ballot_answers_every_command_at_every_stage() {
    use BallotCommand as C;
    const NONE: &str = "ballot_not_found";
    const CAST: &str = "ballot_cast_already";
    const VOIDED: &str = "ballot_voided";
    let stages = [Status::Absent, Status::Draft, Status::Cast, Status::Voided];
    let table = [
        (C::Create { token: Some(token(2)) }, ["event", "id_taken", "id_taken", "id_taken"]),
        (rate([(1, 5)]), [NONE, "event", CAST, VOIDED]),
        (clear(1), [NONE, "event", CAST, VOIDED]),
        (cast_with([]), [NONE, "event", CAST, VOIDED]),
        (C::ReplaceToken { token: token(2) }, [NONE, "event", CAST, VOIDED]),
        (C::RevokeLink { next: LinkNumber::FIRST.next() }, [NONE, "event", CAST, VOIDED]),
        (C::IssueLink { link: LinkNumber::FIRST, token: token(2) }, [NONE, "link_replaced", CAST, VOIDED]),
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
fn a_ballot_changes_only_while_its_election_is_open() {
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
    ballot.when(rate([(1, 5)]), &before).then([saved(1, "5.")]);
    ballot.when(cast_with([(1, 5)]), &before).then([cast([(1, 5)])]);
    ballot.when(rate([(1, 5)]), &due).then_refused(BallotRejection::Closed);
    ballot.when(clear(1), &due).then_refused(BallotRejection::Closed);
    ballot.when(cast_with([(1, 5)]), &due).then_refused(BallotRejection::Closed);
}

#[test]
fn a_ballot_opens_with_its_token_until_it_is_replaced() {
    when([], BallotCommand::Create { token: Some(token(1)) }).then([ballot_created()]);
    let replaced = BallotEvent::BallotTokenReplaced { token: token(2) };
    when(blank(), BallotCommand::ReplaceToken { token: token(2) }).then([replaced.clone()]);
    assert_eq!(fold::<Ballot>(&blank()).token, Some(token(1)));
    assert_eq!(fold::<Ballot>(&[ballot_created(), replaced]).token, Some(token(2)));
    assert_eq!(fold::<Ballot>(&ballot_history(Status::Voided)).token, None, "nothing opens a withdrawn ballot");
}

/// What a ballot with this past says.
fn says(events: &[BallotEvent]) -> BTreeMap<CandidateId, u8> {
    fold::<Ballot>(events).ratings(&election(ElectionStatus::Open))
}

#[test]
fn each_save_says_the_whole_draft() {
    when(blank(), rate([(2, 5), (1, 1)])).then([saved(1, "15")]);
    assert_eq!(says(&[ballot_created(), saved(1, "15")]), ratings([(1, 1), (2, 5)]));
    when([ballot_created(), saved(1, "1.")], rate([(2, 5)])).then([saved(2, "15")]);
}

#[test]
fn another_grade_overwrites_the_same_changes_nothing() {
    let past = || [ballot_created(), saved(1, "43")];
    when(past(), rate([(1, 4), (2, 5)])).then([saved(2, "45")]);
    when(past(), rate([(1, 4)])).then_nothing();
    when(past(), rate([])).then_nothing();
}

#[test]
fn a_rating_can_be_taken_back() {
    when([ballot_created(), saved(1, "4.")], clear(1)).then([saved(2, "..")]);
    when([ballot_created(), saved(1, "4.")], clear(2)).then_nothing();
    assert!(says(&[ballot_created(), saved(1, "4."), saved(2, "..")]).is_empty(), "not rated is not 0");
}

#[test]
fn a_draft_with_an_event_for_each_rating_goes_on() {
    let cleared = BallotEvent::BallotRatingCleared { candidate: candidate(2) };
    let past = || [ballot_created(), rated(1, 4), rated(2, 3), rated(1, 2), cleared.clone()];
    assert_eq!(says(&past()), ratings([(1, 2)]));
    when(past(), rate([(1, 2)])).then_nothing();
    when(past(), rate([(2, 5)])).then([saved(1, "25")]);
    when(past(), clear(1)).then([saved(1, "..")]);
    when(past(), cast_with([])).then([cast([(1, 2)])]);
}

#[test]
fn a_draft_at_the_limit_of_its_saves_can_only_be_cast() {
    assert_eq!([0, 2, 397, 398, 399, 2_000].map(max_saves), [20, 40, 3_990, 4_000, 4_000, 4_000]);
    let at_the_bound = || [ballot_created(), saved(max_saves(2), "4.")];
    when([ballot_created(), saved(max_saves(2) - 1, "4.")], rate([(1, 5)])).then([saved(max_saves(2), "5.")]);
    for command in [rate([(1, 5)]), clear(1)] {
        when(at_the_bound(), command).then_refused(BallotRejection::TooManyChanges);
    }
    when(at_the_bound(), rate([(1, 4)])).then_nothing();
    when(at_the_bound(), cast_with([(2, 5)])).then([cast([(1, 4), (2, 5)])]);
    // A new token opens a new draft.
    let [created, full] = at_the_bound();
    let replaced = BallotEvent::BallotTokenReplaced { token: token(1) };
    when([created, full, replaced], rate([(1, 5)])).then([saved(1, "5.")]);
}

/// Candidates 0 to 499 in one competition, and 500 and 501 in another.
fn large_election() -> Election {
    let mut events = vec![created(), competition_added(1), competition_added(2)];
    events.extend((0..500).map(|number| candidate_added(1, number)));
    events.extend([candidate_added(2, 500), candidate_added(2, 501), opened_until(None)]);
    fold(&events)
}

#[test]
fn a_large_cast_is_sealed_with_its_receipt() {
    let election = large_election();
    let context = Context { election: &election, now: NOW };
    let most = u128::try_from(MAX_RATINGS_WITHOUT_SEAL).unwrap();
    let rated = |count: u128| (0..count).flat_map(|number| grades([(number, 3)])).collect();
    let events = |count| given::<Ballot>(blank()).when(cast_of(rated(count)), &context).get().unwrap();
    assert_eq!(events(most).len(), 1);
    let sealed = events(most + 1);
    let [BallotEvent::BallotCast { nonce, ratings }, seal] = &sealed[..] else { panic!("{sealed:?}") };
    let receipt = Receipt::of(election_id(), shard(), ratings, nonce);
    assert_eq!(*seal, BallotEvent::BallotSealed { receipt, token: token(1) });
    let ballot = fold::<Ballot>(blank().iter().chain(&sealed));
    assert_eq!((ballot.status, ballot.receipt(election_id(), shard())), (Status::Cast, Some(receipt)));
    assert!(ballot.ratings(&election).is_empty(), "its receipt is all that is known of it");
}

#[test]
fn an_event_that_stands_alone_says_everything() {
    let (receipt, token) = (Receipt::of(election_id(), shard(), &ratings([(1, 4)]), &nonce()), token(3));
    let past = [ballot_created(), rated(1, 4), saved(7, "3."), cast([(1, 4)])];
    let events = [
        ballot_created(),
        saved(3, "5."),
        BallotEvent::BallotTokenReplaced { token },
        BallotEvent::BallotSealed { receipt, token },
        BallotEvent::BallotVoided {},
    ];
    for event in events {
        assert!(Ballot::stands_alone(&event));
        let ballot = fold::<Ballot>(past.iter().chain([&event]));
        assert_eq!(ballot, fold(&[event]));
    }
    let others = [rated(1, 4), cast([(1, 4)]), BallotEvent::BallotRatingCleared { candidate: candidate(1) }];
    assert!(!others.iter().any(Ballot::stands_alone));
}

#[test]
fn a_rating_is_on_the_scale_of_the_election() {
    let out = |number, min, max| BallotRejection::OutOfScale { candidate: candidate(number), min, max };
    when(blank(), rate([(1, 1), (2, 5)])).then([saved(1, "15")]);
    when(blank(), rate([(1, 3), (2, 0)])).then_refused(out(2, 1, 5));
    when(blank(), rate([(1, 6)])).then_refused(out(1, 1, 5));
    when(blank(), cast_with([(1, 6)])).then_refused(out(1, 1, 5));
    let mut events = draft();
    events.extend([ElectionEvent::ElectionScaleChanged { scale: scale(0, 10) }, opened_until(None)]);
    let wider = fold::<Election>(&events);
    let context = Context { election: &wider, now: NOW };
    given::<Ballot>(blank()).when(rate([(1, 0), (2, 10)]), &context).then([saved(1, "0a")]);
}

#[test]
fn only_candidates_of_the_election_are_rated() {
    let unknown = BallotRejection::UnknownCandidate(candidate(9));
    when(blank(), rate([(1, 3), (9, 3)])).then_refused(unknown);
    when(blank(), cast_with([(9, 3)])).then_refused(unknown);
    when(blank(), clear(9)).then_refused(unknown);
}

#[test]
fn a_disqualified_candidate_can_still_be_rated() {
    let mut events = history(ElectionStatus::Open);
    let (candidate, competition) = (candidate(1), competition(1));
    events.push(ElectionEvent::CandidateDisqualified { candidate, competition, reason: "a painting".into() });
    let election = fold::<Election>(&events);
    let context = Context { election: &election, now: NOW };
    given::<Ballot>(blank()).when(rate([(1, 5)]), &context).then([saved(1, "5.")]);
    given::<Ballot>(blank()).when(cast_with([(1, 5)]), &context).then([cast([(1, 5)])]);
}

#[test]
fn one_request_rates_at_most_500_candidates() {
    let election = large_election();
    let context = Context { election: &election, now: NOW };
    let rated = |count: u128| (0..count).flat_map(|number| grades([(number, 3)])).collect();
    let ballot = given::<Ballot>(blank());
    let most = ballot.when(BallotCommand::Rate { ratings: rated(500) }, &context).get().unwrap();
    let says = fold::<Ballot>(blank().iter().chain(&most)).ratings(&election);
    assert_eq!(says.len(), MAX_RATINGS_IN_REQUEST);
    let rate = BallotCommand::Rate { ratings: rated(501) };
    ballot.when(rate, &context).then_refused(BallotRejection::TooManyRatings);
    ballot.when(cast_of(rated(501)), &context).then_refused(BallotRejection::TooManyRatings);
}

#[test]
fn ratings_sent_with_the_cast_join_the_draft() {
    let past = || [ballot_created(), saved(1, "4.")];
    when(past(), cast_with([])).then([cast([(1, 4)])]);
    when(past(), cast_with([(2, 5)])).then([cast([(1, 4), (2, 5)])]);
    when(past(), cast_with([(1, 1)])).then([cast([(1, 1)])]);
    when(blank(), cast_with([(2, 5)])).then([cast([(2, 5)])]);
}

#[test]
fn a_ballot_that_says_nothing_cannot_be_cast() {
    when(blank(), cast_with([])).then_refused(BallotRejection::Empty);
    when([ballot_created(), saved(1, "4."), saved(2, "..")], cast_with([])).then_refused(BallotRejection::Empty);
}

#[test]
fn a_cast_ballot_says_what_was_cast() {
    let ballot = fold::<Ballot>(&[ballot_created(), saved(1, "4."), cast([(1, 2), (2, 5)])]);
    assert_eq!(ballot.status, Status::Cast);
    assert_eq!(ballot.ratings, ratings([(1, 2), (2, 5)]));
    assert_eq!(ballot.nonce, Some(nonce()), "its receipt can be made again");
    assert_eq!(ballot.token, Some(token(1)), "its voter can still look at it");
}

#[test]
fn a_broken_rule_is_reported_before_a_closed_election() {
    let closed = election(ElectionStatus::Closed);
    let draft = given::<Ballot>(ballot_history(Status::Draft));
    let context = Context { election: &closed, now: NOW };
    draft.when(rate([(9, 3)]), &context).then_refused(BallotRejection::UnknownCandidate(candidate(9)));
    draft.when(rate([(1, 3)]), &context).then_refused(BallotRejection::Closed);
}

#[test]
fn a_cast_ballot_refuses_every_request_alike() {
    for command in [rate([(9, 3)]), rate([(1, 6)]), rate([]), clear(9), clear(1), cast_with([]), cast_with([(9, 3)])] {
        when(ballot_history(Status::Cast), command).then_refused(BallotRejection::CastAlready);
    }
}

fn awaited(link: LinkNumber) -> BallotEvent {
    BallotEvent::BallotLinkAwaited { link }
}

fn issue(link: LinkNumber, number: u8) -> BallotCommand {
    BallotCommand::IssueLink { link, token: token(number) }
}

fn issued(link: LinkNumber, number: u8) -> BallotEvent {
    BallotEvent::BallotLinkIssued { link, token: token(number) }
}

const FIRST: LinkNumber = LinkNumber::FIRST;

#[test]
fn nothing_opens_a_ballot_before_its_link_is_issued() {
    when([], BallotCommand::Create { token: None }).then([awaited(FIRST)]);
    let waiting = fold::<Ballot>(&[awaited(FIRST)]);
    assert_eq!((waiting.status, waiting.token, waiting.awaited), (Status::Draft, None, Some(FIRST)));
    for command in [rate([(1, 5)]), clear(1), cast_with([(1, 5)])] {
        when([awaited(FIRST)], command).then_refused(BallotRejection::NotFound);
    }
    when([awaited(FIRST)], issue(FIRST, 1)).then([issued(FIRST, 1)]);
    let open = fold::<Ballot>(&[awaited(FIRST), issued(FIRST, 1)]);
    assert_eq!((open.status, open.token, open.awaited), (Status::Draft, Some(token(1)), None));
}

#[test]
fn a_link_is_issued_once_and_only_in_its_turn() {
    let second = FIRST.next();
    when([awaited(FIRST), issued(FIRST, 1)], issue(FIRST, 1)).then([]);
    when([awaited(FIRST), issued(FIRST, 1)], issue(FIRST, 2)).then_refused(BallotRejection::LinkReplaced);
    when([awaited(second)], issue(FIRST, 1)).then_refused(BallotRejection::LinkReplaced);
    when([ballot_created()], issue(FIRST, 2)).then_refused(BallotRejection::LinkReplaced);
    // A voter who has rated since keeps what was rated.
    when([awaited(FIRST), issued(FIRST, 1), saved(1, "4.")], issue(FIRST, 1)).then([]);
}

#[test]
fn a_revoked_link_opens_nothing_and_empties_the_draft() {
    let second = FIRST.next();
    let rated = [awaited(FIRST), issued(FIRST, 1), saved(1, "4.")];
    when(rated.clone(), BallotCommand::RevokeLink { next: second }).then([awaited(second)]);
    let ballot = fold::<Ballot>(&[&rated[..], &[awaited(second)]].concat());
    assert_eq!(ballot, fold::<Ballot>(&[awaited(second)]));
    assert!(ballot.ratings(&election(ElectionStatus::Open)).is_empty());
}
