//! What a voter sees of the election and of their own ballot.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare its case has failed")]

use std::sync::atomic::{AtomicU8, Ordering};

use axum::Router;
use photovote_ballot_queries::{App, routes};
use photovote_domain::{
    Aggregate, Ballot, BallotId, BallotToken, CandidateId, CompetitionId, Digest, Election, ElectionId, Nonce, Ratings,
    Receipt, Scale, ShardCount, Subject, Timestamp, ballot::BallotEvent, election::ElectionEvent,
};
use photovote_edge::{ElectionView, edge};
use photovote_events::{Actor, CommandRecord, Environment, EventReader, Snapshots, Stream};
use photovote_events_append::EventStore;
use photovote_test_support::{Engine, Reply, Sender, get};
use serde_json::{Value, json};

const ELECTION: ElectionId = ElectionId::from_bits(7);
const BALLOT: BallotId = BallotId::from_bits(u128::MAX);
const CANDIDATE: CandidateId = CandidateId::from_bits(11);

/// A function with an engine of its own.
struct Booth {
    engine: Engine,
    store: EventStore,
    router: Router,
    commands: AtomicU8,
}

impl Booth {
    async fn new() -> Self {
        let engine = Engine::start().await;
        let store = EventStore::new(engine.client(), engine.tables().events, Environment::system());
        let router = Self::router(store.reader(), &engine);
        Self { engine, store, router, commands: AtomicU8::new(0) }
    }

    fn router(store: &EventReader, engine: &Engine) -> Router {
        Self::router_at(Timestamp::from_millis(999), store, engine)
    }

    /// The function as it answers at this moment.
    fn router_at(now: Timestamp, store: &EventReader, engine: &Engine) -> Router {
        let snapshots = Snapshots::new(store, engine.tables().control);
        let environment = Environment::new(move || now, |_| ());
        edge(routes().with_state(App::new(store.clone(), snapshots, environment)))
    }

    fn candidate(candidate: CandidateId, name: &str) -> ElectionEvent {
        let (competition, name) = (CompetitionId::from_bits(10), name.into());
        ElectionEvent::CandidateAdded { candidate, competition, description: None, image: None, name }
    }

    /// An open election with a ballot that the token opens.
    async fn open() -> (Self, BallotToken) {
        let (booth, token) = Self::draft().await;
        let opened = ElectionEvent::ElectionOpened { closes_at: Some(Timestamp::from_millis(1_000)) };
        booth.append::<Election>(Stream::Election(ELECTION), vec![opened]).await;
        (booth, token)
    }

    /// An election that is not open yet, with a ballot that the token opens.
    async fn draft() -> (Self, BallotToken) {
        let booth = Self::new().await;
        let competition = CompetitionId::from_bits(10);
        let owner = "ada".parse::<Subject>().unwrap().to_string();
        let (name, description) = (String::from("Summer"), None);
        let (scale, shards) = (Scale::default(), ShardCount::default());
        let events = vec![
            ElectionEvent::ElectionCreated { description, name, owner, scale, shards },
            ElectionEvent::CompetitionAdded { competition, description: None, name: "Nature".into() },
            Self::candidate(CANDIDATE, "Moon"),
            Self::candidate(CandidateId::from_bits(12), "Sun"),
        ];
        booth.append::<Election>(Stream::Election(ELECTION), events).await;
        let token = BallotToken::new(ELECTION, BALLOT, [1; 32]);
        booth.happens(BallotEvent::BallotCreated { token: token.hash() }).await;
        (booth, token)
    }

    async fn happens(&self, event: BallotEvent) {
        self.append::<Ballot>(Stream::ballot(ELECTION, ShardCount::default(), BALLOT), vec![event]).await;
    }

    async fn append<A: Aggregate>(&self, stream: Stream, events: Vec<A::Event>) {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let record = CommandRecord::new("Test", Actor::Voter, Digest::of(&[number]), Timestamp::from_millis(0));
        let history = self.store.reader().load::<A>(stream).await.unwrap();
        self.store.execute(history, &record, |_| true, |_| Ok(events.clone())).await.unwrap();
    }

    #[allow(clippy::unused_self, reason = "it reads as a question to the world")]
    fn saved(&self, token: &BallotToken, saves: usize, draft: &str) -> BallotEvent {
        BallotEvent::BallotSaved { draft: draft.parse().unwrap(), saves, token: token.hash() }
    }

    async fn shows(&self, token: &BallotToken) -> Reply {
        get(&self.router, Sender::Bearer(&token.reveal()), "/v1/ballot").await
    }
}

#[tokio::test]
async fn a_voter_sees_the_election_and_the_last_rating() {
    let (booth, token) = Booth::open().await;
    for (saves, draft) in [(1, "2."), (2, "4.")] {
        booth.happens(booth.saved(&token, saves, draft)).await;
    }
    let reply = booth.shows(&token).await;
    let tag = reply.json["ballot"]["tag"].as_str().unwrap();
    assert_eq!((reply.status, reply.header("etag")), (200, format!("\"{tag}\"").as_str()));
    // The fields of the view are a contract that the tests of election-queries hold.
    let history = booth.store.reader().load::<Election>(Stream::Election(ELECTION)).await.unwrap();
    let election = json!(ElectionView::of(ELECTION, history.state()));
    assert_eq!((&election["name"], &election["closes_at"]), (&json!("Summer"), &json!("1970-01-01T00:00:01Z")));
    assert_eq!(election["competitions"][0]["candidates"][1]["name"], "Sun");
    let ballot =
        json!({"id": BALLOT, "tag": tag, "ratings": {CANDIDATE.to_string(): 4}, "cast": false, "receipt": null});
    assert_eq!(reply.json, json!({"election": election, "ballot": ballot}));
}

#[tokio::test]
async fn a_draft_of_an_older_release_is_shown_as_it_was() {
    let (booth, token) = Booth::open().await;
    for rating in [2, 4] {
        booth.happens(BallotEvent::BallotCandidateRated { candidate: CANDIDATE, rating }).await;
    }
    assert_eq!(booth.shows(&token).await.json["ballot"]["ratings"], json!({CANDIDATE.to_string(): 4}));
}

#[tokio::test]
async fn a_ballot_has_one_length_whatever_its_ratings() {
    let (booth, token) = Booth::open().await;
    let mut lengths = vec![booth.shows(&token).await.text.len()];
    for (saves, draft) in [(1, "1."), (2, "15"), (3, "aa"), (4, "..")] {
        booth.happens(booth.saved(&token, saves, draft)).await;
        lengths.push(booth.shows(&token).await.text.len());
    }
    booth.happens(BallotEvent::BallotCast { nonce: Nonce::from_bytes([9; 32]), ratings: Ratings::new() }).await;
    lengths.push(booth.shows(&token).await.text.len());
    assert_eq!(lengths, [1_024; 6]);
}

/// The order of the candidates is known from the opening on. A function that has seen the election before must look again.
#[tokio::test]
async fn a_draft_is_read_with_the_candidates_at_the_opening() {
    let (booth, token) = Booth::draft().await;
    assert_eq!(booth.shows(&token).await.json["ballot"]["ratings"], json!({}));
    let first = CandidateId::from_bits(9);
    let competition = CompetitionId::from_bits(10);
    let events = vec![
        ElectionEvent::CandidateRemoved { candidate: CANDIDATE, competition },
        Booth::candidate(first, "Star"),
        ElectionEvent::ElectionOpened { closes_at: None },
    ];
    booth.append::<Election>(Stream::Election(ELECTION), events).await;
    booth.happens(booth.saved(&token, 1, "35")).await;
    let ratings = booth.shows(&token).await.json["ballot"]["ratings"].clone();
    assert_eq!(ratings, json!({CandidateId::from_bits(12).to_string(): 3, first.to_string(): 5}));
}

#[tokio::test]
async fn an_election_shows_closing_from_its_closing_time_on() {
    let (booth, token) = Booth::open().await;
    let at = |millis| Booth::router_at(Timestamp::from_millis(millis), booth.store.reader(), &booth.engine);
    let status = async |router: &Router| {
        get(router, Sender::Bearer(&token.reveal()), "/v1/ballot").await.json["election"]["status"].clone()
    };
    assert_eq!(status(&at(999)).await, "open");
    let late = at(1_000);
    assert_eq!(status(&late).await, "closing");
    // The function has seen the election before it was extended.
    let extended = ElectionEvent::ElectionExtended { closes_at: Timestamp::from_millis(2_000) };
    booth.append::<Election>(Stream::Election(ELECTION), vec![extended]).await;
    assert_eq!(status(&late).await, "open");
    assert_eq!(status(&at(2_000)).await, "closing");
}

#[tokio::test]
async fn a_cast_ballot_shows_its_receipt_and_no_rating() {
    let (booth, token) = Booth::open().await;
    let ratings = Ratings::from([(CANDIDATE, 5)]);
    let nonce = Nonce::from_bytes([9; 32]);
    booth.happens(BallotEvent::BallotCast { nonce, ratings: ratings.clone() }).await;
    let shard = ShardCount::default().shard_of(&BALLOT.to_string());
    let receipt = Receipt::of(ELECTION, shard, &ratings, &nonce).to_string();
    let reply = booth.shows(&token).await;
    assert_eq!(reply.json["ballot"], json!({"id": BALLOT, "cast": true, "receipt": receipt}));
    assert_eq!(reply.headers.get("etag"), None);
}

#[tokio::test]
async fn every_wrong_token_gets_the_same_refusal() {
    let (booth, token) = Booth::open().await;
    let wrong = [
        BallotToken::new(ElectionId::from_bits(8), BALLOT, [1; 32]),
        BallotToken::new(ELECTION, BallotId::from_bits(5), [1; 32]),
        BallotToken::new(ELECTION, BALLOT, [2; 32]),
    ];
    let mut refusals = Vec::new();
    for token in &wrong {
        refusals.push(booth.shows(token).await);
    }
    booth.happens(BallotEvent::BallotVoided {}).await;
    refusals.push(booth.shows(&token).await);
    for refusal in &refusals {
        assert_eq!(refusal.problem(), (401, "unauthorized"));
        assert_eq!(refusal.text, refusals[0].text);
        assert_eq!(refusal.headers, refusals[0].headers);
    }
}

#[tokio::test]
async fn a_replaced_token_opens_nothing_any_more() {
    let (booth, token) = Booth::open().await;
    let next = BallotToken::new(ELECTION, BALLOT, [3; 32]);
    booth.happens(BallotEvent::BallotTokenReplaced { token: next.hash() }).await;
    assert_eq!(booth.shows(&token).await.status, 401);
    assert_eq!(booth.shows(&next).await.status, 200);
}

#[tokio::test]
async fn without_a_ballot_token_nothing_is_shown() {
    let (booth, token) = Booth::open().await;
    for sender in [Sender::Nobody, Sender::Administrator("ada"), Sender::Bearer("eyJhbGciOiJSUzI1NiJ9.e30.c2ln")] {
        assert_eq!(get(&booth.router, sender, "/v1/ballot").await.problem(), (401, "unauthorized"), "{sender:?}");
    }
    let reply = get(&booth.router, Sender::Bearer(&token.reveal().to_uppercase()), "/v1/ballot").await;
    assert_eq!(reply.problem(), (401, "unauthorized"));
}

#[tokio::test]
async fn the_ballot_of_a_deleted_election_is_gone() {
    let (booth, token) = Booth::open().await;
    booth.append::<Election>(Stream::Election(ELECTION), vec![ElectionEvent::ElectionDeleted {}]).await;
    assert_eq!(booth.shows(&token).await.problem(), (404, "election_not_found"));
    let wrong = BallotToken::new(ELECTION, BALLOT, [2; 32]);
    assert_eq!(booth.shows(&wrong).await.problem(), (401, "unauthorized"), "only the voter is told");
}

#[tokio::test]
async fn a_second_look_reads_the_ballot_only() {
    let (booth, token) = Booth::open().await;
    let (client, calls) = booth.engine.counting_client();
    let router = Booth::router(&EventReader::new(client, booth.engine.tables().events), &booth.engine);
    let token = token.reveal();
    assert_eq!(get(&router, Sender::Bearer(&token), "/v1/ballot").await.status, 200);
    assert_eq!(calls.take(), [("Query".to_owned(), 2)].into());
    let reply = get(&router, Sender::Bearer(&token), "/v1/ballot").await;
    assert_ne!(reply.json, Value::Null);
    assert_eq!(calls.take(), [("Query".to_owned(), 1)].into());
}
