//! Claims to mails over the engine: what stays due, and which link is the last one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use photovote_coordination_write::{Claim, Control, DueMail, Ended, Finding, Noted};
use photovote_domain::{ElectionId, LinkNumber, MailingId, Shard, ShardCount, Timestamp, VoterId};
use photovote_test_support::Engine;

const ELECTION: ElectionId = ElectionId::from_bits(7);
const VOTER: VoterId = VoterId::from_bits(8);
const MAILING: MailingId = MailingId::from_bits(9);
const FIRST: LinkNumber = LinkNumber::FIRST;

fn shards() -> ShardCount {
    ShardCount::try_from(1).unwrap()
}

fn shard() -> Shard {
    Shard::new(0).unwrap()
}

fn control(engine: &Engine) -> Control {
    Control::new(engine.client(), engine.tables().control)
}

/// The voter may lack the link.
async fn ask(control: &Control) {
    control.transact(|| Ok(vec![control.ask_for(ELECTION, shard(), VOTER)?])).await.unwrap();
}

/// A mailer of this name claims the voter's link, at a moment, for a second.
async fn claim(control: &Control, by: u128, now: i64) -> Option<Claim> {
    let times = (Timestamp::from_millis(now), Timestamp::from_millis(now + 1_000));
    control.claim(ELECTION, shard(), DueMail { voter: VOTER, mailing: None }, by, times).await.unwrap()
}

/// A mailing has the voter's link sent again.
async fn send_again(control: &Control) {
    control.transact(|| control.find_recipients(ELECTION, shards(), MAILING)).await.unwrap();
    let (finding, noted) = (Finding { mailing: MAILING, after: None }, Noted::Links { again: true });
    let voters = BTreeSet::from([VOTER]);
    assert!(control.found(ELECTION, shard(), &finding, (&voters, noted), None).await.unwrap());
}

async fn last(control: &Control) -> Option<LinkNumber> {
    control.mailed_link(ELECTION, shard(), VOTER).await.unwrap()
}

/// The link of the voter's invitation that did not arrive.
async fn bounced(control: &Control) -> Option<LinkNumber> {
    let page = control.reader().bounced(ELECTION, shard(), None, 10).await.unwrap();
    page.voters.first().map(|bounced| bounced.link)
}

#[tokio::test]
async fn a_mailing_stays_due_while_the_link_is_claimed() {
    let engine = Engine::start().await;
    let control = control(&engine);
    ask(&control).await;
    let first = claim(&control, 1, 0).await.unwrap();
    assert_eq!((first.counted, first.again), (None, false));
    send_again(&control).await;
    assert!(control.settle(&first, Ended::Sent(Some(FIRST))).await.unwrap(), "it was asked for again");
    // The mailing's own mail follows.
    let second = claim(&control, 2, 0).await.unwrap();
    assert_eq!((second.counted, second.again), (Some(MAILING), true));
    assert!(!control.settle(&second, Ended::Sent(Some(FIRST))).await.unwrap());
    assert_eq!(claim(&control, 3, 0).await, None);
    let counts = control.reader().mail_counts(ELECTION, shards(), &[None, Some(MAILING)]).await.unwrap();
    assert_eq!((counts[&None].sent, counts[&Some(MAILING)].sent, counts[&Some(MAILING)].queued), (1, 1, 0));
}

#[tokio::test]
async fn a_link_replaced_in_a_mailing_is_sent_without_it() {
    let engine = Engine::start().await;
    let control = control(&engine);
    send_again(&control).await;
    let first = claim(&control, 1, 0).await.unwrap();
    assert_eq!((first.counted, first.again), (Some(MAILING), true));
    ask(&control).await;
    assert!(control.settle(&first, Ended::Sent(Some(FIRST))).await.unwrap(), "it was asked for again");
    let second = claim(&control, 2, 0).await.unwrap();
    assert_eq!((second.counted, second.again), (None, false), "the mailing's mail is sent");
}

#[tokio::test]
async fn the_last_link_that_was_mailed_never_goes_back() {
    for slow in [Ended::Sent(Some(FIRST)), Ended::Failed(Some(FIRST), "unreachable")] {
        let engine = Engine::start().await;
        let control = control(&engine);
        ask(&control).await;
        // The claim of the first mailer ends while it is still at it, and the link is replaced.
        let first = claim(&control, 1, 0).await.unwrap();
        let second = claim(&control, 2, 2_000).await.unwrap();
        control.settle(&second, Ended::Failed(Some(FIRST.next()), "bounced")).await.unwrap();
        control.settle(&first, slow).await.unwrap();
        assert_eq!(last(&control).await, Some(FIRST.next()));
        assert_eq!(bounced(&control).await, Some(FIRST.next()));

        // The same, if the claim of the slow mailer is the one that counts.
        ask(&control).await;
        let third = claim(&control, 3, 4_000).await.unwrap();
        assert!(!control.settle(&third, slow).await.unwrap());
        assert_eq!(last(&control).await, Some(FIRST.next()));
        assert_eq!(bounced(&control).await, Some(FIRST.next()));
        assert_eq!(claim(&control, 4, 4_000).await, None, "it is not due any more");
    }
}

#[tokio::test]
async fn a_link_that_is_sent_once_more_is_noted() {
    let engine = Engine::start().await;
    let control = control(&engine);
    for (by, ended) in [(1, Ended::Failed(Some(FIRST), "unreachable")), (2, Ended::Sent(Some(FIRST)))] {
        send_again(&control).await;
        let claim = claim(&control, by, 0).await.unwrap();
        assert!(!control.settle(&claim, ended).await.unwrap());
    }
    assert_eq!((last(&control).await, bounced(&control).await), (Some(FIRST), None));
}
