//! The one place that puts the functions together.

mod parts;

use std::{fmt, sync::Arc, time::Duration};

use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;
use axum::Router;
use photovote_clock::Clock;
use photovote_counting::Counter;
use photovote_domain::{Email, Name};
use photovote_dynamodb::{Endpoint, config, setting};
use photovote_edge::{Description, OriginSecrets, edge_behind};
use photovote_election_commands::{CreationRules, MostError};
use photovote_events::Environment;
use photovote_following::Follower;
use photovote_imports::Importer;
use photovote_invitations::{Invitations, ToMailer};
use photovote_links::LinkKey;
use photovote_mail::MailService;
use photovote_mailing::{Mailer, Sender};
use photovote_objects::Objects;
use photovote_photographs::Processor;
use photovote_projection::Projector;
use photovote_queues::{CountMessage, ImportMessage, MailMessage, PhotographMessage, Queue};
use photovote_rebuild::{Rebuilder, Worker};
use photovote_reconciliation::Reconciler;
use photovote_repair::{Repair, StreamReader};
use photovote_uploads::SignError;
use thiserror::Error;

/// Looks a setting up by its name.
type Settings = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Why a function cannot be put together.
#[derive(Debug, Error)]
pub enum WiringError {
    /// A setting is missing: on AWS, an environment variable.
    #[error("the setting {0} is missing")]
    Missing(&'static str),
    /// The limits on creating elections are not understood.
    #[error(transparent)]
    Creation(#[from] MostError),
    /// A setting does not say what it should.
    #[error("the setting {name} {problem}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Uploads cannot be signed.
    #[error(transparent)]
    Uploads(#[from] SignError),
}

/// A function that answers HTTP requests.
pub struct HttpFunction {
    /// Its name in the template.
    pub name: &'static str,
    /// What it says about its routes.
    pub description: Description,
    /// What answers.
    pub router: Router,
}

/// Describes the routes of all functions that answer HTTP requests, by the functions' names.
pub fn descriptions() -> [(&'static str, Description); 6] {
    [
        ("election-commands", photovote_election_commands::description()),
        ("ballot-commands", photovote_ballot_commands::description()),
        ("election-queries", photovote_election_queries::description()),
        ("ballot-queries", photovote_ballot_queries::description()),
        ("audit-queries", photovote_audit_queries::description()),
        ("public-queries", photovote_public_queries::description()),
    ]
}

/// Puts a function together.
pub type Build = fn(&Wiring) -> Result<(), WiringError>;

/// All functions: what each is called in the template, and what puts it together.
pub const FUNCTIONS: [(&str, Build); 16] = [
    ("election-commands", |wiring| wiring.election_commands().map(drop)),
    ("ballot-commands", |wiring| wiring.ballot_commands().map(drop)),
    ("election-queries", |wiring| wiring.election_queries().map(drop)),
    ("ballot-queries", |wiring| wiring.ballot_queries().map(drop)),
    ("audit-queries", |wiring| wiring.audit_queries().map(drop)),
    ("public-queries", |wiring| wiring.public_queries().map(drop)),
    ("projector", |wiring| wiring.projector().map(drop)),
    ("repair", |wiring| wiring.repair().map(drop)),
    ("counter", |wiring| wiring.counter().map(drop)),
    ("clock", |wiring| wiring.clock().map(drop)),
    ("reconciler", |wiring| wiring.reconciler().map(drop)),
    ("photo-processor", |wiring| wiring.photo_processor().map(drop)),
    ("importer", |wiring| wiring.importer().map(drop)),
    ("invitations", |wiring| wiring.invitations().map(drop)),
    ("mailer", |wiring| wiring.mailer().map(drop)),
    ("rebuild", |wiring| wiring.rebuild(Duration::ZERO).map(drop)),
];

/// What the functions are made of: connections, settings, a clock and dice.
///
/// | Setting | What it names |
/// |---|---|
/// | `EVENTS_TABLE`, `CONTROL_TABLE`, `DOCUMENTS_TABLE` | the tables |
/// | `REPAIR_QUEUE_URL`, `COUNT_QUEUE_URL`, `PHOTOGRAPHS_QUEUE_URL`, `IMPORT_QUEUE_URL`, `MAIL_QUEUE_URL`, `REBUILD_QUEUE_URL` | the queues |
/// | `ORIGINALS_BUCKET`, `RENDITIONS_BUCKET` | the buckets |
/// | `UPLOAD_URL`, `AWS_REGION` | where forms upload originals |
/// | `LINK_KEY_ID` | the key in KMS from which voters' links are derived |
/// | `MAIL_FROM`, `MAIL_SENDER` | the address and the name that mails come from |
/// | `MAIL_CONFIGURATION_SET` | what SES reports about mails: optional |
/// | `PAGE_URL` | where voters' links lead |
/// | `INVITES` | `yes` if mails can be sent, so that elections can invite their voters |
/// | `ORIGIN_SECRETS` | the secrets of the distribution, separated by a comma: without them, every HTTP request is accepted |
/// | `SIGN_IN_AUTHORIZE_URL`, `SIGN_IN_TOKEN_URL`, `SIGN_IN_CLIENT_ID`, `SIGN_IN_SCOPE` | where administrators sign in: optional |
/// | `CREATORS_GROUP`, `CREATORS_SCOPE`, `ELECTIONS_PER_CREATOR` | who may create elections, and how many: optional |
///
/// A setting is read when a function needs it, so a function that needs fewer settings works with fewer.
#[derive(Clone)]
pub struct Wiring {
    dynamodb: SdkConfig,
    sqs: SdkConfig,
    objects: SdkConfig,
    settings: Arc<Settings>,
    environment: Environment,
    client: Option<Client>,
    count_queue: Option<Queue<CountMessage>>,
    photographs_queue: Option<Queue<PhotographMessage>>,
    import_queue: Option<Queue<ImportMessage>>,
    mail_queue: Option<Queue<MailMessage>>,
    mails: Option<(LinkKey, MailService)>,
    creation: Option<CreationRules>,
    snapshot_threshold: Option<u16>,
    counted_pages: Option<u32>,
}

impl fmt::Debug for Wiring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wiring")
    }
}

impl Wiring {
    /// Reads the settings from the environment variables that the template sets.
    pub fn of_lambda() -> Self {
        let config = config(&Endpoint::Environment);
        Self::new(config.clone(), config, setting)
    }

    /// Connects to the tables by `dynamodb` and to the queues by `sqs`, and looks settings up in `settings`.
    pub fn new(
        dynamodb: SdkConfig,
        sqs: SdkConfig,
        settings: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            dynamodb,
            objects: sqs.clone(),
            sqs,
            settings: Arc::new(settings),
            environment: Environment::system(),
            client: None,
            count_queue: None,
            photographs_queue: None,
            import_queue: None,
            mail_queue: None,
            mails: None,
            creation: None,
            snapshot_threshold: None,
            counted_pages: None,
        }
    }

    /// Connects to the objects by this configuration, and not by that of the queues.
    #[must_use]
    pub fn with_objects(self, objects: SdkConfig) -> Self {
        Self { objects, ..self }
    }

    /// Takes another clock and other dice than the system's.
    #[must_use]
    pub fn with_environment(self, environment: Environment) -> Self {
        Self { environment, ..self }
    }

    /// Reaches the tables by this client, which may count calls.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Sends what is to be counted to this queue.
    #[must_use]
    pub fn with_count_queue(self, queue: Queue<CountMessage>) -> Self {
        Self { count_queue: Some(queue), ..self }
    }

    /// Sends what the photo-processor is asked to this queue.
    #[must_use]
    pub fn with_photographs_queue(self, queue: Queue<PhotographMessage>) -> Self {
        Self { photographs_queue: Some(queue), ..self }
    }

    /// Sends what the importer is asked to this queue.
    #[must_use]
    pub fn with_import_queue(self, queue: Queue<ImportMessage>) -> Self {
        Self { import_queue: Some(queue), ..self }
    }

    /// Sends what the mailer is asked to this queue.
    #[must_use]
    pub fn with_mail_queue(self, queue: Queue<MailMessage>) -> Self {
        Self { mail_queue: Some(queue), ..self }
    }

    /// Derives links from this key and sends mails through this service, and not by KMS and SES.
    #[must_use]
    pub fn with_mails(self, key: LinkKey, service: MailService) -> Self {
        Self { mails: Some((key, service)), ..self }
    }

    /// Limits who creates elections by these rules, and not by the settings.
    #[must_use]
    pub fn with_creation_rules(self, rules: CreationRules) -> Self {
        Self { creation: Some(rules), ..self }
    }

    /// Keeps snapshots of streams that are longer than so many commits, and not of those that are long on AWS.
    #[must_use]
    pub fn with_snapshots_of_streams_longer_than(self, commits: u16) -> Self {
        Self { snapshot_threshold: Some(commits), ..self }
    }

    /// Lets the counter read at most so many pages of ballots for each message.
    #[must_use]
    pub fn with_counted_pages(self, pages: u32) -> Self {
        Self { counted_pages: Some(pages), ..self }
    }

    /// Builds all functions that answer HTTP requests.
    pub fn http(&self) -> Result<Vec<HttpFunction>, WiringError> {
        let routers = [
            self.election_commands()?,
            self.ballot_commands()?,
            self.election_queries()?,
            self.ballot_queries()?,
            self.audit_queries()?,
            self.public_queries()?,
        ];
        let functions = descriptions().into_iter().zip(routers);
        Ok(functions.map(|((name, description), router)| HttpFunction { name, description, router }).collect())
    }

    /// Builds one router that has the routes of all functions.
    pub fn all_routes(&self) -> Result<Router, WiringError> {
        let routes = self
            .election_command_routes()?
            .merge(self.ballot_command_routes()?)
            .merge(self.election_query_routes()?)
            .merge(self.ballot_query_routes()?)
            .merge(self.audit_query_routes()?)
            .merge(self.public_query_routes()?);
        Ok(self.edge(routes))
    }

    /// Builds the function that carries out administrators' commands.
    pub fn election_commands(&self) -> Result<Router, WiringError> {
        Ok(self.edge(self.election_command_routes()?))
    }

    /// Builds the function that carries out voters' commands.
    pub fn ballot_commands(&self) -> Result<Router, WiringError> {
        Ok(self.edge(self.ballot_command_routes()?))
    }

    /// Builds the function that answers administrators' questions.
    pub fn election_queries(&self) -> Result<Router, WiringError> {
        Ok(self.edge(self.election_query_routes()?))
    }

    /// Builds the function that shows voters their ballots.
    pub fn ballot_queries(&self) -> Result<Router, WiringError> {
        Ok(self.edge(self.ballot_query_routes()?))
    }

    /// Builds the function that shows the audit trail.
    pub fn audit_queries(&self) -> Result<Router, WiringError> {
        Ok(self.edge(self.audit_query_routes()?))
    }

    /// Builds the function that answers anonymous questions.
    pub fn public_queries(&self) -> Result<Router, WiringError> {
        Ok(self.edge(self.public_query_routes()?))
    }

    /// Serves routes, only through the distribution if there is one.
    fn edge(&self, routes: Router) -> Router {
        let secrets = (self.settings)("ORIGIN_SECRETS").unwrap_or_default();
        edge_behind(OriginSecrets::parse(&secrets), routes)
    }

    fn election_command_routes(&self) -> Result<Router, WiringError> {
        use photovote_election_commands::{App, routes};
        let creation = match &self.creation {
            Some(rules) => rules.clone(),
            None => CreationRules::parse(
                (self.settings)("CREATORS_GROUP"),
                (self.settings)("CREATORS_SCOPE"),
                (self.settings)("ELECTIONS_PER_CREATOR"),
            )?,
        };
        let (store, control, snapshots) = (self.event_store()?, self.control()?, self.snapshot_store()?);
        let sends_mail = (self.settings)("INVITES").as_deref() == Some("yes");
        let app = App::new(store, control, snapshots, self.uploads()?, self.mail_queue()?, self.import_queue()?);
        let app = app.creating(creation).sending_mail(sends_mail);
        Ok(routes().with_state(app))
    }

    fn ballot_command_routes(&self) -> Result<Router, WiringError> {
        use photovote_ballot_commands::{App, routes};
        Ok(routes().with_state(App::new(self.event_store()?, self.control()?, self.snapshots()?)))
    }

    fn election_query_routes(&self) -> Result<Router, WiringError> {
        use photovote_election_queries::{App, routes};
        Ok(routes().with_state(App::new(self.document_reader()?, self.control_reader()?)))
    }

    fn ballot_query_routes(&self) -> Result<Router, WiringError> {
        use photovote_ballot_queries::{App, routes};
        let app = App::new(self.event_reader()?, self.snapshots()?, self.environment.clone());
        Ok(routes().with_state(app))
    }

    fn audit_query_routes(&self) -> Result<Router, WiringError> {
        use photovote_audit_queries::{App, routes};
        Ok(routes().with_state(App::new(self.event_reader()?, self.control_reader()?)))
    }

    fn public_query_routes(&self) -> Result<Router, WiringError> {
        use photovote_public_queries::{App, SignIn, routes};
        let urls = (self.settings)("SIGN_IN_AUTHORIZE_URL").zip((self.settings)("SIGN_IN_TOKEN_URL"));
        let sign_in = urls.zip((self.settings)("SIGN_IN_CLIENT_ID"));
        let sign_in = sign_in.map(|((authorize_url, token_url), client_id)| {
            let scope = (self.settings)("SIGN_IN_SCOPE").unwrap_or_else(|| String::from("openid"));
            SignIn { authorize_url, token_url, client_id, scope }
        });
        Ok(routes().with_state(App::new(self.document_reader()?).with_sign_in(sign_in)))
    }

    /// Builds the function that turns the stream of events into documents.
    pub fn projector(&self) -> Result<Projector, WiringError> {
        let repair = Queue::new(self.queues(), self.needed("REPAIR_QUEUE_URL")?);
        Ok(Projector::new(
            self.event_reader()?,
            self.document_store()?,
            repair,
            self.count_queue()?,
            self.photographs_queue()?,
        ))
    }

    /// Builds the function that makes up for what the projector could not do.
    pub fn repair(&self) -> Result<Repair, WiringError> {
        Ok(Repair::new(self.projector()?, StreamReader::new(&self.dynamodb)))
    }

    /// Builds the function that counts the ballots of closed elections.
    pub fn counter(&self) -> Result<Counter, WiringError> {
        let (events, gates) = (self.event_store()?, self.control_reader()?);
        let counter = Counter::new(events, gates, self.document_store()?, self.count_queue()?);
        Ok(match self.counted_pages {
            Some(pages) => counter.with_pages(pages),
            None => counter,
        })
    }

    /// Builds the function that makes renditions of photographs.
    pub fn photo_processor(&self) -> Result<Processor, WiringError> {
        let objects = |bucket| self.needed(bucket).map(|bucket| Objects::new(&self.objects, bucket));
        let (originals, renditions) = (objects("ORIGINALS_BUCKET")?, objects("RENDITIONS_BUCKET")?);
        Ok(Processor::new(self.event_store()?, originals, renditions, self.photographs_queue()?))
    }

    /// Builds the function that reads lists of voters and registers them.
    pub fn importer(&self) -> Result<Importer, WiringError> {
        let lists = Objects::new(&self.objects, self.needed("ORIGINALS_BUCKET")?);
        Ok(Importer::new(self.event_store()?, self.control()?, lists, self.import_queue()?))
    }

    /// Builds the function that has voters mailed their links.
    pub fn invitations(&self) -> Result<Follower<Invitations, ToMailer>, WiringError> {
        Ok(photovote_invitations::follower(
            self.event_reader()?,
            self.control()?,
            self.mail_queue()?,
            self.environment.clone(),
        ))
    }

    /// Builds the function that mails voters.
    pub fn mailer(&self) -> Result<Mailer, WiringError> {
        let (key, service) = if let Some(mails) = &self.mails {
            mails.clone()
        } else {
            let key = LinkKey::in_kms(aws_sdk_kms::Client::new(&self.sqs), self.needed("LINK_KEY_ID")?);
            let reports = (self.settings)("MAIL_CONFIGURATION_SET");
            (key, MailService::ses(aws_sdk_sesv2::Client::new(&self.sqs), reports))
        };
        let address: Email = self.parsed("MAIL_FROM")?;
        let name: Name = self.parsed("MAIL_SENDER")?;
        let page = self.needed("PAGE_URL")?.trim_end_matches('/').to_owned();
        let sender = Sender { address, name, page };
        Ok(Mailer::new(self.event_store()?, self.control()?, self.mail_queue()?, key, service, sender))
    }

    /// Builds the function that opens and closes elections, and reminds their voters.
    pub fn clock(&self) -> Result<Clock, WiringError> {
        Ok(Clock::new(self.event_store()?, self.control()?, self.snapshot_store()?, self.mail_queue()?))
    }

    /// Builds the function that compares events with documents.
    pub fn reconciler(&self) -> Result<Reconciler, WiringError> {
        let (counter, photographs, mailer) = (self.count_queue()?, self.photographs_queue()?, self.mail_queue()?);
        let reconciler = Reconciler::new(self.projection()?, self.control()?, counter, photographs, mailer);
        Ok(reconciler.asking_importer(self.import_queue()?))
    }

    /// Builds the function that makes documents anew. Each message may take so long; the last page comes on top of it.
    pub fn rebuild(&self, time: Duration) -> Result<Worker, WiringError> {
        let rebuilder = Rebuilder::new(self.projection()?, self.environment.clone(), self.count_queue()?);
        let queue = Queue::new(self.queues(), self.needed("REBUILD_QUEUE_URL")?);
        Ok(Worker::new(rebuilder, queue, self.environment.clone(), time))
    }
}
