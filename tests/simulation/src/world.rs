//! One run: everybody at once, then calm, then the checks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_lambda_events::{
    dynamodb::Event,
    sqs::{SqsBatchResponse, SqsEvent},
    streams::DynamoDbEventResponse,
};
use photovote_domain::{ElectionId, Timestamp};
use photovote_queues::{CountMessage, ImportMessage, MailMessage, PhotographMessage};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::{
    administrator::Administrator,
    check,
    cloud::Cloud,
    dice::Dice,
    faults::Counts,
    functions::Functions,
    gateway::{Client, Gateway},
    queue::Queue,
    scenario::Scenario,
    stream::{Fate, Stream},
};

/// How many shards of the stream are looked after; there are never more.
const SHARDS: usize = 8;
/// How many counters work at once.
const COUNTERS: usize = 3;
/// How many photo-processors work at once.
const PROCESSORS: usize = 2;
/// How many importers work at once.
const IMPORTERS: usize = 2;
/// How many mailers work at once.
const MAILERS: usize = 3;
/// How often the clock comes, in milliseconds.
const CLOSER: u64 = 10_000;
/// How long the system may take to come to rest once nothing goes wrong any more, in milliseconds of virtual time.
const REST: i64 = 4 * 3_600_000;

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Its scenario's name.
    pub scenario: &'static str,
    /// What was violated. Nothing, if all is well.
    pub violations: Vec<String>,
    /// The faults that occurred.
    pub faults: Counts,
    /// How many things happened: calls that were answered, and answers to clients.
    pub steps: u64,
    /// How many commits were written.
    pub commits: u64,
    /// How many ballots were cast.
    pub casts: u64,
    /// How many casts were acknowledged to their voters.
    pub acknowledged: u64,
    /// How many mails were sent.
    pub mails: u64,
    /// How many messages went to the repair and failure queues.
    pub repairs: u64,
    /// How long it lasted in virtual time, in milliseconds.
    pub millis: i64,
    /// A digest of everything that happened, in order.
    pub trace: u64,
}

/// Runs a scenario from a seed. The same seed does the same, each time.
///
/// # Panics
/// If something cannot run that has to: whoever simulates it wants to know.
pub fn run(seed: u64, scenario: &Scenario) -> Report {
    // What retries wait, and which client tokens transactions have, the SDK and our own retries draw from this.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without any I/O starts").block_on(simulate(seed, scenario))
}

async fn simulate(seed: u64, scenario: &Scenario) -> Report {
    let dice = Dice::new(seed);
    let cloud = Arc::new(Cloud::new(&dice, scenario.rates, scenario.batch_attempts));
    let functions = Arc::new(Functions::new(&cloud, &dice));
    let gateway = Arc::new(Gateway::new(Arc::clone(&cloud), Arc::clone(&functions)));
    let machinery = Machinery { cloud: Arc::clone(&cloud), functions, over: Arc::default() };
    machinery.start(&dice);

    let people = (0..scenario.elections).map(|number| {
        let client = Client { gateway: Arc::clone(&gateway), dice: dice.of(("administrator", number)) };
        let subject = format!("administrator-{}", number % 2);
        let administrator = Administrator { client, subject, scenario: scenario.clone(), bells: Arc::default() };
        tokio::spawn(administrator.hold_election())
    });
    for person in people.collect::<Vec<_>>() {
        person.await.expect("no administrator panics");
    }
    cloud.faults.stop();
    // What was under way when a client gave up comes to its end.
    sleep(Duration::from_mins(1)).await;
    // What the invitations miss, nobody is told: the reconciler finds it.
    for keys in cloud.stream.take_missing() {
        cloud.queue.send(keys.to_string(), cloud.clock.now());
    }
    let rested = machinery.rest(scenario).await;
    // A record that came late may have brought back a voter of a deleted election: the reconciler finds that.
    for election in check::deleted(&cloud) {
        let message = CountMessage::election(election, check::generation());
        cloud.to_count.send(serde_json::to_string(&message).expect("a message is JSON"), cloud.clock.now());
    }
    // The first look finds what was lost. What nothing refers to is old enough for the second one.
    let elections = check::elections(&cloud);
    machinery.look_after_photographs(&elections);
    machinery.look_after_imports(&elections);
    machinery.look_after_mails(&elections);
    let rested = rested && machinery.rest(scenario).await;
    machinery.over.store(true, Ordering::Relaxed);
    sleep(Duration::from_mins(61)).await;
    machinery.look_after_photographs(&elections);
    let rested = rested && machinery.process_once(elections.len()).await;
    let journal = gateway.journal.take();
    let mut findings = check::everything(&cloud, &journal, scenario).await;
    if !rested {
        findings.violations.insert(0, "the system does not come to rest".to_owned());
    }
    Report {
        seed,
        scenario: scenario.name,
        violations: findings.violations,
        faults: cloud.faults.counts(),
        steps: cloud.calls.load(Ordering::Relaxed),
        commits: findings.commits,
        casts: findings.casts,
        acknowledged: findings.acknowledged,
        mails: cloud.mails.sent(),
        repairs: cloud.queue.history().0,
        millis: cloud.clock.elapsed_millis(),
        trace: cloud.trace(),
    }
}

/// What runs by itself: the stream's event source mapping, the queues', and the schedule.
#[derive(Debug, Clone)]
struct Machinery {
    cloud: Arc<Cloud>,
    functions: Arc<Functions>,
    over: Arc<AtomicBool>,
}

impl Machinery {
    fn start(&self, dice: &Dice) {
        for shard in 0..SHARDS {
            tokio::spawn(self.clone().project(shard, dice.of(("pump", shard))));
            tokio::spawn(self.clone().follow(shard, dice.of(("pump of the invitations", shard))));
        }
        tokio::spawn(self.clone().work_off_queue(dice.of("queue")));
        // Shards are counted side by side, and one of them twice at once.
        for counter in 0..COUNTERS {
            tokio::spawn(self.clone().count(dice.of(("counter", counter))));
        }
        for processor in 0..PROCESSORS {
            tokio::spawn(self.clone().process_photographs(dice.of(("photo-processor", processor))));
        }
        for importer in 0..IMPORTERS {
            tokio::spawn(self.clone().import(dice.of(("importer", importer))));
        }
        for mailer in 0..MAILERS {
            tokio::spawn(self.clone().mail(dice.of(("mailer", mailer))));
        }
        tokio::spawn(self.clone().close_what_is_due());
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    async fn project(self, shard: usize, dice: Dice) {
        let function = &self.functions.projector;
        let invoke = |event| function.invoke(|projector| async move { projector.handle(event).await });
        let give_up = |message| drop(self.cloud.queue.send(message, self.cloud.clock.now()));
        self.pump(&self.cloud.stream, shard, dice, invoke, give_up).await;
    }

    async fn follow(self, shard: usize, dice: Dice) {
        let function = &self.functions.invitations;
        let invoke = |event| function.invoke(|follower| async move { follower.handle(event).await });
        // What is given up is lost, until the reconciler has the mailer look after the election.
        self.pump(&self.cloud.followed, shard, dice, invoke, drop).await;
    }

    /// Brings a shard of a stream to a function, and gives up what it cannot work off.
    async fn pump<F>(
        &self,
        stream: &Stream,
        shard: usize,
        dice: Dice,
        invoke: impl Fn(Event) -> F,
        give_up: impl Fn(String),
    ) where
        F: Future<Output = Option<DynamoDbEventResponse>>,
    {
        let (mut idle, mut pause) = (false, 0);
        while self.goes_on() {
            if idle {
                let _ = timeout(Duration::from_secs(10), self.cloud.engine.bell.notified()).await;
                pause = dice.within(0, 60);
            }
            sleep(Duration::from_millis(pause)).await;
            let batch = stream.batch(shard, &self.cloud.engine);
            idle = batch.is_none();
            let Some(batch) = batch else { continue };
            let event: Event = serde_json::from_value(batch.event()).expect("this is an event of Lambda's");
            let fate = match invoke(event).await {
                None => Fate::Broken,
                Some(mut answer) => answer
                    .batch_item_failures
                    .pop()
                    .map_or(Fate::Done, |failure| Fate::From(failure.item_identifier.unwrap_or_default())),
            };
            pause = if fate == Fate::Done { dice.within(0, 30) } else { dice.within(100, 1000) };
            if let Some(message) = stream.settle(&batch, &fate) {
                give_up(message);
            }
        }
    }

    async fn work_off_queue(self, dice: Dice) {
        let function = &self.functions.repair;
        let invoke = |event| function.invoke(|repair| async move { repair.handle(event).await });
        self.work_off(&self.cloud.queue, dice, invoke).await;
    }

    async fn count(self, dice: Dice) {
        let function = &self.functions.counter;
        let invoke = |event| function.invoke(|counter| async move { counter.handle(event).await });
        self.work_off(&self.cloud.to_count, dice, invoke).await;
    }

    async fn process_photographs(self, dice: Dice) {
        let function = &self.functions.photo_processor;
        let invoke = |event| function.invoke(|processor| async move { processor.handle(event).await });
        self.work_off(&self.cloud.to_process, dice, invoke).await;
    }

    async fn import(self, dice: Dice) {
        let function = &self.functions.importer;
        let invoke = |event| function.invoke(|importer| async move { importer.handle(event).await });
        self.work_off(&self.cloud.to_import, dice, invoke).await;
    }

    async fn mail(self, dice: Dice) {
        let function = &self.functions.mailer;
        let invoke = |event| function.invoke(|mailer| async move { mailer.handle(event).await });
        self.work_off(&self.cloud.to_mail, dice, invoke).await;
    }

    /// Asks the mailer to look after each of these elections, as the reconciler does.
    fn look_after_mails(&self, elections: &[ElectionId]) {
        for election in elections {
            let message = serde_json::to_string(&MailMessage::election(*election)).expect("a message is JSON");
            self.cloud.to_mail.send(message, self.cloud.clock.now());
        }
    }

    /// Asks the importer to look after each of these elections, as the reconciler does.
    fn look_after_imports(&self, elections: &[ElectionId]) {
        for election in elections {
            let message = serde_json::to_string(&ImportMessage::election(*election)).expect("a message is JSON");
            self.cloud.to_import.send(message, self.cloud.clock.now());
        }
    }

    /// Asks the photo-processor to look after each of these elections, as the reconciler does.
    fn look_after_photographs(&self, elections: &[ElectionId]) {
        for election in elections {
            let message = serde_json::to_string(&PhotographMessage::election(*election)).expect("a message is JSON");
            self.cloud.to_process.send(message, self.cloud.clock.now());
        }
    }

    /// Brings the photo-processor so many messages. Is it done with them, and asks for no more?
    async fn process_once(&self, messages: usize) -> bool {
        let messages = self.cloud.to_process.receive(messages, self.cloud.clock.now());
        let records: Vec<_> =
            messages.iter().map(|message| json!({"messageId": message.id, "body": message.body})).collect();
        let event: SqsEvent = serde_json::from_value(json!({"Records": records})).expect("this is an event of SQS");
        let processor = &self.functions.photo_processor;
        let answer = processor.invoke(|processor| async move { processor.handle(event).await }).await;
        for message in &messages {
            self.cloud.to_process.delete(&message.id);
        }
        answer.is_some_and(|answer| answer.batch_item_failures.is_empty()) && self.cloud.to_process.is_empty()
    }

    /// Brings a queue's messages to a function until they are worked off.
    async fn work_off<F>(&self, queue: &Queue, dice: Dice, invoke: impl Fn(SqsEvent) -> F)
    where
        F: Future<Output = Option<SqsBatchResponse>>,
    {
        while self.goes_on() {
            sleep(Duration::from_millis(dice.within(500, 2000))).await;
            let most = usize::try_from(dice.within(1, 4)).unwrap_or(1);
            let messages = queue.receive(most, self.cloud.clock.now());
            if messages.is_empty() {
                continue;
            }
            let records: Vec<_> =
                messages.iter().map(|message| json!({"messageId": message.id, "body": message.body})).collect();
            let event: SqsEvent = serde_json::from_value(json!({"Records": records})).expect("this is an event of SQS");
            let Some(answer) = invoke(event).await else { continue };
            let failed: Vec<_> =
                answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
            messages.iter().filter(|m| !failed.contains(&m.id)).for_each(|m| queue.delete(&m.id));
        }
    }

    async fn close_what_is_due(self) {
        while self.goes_on() {
            sleep(Duration::from_millis(CLOSER)).await;
            let _ = self.functions.clock.invoke(|clock| async move { clock.run().await.is_ok() }).await;
        }
    }

    /// Waits until there is nothing left to do. Does it come to that?
    async fn rest(&self, scenario: &Scenario) -> bool {
        let clock = self.cloud.clock;
        let from = clock.now().millis();
        // By then every closing time is past, and the clock has come.
        let longest = i64::try_from(scenario.longest_open()).unwrap_or(REST) + 30_000;
        while clock.now().millis() - from < REST {
            sleep(Duration::from_secs(5)).await;
            let waited = Timestamp::from_millis(from + longest) <= clock.now();
            if waited
                && self.cloud.queue.is_empty()
                && self.cloud.to_count.is_empty()
                && self.cloud.to_process.is_empty()
                && self.cloud.to_import.is_empty()
                && self.cloud.to_mail.is_empty()
                && self.cloud.stream.is_drained(&self.cloud.engine)
                && self.cloud.followed.is_drained(&self.cloud.engine)
            {
                // What was delivered last is being worked on.
                sleep(Duration::from_mins(1)).await;
                return true;
            }
        }
        false
    }
}
