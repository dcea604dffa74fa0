//! Mailings: who is found, who is written to, and what is counted.

use std::collections::BTreeSet;

use photovote_coordination::{Count, Counts};
use photovote_domain::{
    MailingId,
    mailing::{Kind, MailingEvent, Recipients, Requested},
};
use serde_json::json;

use super::*;

const MAILING: MailingId = MailingId::from_bits(100);

impl World {
    /// Requests a mailing, as a follower does when it sees the commit.
    async fn request(&self, id: MailingId, kind: Kind, to: Recipients) {
        let requested = MailingEvent::MailingRequested(Requested { kind, subject: None, text: None, to });
        self.engine.write(&history(Stream::Mailing(ELECTION, id), time(), [vec![requested]])).await;
        self.control().transact(|| self.control().find_recipients(ELECTION, shards(), id)).await.unwrap();
    }

    async fn counts(&self, id: Option<MailingId>) -> Counts {
        let reader = self.control();
        reader.reader().mail_counts(ELECTION, shards(), &[id]).await.unwrap().remove(&id).unwrap()
    }

    async fn cast(&self, number: u128) {
        let start = photovote_domain::Version::NONE;
        let ballot = self.store().reader().commits_after(&ballot(number), start).await.unwrap();
        let nonce = photovote_domain::Nonce::from_bytes([1; 32]);
        let cast = BallotEvent::BallotCast { nonce, ratings: [(CandidateId::from_bits(1), 4)].into_iter().collect() };
        self.engine.write(&[following(&ballot, &[cast])]).await;
    }

    /// The recipients of the mails in the outbox whose names begin with this.
    fn recipients(&self, kind: &str) -> Vec<String> {
        let files = fs::read_dir(self.outbox.path()).unwrap().map(|entry| entry.unwrap().path());
        let mails = files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(kind));
        let mut recipients: Vec<_> = mails.map(|path| read(&fs::read_to_string(path).unwrap()).0).collect();
        recipients.sort();
        recipients
    }

    /// Lets the mailer have SES's report about the invitation of a voter. Answers whether it is taken.
    async fn report(&self, number: u128, link: u32, kind: &str) -> bool {
        let Stream::Voter(_, shard, id) = voter(number) else { unreachable!() };
        let tags = json!({
            "election": [ELECTION.to_string()], "shard": [shard.to_string()], "voter": [id.to_string()],
            "link": [link.to_string()],
        });
        let mut reported = event(&MailMessage::election(ELECTION));
        reported.records[0].body = Some(json!({"eventType": kind, "mail": {"tags": tags}}).to_string());
        self.mailer().0.handle(reported).await.batch_item_failures.is_empty()
    }

    async fn bounced(&self) -> BTreeSet<VoterId> {
        let mut voters = BTreeSet::new();
        for shard in shards().shards() {
            voters.extend(self.control().bounced_voters(ELECTION, shard, None, 100).await.unwrap().0);
        }
        voters
    }
}

fn address(number: u128) -> String {
    format!("voter{number}@example.org")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_reaches_many_who_have_not_cast() {
    // More than one step finds, in each shard.
    let world = World::open(250).await;
    world.look_after().await;
    for number in 0..250 {
        if number % 2 == 0 {
            world.cast(number).await;
        }
    }
    world.remove(1).await;
    world.request(MAILING, Kind::Reminder, Recipients::NotCast).await;
    world.look_after().await;
    assert_eq!(world.recipients("reminder").len(), 124);
    let counts = world.counts(Some(MAILING)).await;
    assert_eq!((counts.queued, counts.sent, counts.found), (0, 124, u32::from(SHARDS)));
    assert_eq!(world.due().await, 0);
    // Nothing happens again.
    world.look_after().await;
    assert_eq!(world.counts(Some(MAILING)).await, counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_reminder_lets_the_link_open_the_ballot() {
    let world = World::open(1).await;
    world.request(MAILING, Kind::Reminder, Recipients::All).await;
    for shard in shards().shards() {
        world.run(MailMessage::shard(ELECTION, shard)).await;
    }
    let token = world.mails().remove(&address(0)).unwrap();
    assert!(token.matches(&world.ballot(0).await.token.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_invitation_is_listed_and_sent_again() {
    let world = World::open(3).await;
    assert!(!world.report(1, 1, "Bounce").await, "a report that precedes its mail comes again");
    world.look_after().await;
    for kind in ["Bounce", "Bounce", "Complaint", "Delivery"] {
        assert!(world.report(1, 1, kind).await);
    }
    assert_eq!(world.bounced().await, BTreeSet::from([VoterId::from_bits(1)]));
    let counts = world.counts(None).await;
    assert_eq!((counts.sent, counts.bounced, counts.complained), (3, 1, 1), "each report counts once");
    world.forget_mails();
    world.request(MAILING, Kind::Invitation, Recipients::Bounced).await;
    world.look_after().await;
    assert_eq!(world.recipients("invitation"), [address(1)]);
    assert!(world.bounced().await.is_empty());
    assert_eq!(world.counts(Some(MAILING)).await.sent, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_about_a_replaced_link_lists_nobody() {
    let world = World::open(1).await;
    world.look_after().await;
    world.replace(0).await;
    world.look_after().await;
    assert!(world.report(0, 1, "Bounce").await);
    assert!(world.bounced().await.is_empty());
    assert_eq!(world.counts(None).await.bounced, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_on_its_way_is_not_sent_twice() {
    let world = World::open(4).await;
    // The follower asks for everybody, and an administrator for those who lack their links.
    world.control().transact(|| world.control().ask_for_everybody(ELECTION, shards())).await.unwrap();
    world.request(MAILING, Kind::Invitation, Recipients::NotInvited).await;
    for shard in shards().shards() {
        world.run(MailMessage::shard(ELECTION, shard)).await;
    }
    assert_eq!(world.recipients("invitation").len(), 4);
    let (asked, own) = (world.counts(Some(MAILING)).await, world.counts(None).await);
    assert_eq!((asked.sent + own.sent, asked.queued), (4, 0));
    assert_eq!(world.due().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_mailings_at_once_send_a_named_voter_each() {
    let world = World::open(1).await;
    world.look_after().await;
    world.forget_mails();
    let named = || Recipients::Voters(BTreeSet::from([VoterId::from_bits(0)]));
    let other = MailingId::from_bits(101);
    world.request(MAILING, Kind::Reminder, named()).await;
    world.request(other, Kind::Reminder, named()).await;
    world.look_after().await;
    assert_eq!(world.recipients("reminder"), [address(0), address(0)]);
    assert_eq!((world.counts(Some(MAILING)).await.sent, world.counts(Some(other)).await.sent), (1, 1));
}

#[test]
fn counts_have_names_of_their_own() {
    let all = [Count::Queued, Count::Sent, Count::Failed, Count::Dropped, Count::Bounced, Count::Complained];
    assert_eq!(all.map(Count::as_str).into_iter().collect::<BTreeSet<_>>().len(), all.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn everybody_is_reminded_once_if_mailers_die(
        kills in proptest::collection::vec(0..300_usize, 0..8),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::open(6).await;
            world.look_after().await;
            world.cast(2).await;
            world.request(MAILING, Kind::Reminder, Recipients::NotCast).await;
            for polls in kills {
                let _dead = killed_after(polls, world.look_after()).await;
                world.clock.fetch_add(TWO_MINUTES + 1, Ordering::SeqCst);
            }
            world.look_after().await;
            let expected: Vec<_> = [0, 1, 3, 4, 5].map(address).into();
            prop_assert_eq!(world.recipients("reminder"), expected);
            let counts = world.counts(Some(MAILING)).await;
            prop_assert_eq!((counts.queued, counts.sent, counts.failed), (0, 5, 0));
            prop_assert_eq!(world.due().await, 0);
            Ok(())
        })?;
    }
}
