//! The functions of PhotoVote, as this host runs them: the very ones that are deployed, each with what its permissions
//! give it.

use std::{collections::HashMap, time::Duration};

use aws_lambda_events::{
    dynamodb::Event,
    sqs::{SqsBatchResponse, SqsEvent},
    streams::DynamoDbEventResponse,
};
use aws_types::SdkConfig;
use futures::future::BoxFuture;
use photovote_election_commands::CreationRules;
use photovote_events::Environment;
use photovote_functions::{HttpFunction, Wiring, WiringError};
use photovote_imports::Importer;
use photovote_links::LinkKey;
use photovote_mail::MailService;
use photovote_reconciliation::Limits;

use crate::{
    host::engine::{CONTROL, DOCUMENTS, EVENTS},
    host::gateway::{AUTHORIZE, Function, TOKEN},
    host::issuer::AUDIENCE,
    host::mails::MailOptions,
    host::objects::{ORIGINALS, REGION, RENDITIONS, UPLOADS},
};

/// Commits that the projector cannot apply.
pub const REPAIR_QUEUE: &str = "photovote-repair";
/// Records of the stream that the projector could not be given.
pub const FAILURE_QUEUE: &str = "photovote-failures";
/// Elections that the counter has to look after.
pub const COUNT_QUEUE: &str = "photovote-count";
/// Photographs that were uploaded.
pub const PHOTOGRAPHS_QUEUE: &str = "photovote-photographs";
/// Lists of voters that were uploaded.
pub const IMPORT_QUEUE: &str = "photovote-import";
/// Voters who may lack their links.
pub const MAIL_QUEUE: &str = "photovote-mail";
/// Messages of the others that could not be worked off.
pub const DEAD_LETTERS: &str = "photovote-dead-letters";

/// All queues.
pub(crate) const QUEUES: [&str; 7] =
    [REPAIR_QUEUE, FAILURE_QUEUE, COUNT_QUEUE, PHOTOGRAPHS_QUEUE, IMPORT_QUEUE, MAIL_QUEUE, DEAD_LETTERS];

/// All followers.
pub(crate) const FOLLOWERS: [&str; 1] = [INVITATIONS];
/// The follower that has voters mailed.
pub(crate) const INVITATIONS: &str = "invitations";

/// Who mails come from, if nothing else is said. Nobody answers there (RFC 2606).
const NOBODY: &str = "photovote@photovote.invalid";

/// What a run of the reconciler may take.
const LIMITS: Limits = Limits { patience: Duration::from_mins(1), pages: 100, time: Duration::from_mins(1) };

/// How many megabytes of ballots a message of the counter is worth: a few seconds' work.
const COUNTED_PAGES: u32 = 50;

/// Why an invocation failed as a whole.
pub(crate) type InvocationError = Box<dyn std::error::Error + Send + Sync>;

/// Invokes a function with messages of a queue.
pub(crate) type Handler =
    Box<dyn Fn(SqsEvent) -> BoxFuture<'static, Result<SqsBatchResponse, InvocationError>> + Send + Sync>;

/// Invokes a function with records of the stream.
pub(crate) type StreamHandler =
    Box<dyn Fn(Event) -> BoxFuture<'static, Result<DynamoDbEventResponse, InvocationError>> + Send + Sync>;

/// Invokes a function that the clock calls.
pub(crate) type Timed = Box<dyn Fn() -> BoxFuture<'static, Result<(), InvocationError>> + Send + Sync>;

/// A function that queues call.
pub(crate) struct QueueDriven {
    /// The queues.
    pub(crate) queues: &'static [&'static str],
    /// The queue for messages that were received too often.
    pub(crate) dead_letters: &'static str,
    /// What works messages off.
    pub(crate) handler: Handler,
}

/// Where the functions find what they work on.
pub(crate) struct Surroundings {
    /// The tables, for the SDK.
    pub(crate) dynamodb: SdkConfig,
    /// The queues, for the SDK.
    pub(crate) sqs: SdkConfig,
    /// The address of the repair queue.
    pub(crate) repair_queue: String,
    /// The address of the counter's queue.
    pub(crate) count_queue: String,
    /// The address of the photo-processor's queue.
    pub(crate) photographs_queue: String,
    /// The address of the importer's queue.
    pub(crate) import_queue: String,
    /// The address of the mailer's queue.
    pub(crate) mail_queue: String,
    /// From what voters' links are derived.
    pub(crate) link_key: LinkKey,
    /// Where mails go.
    pub(crate) mails: MailService,
    /// Who they come from.
    pub(crate) mail: MailOptions,
    /// Where voters' links lead.
    pub(crate) page_url: String,
    /// The objects, for the SDK.
    pub(crate) objects: SdkConfig,
    /// Who may create elections, and how many.
    pub(crate) creation: CreationRules,
}

/// All functions, ready to be invoked.
pub(crate) struct Functions {
    /// Those that the gateway calls.
    pub(crate) http: Vec<Function>,
    /// The one that the stream of events calls.
    pub(crate) projector: StreamHandler,
    /// The other one that it calls: a follower.
    pub(crate) invitations: StreamHandler,
    /// Those that queues call.
    pub(crate) queue_driven: Vec<QueueDriven>,
    /// The one that the clock calls.
    pub(crate) clock: Timed,
    /// The one that it calls less often.
    pub(crate) reconciler: Timed,
}

/// The settings that the template gives to functions.
fn settings(surroundings: &Surroundings) -> HashMap<&'static str, String> {
    HashMap::from([
        ("EVENTS_TABLE", EVENTS.to_owned()),
        ("CONTROL_TABLE", CONTROL.to_owned()),
        ("DOCUMENTS_TABLE", DOCUMENTS.to_owned()),
        ("REPAIR_QUEUE_URL", surroundings.repair_queue.clone()),
        ("COUNT_QUEUE_URL", surroundings.count_queue.clone()),
        ("PHOTOGRAPHS_QUEUE_URL", surroundings.photographs_queue.clone()),
        ("IMPORT_QUEUE_URL", surroundings.import_queue.clone()),
        ("MAIL_QUEUE_URL", surroundings.mail_queue.clone()),
        ("MAIL_FROM", surroundings.mail.from.as_ref().map_or(NOBODY.to_owned(), ToString::to_string)),
        ("MAIL_SENDER", surroundings.mail.sender.as_ref().map_or("PhotoVote".to_owned(), ToString::to_string)),
        ("INVITES", "yes".to_owned()),
        ("PAGE_URL", surroundings.page_url.clone()),
        ("ORIGINALS_BUCKET", ORIGINALS.to_owned()),
        ("RENDITIONS_BUCKET", RENDITIONS.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        // The page resolves them against its own address.
        ("UPLOAD_URL", UPLOADS.to_owned()),
        ("SIGN_IN_AUTHORIZE_URL", AUTHORIZE.to_owned()),
        ("SIGN_IN_TOKEN_URL", TOKEN.to_owned()),
        ("SIGN_IN_CLIENT_ID", AUDIENCE.to_owned()),
    ])
}

/// Makes the functions.
pub(crate) fn functions(surroundings: &Surroundings) -> Result<Functions, WiringError> {
    let settings = settings(surroundings);
    let (dynamodb, sqs) = (surroundings.dynamodb.clone(), surroundings.sqs.clone());
    let wiring = Wiring::new(dynamodb, sqs, move |name| settings.get(name).cloned())
        .with_objects(surroundings.objects.clone())
        .with_creation_rules(surroundings.creation.clone())
        .with_mails(surroundings.link_key.clone(), surroundings.mails.clone())
        .with_counted_pages(COUNTED_PAGES);
    let (projector, counter, repair) = (wiring.projector()?, wiring.counter()?, wiring.repair()?);
    let (clock, reconciler, processor) = (wiring.clock()?, wiring.reconciler()?, wiring.photo_processor()?);
    let (invitations, mailer, importer) = (wiring.invitations()?, wiring.mailer()?, wiring.importer()?);
    let described = |HttpFunction { name, description, router }| {
        let openapi = description.served();
        Function { name, openapi, router }
    };
    Ok(Functions {
        http: wiring.http()?.into_iter().map(described).collect(),
        projector: Box::new(move |event| {
            let projector = projector.clone();
            Box::pin(async move { Ok(projector.handle(event).await) })
        }),
        invitations: Box::new(move |event| {
            let invitations = invitations.clone();
            Box::pin(async move { Ok(invitations.handle(event).await) })
        }),
        queue_driven: vec![
            QueueDriven {
                queues: &[MAIL_QUEUE],
                dead_letters: DEAD_LETTERS,
                handler: handler(move |event| {
                    let mailer = mailer.clone();
                    async move { mailer.handle(event).await }
                }),
            },
            importing(importer),
            QueueDriven {
                queues: &[REPAIR_QUEUE, FAILURE_QUEUE],
                dead_letters: DEAD_LETTERS,
                handler: handler(move |event| {
                    let repair = repair.clone();
                    async move { repair.handle(event).await }
                }),
            },
            QueueDriven {
                queues: &[COUNT_QUEUE],
                dead_letters: DEAD_LETTERS,
                handler: handler(move |event| {
                    let counter = counter.clone();
                    async move { counter.handle(event).await }
                }),
            },
            QueueDriven {
                queues: &[PHOTOGRAPHS_QUEUE],
                dead_letters: DEAD_LETTERS,
                handler: blocking(move |event| {
                    let processor = processor.clone();
                    async move { processor.handle(event).await }
                }),
            },
        ],
        clock: Box::new(move || {
            let clock = clock.clone();
            Box::pin(async move {
                // What one election failed with, the clock has logged; it looks again in a second.
                clock.run().await?;
                Ok(())
            })
        }),
        reconciler: Box::new(move || {
            let reconciler = reconciler.clone();
            Box::pin(async move {
                reconciler.run(Environment::system().now(), LIMITS).await?;
                Ok(())
            })
        }),
    })
}

fn handler<F>(handle: impl Fn(SqsEvent) -> F + Send + Sync + 'static) -> Handler
where
    F: Future<Output = SqsBatchResponse> + Send + 'static,
{
    Box::new(move |event| {
        let answer = handle(event);
        Box::pin(async move { Ok(answer.await) })
    })
}

/// The importer, as its queue calls it.
fn importing(importer: Importer) -> QueueDriven {
    let handler = blocking(move |event| {
        let importer = importer.clone();
        async move { importer.handle(event).await }
    });
    QueueDriven { queues: &[IMPORT_QUEUE], dead_letters: DEAD_LETTERS, handler }
}

/// Invokes a function that blocks its thread.
fn blocking<F>(handle: impl Fn(SqsEvent) -> F + Send + Sync + 'static) -> Handler
where
    F: Future<Output = SqsBatchResponse> + Send + 'static,
{
    Box::new(move |event| {
        let (answer, runtime) = (handle(event), tokio::runtime::Handle::current());
        let work = move || runtime.block_on(answer);
        Box::pin(async move { Ok(tokio::task::spawn_blocking(work).await?) })
    })
}
