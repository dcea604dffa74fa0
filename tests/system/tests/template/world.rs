//! The functions in one process, with what the template gives them, each before an observer of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;
use axum::Router;
use photovote_coordination_write::Control;
use photovote_documents_write::{DocumentStore, Saved};
use photovote_domain::{
    Aggregate, Election, ShardCount, Timestamp, UnsubscribeToken,
    election::{Context, ElectionCommand},
};
use photovote_dynamodb::{Endpoint, client, config};
use photovote_events::{Actor, CommandRecord, Environment, Stream};
use photovote_events_append::EventStore;
use photovote_functions::Wiring;
use photovote_queues::CountMessage;
use photovote_reconciliation::Limits;
use photovote_test_support::{Buckets, Engine, OverHttp, Sender, StreamName, send};
use serde_json::{Value, json};

use super::{
    Route, answered,
    observer::{self, Asked, CONFIGURATION_SET, Observer, SENDER, STREAM},
    reading::{Template, named},
};

/// What a function finds where it runs: its variables, and its way to AWS.
struct Place {
    variables: BTreeMap<String, String>,
    config: SdkConfig,
    observer: Observer,
}

impl Place {
    fn client(&self) -> Client {
        client(&self.config, None)
    }

    /// What puts the function together. Streams that are short already have snapshots, which are asked for.
    fn wiring(&self) -> Wiring {
        let variables = self.variables.clone();
        // Lambda itself sets the region.
        let region = |name: &str| (name == "AWS_REGION").then(|| "us-east-1".to_owned());
        let settings = move |name: &str| variables.get(name).cloned().or_else(|| region(name));
        Wiring::new(self.config.clone(), self.config.clone(), settings)
            .with_snapshots_of_streams_longer_than(2)
            // So little at a time that the counter has to keep how far it has come.
            .with_counted_pages(1)
    }
}

/// The functions, the tables, and what the last elections and voters are called.
pub(crate) struct World {
    engine: Engine,
    buckets: Buckets,
    /// The engine, as the observers reach it.
    over_http: OverHttp,
    /// The ids of the template for the names that the functions see.
    resources: BTreeMap<String, String>,
    places: BTreeMap<String, Place>,
    routes: Vec<Route>,
    routers: BTreeMap<&'static str, Router>,
    /// What stands in a path for `{election}` and the like.
    pub(crate) names: BTreeMap<&'static str, String>,
    /// The ballot token of whoever votes.
    pub(crate) token: String,
    /// The routes that were taken.
    pub(crate) taken: BTreeSet<String>,
}

impl World {
    pub(crate) async fn new(template: &Template) -> Self {
        let (engine, buckets) = (Engine::start().await, Buckets::default());
        let over_http = engine.over_http().await;
        let mut resources = BTreeMap::from([(STREAM.to_owned(), "EventsTable.StreamArn".to_owned())]);
        for (id, table) in template.resources("AWS::DynamoDB::Table") {
            let name = named(&table["Properties"]["TableName"]).replace("${AWS::StackName}", "photovote");
            resources.insert(name, format!("{id}.Arn"));
        }
        for (id, _) in template.resources("AWS::SQS::Queue") {
            resources.insert(id.to_owned(), format!("{id}.Arn"));
        }
        for (id, _) in template.resources("AWS::S3::Bucket") {
            resources.insert(format!("{id}.Arn"), format!("{id}.Arn"));
        }
        for (id, _) in template.resources("AWS::KMS::Key") {
            resources.insert(id.to_owned(), format!("{id}.Arn"));
        }
        for (name, resource) in
            [(SENDER, "identity/*"), (CONFIGURATION_SET, "configuration-set/${MailConfigurationSet}")]
        {
            let arn = format!("arn:${{AWS::Partition}}:ses:${{AWS::Region}}:${{AWS::AccountId}}:{resource}");
            resources.insert(name.to_owned(), arn);
        }
        let mut places = BTreeMap::new();
        for function in template.functions() {
            let observer = Observer::before(over_http.url(), &buckets).await;
            // What is set to a parameter keeps its default, but for the provider that administrators sign in at, and for mails.
            let value = |id: &String| {
                match id.as_str() {
                    // Elections can invite their voters here.
                    "no" => return Some(String::from("yes")),
                    "MailSender" => return Some(String::from("The club")),
                    "LinkKey" | "MailConfigurationSet" => return Some(id.clone()),
                    placeholder if placeholder.ends_with("photovote.invalid") => return Some(id.clone()),
                    _ => {}
                }
                if id.starts_with("SignIn") {
                    return Some(String::from("https://sign-in.example.org"));
                }
                if id.ends_with("Bucket") {
                    return Some(id.clone());
                }
                if id.contains("Bucket") {
                    return Some(String::from("https://uploads.example.org/"));
                }
                let (name, _) = resources.iter().find(|(_, resource)| **resource == format!("{id}.Arn"))?;
                // A queue is known by its URL.
                Some(if name == id { format!("{}/000000000000/{name}", observer.url) } else { name.clone() })
            };
            let variables = function.variables();
            let variables = variables.iter().filter_map(|(name, id)| Some((name.clone(), value(id)?))).collect();
            let config = config(&Endpoint::Local(observer.url.clone()));
            places.insert(function.name().to_owned(), Place { variables, config, observer });
        }
        let routers = routers(&places);
        Self {
            engine,
            buckets,
            over_http,
            resources,
            places,
            routes: answered(),
            routers,
            names: BTreeMap::new(),
            token: String::new(),
            taken: BTreeSet::new(),
        }
    }

    /// What each function has asked of AWS: its name, a resource of the template, an action.
    pub(crate) fn seen(&self) -> BTreeSet<(String, String, String)> {
        let known = |(resource, action): Asked| (self.resources.get(&resource).cloned().unwrap_or(resource), action);
        let of = |(function, place): (&String, &Place)| {
            let seen = place.observer.seen().into_iter().map(known);
            seen.map(|(resource, action)| (function.clone(), resource, action)).collect::<Vec<_>>()
        };
        self.places.iter().flat_map(of).collect()
    }

    /// The partitions that a function has asked about, each with the action.
    pub(crate) fn keys(&self, function: &str) -> BTreeSet<(String, String)> {
        self.places[function].observer.keys()
    }

    /// Sends a request to the function that answers this route. It must be carried out.
    pub(crate) async fn send(&mut self, route: &str, body: Value) -> Value {
        let (method, path) = route.split_once(' ').unwrap();
        let found = self.routes.iter().find(|(m, p, ..)| m == method && p == path);
        let (.., function, authorizer) = found.unwrap_or_else(|| panic!("nobody answers {route}"));
        let sender = match authorizer {
            Some(_) => Sender::Administrator("ada"),
            None if path.starts_with("/v1/ballot") => Sender::Bearer(&self.token),
            None => Sender::Nobody,
        };
        let fill = |path: String, (name, value): (&&str, &String)| path.replace(&format!("{{{name}}}"), value);
        let path = self.names.iter().fold(path.to_owned(), fill);
        let reply =
            send(&self.routers[function.as_str()], sender, method, &path, Some(&body).filter(|b| !b.is_null())).await;
        assert!(reply.status < 300, "{route}: {} {}", reply.status, reply.text);
        self.taken.insert(route.to_owned());
        reply.json
    }

    /// The same for a creation. What is created has this name from now on.
    pub(crate) async fn create(&mut self, name: &'static str, route: &str, body: Value) -> Value {
        let created = self.send(route, body).await;
        self.names.insert(name, created["id"].as_str().unwrap().to_owned());
        created
    }

    /// Carries out a command on the election as somebody does who is stopped right after the event.
    pub(crate) async fn half_do(&self, command: ElectionCommand) {
        let tables = self.engine.tables();
        let environment = Environment::system();
        let record = CommandRecord::once("Test", Actor::Clock, &environment);
        let context = Context { now: environment.now(), by: None };
        let store = EventStore::new(self.engine.client(), tables.events, environment);
        let control = Control::new(self.engine.client(), tables.control);
        let id = self.names["election"].parse().unwrap();
        let history = store.reader().load::<Election>(Stream::Election(id)).await.unwrap();
        let decide = |election: &Election| election.decide(command.clone(), &context);
        let schedule = |_: &_| Ok(vec![control.schedule(id)?]);
        store.execute_with(history, &record, |_| true, decide, schedule).await.unwrap();
    }

    /// Puts something into the events table that is no commit.
    pub(crate) async fn poison(&self) {
        let item = json!({"pk": {"S": "poison"}, "sk": {"S": "poison"}});
        self.ask("DynamoDB_20120810.PutItem", json!({"TableName": self.engine.tables().events, "Item": item})).await;
    }

    /// The records of the stream, as Lambda sends them, and what names all of them in a message of the failure queue.
    pub(crate) async fn stream(&self) -> (Vec<Value>, Value) {
        let StreamName { arn, shard } = self.engine.stream();
        let start = json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
        let iterator = self.ask("DynamoDBStreams_20120810.GetShardIterator", start).await;
        let records = self.ask("DynamoDBStreams_20120810.GetRecords", iterator).await["Records"].take();
        let Value::Array(records) = records else { panic!("{records} are no records") };
        let number = |record: Option<&Value>| record.unwrap()["dynamodb"]["SequenceNumber"].clone();
        let (first, last) = (number(records.first()), number(records.last()));
        let range = json!({
            "streamArn": arn, "shardId": shard, "startSequenceNumber": first, "endSequenceNumber": last,
        });
        (records, json!({"DDBStreamBatchInfo": range}))
    }

    /// Lets the projector have a batch of records, all of which it must deal with.
    pub(crate) async fn project(&self, records: &[Value]) {
        let batch = serde_json::from_value(json!({"Records": records})).unwrap();
        let answer = self.places["projector"].wiring().projector().unwrap().handle(batch).await;
        assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
    }

    /// Uploads the photograph, and lets the photo-processor make renditions of it. Loses one, and lets it look after the election.
    pub(crate) async fn upload(&self) {
        let bytes = include_bytes!("../../../fuzz/corpus/photograph/rgb.png");
        let (election, photograph) = (&self.names["election"], &self.names["photograph"]);
        let key = format!("incoming/{election}/{photograph}");
        self.buckets.put("OriginalsBucket", &key, &bytes[..]);
        self.process(&json!({"Records": [{"s3": {"object": {"key": key}}}]})).await;
        let renditions = self.buckets.keys("RenditionsBucket");
        let lost = renditions.iter().find(|key| key.contains(photograph)).unwrap();
        assert!(self.buckets.lose("RenditionsBucket", lost));
        self.look_after_photographs().await;
        assert_eq!(self.buckets.keys("RenditionsBucket"), renditions);
    }

    /// Lets the photo-processor look after the photographs of the election, and do whatever it asks itself for.
    pub(crate) async fn look_after_photographs(&self) {
        self.process(&json!({"election": self.names["election"]})).await;
        while let Some(body) = self.places["photo-processor"].observer.message("PhotographsQueue") {
            self.process(&serde_json::from_str(&body).unwrap()).await;
        }
    }

    /// Lets the photo-processor have a message, which it must work off.
    async fn process(&self, message: &Value) {
        let processor = self.places["photo-processor"].wiring().photo_processor().unwrap();
        let records = json!({"Records": [{"messageId": "1", "body": message.to_string()}]});
        let answer = processor.handle(serde_json::from_value(records).unwrap()).await;
        assert!(answer.batch_item_failures.is_empty(), "{message}");
    }

    /// Uploads a list, and lets the importer read it.
    pub(crate) async fn upload_list(&self) {
        let list = "name,email\nAda,ada@example.org\nNobody,\n";
        let (election, import) = (&self.names["election"], &self.names["import"]);
        let key = format!("lists/{election}/{import}");
        self.buckets.put("OriginalsBucket", &key, list.as_bytes());
        self.import(json!({"Records": [{"s3": {"object": {"key": key}}}]})).await;
        // The same once more: nothing has changed.
        self.import(json!({"Records": [{"s3": {"object": {"key": key}}}]})).await;
    }

    /// Lets the importer do all that it was asked for, and look after the election.
    pub(crate) async fn go_on_with_imports(&self) {
        while let Some(body) = self.places["election-commands"].observer.message("ImportQueue") {
            self.import(serde_json::from_str(&body).unwrap()).await;
        }
        self.import(json!({"election": self.names["election"]})).await;
    }

    /// Lets the importer have a message, which it must work off, and whatever it sends itself. It works off one row at a time.
    async fn import(&self, first: Value) {
        let place = &self.places["importer"];
        let importer = place.wiring().importer().unwrap().with_rows(1);
        let mut next = Some(first.to_string());
        while let Some(body) = next {
            let records = json!({"Records": [{"messageId": "1", "body": body}]});
            let answer = importer.handle(serde_json::from_value(records).unwrap()).await;
            assert!(answer.batch_item_failures.is_empty(), "{body}");
            next = place.observer.message("ImportQueue");
        }
    }

    /// Lets the invitations follow these records, and the mailer look after the election and do whatever it is asked for.
    pub(crate) async fn invite(&self, records: &[Value]) {
        let place = &self.places["invitations"];
        let batch = serde_json::from_value(json!({"Records": records})).unwrap();
        let answer = place.wiring().invitations().unwrap().handle(batch).await;
        assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
        self.mail(json!({"election": self.names["election"]}).to_string()).await;
        while let Some(body) = place.observer.message("MailQueue") {
            self.mail(body).await;
        }
    }

    /// Lets the mailer have SES's report that the voter's invitation came back. Names the token that ends mails to the voter.
    pub(crate) async fn report(&mut self) {
        let (election, voter) = (&self.names["election"], &self.names["voter"]);
        let shard = ShardCount::default().shard_of(voter);
        let tags = json!({"election": [election], "shard": [shard.to_string()], "voter": [voter], "link": ["1"]});
        let event = json!({"eventType": "Bounce", "mail": {"tags": tags}});
        self.mail(event.to_string()).await;
        let token = UnsubscribeToken::new(election.parse().unwrap(), shard, voter.parse().unwrap(), [0; 32]);
        self.names.insert("token", token.reveal());
    }

    /// Lets the mailer have a message, which it must work off, and whatever it sends itself.
    async fn mail(&self, first: String) {
        let place = &self.places["mailer"];
        let mailer = place.wiring().mailer().unwrap();
        let mut next = Some(first);
        while let Some(body) = next {
            let records = json!({"Records": [{"messageId": "1", "body": body}]});
            let answer = mailer.handle(serde_json::from_value(records).unwrap()).await;
            assert!(answer.batch_item_failures.is_empty(), "{body}");
            next = place.observer.message("MailQueue");
        }
    }

    /// Lets repair have messages, all of which it must work off.
    pub(crate) async fn repair(&self, messages: &[&Value]) {
        let repair = self.places["repair"].wiring().repair().unwrap();
        let record = |message: &&Value| json!({"messageId": "1", "body": message.to_string()});
        let records: Vec<_> = messages.iter().map(record).collect();
        let answer = repair.handle(serde_json::from_value(json!({"Records": records})).unwrap()).await;
        assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
    }

    /// Lets the clock look after what is on the schedule, at the time that this environment says it is. So many
    /// elections it must close.
    pub(crate) async fn close(&self, environment: Environment, elections: usize) {
        let clock = self.places["clock"].wiring().with_environment(environment).clock().unwrap();
        let run = clock.run().await.unwrap();
        assert_eq!(run, photovote_clock::Run { closed: elections, ..photovote_clock::Run::default() });
    }

    /// Lets the counter look after the election in the generation that is served, and whatever it asks itself for.
    pub(crate) async fn count(&self) {
        let place = &self.places["counter"];
        let documents = DocumentStore::new(place.client(), &place.variables["DOCUMENTS_TABLE"]);
        let serving = documents.reader().generations().await.unwrap().serving;
        let election = self.names["election"].parse().unwrap();
        self.work_off(CountMessage::election(election, serving)).await;
    }

    /// Lets the counter have all that a function asks it for.
    async fn count_for(&self, function: &str) {
        let observer = &self.places[function].observer;
        let (known, _) = self.stream().await;
        let mut early = Vec::new();
        while let Some(body) = observer.message("CountQueue") {
            early.extend(self.work_off(serde_json::from_str(&body).unwrap()).await);
        }
        // What the counter appended is projected, before messages come again.
        let (records, _) = self.stream().await;
        if records.len() > known.len() {
            self.project(&records[known.len()..]).await;
        }
        for message in early {
            self.work_off(message).await;
        }
    }

    /// Lets the counter have a message, and whatever it sends itself. Answers the messages that come too early.
    async fn work_off(&self, mut message: CountMessage) -> Vec<CountMessage> {
        let place = &self.places["counter"];
        let counter = place.wiring().counter().unwrap();
        let mut early = Vec::new();
        loop {
            match counter.work_off(&message).await {
                Err(error) if error.is_early() => early.push(message),
                done => done.unwrap(),
            }
            let Some(next) = place.observer.message("CountQueue") else { return early };
            message = serde_json::from_str(&next).unwrap();
        }
    }

    /// Makes the released results of an election look as if they had been released without a digest.
    pub(crate) async fn falsify(&self, election: &str) {
        let documents = DocumentStore::new(self.engine.client(), self.engine.tables().documents);
        let id = election.parse().unwrap();
        let serving = documents.reader().generations().await.unwrap().serving;
        let (_, tally) = documents.reader().results_in(&serving, id, true).await.unwrap().unwrap();
        let mut public = documents.public_in(&serving, id).await.unwrap().unwrap();
        public.released.as_mut().unwrap().digest = None;
        assert_eq!(documents.save_count(&serving, id, &tally.unwrap(), &public).await.unwrap(), Saved::Yes);
    }

    /// Lets the reconciler go through everything, and the counter do what it is asked for. Answers what was found.
    pub(crate) async fn reconcile(&self) -> photovote_reconciliation::Run {
        let reconciler = self.places["reconciler"].wiring().reconciler().unwrap();
        let day = Duration::from_hours(24);
        let tomorrow = Timestamp::from_millis(Environment::system().now().millis() + 2 * 86_400_000);
        let run = reconciler.run(tomorrow, Limits { patience: day, pages: 100, time: day }).await.unwrap();
        self.count_for("reconciler").await;
        run
    }

    /// Lets the rebuild have messages, and whatever it sends itself, until there is nothing left to do.
    pub(crate) async fn rebuild(&self, message: Value) {
        let place = &self.places["rebuild"];
        let worker = place.wiring().rebuild(Duration::ZERO).unwrap();
        let mut event = message;
        loop {
            let answer = worker.handle(serde_json::from_value(event).unwrap()).await.unwrap();
            assert!(answer["batchItemFailures"].as_array().is_none_or(Vec::is_empty), "{answer}");
            self.count_for("rebuild").await;
            let Some(body) = place.observer.message("RebuildQueue") else { return };
            event = json!({"Records": [{"messageId": "1", "body": body}]});
        }
    }

    /// What the engine answers, with nobody looking on.
    async fn ask(&self, target: &str, body: Value) -> Value {
        let (status, answer) = observer::send(self.over_http.url(), target, body.to_string()).await;
        assert!(status.is_success(), "{target}: {answer:?}");
        serde_json::from_slice(&answer).unwrap()
    }
}

/// The functions that answer requests.
fn routers(places: &BTreeMap<String, Place>) -> BTreeMap<&'static str, Router> {
    let of = |name: &str| places[name].wiring();
    BTreeMap::from([
        ("election-commands", of("election-commands").election_commands().unwrap()),
        ("ballot-commands", of("ballot-commands").ballot_commands().unwrap()),
        ("election-queries", of("election-queries").election_queries().unwrap()),
        ("ballot-queries", of("ballot-queries").ballot_queries().unwrap()),
        ("audit-queries", of("audit-queries").audit_queries().unwrap()),
        ("public-queries", of("public-queries").public_queries().unwrap()),
    ])
}
