//! What stands in for the network between a function and AWS.
//!
//! The SDK hands over its serialised request, as it would to a socket, and gets an answer, or none. On the way, what
//! the seed says goes wrong.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use dynoxide::{DynoxideError, errors::CancellationReason};
use photovote_domain::Timestamp;
use serde_json::{Value, json};
use tokio::{sync::Notify, time::sleep};

use crate::{
    cloud::Cloud,
    engine::DOCUMENTS,
    faults::Fault,
    functions::{COUNT_QUEUE, IMPORT_QUEUE, MAIL_QUEUE, PHOTOGRAPHS_QUEUE},
};

/// A function's life, which can end between any two calls: before a call has its effect, or after.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life(Arc<Thread>);

#[derive(Debug, Default)]
struct Thread {
    /// How many boundaries of calls are left, if they are counted.
    left: Mutex<Option<u64>>,
    cut: Notify,
    is_cut: AtomicBool,
    /// Did it end early, or did a call fail or take long?
    troubled: AtomicBool,
}

impl Life {
    /// Ends after so many boundaries; `None`: does not end.
    pub(crate) fn of(boundaries: Option<u64>) -> Self {
        Self(Arc::new(Thread { left: Mutex::new(boundaries), ..Thread::default() }))
    }

    /// Is it the same life?
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Something goes wrong in it.
    pub(crate) fn trouble(&self) {
        self.0.troubled.store(true, Ordering::Relaxed);
    }

    /// Did it end early, or did a call fail or take long?
    pub(crate) fn was_troubled(&self) -> bool {
        self.0.troubled.load(Ordering::Relaxed)
    }

    /// Passes a boundary, or never returns.
    pub(crate) async fn boundary(&self) {
        let ends = match &mut *self.0.left.lock().unwrap_or_else(PoisonError::into_inner) {
            None => false,
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
        };
        if ends {
            self.0.is_cut.store(true, Ordering::Relaxed);
            self.0.cut.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// Returns when it ends.
    pub(crate) async fn end(&self) {
        if !self.0.is_cut.load(Ordering::Relaxed) {
            self.0.cut.notified().await;
        }
    }
}

/// The connection of one instance of a function.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    cloud: Arc<Cloud>,
    /// The life of the invocation that is going on.
    life: Arc<Mutex<Life>>,
}

impl Transport {
    pub(crate) fn new(cloud: Arc<Cloud>) -> Self {
        Self { cloud, life: Arc::default() }
    }

    /// What lies beyond, and the invocation that is going on.
    pub(crate) fn connection(&self) -> (Arc<Cloud>, Life) {
        (Arc::clone(&self.cloud), self.life.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// An invocation begins.
    pub(crate) fn begin(&self, life: Life) {
        *self.life.lock().unwrap_or_else(PoisonError::into_inner) = life;
    }
}

impl HttpClient for Transport {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (cloud, life) = self.connection();
        let call = Call::of(&request);
        HttpConnectorFuture::new(async move { call.carry_out(&cloud, &life).await })
    }
}

/// A request to AWS.
#[derive(Debug)]
struct Call {
    service: String,
    operation: String,
    body: Value,
    /// What is asked of S3 instead.
    objects: Option<ObjectCall>,
}

/// A request to S3.
#[derive(Debug)]
struct ObjectCall {
    uri: String,
    media_type: String,
    cache_control: String,
    bytes: Vec<u8>,
}

impl Call {
    fn of(request: &HttpRequest) -> Self {
        let header = |name| request.headers().get(name).unwrap_or_default();
        let target = header("x-amz-target");
        if target.is_empty() {
            let objects = ObjectCall {
                uri: request.uri().to_owned(),
                media_type: header("content-type").to_owned(),
                cache_control: header("cache-control").to_owned(),
                bytes: request.body().bytes().unwrap_or_default().to_vec(),
            };
            let (service, operation) = ("S3".to_owned(), request.method().to_owned());
            return Self { service, operation, body: Value::Null, objects: Some(objects) };
        }
        let (service, operation) = target.split_once('.').unwrap_or(("", target));
        let body = request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
        Self { service: service.to_owned(), operation: operation.to_owned(), body, objects: None }
    }

    fn is_transaction(&self) -> bool {
        self.operation == "TransactWriteItems"
    }

    fn writes(&self) -> bool {
        let of_tables = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];
        [&of_tables[..], &["SendMessage", "PUT", "DELETE"]].concat().contains(&&*self.operation)
    }

    async fn carry_out(mut self, cloud: &Cloud, life: &Life) -> Result<HttpResponse, ConnectorError> {
        let faults = &cloud.faults;
        life.boundary().await;
        latency(cloud).await;
        let slow = faults.strikes(Fault::Slow);
        if slow {
            life.trouble();
        }
        let slow_before = slow && cloud.dice.permille(500);
        if slow_before {
            sleep(Duration::from_millis(cloud.dice.within(300, 3000))).await;
        }
        if let Some(failed) = self.failed_before(cloud, life).await {
            life.trouble();
            cloud.note(|| format!("{} fails", self.operation));
            return failed;
        }
        let answer = self.performed(cloud);
        if self.writes() && answer.status().is_success() {
            cloud.mails.see(&self.operation, &self.body, cloud.clock.now(), life);
            if faults.strikes(Fault::ServerErrorAfter) {
                life.trouble();
                return Ok(server_error(cloud));
            }
            if faults.strikes(Fault::ConnectionLostAfter) {
                life.trouble();
                return Err(connection_lost());
            }
            if faults.strikes(Fault::UnansweredAfter) {
                life.trouble();
                std::future::pending::<()>().await;
            }
        }
        life.boundary().await;
        latency(cloud).await;
        if slow && !slow_before {
            sleep(Duration::from_millis(cloud.dice.within(300, 3000))).await;
        }
        Ok(answer)
    }

    /// What goes wrong before the call has an effect.
    async fn failed_before(&self, cloud: &Cloud, life: &Life) -> Option<Result<HttpResponse, ConnectorError>> {
        let faults = &cloud.faults;
        let dynamodb = self.service.starts_with("DynamoDB_");
        if faults.strikes(Fault::ConnectionLost) {
            return Some(Err(connection_lost()));
        }
        if faults.strikes(Fault::Unanswered) {
            life.trouble();
            // Whoever waits gives up first.
            std::future::pending::<()>().await;
        }
        if faults.strikes(Fault::ServerError) {
            return Some(Ok(server_error(cloud)));
        }
        if dynamodb && faults.strikes(Fault::Throttled) {
            return Some(Ok(self.throttled(cloud)));
        }
        if dynamodb && self.writes() && faults.strikes(Fault::Conflict) {
            return Some(Ok(self.conflict(cloud)));
        }
        if self.is_transaction() && faults.strikes(Fault::InProgress) {
            let message = "The transaction with the given request token is already in progress.";
            return Some(Ok(exception(400, "TransactionInProgressException", message)));
        }
        None
    }

    fn throttled(&self, cloud: &Cloud) -> HttpResponse {
        if self.is_transaction() && cloud.dice.permille(500) {
            let code = if cloud.dice.permille(500) { "ThrottlingError" } else { "ProvisionedThroughputExceeded" };
            return self.cancelled(cloud, code, "Throughput exceeds the current capacity.");
        }
        let name =
            if cloud.dice.permille(500) { "ThrottlingException" } else { "ProvisionedThroughputExceededException" };
        exception(400, name, "The level of configured provisioned throughput was exceeded.")
    }

    fn conflict(&self, cloud: &Cloud) -> HttpResponse {
        let message = "Transaction is ongoing for the item";
        if self.is_transaction() {
            return self.cancelled(cloud, "TransactionConflict", message);
        }
        exception(400, "TransactionConflictException", message)
    }

    /// A transaction that is cancelled because of one of its actions.
    fn cancelled(&self, cloud: &Cloud, code: &str, message: &str) -> HttpResponse {
        let actions = self.body["TransactItems"].as_array().map_or(1, Vec::len).max(1);
        let at_fault = cloud.dice.place(actions);
        let reason = |index| match index {
            index if index == at_fault => json!({"Code": code, "Message": message}),
            _ => json!({"Code": "None"}),
        };
        let reasons: Vec<_> = (0..actions).map(reason).collect();
        let body = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
            "CancellationReasons": reasons,
        });
        response(400, body.to_string().into_bytes())
    }

    /// The answer, and the effect.
    fn performed(&mut self, cloud: &Cloud) -> HttpResponse {
        if let Some(call) = &self.objects {
            return call.performed(&self.operation, cloud);
        }
        let answer = match &*self.service {
            "DynamoDB_20120810" => self.perform(cloud),
            "DynamoDBStreams_20120810" => Ok(self.read_stream(cloud)),
            "AmazonSQS" => Ok(self.send_message(cloud)),
            _ => Err(DynoxideError::ValidationException(format!("there is no service {}", self.service))),
        };
        match answer {
            Ok(body) => {
                cloud.note(|| format!("{} {} is done", self.operation, self.body));
                response(200, body)
            }
            Err(error) => {
                let error = masked(error, cloud);
                cloud.note(|| format!("{} {} is refused: {error}", self.operation, self.body));
                response(error.status_code(), error.to_json().into_bytes())
            }
        }
    }

    fn perform(&mut self, cloud: &Cloud) -> Result<Vec<u8>, DynoxideError> {
        let (faults, dice, now) = (&cloud.faults, &cloud.dice, cloud.clock.now());
        let consistent = self.body["ConsistentRead"] == true;
        match &*self.operation {
            "Query" if faults.strikes(Fault::ShortPage) => {
                let most = self.body["Limit"].as_u64().unwrap_or(u64::MAX);
                self.body["Limit"] = dice.within(1, 3).min(most).into();
            }
            "BatchGetItem" if faults.strikes(Fault::Unprocessed) => return self.get_some(cloud),
            _ => {}
        }
        let lags = matches!(&*self.operation, "Query" | "GetItem") && self.body["TableName"] == DOCUMENTS;
        if lags && !consistent && faults.strikes(Fault::Stale) {
            let then = now.millis() - i64::try_from(dice.below(1000)).unwrap_or(0);
            let then = Timestamp::from_millis(then);
            return cloud.engine.perform_stale(&self.operation, &self.body, then, dice.place(4));
        }
        cloud.engine.perform(&self.operation, &self.body, now)
    }

    /// A `BatchGetItem` that leaves keys out.
    fn get_some(&mut self, cloud: &Cloud) -> Result<Vec<u8>, DynoxideError> {
        let mut rest = json!({});
        for (table, request) in self.body["RequestItems"].as_object_mut().into_iter().flatten() {
            let Some(keys) = request["Keys"].as_array_mut().filter(|keys| keys.len() > 1) else { continue };
            let left_out = keys.split_off(1 + cloud.dice.place(keys.len() - 1));
            rest[table] = request.clone();
            rest[table]["Keys"] = left_out.into();
        }
        let answer = cloud.engine.perform(&self.operation, &self.body, cloud.clock.now())?;
        let mut answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        answer["UnprocessedKeys"] = rest;
        Ok(answer.to_string().into_bytes())
    }

    fn read_stream(&self, cloud: &Cloud) -> Vec<u8> {
        let text = |name: &str| self.body[name].as_str().unwrap_or_default();
        let answer = if self.operation == "GetShardIterator" {
            json!({"ShardIterator": format!("{}:{}", text("ShardId"), text("SequenceNumber"))})
        } else {
            let (shard, number) = text("ShardIterator").split_once(':').unwrap_or_default();
            cloud.stream.records_from(shard, number.parse().unwrap_or(1))
        };
        answer.to_string().into_bytes()
    }

    fn send_message(&self, cloud: &Cloud) -> Vec<u8> {
        let body = self.body["MessageBody"].as_str().unwrap_or_default().to_owned();
        let queue = match self.body["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()) {
            Some(COUNT_QUEUE) => &cloud.to_count,
            Some(PHOTOGRAPHS_QUEUE) => &cloud.to_process,
            Some(IMPORT_QUEUE) => &cloud.to_import,
            Some(MAIL_QUEUE) => &cloud.to_mail,
            _ => &cloud.queue,
        };
        let delay = self.body["DelaySeconds"].as_i64().unwrap_or(0) * 1000;
        let visible_at = Timestamp::from_millis(cloud.clock.now().millis() + delay);
        json!({"MessageId": queue.send(body, visible_at)}).to_string().into_bytes()
    }
}

impl ObjectCall {
    fn performed(&self, method: &str, cloud: &Cloud) -> HttpResponse {
        cloud.buckets.set_time(cloud.clock.now());
        let header = |name: &str| match name {
            "content-type" => Some(&*self.media_type),
            "cache-control" => Some(&*self.cache_control),
            _ => None,
        };
        let (status, headers, body) = cloud.buckets.answer(method, &self.uri, header, &self.bytes);
        cloud.note(|| format!("{method} {} is answered {status}", self.uri));
        let mut answer = response(status, body);
        for (name, value) in headers {
            answer.headers_mut().insert(name, value);
        }
        answer
    }
}

/// When several conditions of a transaction do not hold, DynamoDB may have met a conflict at one of them first.
fn masked(error: DynoxideError, cloud: &Cloud) -> DynoxideError {
    let DynoxideError::TransactionCanceledException(message, mut reasons) = error else { return error };
    let failed: Vec<usize> = (0..reasons.len()).filter(|&index| reasons[index].code != "None").collect();
    if failed.len() > 1 && cloud.faults.strikes(Fault::Masked) {
        let masked = failed[cloud.dice.place(failed.len())];
        let message = Some("Transaction is ongoing for the item".to_owned());
        reasons[masked] = CancellationReason { code: "TransactionConflict".to_owned(), message, item: None };
    }
    DynoxideError::TransactionCanceledException(message, reasons)
}

/// How long a call is on its way in one direction.
pub(crate) async fn latency(cloud: &Cloud) {
    sleep(Duration::from_millis(cloud.dice.within(1, 8))).await;
}

fn response(status: u16, body: Vec<u8>) -> HttpResponse {
    let status = StatusCode::try_from(status).expect("a status has three digits");
    HttpResponse::new(status, SdkBody::from(body))
}

fn exception(status: u16, name: &str, message: &str) -> HttpResponse {
    let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": message});
    response(status, body.to_string().into_bytes())
}

fn server_error(cloud: &Cloud) -> HttpResponse {
    if cloud.dice.permille(500) {
        return exception(500, "InternalServerError", "The request processing has failed.");
    }
    exception(503, "ServiceUnavailable", "Service is unavailable, please retry.")
}

fn connection_lost() -> ConnectorError {
    ConnectorError::io("the connection is lost".into())
}
