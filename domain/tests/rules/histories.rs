//! Whatever anybody asks for, in whatever order, no election gets into a state that must not be.

use std::{collections::BTreeSet, fmt::Debug};

use photovote_domain::{
    Aggregate, Ballot, Digest, Election, Email, LinkNumber, Links, Rating, Subject, Timestamp, Voter,
    ballot::{self, BallotCommand, BallotEvent},
    election::{self, ElectionChange, ElectionCommand, ElectionEvent, Role, Status},
    fold,
    voter::{self, VoterCommand, VoterEvent},
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_aux::serde_introspection::serde_introspect;

use crate::{
    commands::{administrator, any_command, email, mails, moment},
    photos::{at, ballot_id, candidate, competition, create, election_id, nonce, shard, text},
};

const VOTERS: usize = 3;

/// Somebody asks for something.
#[derive(Debug, Clone)]
enum Step {
    Election(Option<Subject>, ElectionCommand),
    Ballot(usize, BallotCommand),
    Register(usize),
    Correct(usize, Email),
    ReplaceToken(usize),
    IssueLink(usize),
    Remove(usize),
}

/// An aggregate, and everything that has happened to it.
#[derive(Debug, Clone)]
struct Lived<A: Aggregate> {
    state: A,
    history: Vec<A::Event>,
}

impl<A: Aggregate> Lived<A> {
    fn new() -> Self {
        Self { state: A::default(), history: Vec::new() }
    }

    fn live(&mut self, events: Vec<A::Event>) {
        self.state = events.iter().fold(std::mem::take(&mut self.state), A::evolve);
        self.history.extend(events);
    }
}

/// An election with its voters and their ballots.
#[derive(Debug, Clone)]
struct World {
    election: Lived<Election>,
    voters: [Lived<Voter>; VOTERS],
    ballots: [Lived<Ballot>; VOTERS],
}

impl World {
    fn new() -> Self {
        let voters = std::array::from_fn(|_| Lived::new());
        let ballots = std::array::from_fn(|_| Lived::new());
        Self { election: Lived::new(), voters, ballots }
    }

    /// Does what is asked for, if it is allowed. Voter and ballot come and go together.
    fn take(&mut self, step: Step, now: Timestamp) {
        let election = &self.election.state;
        match step {
            // The gates see to that.
            Step::Election(_, ElectionCommand::Change(ElectionChange { links: Some(_), .. })) if self.has_voters() => {}
            Step::Election(by, command) => {
                if let Ok(events) = election.decide(command, &election::Context { now, by: by.as_ref() }) {
                    self.election.live(events);
                }
            }
            Step::Ballot(number, command) => {
                let ballot = &mut self.ballots[number];
                if let Ok(events) = ballot.state.decide(command, &ballot::Context { election, now }) {
                    ballot.live(events);
                }
            }
            Step::Register(number) => {
                let email: Email = text(&format!("voter{number}@example.org"));
                let ballot = ballot_id(number as u128);
                let register = VoterCommand::Register { name: text("Bea"), email, ballot };
                let token = (election.links == Links::HandOut).then(|| Digest::of(b"first"));
                self.both(number, register, BallotCommand::Create { token }, now);
            }
            Step::Correct(number, email) => {
                let command = VoterCommand::Change { name: None, email: Some(email) };
                let (voter, ballot) = (&mut self.voters[number], &mut self.ballots[number]);
                let context = voter::Context { election, ballot: &ballot.state };
                let Ok(events) = voter.state.decide(command, &context) else { return };
                if events.contains(&VoterEvent::VoterTokenReplaced {}) {
                    let revoke = BallotCommand::RevokeLink { next: voter.state.link.next() };
                    ballot.live(ballot.state.decide(revoke, &ballot::Context { election, now }).unwrap());
                }
                voter.live(events);
            }
            Step::ReplaceToken(number) => {
                let next = self.voters[number].state.link.next();
                let command = match election.links {
                    Links::HandOut => BallotCommand::ReplaceToken { token: of_link(number, next) },
                    Links::Invite => BallotCommand::RevokeLink { next },
                };
                self.both(number, VoterCommand::ReplaceToken, command, now);
            }
            Step::IssueLink(number) => {
                let link = self.voters[number].state.link;
                let command = BallotCommand::IssueLink { link, token: of_link(number, link) };
                self.take(Step::Ballot(number, command), now);
            }
            Step::Remove(number) => self.both(number, VoterCommand::Remove, BallotCommand::Void, now),
        }
    }

    fn both(&mut self, number: usize, of_voter: VoterCommand, of_ballot: BallotCommand, now: Timestamp) {
        let election = &self.election.state;
        let (voter, ballot) = (&mut self.voters[number], &mut self.ballots[number]);
        let voter_events = voter.state.decide(of_voter, &voter::Context { election, ballot: &ballot.state });
        let ballot_events = ballot.state.decide(of_ballot, &ballot::Context { election, now });
        if let (Ok(voter_events), Ok(ballot_events)) = (voter_events, ballot_events) {
            voter.live(voter_events);
            ballot.live(ballot_events);
        }
    }
}

/// What the token of a link is known by.
fn of_link(number: usize, link: LinkNumber) -> Digest {
    Digest::of(format!("{number} {link}").as_bytes())
}

/// The released results are those of the last count, and no disqualification came after it.
fn released_is_what_was_counted_last(history: &[ElectionEvent]) {
    let mut counted = None;
    for event in history {
        match event {
            ElectionEvent::ResultsCounted { digest } => counted = Some(*digest),
            ElectionEvent::CandidateDisqualified { .. } => counted = None,
            ElectionEvent::ResultsReleased { digest } => {
                assert_eq!((*digest, counted.is_some()), (counted, true));
            }
            _ => {}
        }
    }
}

/// What must be so whenever one looks.
fn always(world: &World) {
    let election = &world.election.state;
    let status = election.status;
    let was_opened = world.election.history.iter().any(|event| matches!(event, ElectionEvent::ElectionOpened { .. }));
    if was_opened {
        assert!(!election.competitions.is_empty());
        assert!(election.competitions.iter().all(|competition| competition.candidates.len() >= 2));
    } else {
        assert!(matches!(status, Status::Absent | Status::Draft | Status::Deleted));
        assert_eq!(election.closes_at, None);
        assert!(election.candidates().all(|candidate| candidate.disqualified.is_none()));
    }
    let counted = matches!(status, Status::Closed | Status::Released) || status == Status::Deleted && was_opened;
    assert_eq!(election.casts.is_some(), counted);
    released_is_what_was_counted_last(&world.election.history);

    let owners = election.administrators.iter().filter(|(_, role)| *role == Role::Owner).count();
    assert_eq!(owners > 0, election.exists(), "an election has an owner as long as it is there");

    let competitions: BTreeSet<_> = election.competitions.iter().map(|competition| competition.id).collect();
    let candidates: BTreeSet<_> = election.candidates().map(|candidate| candidate.id).collect();
    assert_eq!(competitions.len(), election.competitions.len());
    assert_eq!(candidates.len(), election.candidates().count());

    for (number, (voter, ballot)) in world.voters.iter().zip(&world.ballots).enumerate() {
        let (voter, ballot) = (&voter.state, &ballot.state);
        let expected = match voter.status {
            voter::Status::Absent => &[ballot::Status::Absent][..],
            voter::Status::Registered => &[ballot::Status::Draft, ballot::Status::Cast],
            voter::Status::Removed => &[ballot::Status::Voided],
        };
        assert!(expected.contains(&ballot.status));
        assert_eq!(voter.ballot.is_some(), voter.status != voter::Status::Absent);
        let opened = ballot.token.is_some();
        match ballot.status {
            ballot::Status::Draft => {
                assert_ne!(opened, ballot.awaited.is_some(), "a token opens it, or a link is awaited");
            }
            ballot::Status::Cast => assert!(opened && ballot.awaited.is_none()),
            _ => assert!(!opened && ballot.awaited.is_none()),
        }
        if election.links == Links::Invite && ballot.status == ballot::Status::Draft {
            let present = of_link(number, voter.link);
            assert!(ballot.token.is_none_or(|token| token == present), "only the present link opens it");
            assert!(ballot.awaited.is_none_or(|link| link == voter.link), "the present link is awaited");
        }
        assert_eq!(ballot.nonce.is_some(), ballot.status == ballot::Status::Cast);
        let ratings = ballot.ratings(election);
        assert!(ballot.status != ballot::Status::Cast || !ratings.is_empty());
        assert!(ratings.values().all(|grade| election.scale.grades().contains(grade)));
        assert!(ratings.keys().all(|candidate| candidates.contains(candidate)));
    }
}

/// What must be so of every step from one state to the next.
fn from_one_to_the_next(before: &World, step: &Step, after: &World, now: Timestamp) {
    use Status as S;
    let (old, new) = (&before.election.state, &after.election.state);
    let successors = match old.status {
        S::Absent => &[S::Draft][..],
        S::Draft => &[S::Open, S::Deleted],
        S::Open => &[S::Closing],
        S::Closing => &[S::Closed],
        S::Closed => &[S::Released, S::Deleted],
        S::Released => &[S::Deleted],
        S::Deleted => &[],
    };
    assert!(new.status == old.status || successors.contains(&new.status), "{:?} → {:?}", old.status, new.status);
    if old.status == S::Deleted {
        assert_eq!(old, new);
    }
    if !matches!(old.status, S::Absent | S::Draft) {
        assert_eq!((old.scale, old.shards), (new.scale, new.shards));
        assert_eq!(definition(old), definition(new));
        assert!(new.closes_at >= old.closes_at && new.closes_at.is_some() == old.closes_at.is_some());
        for (then, now) in old.candidates().zip(new.candidates()) {
            assert!(then.disqualified.is_none() || then.disqualified == now.disqualified);
        }
    }
    if old.casts.is_some() {
        assert_eq!(old.casts, new.casts);
    }
    for (old_ballot, new_ballot) in before.ballots.iter().zip(&after.ballots) {
        let (was, is) = (&old_ballot.state, &new_ballot.state);
        if matches!(was.status, ballot::Status::Cast | ballot::Status::Voided) {
            assert_eq!(was, is, "a ballot that is cast or withdrawn never changes");
        }
        let draft = was.status == ballot::Status::Draft && is.status == was.status;
        if draft && was.token != is.token {
            assert!(is.ratings(new).is_empty(), "nobody sees under a new token what was rated under the old one");
        } else if draft && was.ratings(old) != is.ratings(new)
            || was.status != is.status && is.status == ballot::Status::Cast
        {
            assert!(old.accepts_votes(now), "a ballot changes only while the election is open");
        }
    }
    for (was, is) in before.voters.iter().zip(&after.voters) {
        assert!(was.state.status != voter::Status::Removed || was.state == is.state);
    }
    if let Step::Election(Some(by), command) = step
        && old.exists()
        && old != new
    {
        let role = old.administrators.role_of(by).unwrap();
        let owners = old.administrators != new.administrators || new.status == S::Deleted;
        let leaving = matches!(command, ElectionCommand::RemoveAdministrator { subject } if subject == by);
        assert!(leaving || role == Role::Owner || role == Role::Editor && !owners, "{role} changed it: {command:?}");
    }
    let news = after.events() - before.events();
    assert_eq!(news > 0, before.states() != after.states(), "what happens changes something, and nothing else does");
}

impl World {
    fn has_voters(&self) -> bool {
        self.voters.iter().any(|voter| voter.state.status == voter::Status::Registered)
    }

    fn events(&self) -> usize {
        let of_ballots: usize = self.ballots.iter().map(|ballot| ballot.history.len()).sum();
        let of_voters: usize = self.voters.iter().map(|voter| voter.history.len()).sum();
        self.election.history.len() + of_ballots + of_voters
    }

    fn states(&self) -> (&Election, [&Voter; VOTERS], [&Ballot; VOTERS]) {
        (&self.election.state, self.voters.each_ref().map(|v| &v.state), self.ballots.each_ref().map(|b| &b.state))
    }
}

/// An election's competitions and candidates, less what may change later.
fn definition(election: &Election) -> Vec<election::Competition> {
    let mut competitions = election.competitions.clone();
    for candidate in competitions.iter_mut().flat_map(|competition| &mut competition.candidates) {
        candidate.disqualified = None;
    }
    competitions
}

/// Reading the history, as it is stored, leads to where living through it led.
fn assert_replays<A: Aggregate + PartialEq + Debug>(lived: &Lived<A>)
where
    A::Event: PartialEq + Debug,
{
    assert_eq!(fold::<A>(&lived.history), lived.state);
    if let Some(last) = lived.history.iter().rposition(A::stands_alone) {
        assert_eq!(fold::<A>(&lived.history[last..]), lived.state, "read from its end");
    }
    let stored = serde_json_canonicalizer::to_vec(&lived.history).unwrap();
    let read: Vec<A::Event> = serde_json::from_slice(&stored).unwrap();
    assert_eq!(read, lived.history);
    assert_eq!(fold::<A>(&read), lived.state);
}

fn ballot_command() -> impl Strategy<Value = BallotCommand> {
    use BallotCommand as C;
    let candidate = || (0..6_u128).prop_map(candidate);
    let grade = || (0..=10_i64).prop_map(|grade| Rating::try_from(grade).unwrap());
    let grades = move || prop::collection::btree_map(candidate(), grade(), 0..3);
    prop_oneof![
        4 => grades().prop_map(|ratings| C::Rate { ratings }),
        1 => candidate().prop_map(|candidate| C::Clear { candidate }),
        3 => grades().prop_map(|ratings| C::Cast { ratings, nonce: nonce(), election: election_id(), shard: shard() }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (prop::option::weighted(0.5, administrator()), any_command())
            .prop_map(|(by, command)| Step::Election(by, command)),
        5 => (0..VOTERS, ballot_command()).prop_map(|(number, command)| Step::Ballot(number, command)),
        2 => (0..VOTERS).prop_map(Step::Register),
        1 => (0..VOTERS, email()).prop_map(|(number, email)| Step::Correct(number, email)),
        1 => (0..VOTERS).prop_map(Step::ReplaceToken),
        3 => (0..VOTERS).prop_map(Step::IssueLink),
        1 => (0..VOTERS).prop_map(Step::Remove),
    ]
}

/// What is asked for, one after the other. Most elections are prepared, and some of them closed, so that much can happen to
/// them.
fn steps() -> impl Strategy<Value = Vec<(Step, Timestamp)>> {
    let first = |mails: ElectionChange| {
        let added = |number| ElectionCommand::AddCandidate {
            competition: competition(0),
            candidate: candidate(number),
            name: text("Moon"),
            description: None,
            image: None,
        };
        let nature =
            ElectionCommand::AddCompetition { competition: competition(0), name: text("Nature"), description: None };
        let commands = [create(), nature, added(0), added(1), added(2)].map(|command| Step::Election(None, command));
        let commands = commands.into_iter().chain([Step::Election(None, ElectionCommand::Change(mails))]);
        commands.chain((0..VOTERS).map(Step::Register)).map(|step| (step, at(0))).collect::<Vec<_>>()
    };
    let closed = move |mails| {
        use ElectionCommand as C;
        let close = [C::Open { closes_at: None }, C::Close, C::FinishClosing { casts: 0, registered: 3 }];
        let close = close.map(|command| (Step::Election(None, command), at(0)));
        first(mails).into_iter().chain(close).collect::<Vec<_>>()
    };
    let prepared = prop_oneof![2 => Just(Vec::new()), 2 => mails().prop_map(first), 1 => mails().prop_map(closed)];
    (prepared, prop::collection::vec((step(), moment()), 0..80)).prop_map(|(first, then)| [first, then].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_sequence_of_commands_leads_to_an_invalid_state(steps in steps()) {
        let mut world = World::new();
        for (step, now) in steps {
            let before = world.clone();
            world.take(step.clone(), now);
            always(&world);
            from_one_to_the_next(&before, &step, &world, now);
        }
        assert_replays(&world.election);
        world.voters.iter().for_each(assert_replays);
        world.ballots.iter().for_each(assert_replays);
    }

    #[test]
    fn repeating_an_accepted_change_changes_nothing(steps in steps()) {
        use ElectionCommand as C;
        let mut world = World::new();
        for (step, now) in steps {
            let before = world.events();
            world.take(step.clone(), now);
            let accepted = world.events() > before;
            let again = matches!(
                step,
                Step::Election(
                    _,
                    C::Change(_) | C::ChangeCompetition { .. } | C::ChangeCandidate { .. } | C::Extend { .. } | C::Close
                        | C::AppointAdministrator { .. }
                ) | Step::Ballot(_, BallotCommand::Rate { .. } | BallotCommand::Clear { .. })
                    | Step::Correct(..)
                    | Step::IssueLink(_)
            );
            if accepted && again {
                let events = world.events();
                world.take(step, now);
                prop_assert_eq!(world.events(), events);
            }
        }
    }
}

/// Schedules have tests of their own, names of voters bear on nothing, two events of ballots are not written any more, and only a
/// large ballot is sealed.
const UNREACHED: [&str; 6] = [
    "ElectionScheduled",
    "ElectionUnscheduled",
    "VoterNameChanged",
    "BallotCandidateRated",
    "BallotRatingCleared",
    "BallotSealed",
];

/// Random commands prove little if they are all refused: these must be able to reach every kind of event.
#[test]
fn the_sequences_reach_every_event_there_is() {
    let mut seen = BTreeSet::new();
    let mut runner = TestRunner::deterministic();
    for _ in 0..2_000 {
        let mut world = World::new();
        for (step, now) in steps().new_tree(&mut runner).unwrap().current() {
            world.take(step, now);
        }
        let kind = |json: serde_json::Value| json.as_object().unwrap().keys().next().unwrap().clone();
        seen.extend(world.election.history.iter().map(|event| kind(serde_json::to_value(event).unwrap())));
        let voters = world.voters.iter().flat_map(|voter| &voter.history);
        seen.extend(voters.map(|event: &VoterEvent| kind(serde_json::to_value(event).unwrap())));
        let ballots = world.ballots.iter().flat_map(|ballot| &ballot.history);
        seen.extend(ballots.map(|event: &BallotEvent| kind(serde_json::to_value(event).unwrap())));
    }
    let [election, voter, ballot] =
        [serde_introspect::<ElectionEvent>(), serde_introspect::<VoterEvent>(), serde_introspect::<BallotEvent>()];
    let known = [election, voter, ballot].into_iter().flatten().map(|name| (*name).to_owned());
    let missing: Vec<_> = known.filter(|name| !seen.contains(name)).collect();
    assert_eq!(missing, UNREACHED, "let random commands lead to them");
}
