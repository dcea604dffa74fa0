//! Elections, owners' lists and voters in the documents table.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_document_store::{COMPETITIONS_AT_ONCE, DocumentError, DocumentStore, Generation, Saved};
use photovote_domain::{
    BallotId, CandidateId, CompetitionId, ElectionId, Scale, ShardCount, Subject, Timestamp, Version, VoterId,
    election::{ElectionEvent as E, Picture, Status},
    voter::VoterEvent,
};
use photovote_projections::{ElectionDocument, Turn, VoterDocument};
use photovote_testing::Engine;

fn generation() -> Generation {
    "1".parse().unwrap()
}

fn store(engine: &Engine) -> DocumentStore {
    DocumentStore::new(engine.client(), engine.tables().documents)
}

fn competition(n: u128) -> CompetitionId {
    CompetitionId::from_bits(n)
}

fn created(owner: &str) -> E {
    let (name, owner) = ("Autumn".into(), owner.into());
    E::ElectionCreated { description: None, name, owner, scale: Scale::default(), shards: ShardCount::default() }
}

fn added(n: u128) -> E {
    E::CompetitionAdded { competition: competition(n), description: None, name: format!("competition {n}") }
}

fn photo(of: u128, n: u128, description: &str) -> E {
    let image = Some(Picture { caption: Some("dusk".into()), url: "https://example.org/1.jpg".into() });
    let (candidate, competition) = (CandidateId::from_bits(n), competition(of));
    E::CandidateAdded { candidate, competition, description: Some(description.into()), image, name: "Moon".into() }
}

/// An election that is saved after each commit.
struct Saving {
    store: DocumentStore,
    document: ElectionDocument,
}

impl Saving {
    fn new(engine: &Engine, id: u128) -> Self {
        Self { store: store(engine), document: ElectionDocument::empty(ElectionId::from_bits(id)) }
    }

    async fn commit(&mut self, events: &[E]) {
        let previous = self.document.version;
        let mut changed = BTreeSet::new();
        assert_eq!(self.document.apply(previous.plus(1), events, &mut changed), Turn::Next);
        let saved = self.store.save_election(&generation(), &self.document, previous, &changed).await;
        assert_eq!(saved, Ok(Saved::Yes));
    }

    async fn stored(&self) -> Option<ElectionDocument> {
        self.store.election(self.document.id, true).await.unwrap()
    }
}

#[tokio::test]
async fn an_election_is_read_as_it_was_saved() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    assert_eq!(saving.stored().await, None);
    saving.commit(&[created("ada"), E::ElectionDescriptionChanged { description: Some(String::new()) }]).await;
    assert_eq!(saving.stored().await.unwrap(), saving.document);
    // In an order that is not that of their ids.
    saving.commit(&[added(3), added(1), added(2), photo(1, 9, "near"), photo(1, 8, "far")]).await;
    assert_eq!(saving.stored().await.unwrap(), saving.document);
    let closes_at = Timestamp::from_millis(1_800_000_000_000);
    saving.commit(&[E::CompetitionRemoved { competition: competition(3) }, photo(2, 7, "")]).await;
    saving.commit(&[E::ElectionOpened { closes_at: Some(closes_at) }]).await;
    saving.commit(&[E::ElectionClosing {}, E::ElectionClosed { casts: 12 }]).await;
    assert_eq!(saving.stored().await.unwrap(), saving.document);
}

#[tokio::test]
async fn an_election_that_has_moved_is_not_saved_over() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    saving.commit(&[created("ada")]).await;
    let mut late = saving.document.clone();
    saving.commit(&[added(1)]).await;

    let mut changed = BTreeSet::new();
    late.apply(Version::new(2), &[added(2)], &mut changed);
    let (store, one) = (&saving.store, Version::new(1));
    assert_eq!(store.save_election(&generation(), &late, one, &changed).await, Ok(Saved::Moved));
    assert_eq!(store.save_election(&generation(), &late, Version::NONE, &changed).await, Ok(Saved::Moved));
    assert_eq!(saving.stored().await.unwrap(), saving.document);
}

#[tokio::test]
async fn an_election_of_many_megabytes_is_read_whole() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    saving.commit(&[created("ada")]).await;
    let text = "x".repeat(390_000);
    let competitions = (0..COMPETITIONS_AT_ONCE as u128).flat_map(|n| [added(n), photo(n, n, &text)]);
    saving.commit(&competitions.collect::<Vec<_>>()).await;
    assert_eq!(saving.stored().await.unwrap(), saving.document);
}

#[tokio::test]
async fn parts_that_do_not_belong_together_are_not_served() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    saving.commit(&[created("ada"), added(1)]).await;
    // As if a reader had passed the competition before, and the header after, a change.
    let bump = async |version: u64| {
        let update = engine.client().update_item().table_name(engine.tables().documents);
        let update = update.key("pk", AttributeValue::S(format!("1#{}", saving.document.id)));
        let update = update.key("sk", AttributeValue::S(format!("competition#{}", competition(1))));
        let update = update.update_expression("SET version = :version");
        update.expression_attribute_values(":version", AttributeValue::N(version.to_string())).send().await.unwrap();
    };
    bump(1).await;
    let torn = saving.store.election(saving.document.id, false).await.unwrap_err();
    assert!(matches!(torn, DocumentError::Unsettled(_)) && !torn.is_permanent(), "{torn}");
    bump(2).await;
    assert_eq!(saving.stored().await.unwrap(), saving.document);
}

#[tokio::test]
async fn a_deleted_election_leaves_a_tombstone_and_its_owners_list() {
    let engine = Engine::start().await;
    let ada: Subject = "ada#1".parse().unwrap();
    let mut elections = [3, 1, 2].map(|id| Saving::new(&engine, id));
    for election in &mut elections {
        election.commit(&[created(ada.as_str())]).await;
    }
    let mut eves = Saving::new(&engine, 4);
    eves.commit(&[created("eve")]).await;
    let listed = async |after: Option<u128>, limit| {
        let page = eves.store.elections_of(&ada, after.map(ElectionId::from_bits), limit).await.unwrap();
        (page.items.iter().map(|summary| summary.id.bits()).collect::<Vec<_>>(), page.more)
    };
    assert_eq!(listed(None, 10).await, (vec![1, 2, 3], false));
    assert_eq!(listed(None, 2).await, (vec![1, 2], true));
    assert_eq!(listed(Some(1), 2).await, (vec![2, 3], false));

    let [_, one, _] = &mut elections;
    one.commit(&[E::ElectionNameChanged { name: "Winter".into() }]).await;
    let first = eves.store.elections_of(&ada, None, 1).await.unwrap().items.remove(0);
    assert_eq!((first.name.as_str(), first.version, first.status), ("Winter", Version::new(2), Status::Draft));
    one.commit(&[E::ElectionDeleted {}]).await;
    assert_eq!(listed(None, 10).await, (vec![2, 3], false));
    let tombstone = one.stored().await.unwrap();
    assert_eq!((tombstone.election.status, tombstone.version), (Status::Deleted, Version::new(3)));
}

/// Saves voters 0 to `n`, each removed if `removed` says so.
async fn save_voters(store: &DocumentStore, election: ElectionId, n: u128, removed: impl Fn(u128) -> bool) {
    for id in 0..n {
        let mut voter = VoterDocument::empty(VoterId::from_bits(id));
        let (name, email) = (format!("voter {id}"), format!("{id}@example.org"));
        voter.apply(Version::new(1), &[VoterEvent::VoterRegistered { ballot: BallotId::from_bits(id), email, name }]);
        if removed(id) {
            voter.apply(Version::new(2), &[VoterEvent::VoterRemoved {}]);
        }
        assert_eq!(store.save_voter(&generation(), election, &voter, Version::NONE).await, Ok(Saved::Yes));
    }
}

#[tokio::test]
async fn a_page_of_voters_is_full_however_many_were_removed() {
    let engine = Engine::start().await;
    let (store, election) = (store(&engine), ElectionId::from_bits(7));
    // Of 0 to 249, those who are left: 0, 240, 241, …, 249.
    save_voters(&store, election, 250, |id| (1..240).contains(&id)).await;
    let page = async |after: Option<u128>, limit| {
        let page = store.voters(election, after.map(VoterId::from_bits), limit).await.unwrap();
        (page.items.iter().map(|voter| voter.id.bits()).collect::<Vec<_>>(), page.more)
    };
    assert_eq!(page(None, 3).await, (vec![0, 240, 241], true));
    assert_eq!(page(Some(241), 8).await, (vec![242, 243, 244, 245, 246, 247, 248, 249], false));
    assert_eq!(page(Some(241), 7).await, (vec![242, 243, 244, 245, 246, 247, 248], true));
    assert_eq!(page(None, 100).await.0.len(), 11);
    assert_eq!(page(Some(249), 3).await, (vec![], false));
    let voter = store.voters(election, None, 1).await.unwrap().items.remove(0);
    assert_eq!((voter.name.as_str(), voter.email.as_str()), ("voter 0", "0@example.org"));
}

#[tokio::test]
async fn a_voter_who_has_moved_is_not_saved_over() {
    let engine = Engine::start().await;
    let (store, election) = (store(&engine), ElectionId::from_bits(7));
    save_voters(&store, election, 1, |_| true).await;
    let removed = store.voter_in(&generation(), election, VoterId::from_bits(0)).await.unwrap().unwrap();
    assert_eq!(removed, VoterDocument { version: Version::new(2), removed: true, ..VoterDocument::empty(removed.id) });
    for previous in [0, 1, 3].map(Version::new) {
        let late = VoterDocument { version: Version::new(1), removed: false, ..removed.clone() };
        assert_eq!(store.save_voter(&generation(), election, &late, previous).await, Ok(Saved::Moved));
    }
    assert_eq!(store.voter_in(&generation(), election, removed.id).await, Ok(Some(removed)));
}

#[tokio::test]
async fn a_document_is_one_call_and_the_generation_another_now_and_then() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    saving.commit(&[created("ada"), added(1)]).await;
    save_voters(&saving.store, saving.document.id, 20, |id| id < 10).await;

    let (client, calls) = engine.counting_client();
    let reader = DocumentStore::new(client, engine.tables().documents);
    let (id, query) = (saving.document.id, BTreeMap::from([("Query".to_owned(), 1)]));
    reader.election(id, false).await.unwrap().unwrap();
    assert_eq!(calls.take(), [("GetItem".to_owned(), 1), ("Query".to_owned(), 1)].into());
    reader.election(id, false).await.unwrap().unwrap();
    assert_eq!(calls.take(), query);
    reader.results_input(id, false).await.unwrap().unwrap();
    assert_eq!(calls.take(), query);
    reader.voters(id, None, 5).await.unwrap();
    assert_eq!(calls.take(), query);
    reader.elections_of(&"ada".parse().unwrap(), None, 50).await.unwrap();
    assert_eq!(calls.take(), query);
}

#[tokio::test]
async fn a_damaged_item_is_named() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    saving.commit(&[created("ada")]).await;
    let update = engine.client().update_item().table_name(engine.tables().documents);
    let update = update.key("pk", AttributeValue::S(format!("1#{}", saving.document.id)));
    let update = update.key("sk", AttributeValue::S("election".into())).update_expression("REMOVE shards");
    update.send().await.unwrap();
    let error = saving.store.election(saving.document.id, false).await.unwrap_err();
    assert!(error.is_permanent());
    assert!(error.to_string().contains("election is damaged: missing field `shards`"), "{error}");
}
