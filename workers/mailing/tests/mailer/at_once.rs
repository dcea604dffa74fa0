//! A service that takes several mails at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use photovote_domain::Shard;
use photovote_events::Stream;
use photovote_mail::{MailService, Outgoing, SendError};
use photovote_queues::MailMessage;
use tokio::{sync::Barrier, time::timeout};

use super::{ELECTION, World, event};

const AT_ONCE: usize = 3;
/// Enough for anything that comes about at all.
const PATIENCE: Duration = Duration::from_mins(1);

/// How many mails a service began to take, and how many it took.
#[derive(Default)]
struct Counts {
    begun: AtomicUsize,
    taken: AtomicUsize,
}

/// A service that takes no mail before there are three. It puts the first one off, if it is to.
fn service(counts: &Arc<Counts>, puts_off: bool) -> MailService {
    let (counts, all_there) = (Arc::clone(counts), Arc::new(Barrier::new(AT_ONCE)));
    MailService::in_process(AT_ONCE, move |_: &Outgoing<'_>| {
        let (counts, all_there) = (Arc::clone(&counts), Arc::clone(&all_there));
        let number = counts.begun.fetch_add(1, Ordering::SeqCst);
        async move {
            if number < AT_ONCE {
                let met = timeout(PATIENCE, all_there.wait()).await;
                met.map_err(|_alone| SendError::Unavailable("it was alone".to_owned()))?;
            }
            if puts_off && number == 0 {
                return Err(SendError::Throttled("later".to_owned()));
            }
            counts.taken.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    })
}

fn shard() -> Shard {
    Shard::new(0).unwrap()
}

/// Has a mailer send the first mails to the voters of a shard.
async fn send(world: &World, service: MailService) {
    world.control().transact(|| world.control().ask_for_everybody(ELECTION, super::shards())).await.unwrap();
    let (mailer, mut sent) = world.mailer_over(service);
    // It looks for those who lack a link, and then sends.
    for message in [MailMessage::shard(ELECTION, shard()), MailMessage::shard(ELECTION, shard())] {
        assert!(mailer.handle(event(&message)).await.batch_item_failures.is_empty());
    }
    sent.try_recv().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_mails_are_on_their_way_at_once() {
    let (world, counts) = (World::open(60).await, Arc::default());
    send(&world, service(&counts, false)).await;
    let taken = counts.taken.load(Ordering::SeqCst);
    assert!(taken > AT_ONCE, "{taken} mails are taken");
    assert_eq!(taken, counts.begun.load(Ordering::SeqCst));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_its_way_arrives_if_others_must_wait() {
    let (world, counts) = (World::open(60).await, Arc::default());
    send(&world, service(&counts, true)).await;
    let (begun, taken) = (counts.begun.load(Ordering::SeqCst), counts.taken.load(Ordering::SeqCst));
    assert_eq!(taken, begun - 1, "the others arrive");
    // While the first one fails, those beside it can be followed by two.
    assert!(begun < 2 * AT_ONCE, "{begun} mails were begun");
    let voters = (0..60).filter(|n| matches!(super::voter(*n), Stream::Voter(_, home, _) if home == shard())).count();
    // Nobody has looked at the other shard.
    assert_eq!(world.due().await, voters - taken + 1, "those who wait are still due");
}
