//! What anyone can see, and what not yet or not any more.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare its case has failed")]

use axum::Router;
use photovote_document_store::{DocumentReader, DocumentStore, Saved};
use photovote_domain::{
    CandidateId, CompetitionId, ElectionId, Nonce, Ratings, Receipt, Scale, Shard, ShardCount,
    election::ElectionEvent as E,
};
use photovote_http::edge;
use photovote_projections::{CastBallot, Changes, ElectionDocument};
use photovote_testing::{Engine, Reply, Sender, get};
use public_queries::{App, routes};
use serde_json::json;

const ELECTION: ElectionId = ElectionId::from_bits(7);

/// A function with an engine of its own.
struct Square {
    engine: Engine,
    store: DocumentStore,
    router: Router,
    document: ElectionDocument,
}

impl Square {
    /// With a closed election in which two ballots were cast.
    async fn new() -> Self {
        let engine = Engine::start().await;
        let store = DocumentStore::new(engine.client(), engine.tables().documents);
        let router = edge(routes().with_state(App::new(store.reader().clone())));
        let mut square = Self { engine, store, router, document: ElectionDocument::empty(ELECTION) };
        let competition = CompetitionId::from_bits(10);
        let candidate = |bits, name: &str| E::CandidateAdded {
            candidate: CandidateId::from_bits(bits),
            competition,
            description: None,
            image: None,
            name: name.into(),
        };
        let (scale, shards) = (Scale::default(), ShardCount::default());
        let events = [
            E::ElectionCreated { description: None, name: "Summer".into(), owner: "ada".into(), scale, shards },
            E::CompetitionAdded { competition, description: None, name: "Nature".into() },
            candidate(11, "Moon"),
            candidate(12, "Sun"),
            E::ElectionOpened { closes_at: None },
            E::ElectionClosing {},
            E::ElectionClosed { casts: 2, registered: Some(3) },
        ];
        square.project(&events).await;
        square
    }

    async fn project(&mut self, events: &[E]) {
        let previous = self.document.version;
        let mut changes = Changes::default();
        self.document.apply(previous.plus(1), events, &mut changes);
        let saved = self.store.save_election(&"1".parse().unwrap(), &self.document, previous, &changes).await;
        assert_eq!(saved, Ok(Saved::Yes));
    }

    /// Counts a ballot.
    async fn count(&self, number: u8) -> Receipt {
        let ratings = Ratings::from([(CandidateId::from_bits(11), 4)]);
        let shard = Shard::new(3).unwrap();
        let receipt = Receipt::of(ELECTION, shard, &ratings, &Nonce::from_bytes([number; 32]));
        self.store.count(&"1".parse().unwrap(), ELECTION, [CastBallot { receipt, ratings }]).await.unwrap();
        receipt
    }

    async fn shows(&self, path: &str) -> Reply {
        get(&self.router, Sender::Nobody, &format!("/v1{path}")).await
    }

    async fn results(&self) -> Reply {
        self.shows(&format!("/public/elections/{ELECTION}/results")).await
    }
}

#[tokio::test]
async fn results_are_public_from_their_release_until_the_election_is_deleted() {
    let mut square = Square::new().await;
    square.count(1).await;
    square.count(2).await;
    let absent = square.shows(&format!("/public/elections/{}/results", ElectionId::from_bits(8))).await;
    let closed = square.results().await;
    assert_eq!((closed.problem(), closed.header("cache-control")), ((404, "results_not_found"), "no-store"));
    assert_eq!((&closed.text, &closed.headers), (&absent.text, &absent.headers), "what is not public is not there");

    square.project(&[E::ResultsReleased {}]).await;
    let released = square.results().await;
    assert_eq!((released.status, released.header("cache-control")), (200, "public, max-age=5"));
    assert_eq!((&released.json["status"], &released.json["counted"]), (&json!("final"), &json!(2)));
    assert_eq!(released.json["competitions"][0]["candidates"][0]["mean"], "4.0000");
    assert_eq!(released.json["competitions"][0]["unranked"][0]["name"], "Sun");

    square.project(&[E::ElectionDeleted {}]).await;
    assert_eq!(square.results().await.problem(), (404, "results_not_found"));
}

#[tokio::test]
async fn released_results_may_still_be_counting() {
    let mut square = Square::new().await;
    square.project(&[E::ResultsReleased {}]).await;
    square.count(1).await;
    let counting = json!({"election_id": ELECTION, "status": "counting", "counted": 1, "cast": 2});
    assert_eq!(square.results().await.json, counting);
}

#[tokio::test]
async fn a_receipt_tells_that_its_ballot_is_counted_and_nothing_else() {
    let square = Square::new().await;
    let receipt = square.count(1).await.to_string();
    let path = |election: ElectionId, receipt: &str| format!("/public/elections/{election}/receipts/{receipt}");
    let reply = square.shows(&path(ELECTION, &receipt)).await;
    assert_eq!((reply.status, &reply.json), (200, &json!({"receipt": receipt, "counted": true})));
    assert_eq!(reply.header("cache-control"), "public, max-age=5");

    let another = receipt.replacen("3-", "4-", 1);
    for unknown in [path(ELECTION, &another), path(ElectionId::from_bits(8), &receipt)] {
        let reply = square.shows(&unknown).await;
        assert_eq!((reply.problem(), reply.header("cache-control")), ((404, "receipt_not_found"), "no-store"));
    }
    for malformed in ["x", "03-", &receipt.to_uppercase(), &receipt[1..], "%FF"] {
        assert_eq!(square.shows(&path(ELECTION, malformed)).await.problem(), (400, "malformed_id"), "{malformed}");
    }
}

#[tokio::test]
async fn health_and_the_api_document_need_no_table() {
    let square = Square::new().await;
    let (client, calls) = square.engine.counting_client();
    let app = App::new(DocumentReader::new(client, square.engine.tables().documents));
    let router = edge(routes().with_state(app));
    let health = get(&router, Sender::Nobody, "/v1/health").await;
    assert_eq!((health.status, &health.json), (200, &json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})));
    assert_eq!(health.header("cache-control"), "no-store");
    let document = get(&router, Sender::Nobody, "/v1/openapi.json").await;
    assert_eq!((document.status, document.header("content-type")), (200, "application/json"));
    assert_eq!(document.header("cache-control"), "public, max-age=300");
    assert_eq!(document.json["openapi"], "3.1.0");
    assert!(document.json["paths"]["/v1/health"]["get"].is_object());
    assert_eq!(calls.take(), [].into());
}
