//! Who is mailed, by what happens to elections and voters.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use aws_lambda_events::dynamodb::{Event, EventRecord};
use photovote_coordination_write::{Control, DueMail};
use photovote_domain::{
    BallotId, ElectionId, Links, MailingId, Scale, Shard, ShardCount, Timestamp, VoterId,
    election::{ElectionEvent, Status},
    mailing::{Kind, MailingEvent, Recipients, Requested},
    voter::VoterEvent,
};
use photovote_events::{Commit, Environment, EventReader, Stream};
use photovote_following::Policy;
use photovote_invitations::{Invitations, Invite, Standing, follower};
use photovote_queues::{MailMessage, Queue};
use photovote_test_support::{Engine, following, history};

const ELECTION: ElectionId = ElectionId::from_bits(7);
const VOTER: VoterId = VoterId::from_bits(9);

fn shards() -> ShardCount {
    ShardCount::try_from(4).unwrap()
}

fn voter() -> Stream {
    Stream::voter(ELECTION, shards(), VOTER)
}

/// The shard that the voter lies in.
fn home() -> Shard {
    shards().shard_of(&VOTER.to_string())
}

fn election(links: Links) -> Vec<Commit> {
    let (owner, scale, shards) = ("ada".to_owned(), Scale::default(), shards());
    let created = ElectionEvent::ElectionCreated { description: None, name: "Summer".into(), owner, scale, shards };
    let commits = [vec![created], vec![ElectionEvent::ElectionLinksChanged { links }]];
    history(Stream::Election(ELECTION), Timestamp::from_millis(0), commits)
}

fn opened(before: &[Commit]) -> Commit {
    following(before, &[ElectionEvent::ElectionOpened { closes_at: None }])
}

fn registered() -> Commit {
    let (ballot, email, name) = (BallotId::from_bits(9), "bea@example.org".to_owned(), "Bea".to_owned());
    let event = VoterEvent::VoterRegistered { ballot, email, name };
    history(voter(), Timestamp::from_millis(0), [vec![event]]).remove(0)
}

fn of_voter(event: VoterEvent) -> Commit {
    following(&[registered()], &[event])
}

#[test]
fn the_policy_invites_in_open_elections_that_invite() {
    let draft = election(Links::Invite);
    let (everybody, one) = (vec![Invite::Everybody(shards())], vec![Invite::Voter(home(), VOTER)]);
    let cases = [
        (opened(&draft), everybody),
        (registered(), one.clone()),
        (of_voter(VoterEvent::VoterTokenReplaced {}), one),
        (of_voter(VoterEvent::VoterNameChanged { name: "Eve".into() }), vec![]),
        (of_voter(VoterEvent::VoterRemoved {}), vec![]),
        (draft[0].clone(), vec![]),
    ];
    for (commit, invites) in cases {
        let decide = |status, links| {
            Invitations
                .decide(&commit, &Standing { status, links, shards: shards(), now: Timestamp::from_millis(0) })
                .unwrap()
        };
        assert_eq!(decide(Status::Open, Links::Invite), invites, "{}", commit.stream);
        assert!(decide(Status::Open, Links::HandOut).is_empty());
        for status in [Status::Draft, Status::Closing, Status::Closed, Status::Released, Status::Deleted] {
            assert!(decide(status, Links::Invite).is_empty(), "{status:?}");
        }
    }
}

#[test]
fn a_mailing_is_followed_for_a_day() {
    let id = MailingId::from_bits(8);
    let requested = Requested { kind: Kind::Results, subject: None, text: None, to: Recipients::All };
    let event = MailingEvent::MailingRequested(requested);
    let commit = history(Stream::Mailing(ELECTION, id), Timestamp::from_millis(0), [vec![event]]).remove(0);
    for (hours, follows) in [(0, true), (23, true), (24, false), (1_000, false)] {
        let now = Timestamp::from_millis(hours * 3_600_000);
        // The mailer looks at the election before each mail.
        let standing = Standing { status: Status::Released, links: Links::HandOut, shards: shards(), now };
        let expected: Vec<_> = follows.then_some(Invite::Mailing(shards(), id)).into_iter().collect();
        assert_eq!(Invitations.decide(&commit, &standing).unwrap(), expected, "after {hours} hours");
    }
}

#[tokio::test]
async fn what_invites_nobody_costs_nothing() {
    let engine = Engine::start().await;
    let (client, calls) = engine.counting_client();
    let (queue, _told) = Queue::in_process();
    let reader = EventReader::new(client.clone(), engine.tables().events);
    let follower = follower(reader, Control::new(client, engine.tables().control), queue, Environment::system());
    let mut commits = election(Links::Invite);
    commits.push(of_voter(VoterEvent::VoterRemoved {}));
    assert!(follower.handle(event(&commits)).await.batch_item_failures.is_empty());
    assert!(calls.take().is_empty());
}

/// The function is told of commits.
fn event(commits: &[Commit]) -> Event {
    let record = |commit: &Commit| {
        let mut record = EventRecord::default();
        "INSERT".clone_into(&mut record.event_name);
        record.change.new_image = commit.to_item().into();
        record
    };
    let mut event = Event::default();
    event.records = commits.iter().map(record).collect();
    event
}

#[tokio::test]
async fn the_mailer_is_told_once_something_is_due() {
    let engine = Engine::start().await;
    let control = Control::new(engine.client(), engine.tables().control);
    let (queue, mut told) = Queue::in_process();
    let follower = follower(
        EventReader::new(engine.client(), engine.tables().events),
        control.clone(),
        queue,
        Environment::system(),
    );
    let (draft, registered) = (election(Links::Invite), registered());
    engine.write(&draft).await;
    engine.write(std::slice::from_ref(&registered)).await;
    let early = [draft.clone(), vec![registered.clone()]].concat();
    assert!(follower.handle(event(&early)).await.batch_item_failures.is_empty());
    assert!(told.try_recv().is_err(), "a draft invites nobody");

    let opened = opened(&draft);
    engine.write(std::slice::from_ref(&opened)).await;
    // The follower is told of the registration late, and so the voter is due as well.
    assert!(follower.handle(event(&[opened.clone(), registered])).await.batch_item_failures.is_empty());
    let mut messages = Vec::new();
    while let Ok(message) = told.try_recv() {
        messages.push(message);
    }
    let all = shards().shards().chain([home()]).map(|shard| MailMessage::shard(ELECTION, shard));
    assert_eq!(messages, all.collect::<Vec<_>>());
    let due = control.due(ELECTION, home(), 10).await.unwrap();
    assert!(due.everybody.is_some());
    assert_eq!(due.mails, [DueMail { voter: VOTER, mailing: None }]);

    // A commit that comes again changes nothing, but the mailer is told again.
    let before = engine.items(engine.tables().control).await;
    follower.handle(event(&[opened])).await;
    assert_eq!(engine.items(engine.tables().control).await, before);
    let marks = before.keys().filter(|(pk, _)| *pk == format!("{ELECTION}#followed#invitations"));
    assert_eq!(marks.count(), 1);
    assert!(told.try_recv().is_ok());
}
