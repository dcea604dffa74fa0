//! How people reach the functions: with patience that ends, under idempotency keys, again and again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use photovote_test_support::{Reply, Sender, send_under};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::{
    cloud::Cloud,
    dice::Dice,
    faults::Fault,
    functions::{Functions, Target},
    journal::{Asked, Journal, What, Who},
};

/// How often a client sends a request before it gives up.
pub(crate) const SENDINGS: usize = 12;

/// The gateway, and everybody's journal.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) functions: Arc<Functions>,
    pub(crate) journal: Journal,
    keys: AtomicU64,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) to: Target,
    pub(crate) who: Who,
    pub(crate) what: What,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

/// A client of somebody: it sends requests again until there is an answer that settles them.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) dice: Dice,
}

impl Gateway {
    pub(crate) fn new(cloud: Arc<Cloud>, functions: Arc<Functions>) -> Self {
        Self { cloud, functions, journal: Journal::default(), keys: AtomicU64::new(0) }
    }

    /// Passes a request on, and its answer back, if there is one.
    async fn pass(self: &Arc<Self>, request: Request, key: Option<String>) -> Option<Reply> {
        let gateway = Arc::clone(self);
        // The function goes on whether or not anybody waits.
        let invocation = tokio::spawn(async move {
            let Request { to, who, method, path, body, .. } = request;
            let call = |router| async move {
                let sender = match &who {
                    Who::Administrator(subject) => Sender::Administrator(subject),
                    Who::Voter(token) => Sender::Bearer(token),
                    Who::Anybody => Sender::Nobody,
                };
                send_under(&router, sender, method, &format!("/v1{path}"), key.as_deref(), body.as_ref()).await
            };
            gateway.functions.http.get(&to)?.invoke(call).await
        });
        let reply = invocation.await.expect("no function panics");
        match reply {
            Some(_) if self.cloud.faults.strikes(Fault::AnswerLost) => None,
            reply => reply,
        }
    }
}

impl Client {
    /// Asks for something until it is settled. `None`: it never was, and may or may not have happened.
    pub(crate) async fn ask(&self, request: Request) -> Option<Reply> {
        self.ask_up_to(SENDINGS, request).await
    }

    /// Asks for something, and gives up after so many sendings.
    pub(crate) async fn ask_up_to(&self, sendings: usize, request: Request) -> Option<Reply> {
        let (gateway, dice) = (&self.gateway, &self.dice);
        let commands = request.method != "GET";
        let key = commands.then(|| format!("key-{}", gateway.keys.fetch_add(1, Ordering::Relaxed)));
        let entry = gateway.journal.begin(Asked {
            who: request.who.clone(),
            what: request.what.clone(),
            method: request.method,
            path: request.path.clone(),
            key: key.clone(),
            sendings: Vec::new(),
        });
        let mut settled = None;
        for _ in 0..sendings {
            // Some click twice, and most wait longer than any function takes.
            let patience = if dice.permille(60) { dice.within(5, 300) } else { dice.within(5_000, 30_000) };
            let clock = gateway.cloud.clock;
            let sending = gateway.journal.sent(entry, clock.now());
            let answer = timeout(Duration::from_millis(patience), gateway.pass(request.clone(), key.clone()));
            if let Ok(Some(reply)) = answer.await {
                gateway.journal.answered(entry, sending, clock.now(), &reply);
                gateway.cloud.note(|| {
                    format!("{} {} is answered {} {}", request.method, request.path, reply.status, reply.text)
                });
                if !is_to_be_repeated(&reply) {
                    let first = settled.is_none();
                    settled.get_or_insert(reply);
                    // Now and then a client forgets that it knows.
                    if !(first && commands && dice.permille(80)) {
                        break;
                    }
                }
            }
            sleep(Duration::from_millis(dice.within(20, 1500))).await;
        }
        settled
    }
}

/// Does the answer say nothing about the request, but to try again?
fn is_to_be_repeated(reply: &Reply) -> bool {
    reply.status >= 500 || (reply.status == 409 && reply.json["code"] == "conflict")
}
