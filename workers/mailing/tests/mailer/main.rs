//! The mailer over the engine: who is mailed, once, with a link that opens the ballot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod at_once;
mod mailings;
mod notices;

use std::{
    collections::BTreeMap,
    fs,
    future::{Future, poll_fn},
    path::PathBuf,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::Poll,
};

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use photovote_coordination_write::{Control, DueMail};
use photovote_domain::{
    Ballot, BallotId, BallotToken, CandidateId, CompetitionId, ElectionId, LinkNumber, Links, Scale, Shard, ShardCount,
    Timestamp, VoterId,
    ballot::{BallotEvent, Status},
    election::ElectionEvent,
    voter::VoterEvent,
};
use photovote_events::{Environment, Stream};
use photovote_events_append::EventStore;
use photovote_links::LinkKey;
use photovote_mail::MailService;
use photovote_mailing::{Mailer, Sender};
use photovote_queues::{MailMessage, Queue};
use photovote_test_support::{Engine, following, history};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

const ELECTION: ElectionId = ElectionId::from_bits(7);
const SHARDS: u8 = 2;
const TWO_MINUTES: i64 = 120_000;

/// An election that invites its voters, a mailer, and the directory that mails go into.
struct World {
    engine: Engine,
    outbox: TempDir,
    clock: Arc<AtomicI64>,
    dice: Arc<AtomicI64>,
    key: u8,
}

impl World {
    /// An election that is open, with so many voters.
    async fn open(voters: u128) -> Self {
        Self::with(Links::Invite, true, voters).await
    }

    async fn with(links: Links, is_open: bool, voters: u128) -> Self {
        let clock = Arc::new(AtomicI64::new(1_000_000));
        let (engine, outbox, dice) = (Engine::start().await, tempfile::tempdir().unwrap(), Arc::default());
        let world = Self { engine, outbox, clock, dice, key: 1 };
        world.engine.write(&election(links, is_open)).await;
        for number in 0..voters {
            world.register(number, &format!("voter{number}@example.org")).await;
        }
        world
    }

    async fn register(&self, number: u128, email: &str) {
        let ballot = BallotId::from_bits(number);
        let (email, name) = (email.to_owned(), format!("Voter {number}"));
        self.engine
            .write(&history(voter(number), time(), [vec![VoterEvent::VoterRegistered { ballot, email, name }]]))
            .await;
        let awaited = BallotEvent::BallotLinkAwaited { link: LinkNumber::FIRST };
        self.engine.write(&history(self::ballot(number), time(), [vec![awaited]])).await;
    }

    /// A command gives a voter another link.
    async fn replace(&self, number: u128) {
        let store = self.store();
        let ballot =
            store.reader().commits_after(&self::ballot(number), photovote_domain::Version::NONE).await.unwrap();
        let voter = store.reader().commits_after(&voter(number), photovote_domain::Version::NONE).await.unwrap();
        let next = LinkNumber::new(u32::try_from(voter.len()).unwrap() + 1);
        self.engine.write(&[following(&voter, &[VoterEvent::VoterTokenReplaced {}])]).await;
        self.engine.write(&[following(&ballot, &[BallotEvent::BallotLinkAwaited { link: next }])]).await;
    }

    async fn remove(&self, number: u128) {
        let store = self.store();
        let none = photovote_domain::Version::NONE;
        let ballot = store.reader().commits_after(&self::ballot(number), none).await.unwrap();
        let voter = store.reader().commits_after(&voter(number), none).await.unwrap();
        self.engine.write(&[following(&voter, &[VoterEvent::VoterRemoved {}])]).await;
        self.engine.write(&[following(&ballot, &[BallotEvent::BallotVoided {}])]).await;
    }

    fn store(&self) -> EventStore {
        let (clock, dice) = (self.clock.clone(), self.dice.clone());
        let environment = Environment::new(
            move || Timestamp::from_millis(clock.load(Ordering::SeqCst)),
            move |bytes| {
                bytes[..8].copy_from_slice(&dice.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            },
        );
        EventStore::new(self.engine.client(), self.engine.tables().events, environment)
    }

    fn control(&self) -> Control {
        Control::new(self.engine.client(), self.engine.tables().control)
    }

    /// A new instance of the mailer, and what it sends its queue.
    fn mailer(&self) -> (Mailer, UnboundedReceiver<MailMessage>) {
        self.mailer_over(MailService::directory(self.outbox.path()))
    }

    fn mailer_over(&self, service: MailService) -> (Mailer, UnboundedReceiver<MailMessage>) {
        let (queue, sent) = Queue::in_process();
        let sender = Sender {
            address: "club@example.org".parse().unwrap(),
            name: "Photo Club".parse().unwrap(),
            page: "https://vote.example.org".to_owned(),
        };
        (Mailer::new(self.store(), self.control(), queue, LinkKey::held([self.key; 32]), service, sender), sent)
    }

    /// Lets a mailer work until it has nothing to do. Answers how many messages failed.
    async fn run(&self, first: MailMessage) -> usize {
        let (mailer, mut sent) = self.mailer();
        let (mut next, mut failed) = (Some(first), 0);
        for _ in 0..1_000 {
            let Some(message) = next else { return failed };
            failed += mailer.handle(event(&message)).await.batch_item_failures.len();
            next = sent.try_recv().ok();
        }
        panic!("the mailer does not come to an end")
    }

    async fn look_after(&self) -> usize {
        self.run(MailMessage::election(ELECTION)).await
    }

    /// The mails: the recipient of each, and the token in its link.
    fn mails(&self) -> BTreeMap<String, BallotToken> {
        self.files().into_iter().map(|mail| read(&fs::read_to_string(mail).unwrap())).collect()
    }

    fn forget_mails(&self) {
        for mail in self.files() {
            fs::remove_file(mail).unwrap();
        }
    }

    /// The files that are mails. A file without that ending is one that is still being written: a mailer that dies
    /// in the middle of it leaves a thread behind that writes it to its end.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.outbox.path()).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "eml")).collect()
    }

    async fn ballot(&self, number: u128) -> Ballot {
        self.store().reader().load::<Ballot>(ballot(number)).await.unwrap().state().clone()
    }

    /// What is still noted as due.
    async fn due(&self) -> usize {
        let items = self.engine.items(self.engine.tables().control).await;
        items.keys().filter(|(_, sk)| sk.starts_with("due")).count()
    }
}

fn shards() -> ShardCount {
    ShardCount::try_from(SHARDS).unwrap()
}

fn voter(number: u128) -> Stream {
    Stream::voter(ELECTION, shards(), VoterId::from_bits(number))
}

fn ballot(number: u128) -> Stream {
    Stream::ballot(ELECTION, shards(), BallotId::from_bits(number))
}

fn time() -> Timestamp {
    Timestamp::from_millis(0)
}

fn election(links: Links, is_open: bool) -> Vec<photovote_events::Commit> {
    let (owner, scale, shards) = ("ada".to_owned(), Scale::default(), shards());
    let created = ElectionEvent::ElectionCreated { description: None, name: "Summer".into(), owner, scale, shards };
    let competition = CompetitionId::from_bits(1);
    let added = ElectionEvent::CompetitionAdded { competition, description: None, name: "Nature".into() };
    let candidate = |n: u128| ElectionEvent::CandidateAdded {
        candidate: CandidateId::from_bits(n),
        competition,
        description: None,
        image: None,
        name: "Moon".into(),
    };
    let mut commits =
        vec![vec![created, ElectionEvent::ElectionLinksChanged { links }], vec![added, candidate(1), candidate(2)]];
    commits.extend(is_open.then(|| vec![ElectionEvent::ElectionOpened { closes_at: None }]));
    history(Stream::Election(ELECTION), time(), commits)
}

fn event(message: &MailMessage) -> SqsEvent {
    let mut record = SqsMessage::default();
    record.message_id = Some("1".to_owned());
    record.body = Some(serde_json::to_string(message).unwrap());
    let mut event = SqsEvent::default();
    event.records.push(record);
    event
}

/// The recipient of a mail, and the token in it.
fn read(mail: &str) -> (String, BallotToken) {
    let to = mail.lines().find_map(|line| line.strip_prefix("To: ")).unwrap();
    let to = to.rsplit('<').next().unwrap().trim_end_matches('>').to_owned();
    // Quoted-printable breaks lines with `=`, and writes it `=3D`.
    let unfolded = mail.replace("=\r\n", "");
    let token = unfolded.split("/vote#").nth(1).unwrap();
    let token: String = token.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (to, token.parse().unwrap())
}

/// Lets a future go so far, and then no further: whoever ran it is dead.
async fn killed_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_mailed_a_link_that_opens_their_ballot() {
    // More than one message is worth, in each shard.
    let world = World::open(120).await;
    assert_eq!(world.ballot(3).await.token, None);
    assert_eq!(world.look_after().await, 0);
    let mails = world.mails();
    assert_eq!(mails.len(), 120);
    for number in 0..120 {
        let token = &mails[&format!("voter{number}@example.org")];
        assert_eq!((token.election, token.ballot), (ELECTION, BallotId::from_bits(number)));
        let ballot = world.ballot(number).await;
        assert_eq!(ballot.status, Status::Draft);
        assert!(token.matches(&ballot.token.unwrap()));
    }
    assert_eq!(world.due().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_is_mailed_a_link_once() {
    let world = World::open(5).await;
    world.look_after().await;
    world.forget_mails();
    // All are asked for again, and one by name.
    let shard = Shard::new(0).unwrap();
    world.control().transact(|| world.control().ask_for_everybody(ELECTION, shards())).await.unwrap();
    let number = (0..5).find(|n| matches!(voter(*n), Stream::Voter(_, home, _) if home == shard)).unwrap();
    world
        .control()
        .transact(|| Ok(vec![world.control().ask_for(ELECTION, shard, VoterId::from_bits(number))?]))
        .await
        .unwrap();
    world.run(MailMessage::shard(ELECTION, shard)).await;
    world.look_after().await;
    assert!(world.mails().is_empty());
    assert_eq!(world.due().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_replaced_is_mailed_anew() {
    let world = World::open(2).await;
    world.look_after().await;
    let first = world.mails().remove("voter1@example.org").unwrap();
    world.replace(1).await;
    assert_eq!(world.ballot(1).await.token, None, "the old link opens nothing");
    world.forget_mails();
    world.look_after().await;
    let mails = world.mails();
    assert_eq!(mails.len(), 1, "only who got another link");
    let second = &mails["voter1@example.org"];
    let ballot = world.ballot(1).await;
    assert!(second.matches(&ballot.token.unwrap()) && !first.matches(&ballot.token.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_was_removed_is_mailed() {
    let world = World::open(3).await;
    world.remove(1).await;
    world.look_after().await;
    assert_eq!(world.mails().len(), 2);
    assert_eq!(world.ballot(1).await.status, Status::Voided);
    assert_eq!(world.due().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_mailed_unless_it_invites_and_is_open() {
    for (links, is_open) in [(Links::HandOut, true), (Links::Invite, false)] {
        let world = World::with(links, is_open, 3).await;
        world.look_after().await;
        // Nor if a voter is asked for by name.
        for shard in shards().shards() {
            let ask = || {
                let voters = (0..3).filter(|n| matches!(voter(*n), Stream::Voter(_, home, _) if home == shard));
                voters.map(|n| world.control().ask_for(ELECTION, shard, VoterId::from_bits(n))).collect()
            };
            world.control().transact(ask).await.unwrap_or_default();
            world.run(MailMessage::shard(ELECTION, shard)).await;
        }
        assert!(world.mails().is_empty());
        assert_eq!(world.due().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_written_to_keeps_nobody_waiting() {
    let world = World::open(2).await;
    // An address that older rules allowed, and one that mail cannot reach.
    world.register(2, "no address").await;
    world.register(3, "jürgen@example.org").await;
    assert_eq!(world.look_after().await, 0);
    assert_eq!(world.mails().len(), 2);
    assert_eq!(world.due().await, 0);
    assert_eq!(world.ballot(2).await.token, None, "no link was issued");
    let items = world.engine.items(world.engine.tables().control).await;
    let failed = items.iter().filter(|((_, sk), item)| sk.starts_with("mailed#") && item.contains_key("failed"));
    assert_eq!(failed.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_changed_mails_no_second_link() {
    let mut world = World::open(1).await;
    world.look_after().await;
    let token = world.ballot(0).await.token;
    // What was mailed is forgotten, and the key is another one.
    let mailed = world.engine.items(world.engine.tables().control).await;
    let mailed = mailed.into_keys().find(|(_, sk)| sk.starts_with("mailed#")).unwrap();
    world.engine.delete(world.engine.tables().control, &mailed).await;
    world.forget_mails();
    world.key = 2;
    assert_eq!(world.look_after().await, 0);
    assert!(world.mails().is_empty());
    assert_eq!(world.ballot(0).await.token, token, "the link that the voter has opens the ballot still");
    // Replacing the link helps.
    world.replace(0).await;
    world.look_after().await;
    assert!(world.mails()["voter0@example.org"].matches(&world.ballot(0).await.token.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_wait_while_the_service_takes_none() {
    let world = World::open(3).await;
    let moved = world.outbox.path().with_extension("moved");
    fs::rename(world.outbox.path(), &moved).unwrap();
    let (mailer, mut sent) = world.mailer();
    assert!(mailer.handle(event(&MailMessage::election(ELECTION))).await.batch_item_failures.is_empty());
    for _ in 0..6 {
        let Ok(message) = sent.try_recv() else { break };
        assert!(mailer.handle(event(&message)).await.batch_item_failures.is_empty());
    }
    assert!(world.due().await > 0);
    fs::rename(&moved, world.outbox.path()).unwrap();
    world.look_after().await;
    assert_eq!(world.mails().len(), 3);
    assert_eq!(world.due().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_mailers_mail_is_looked_at_after_its_claim() {
    let world = World::open(1).await;
    let Stream::Voter(_, shard, id) = voter(0) else { unreachable!("it is a voter") };
    world.control().transact(|| Ok(vec![world.control().ask_for(ELECTION, shard, id)?])).await.unwrap();
    let now = world.clock.load(Ordering::SeqCst);
    let claim = [now, now + TWO_MINUTES].map(Timestamp::from_millis).into();
    let mail = DueMail { voter: id, mailing: None };
    world.control().claim(ELECTION, shard, mail, 7, claim).await.unwrap().unwrap();
    let (mailer, mut sent) = world.mailer();
    let look = MailMessage::shard(ELECTION, shard);
    assert!(mailer.handle(event(&look)).await.batch_item_failures.is_empty());
    assert!(world.mails().is_empty(), "the claimant may be at it");
    let next = sent.try_recv().unwrap();
    assert_eq!(next, look);
    world.clock.fetch_add(TWO_MINUTES + 1, Ordering::SeqCst);
    world.run(next).await;
    assert_eq!((world.mails().len(), world.due().await), (1, 0));
}

#[tokio::test]
async fn a_message_that_is_none_comes_again() {
    let world = World::open(0).await;
    let mut wrong = event(&MailMessage::election(ELECTION));
    wrong.records[0].body = Some("{}".to_owned());
    let failed = world.mailer().0.handle(wrong).await.batch_item_failures;
    assert_eq!(failed.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn everybody_has_one_link_wherever_a_mailer_dies(kills in proptest::collection::vec(0..200_usize, 0..8)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::open(6).await;
            let mut links: BTreeMap<String, String> = BTreeMap::new();
            for polls in kills {
                let _dead = killed_after(polls, world.look_after()).await;
                for (to, token) in world.mails() {
                    let token = token.reveal();
                    let known = links.entry(to).or_insert_with(|| token.clone());
                    prop_assert_eq!(&*known, &token, "a mail that comes twice has the same link");
                }
                // The claims of the dead end.
                world.clock.fetch_add(TWO_MINUTES + 1, Ordering::SeqCst);
            }
            world.look_after().await;
            let mails = world.mails();
            prop_assert_eq!(mails.len(), 6);
            for number in 0..6 {
                let token = &mails[&format!("voter{number}@example.org")];
                prop_assert!(token.matches(&world.ballot(number).await.token.unwrap()));
            }
            prop_assert_eq!(world.due().await, 0);
            Ok(())
        })?;
    }
}
