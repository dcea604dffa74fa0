//! What can be asked of an election at each stage of its life: every command, at every status.

use std::collections::HashSet;

use photovote_domain::{
    Aggregate, Digest, Election, Language, Links, Refusal, Scale,
    election::{
        ElectionChange, ElectionCommand, ElectionEvent, ElectionRejection, NewInvitation, ResultsDigest, Role, Status,
    },
    fold,
    schedule::{Planned, RULES, Schedule},
};

use crate::{
    given::given,
    photos::{
        NOW, STATUSES, TODAY, at, candidate, competition, context, counted, create, created, draft, election, history,
        opened_until, results_digest, scale, text,
    },
};

fn invitation() -> NewInvitation {
    NewInvitation { subject: Some(text("Your vote")), text: Some(text("It is our tenth contest.")) }
}

/// One command of each kind, such that only the status stands in its way.
fn commands() -> Vec<ElectionCommand> {
    use ElectionCommand as C;
    let competition = competition(1);
    let name = || Some(text("Another name"));
    vec![
        create(),
        C::Change(ElectionChange { name: name(), ..ElectionChange::default() }),
        C::Change(ElectionChange { description: Some(Some(text("1 is best"))), ..ElectionChange::default() }),
        C::Change(ElectionChange { scale: Some(scale(0, 10)), ..ElectionChange::default() }),
        C::Change(ElectionChange { links: Some(Links::Invite), ..ElectionChange::default() }),
        C::Change(ElectionChange { language: Some(Language::De), ..ElectionChange::default() }),
        C::Change(ElectionChange { contact: Some(Some(text("club@example.org"))), ..ElectionChange::default() }),
        C::Change(ElectionChange { invitation: Some(invitation()), ..ElectionChange::default() }),
        C::Schedule(Some(plan())),
        C::Open { closes_at: None },
        C::OpenIfDue,
        C::Extend { closes_at: at(3_000) },
        C::Close,
        C::CloseIfDue,
        C::FinishClosing { casts: 3, registered: 4 },
        C::RecordResults { digest: results_digest() },
        C::Release,
        C::Delete,
        C::AddCompetition { competition: self::competition(2), name: text("Towns"), description: None },
        C::ChangeCompetition { competition, name: name(), description: None },
        C::RemoveCompetition { competition },
        C::AddCandidate { competition, candidate: candidate(3), name: text("Sun"), description: None, image: None },
        C::ChangeCandidate { competition, candidate: candidate(1), name: name(), description: None, image: None },
        C::RemoveCandidate { competition, candidate: candidate(1) },
        C::DisqualifyCandidate { competition, candidate: candidate(1), reason: text("a painting") },
        C::AppointAdministrator { subject: text("bea"), role: Role::Editor },
        C::RemoveAdministrator { subject: text("eve") },
    ]
}

/// A plan to close at 3,000.
fn plan() -> Schedule {
    let closes_at = Some(Planned { at: at(3_000), local: "1970-01-01T00:00:03".into() });
    let (rules, time_zone) = (RULES.to_owned(), "UTC".to_owned());
    Schedule { closes_at, opens_at: None, reminders: Vec::new(), rules, time_zone }
}

/// The answer to it while an election is absent, a draft, open, closing, closed, released, deleted: one event, none, or a
/// refusal's code.
fn answers(command: &ElectionCommand) -> [&'static str; 7] {
    use ElectionCommand as C;
    const ABSENT: &str = "election_not_found";
    const NOT_DRAFT: &str = "election_not_draft";
    const NOT_OPEN: &str = "election_not_open";
    const NOT_CLOSED: &str = "election_not_closed";
    const STATUS: &str = "election_status";
    const TAKEN: &str = "id_taken";
    const GONE: &str = "election_deleted";
    match command {
        C::Create(_) => ["event", TAKEN, TAKEN, TAKEN, TAKEN, TAKEN, TAKEN],
        C::Schedule(_) => [ABSENT, "event", "events", STATUS, STATUS, STATUS, GONE],
        C::OpenIfDue => [ABSENT, "election_not_due_to_open", NOT_DRAFT, NOT_DRAFT, NOT_DRAFT, NOT_DRAFT, GONE],
        C::Open { .. }
        | C::Change(_)
        | C::AddCompetition { .. }
        | C::ChangeCompetition { .. }
        | C::RemoveCompetition { .. }
        | C::AddCandidate { .. }
        | C::ChangeCandidate { .. }
        | C::RemoveCandidate { .. } => [ABSENT, "event", NOT_DRAFT, NOT_DRAFT, NOT_DRAFT, NOT_DRAFT, GONE],
        C::Extend { .. } => [ABSENT, NOT_OPEN, "event", NOT_OPEN, NOT_OPEN, NOT_OPEN, GONE],
        C::Close | C::CloseIfDue => [ABSENT, NOT_OPEN, "event", "none", NOT_OPEN, NOT_OPEN, GONE],
        C::FinishClosing { .. } => [ABSENT, STATUS, STATUS, "event", STATUS, STATUS, GONE],
        C::RecordResults { .. } => [ABSENT, NOT_CLOSED, NOT_CLOSED, NOT_CLOSED, "none", "none", GONE],
        C::Release => [ABSENT, NOT_CLOSED, NOT_CLOSED, NOT_CLOSED, "event", NOT_CLOSED, GONE],
        C::Delete => [ABSENT, "event", STATUS, STATUS, "event", "event", GONE],
        C::DisqualifyCandidate { .. } => [ABSENT, STATUS, "event", STATUS, "event", STATUS, GONE],
        C::AppointAdministrator { .. } | C::RemoveAdministrator { .. } => {
            [ABSENT, "event", "event", "event", "event", "event", GONE]
        }
    }
}

/// The command's answer, in the same words. The election closes at 2,000; the time is then, where that is what is asked.
fn answer(command: &ElectionCommand, status: Status) -> &'static str {
    let eve = ElectionEvent::AdministratorAdded { role: Role::Editor, subject: "eve".into() };
    let events = history(status).into_iter().flat_map(|event| match event {
        ElectionEvent::ElectionCreated { .. } => vec![event, eve.clone()],
        ElectionEvent::ElectionOpened { .. } => vec![opened_until(Some(at(2_000)))],
        other => vec![other],
    });
    let now = if *command == ElectionCommand::CloseIfDue { at(2_000) } else { NOW };
    match given::<Election>(events).when(command.clone(), &context(now)).get() {
        Ok(events) if events.is_empty() => "none",
        Ok(events) if events.len() == 1 => "event",
        Ok(_) => "events",
        Err(rejection) => rejection.code(),
    }
}

#[test]
fn every_command_has_its_answer_at_every_status() {
    for command in commands() {
        let found = STATUSES.map(|status| answer(&command, status));
        assert_eq!(found, answers(&command), "{command:?}");
    }
}

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
fn a_command_is_filed_under_a_name_of_its_own() {
    let names: HashSet<_> = commands().iter().map(ElectionCommand::name).collect();
    let kinds: HashSet<_> = commands().iter().map(std::mem::discriminant).collect();
    // To open and to close when that is due are no commands of their own.
    assert_eq!(names.len(), kinds.len() - 2, "{names:?}");
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
