//! What anyone can see, and what not yet or not any more.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare its case has failed")]

use std::collections::BTreeMap;

use axum::Router;
use photovote_documents::{Changes, ElectionDocument, PublicDocument};
use photovote_documents_read::{DocumentReader, PublicHeader, Released};
use photovote_documents_write::{DocumentStore, Saved};
use photovote_domain::{
    CandidateId, CompetitionId, Digest, ElectionId, Nonce, Ratings, Receipt, Scale, Shard, ShardCount, Tally,
    election::{Candidate, Competition, ElectionEvent as E},
    results::Results,
};
use photovote_edge::edge;
use photovote_public_queries::{App, routes};
use photovote_test_support::{Engine, Reply, Sender, get, send_with};
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
            E::ElectionClosed { casts: 2, digest_follows: true, registered: Some(3) },
        ];
        square.project(&events).await;
        square
    }

    async fn project(&mut self, events: &[E]) {
        let previous = self.document.version;
        let mut changes = Changes::default();
        self.document.apply(previous.plus(1), events, &mut changes);
        let saved = self.store.save_election(&"2".parse().unwrap(), &self.document, previous, &changes).await;
        assert_eq!(saved, Ok(Saved::Yes));
    }

    /// What two ballots come to.
    fn tally() -> Tally {
        let mut tally = Tally::default();
        for _ in 0..2 {
            tally.count(&Ratings::from([(CandidateId::from_bits(11), 4)]));
        }
        tally
    }

    fn expected(&self) -> Results {
        let election = &self.document.election;
        Results::of(ELECTION, &election.competitions, election.scale, &Self::tally(), 2, election.registered).unwrap()
    }

    fn receipt(number: u8) -> Receipt {
        let ratings = Ratings::from([(CandidateId::from_bits(11), 4)]);
        Receipt::of(ELECTION, Shard::new(3).unwrap(), &ratings, &Nonce::from_bytes([number; 32]))
    }

    /// Counts the ballots, and publishes the results if they are released.
    async fn count(&self, released: bool) {
        let (generation, results) = ("2".parse().unwrap(), PublicDocument::of_results(&self.expected()).unwrap());
        let receipts = (1..=2).map(|n| *Self::receipt(n).digest()).collect();
        self.store.save_shard(&generation, ELECTION, Shard::new(3).unwrap(), &Self::tally(), receipts).await.unwrap();
        let mut public = PublicHeader::default();
        if released {
            let election = PublicDocument::of_election(&self.document.election).unwrap();
            for document in [&results, &election] {
                self.store.save_public_document(&generation, ELECTION, document).await.unwrap();
            }
            let digest = Some(self.expected().digest.0);
            public.released = Some(Released { results: results.tag, election: election.tag, digest });
        }
        let saved = self.store.save_count(&generation, ELECTION, &Self::tally(), &public).await;
        assert_eq!(saved, Ok(Saved::Yes));
    }

    async fn shows(&self, path: &str) -> Reply {
        get(&self.router, Sender::Nobody, &format!("/v1{path}")).await
    }

    async fn election(&self) -> Reply {
        self.shows(&format!("/public/elections/{ELECTION}")).await
    }

    async fn results(&self) -> Reply {
        self.shows(&format!("/public/elections/{ELECTION}/results")).await
    }
}

#[tokio::test]
async fn results_are_public_from_release_until_deletion() {
    let mut square = Square::new().await;
    let absent = square.shows(&format!("/public/elections/{}/results", ElectionId::from_bits(8))).await;
    for counted in [false, true] {
        if counted {
            square.count(false).await;
        }
        let closed = square.results().await;
        assert_eq!((closed.problem(), closed.header("cache-control")), ((404, "results_not_found"), "no-store"));
        assert_eq!((&closed.text, &closed.headers), (&absent.text, &absent.headers), "what is not public is not there");
        let shown = square.election().await;
        assert_eq!((&shown.text, &shown.headers), (&absent.text, &absent.headers), "nor is its election");
    }

    square.project(&[E::ResultsReleased { digest: Some(square.expected().digest.0) }]).await;
    square.count(true).await;
    let released = square.results().await;
    assert_eq!((released.status, released.header("cache-control")), (200, "public, max-age=5"));
    assert_eq!(released.json, serde_json::to_value(square.expected()).unwrap());
    assert_eq!(released.json["competitions"][0]["candidates"][0]["mean"], "4.0000");
    assert_eq!(released.json["competitions"][0]["unranked"][0]["name"], "Sun");
    let shown = square.election().await;
    assert_eq!((shown.status, shown.header("cache-control")), (200, "public, max-age=5"));
    assert_eq!((&shown.json["name"], &shown.json["status"]), (&json!("Summer"), &json!("released")));
    assert_eq!(shown.json["competitions"][0]["candidates"][1]["name"], "Sun");

    square.project(&[E::ElectionDeleted {}]).await;
    assert_eq!(square.results().await.problem(), (404, "results_not_found"));
    assert_eq!(square.election().await.problem(), (404, "results_not_found"));
    assert_eq!(
        square.shows(&format!("/public/elections/{ELECTION}/receipts/{}", Square::receipt(1))).await.status,
        404
    );
}

#[tokio::test]
async fn results_other_than_the_released_ones_are_refused() {
    let square = Square::new().await;
    square.count(true).await;
    assert_eq!(square.results().await.status, 200);
    let other = Results { cast: 3, counted: 3, ..square.expected() };
    let results = PublicDocument::of_results(&square.expected()).unwrap();
    let forged = PublicDocument { tag: results.tag, ..PublicDocument::of_results(&other).unwrap() };
    square.store.save_public_document(&"2".parse().unwrap(), ELECTION, &forged).await.unwrap();
    let refused = square.results().await;
    assert_eq!((refused.problem(), refused.header("retry-after")), ((503, "results_differ"), "60"));
}

#[tokio::test]
async fn results_are_compressed_or_not_modified_on_request() {
    let square = Square::new().await;
    square.count(true).await;
    let path = format!("/v1/public/elections/{ELECTION}/results");
    let plain = square.results().await;
    let with = async |header: &str, value: &str| {
        send_with(&square.router, Sender::Nobody, "GET", &path, &[(header, value)], None).await
    };
    let compressed = with("accept-encoding", "gzip").await;
    assert_eq!((compressed.status, compressed.header("content-encoding")), (200, "gzip"));
    assert_eq!((compressed.header("etag"), compressed.header("vary")), (plain.header("etag"), "Accept-Encoding"));
    let known = with("if-none-match", plain.header("etag")).await;
    assert_eq!((known.status, known.text.as_str(), known.header("etag")), (304, "", plain.header("etag")));
    assert_eq!(with("if-none-match", "W/\"other\"").await.status, 200);
}

#[tokio::test]
async fn a_receipt_tells_only_that_its_ballot_is_counted() {
    let square = Square::new().await;
    let receipt = Square::receipt(1).to_string();
    let path = |election: ElectionId, receipt: &str| format!("/public/elections/{election}/receipts/{receipt}");
    assert_eq!(square.shows(&path(ELECTION, &receipt)).await.problem(), (404, "receipt_not_found"), "not yet");
    square.count(false).await;
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

#[tokio::test]
async fn read_costs_do_not_tell_whether_an_election_exists() {
    let square = Square::new().await;
    let (client, calls) = square.engine.counting_client();
    let app = App::new(DocumentReader::new(client, square.engine.tables().documents));
    let router = edge(routes().with_state(app));
    let asked = async |election: ElectionId, what: &str| {
        get(&router, Sender::Nobody, &format!("/v1/public/elections/{election}/{what}")).await;
        calls.take()
    };
    let receipt = format!("receipts/{}", Square::receipt(1));
    let nowhere = ElectionId::from_bits(8);
    asked(nowhere, "results").await;
    let one_small_read: BTreeMap<_, _> = [("GetItem".to_owned(), 1)].into();
    for what in ["results", receipt.as_str()] {
        assert_eq!(asked(nowhere, what).await, one_small_read);
        assert_eq!(asked(ELECTION, what).await, one_small_read, "closed and not counted");
    }
    square.count(false).await;
    assert_eq!(asked(ELECTION, "results").await, one_small_read, "counted and not released");
}

/// A name of 200 characters that nothing compresses well.
fn long_name(number: u128) -> String {
    let digests = (0..7_u8).map(|part| Digest::of(&[&number.to_be_bytes()[..], &[part]].concat()));
    let bytes = digests.flat_map(|digest| *digest.as_bytes());
    bytes.take(200).filter_map(|byte| char::from_u32(0x4E00 + u32::from(byte) * 40)).collect()
}

#[tokio::test]
async fn the_largest_results_cost_one_read_and_one_query() {
    let square = Square::new().await;
    let candidate = |number: u128| Candidate {
        id: CandidateId::from_bits(number),
        name: long_name(number),
        description: None,
        image: None,
        disqualified: None,
    };
    let competition = |number: u128| Competition {
        id: CompetitionId::from_bits(number),
        name: long_name(number),
        description: None,
        candidates: (0..500).map(|n| candidate(number * 500 + n)).collect(),
    };
    let competitions: Vec<_> = (0..4).map(competition).collect();
    let mut tally = Tally::default();
    tally.count(&(0..2_000).map(|n| (CandidateId::from_bits(n), 4)).collect());
    let results = Results::of(ELECTION, &competitions, Scale::default(), &tally, 1, Some(1)).unwrap();
    let (generation, public) = ("2".parse().unwrap(), PublicDocument::of_results(&results).unwrap());
    assert!(public.compressed.len() > 400_000, "{} bytes: more than an item", public.compressed.len());
    square.store.save_public_document(&generation, ELECTION, &public).await.unwrap();
    let released = Released { results: public.tag, election: "a".repeat(32), digest: Some(results.digest.0) };
    let header = PublicHeader { released: Some(released) };
    square.store.save_count(&generation, ELECTION, &tally, &header).await.unwrap();

    let (client, calls) = square.engine.counting_client();
    let app = App::new(DocumentReader::new(client, square.engine.tables().documents));
    let router = edge(routes().with_state(app));
    let path = format!("/v1/public/elections/{ELECTION}/results");
    get(&router, Sender::Nobody, &path).await;
    calls.take();
    let served = get(&router, Sender::Nobody, &path).await;
    assert_eq!((served.status, served.json), (200, serde_json::to_value(results).unwrap()));
    assert_eq!(calls.take(), [("GetItem".to_owned(), 1), ("Query".to_owned(), 1)].into());
}
