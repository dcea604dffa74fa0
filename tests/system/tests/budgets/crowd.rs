//! What it takes to import many voters, and to mail them their links. The importer, the follower and the mailer run over buckets, a
//! key and a mail service that are counted.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    sqs::{SqsEvent, SqsMessage},
};
use aws_types::SdkConfig;
use photovote_domain::{Digest, Timestamp};
use photovote_dynamodb::{Answer, Endpoint, Item, answered_by, config};
use photovote_events::Environment;
use photovote_functions::Wiring;
use photovote_keys::objects::list_key;
use photovote_queues::{ImportMessage, MailMessage, Queue};
use photovote_test_support::Buckets;
use photovote_tests::budget::{CROWD, Crowd, IMPORTED, INVITED};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    COMPETITION, VOTER, path,
    world::{ELECTION, OWNER, Request, World},
};

/// The most commits that a follower is told of at once.
const BATCH: usize = 100;

/// How often KMS and SES were asked.
#[derive(Debug, Clone, Default)]
struct Asked {
    macs: Arc<AtomicUsize>,
    mails: Arc<AtomicUsize>,
}

impl Asked {
    /// KMS, which makes the same MAC of everything, and SES, which takes every mail.
    fn config(&self) -> SdkConfig {
        let asked = self.clone();
        config(&Endpoint::Client(answered_by(move |request| {
            let (count, body) = if request.target() == "TrentService.GenerateMac" {
                (
                    &asked.macs,
                    json!({"KeyId": "key", "Mac": format!("{}=", "A".repeat(43)), "MacAlgorithm": "HMAC_SHA_256"}),
                )
            } else {
                (&asked.mails, json!({"MessageId": "1"}))
            };
            count.fetch_add(1, Ordering::Relaxed);
            async move { Ok(Answer { status: 200, body: body.to_string().into_bytes() }) }
        })))
    }

    fn take(&self) -> (usize, usize) {
        (self.macs.swap(0, Ordering::Relaxed), self.mails.swap(0, Ordering::Relaxed))
    }
}

/// The functions that lists and mails need, with dice that fall the same way each time.
struct Functions {
    world: World,
    wiring: Wiring,
    buckets: Buckets,
    asked: Asked,
    imports: UnboundedReceiver<ImportMessage>,
    mails: UnboundedReceiver<MailMessage>,
    messages: usize,
    /// The commits that were followed, as far as they are to be, sorted by their keys.
    seen: Vec<(String, String)>,
}

impl Functions {
    async fn new() -> Self {
        let (world, buckets, asked) = (World::new().await, Buckets::default(), Asked::default());
        let (to_import, imports) = Queue::in_process();
        let (to_mail, mails) = Queue::in_process();
        let drawn = AtomicU64::new(0);
        let random = move |bytes: &mut [u8; 32]| {
            *bytes = *Digest::of(&drawn.fetch_add(1, Ordering::Relaxed).to_be_bytes()).as_bytes();
        };
        let now = Timestamp::from_millis(1_800_000_000_000);
        let tables = world.engine.tables();
        let settings = move |name: &str| match name {
            "LINK_KEY_ID" => Some("key".to_owned()),
            "MAIL_FROM" => Some("club@example.org".to_owned()),
            "MAIL_SENDER" => Some("Photo Club".to_owned()),
            "PAGE_URL" => Some("https://vote.example.org".to_owned()),
            _ => tables.setting(name),
        };
        let wiring = Wiring::new(world.engine.config().clone(), asked.config(), settings)
            .with_client(world.client())
            .with_objects(buckets.config())
            .with_environment(Environment::new(move || now, random))
            .with_import_queue(to_import)
            .with_mail_queue(to_mail);
        Self { world, wiring, buckets, asked, imports, mails, messages: 0, seen: Vec::new() }
    }

    async fn post(&self, template: &str, body: Value) {
        let (router, path) = (self.wiring.election_commands().unwrap(), path(template));
        let reply = Request("POST", &path, &body).send_under(&router, OWNER, None).await;
        assert!(reply.status < 300, "{path}: {}", reply.text);
    }

    /// Lets the importer do all that is to be done.
    async fn import(&mut self, first: Value) {
        let importer = self.wiring.importer().unwrap();
        let mut next = Some(message(&first));
        while let Some(event) = next {
            self.messages += 1;
            assert!(importer.handle(event).await.batch_item_failures.is_empty());
            next = self.imports.try_recv().ok().as_ref().map(message);
        }
    }

    /// Lets the mailer do all that is to be done.
    async fn mail(&mut self) {
        let mailer = self.wiring.mailer().unwrap();
        while let Ok(asked) = self.mails.try_recv() {
            self.messages += 1;
            assert!(mailer.handle(message(&asked)).await.batch_item_failures.is_empty());
        }
    }

    /// Tells the invitations of the new commits that concern them. Answers how many are new, and how many concern them.
    async fn follow(&mut self) -> (usize, usize) {
        let commits = self.world.engine.items(self.world.engine.tables().events).await;
        let new: Vec<_> = commits.into_iter().filter(|(key, _)| self.seen.binary_search(key).is_err()).collect();
        let concerns = |sk: &str| ["election#", "mailing#", "voter#"].iter().any(|kind| sk.starts_with(kind));
        let record = |item: &Item| {
            let mut record = EventRecord::default();
            "INSERT".clone_into(&mut record.event_name);
            record.change.new_image = item.clone().into();
            record
        };
        let records = new.iter().filter(|((_, sk), _)| concerns(sk)).map(|(_, item)| record(item));
        let records: Vec<_> = records.collect();
        let invitations = self.wiring.invitations().unwrap();
        for records in records.chunks(BATCH) {
            let mut event = Event::default();
            event.records = records.to_vec();
            assert!(invitations.handle(event).await.batch_item_failures.is_empty());
        }
        let counts = (new.len(), records.len());
        self.seen.extend(new.into_iter().map(|(key, _)| key));
        self.seen.sort_unstable();
        counts
    }

    /// What was done since the last time. The documents are brought up to date as well.
    async fn measured(&mut self, what: &'static str, (commits, followed): (usize, usize)) -> Measured {
        let (calls, written, read_units) = self.world.spent();
        let before = self.world.documented().await;
        self.world.project().await;
        let write_units = written + before.units_to(&self.world.documented().await);
        let (macs, mails) = self.asked.take();
        let messages = std::mem::take(&mut self.messages);
        self.world.spent();
        (what, calls, [write_units, read_units, commits, followed, messages, macs, mails])
    }
}

/// What is done, the calls, and the numbers of a [`Crowd`] in their order.
type Measured = (&'static str, String, [usize; 7]);

fn said(crowd: &Crowd) -> Measured {
    let Crowd { what, calls, write_units, read_units, commits, followed, messages, macs, mails } = *crowd;
    (what, calls.to_owned(), [write_units, read_units, commits, followed, messages, macs, mails])
}

#[tokio::test]
async fn an_imported_and_invited_crowd_costs_what_is_said() {
    let mut functions = Functions::new().await;
    functions.post("/elections", json!({"id": ELECTION, "name": "Summer", "links": "invite"})).await;
    functions.post("{e}/competitions", json!({"id": COMPETITION, "name": "Nature"})).await;
    for name in ["Moon", "Sun"] {
        functions.post(&format!("{{e}}/competitions/{COMPETITION}/candidates"), json!({"name": name})).await;
    }
    functions.follow().await;
    functions.measured("prepare", (0, 0)).await;

    let row = |number| format!("Voter {number},voter{number}@example.org\n");
    let list: String = std::iter::once("name,email\n".to_owned()).chain((0..CROWD).map(row)).collect();
    functions.post("{e}/imports", json!({"id": VOTER, "name": "members.csv", "bytes": list.len()})).await;
    let key = list_key(ELECTION.parse().unwrap(), VOTER.parse().unwrap());
    functions.buckets.put("originals", &key, list);
    functions.import(json!({"Records": [{"s3": {"object": {"key": key}}}]})).await;
    functions.post("{i}/confirm", json!({})).await;
    let confirmed = functions.imports.try_recv().unwrap();
    functions.import(json!(confirmed)).await;
    let commits = functions.follow().await;
    assert_eq!(functions.measured(IMPORTED.what, commits).await, said(&IMPORTED));

    functions.post("{e}/open", json!({})).await;
    let (opened, told) = functions.follow().await;
    functions.mail().await;
    let (linked, _) = functions.follow().await;
    assert_eq!(functions.measured(INVITED.what, (opened + linked, told)).await, said(&INVITED));
}

fn message(body: &impl Serialize) -> SqsEvent {
    let mut message = SqsMessage::default();
    (message.message_id, message.body) = (Some("1".to_owned()), Some(serde_json::to_string(body).unwrap()));
    let mut event = SqsEvent::default();
    event.records = vec![message];
    event
}
