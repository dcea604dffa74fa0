//! The importer alone, over the engine of the local host: what it asks of the tables.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use photovote::{
    data_dir::{DataDir, temporary},
    host::engine::{CONTROL, DOCUMENTS, Durability, EVENTS, Engine},
};
use photovote_functions::Wiring;
use photovote_queues::Queue;
use photovote_test_support::{Buckets, Reply, Sender, send, units::metered_for_writes};
use serde::Serialize;
use serde_json::{Value, json};

/// The bucket that lists are uploaded to.
const LISTS: &str = "originals";

/// What was measured.
pub(super) struct Asked {
    /// From the upload until all voters are registered.
    pub(super) time: Duration,
    /// Calls by their names, and units.
    pub(super) counts: Vec<(String, u32)>,
}

/// Imports a list of so many voters.
pub(super) async fn measure(list: &str, voters: u32) -> Result<Asked, Box<dyn Error>> {
    let home = temporary()?;
    let engine = Engine::start(&DataDir::open(home.path())?, Durability::PowerLoss).await?;
    let (client, calls, read, written) = metered_for_writes(engine.config());
    let buckets = Buckets::default();
    let (to_import, mut asked) = Queue::in_process();
    let (to_mail, _mails) = Queue::in_process();
    let settings = |name: &str| {
        let setting = match name {
            "EVENTS_TABLE" => EVENTS,
            "CONTROL_TABLE" => CONTROL,
            "DOCUMENTS_TABLE" => DOCUMENTS,
            "ORIGINALS_BUCKET" => LISTS,
            "UPLOAD_URL" => "/uploads",
            "AWS_REGION" => "us-east-1",
            _ => return None,
        };
        Some(setting.to_owned())
    };
    let wiring = Wiring::new(engine.config().clone(), engine.config().clone(), settings)
        .with_client(client)
        .with_objects(buckets.config())
        .with_import_queue(to_import)
        .with_mail_queue(to_mail);
    let (commands, importer) = (wiring.election_commands()?, wiring.importer()?);
    let post = async |path: &str, body: Value| -> Result<Reply, Box<dyn Error>> {
        let reply = send(&commands, Sender::Administrator("owner"), "POST", path, Some(&body)).await;
        if reply.status < 300 { Ok(reply) } else { Err(format!("{path}: {}", reply.text).into()) }
    };
    let created = post("/v1/elections", json!({"name": "Summer", "expected_voters": voters})).await?;
    let election = created.json["id"].as_str().unwrap_or_default().to_owned();
    let imports = format!("/v1/elections/{election}/imports");

    calls.take();
    read.take();
    written.take();
    let began = Instant::now();
    let requested = post(&imports, json!({"name": "members.csv", "bytes": list.len()})).await?;
    let import = requested.json["id"].as_str().unwrap_or_default().to_owned();
    let key = format!("lists/{election}/{import}");
    buckets.put(LISTS, &key, list);
    let uploaded = message(&json!({"Records": [{"s3": {"object": {"key": key}}}]}))?;
    let mut failed = importer.handle(uploaded).await.batch_item_failures.len();
    post(&format!("{imports}/{import}/confirm"), json!({})).await?;
    while let Ok(asked) = asked.try_recv() {
        failed += importer.handle(message(&asked)?).await.batch_item_failures.len();
    }
    let time = began.elapsed();
    if failed > 0 || !buckets.keys(LISTS).is_empty() {
        return Err(format!("the import did not come to its end: {failed} messages failed").into());
    }
    let mut counts = Vec::new();
    for (call, count) in calls.take() {
        counts.push((call, u32::try_from(count)?));
    }
    counts.push(("write units".to_owned(), u32::try_from(written.take())?));
    counts.push(("read units".to_owned(), u32::try_from(read.take())?));
    engine.stop().await;
    Ok(Asked { time, counts })
}

fn message(body: &impl Serialize) -> Result<SqsEvent, serde_json::Error> {
    let mut message = SqsMessage::default();
    (message.message_id, message.body) = (Some("1".to_owned()), Some(serde_json::to_string(body)?));
    let mut event = SqsEvent::default();
    event.records = vec![message];
    Ok(event)
}
