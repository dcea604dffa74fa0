//! Elections, administrators' lists and voters in the documents table.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_documents::{Changes, ElectionDocument, StreamDocument, Turn, VoterDocument};
use photovote_documents_read::{DocumentError, Generation};
use photovote_documents_write::{COMPETITIONS_AT_ONCE, DocumentStore, Saved};
use photovote_domain::{
    BallotId, CandidateId, CompetitionId, ElectionId, Scale, ShardCount, Subject, Timestamp, Version, VoterId,
    election::{ElectionEvent as E, Picture, Role, Status},
    voter::VoterEvent,
};
use photovote_test_support::Engine;

fn generation() -> Generation {
    "2".parse().unwrap()
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
    let image = Some(Picture::Linked { caption: Some("dusk".into()), url: "https://example.org/1.jpg".into() });
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
        let mut changes = Changes::default();
        assert_eq!(self.document.apply(previous.plus(1), events, &mut changes), Turn::Next);
        let saved = self.store.save_election(&generation(), &self.document, previous, &changes).await;
        assert_eq!(saved, Ok(Saved::Yes));
    }

    async fn stored(&self) -> Option<ElectionDocument> {
        self.store.reader().election(self.document.id, true).await.unwrap()
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
    for (subject, text) in [(Some("Your vote".to_owned()), None), (None, Some("It is our tenth.".into())), (None, None)]
    {
        saving.commit(&[E::ElectionInvitationChanged { subject, text }]).await;
        assert_eq!(saving.stored().await.unwrap(), saving.document);
    }
    saving.commit(&[E::CompetitionRemoved { competition: competition(3) }, photo(2, 7, "")]).await;
    saving.commit(&[E::ElectionOpened { closes_at: Some(closes_at) }]).await;
    saving
        .commit(&[E::ElectionClosing {}, E::ElectionClosed { casts: 12, digest_follows: true, registered: Some(20) }])
        .await;
    assert_eq!(saving.stored().await.unwrap(), saving.document);
}

#[tokio::test]
async fn an_election_that_has_moved_is_not_saved_over() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    saving.commit(&[created("ada")]).await;
    let mut late = saving.document.clone();
    saving.commit(&[added(1)]).await;

    let mut changes = Changes::default();
    late.apply(Version::new(2), &[added(2)], &mut changes);
    let (store, one) = (&saving.store, Version::new(1));
    assert_eq!(store.save_election(&generation(), &late, one, &changes).await, Ok(Saved::Moved));
    assert_eq!(store.save_election(&generation(), &late, Version::NONE, &changes).await, Ok(Saved::Moved));
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
        let update = update.key("pk", AttributeValue::S(format!("2#{}", saving.document.id)));
        let update = update.key("sk", AttributeValue::S(format!("competition#{}", competition(1))));
        let update = update.update_expression("SET version = :version");
        update.expression_attribute_values(":version", AttributeValue::N(version.to_string())).send().await.unwrap();
    };
    bump(1).await;
    let torn = saving.store.reader().election(saving.document.id, false).await.unwrap_err();
    assert!(matches!(torn, DocumentError::Unsettled(_)) && !torn.is_permanent(), "{torn}");
    bump(2).await;
    assert_eq!(saving.stored().await.unwrap(), saving.document);
}

#[tokio::test]
async fn a_deleted_election_is_a_tombstone_and_not_listed() {
    let engine = Engine::start().await;
    let ada: Subject = "ada#1".parse().unwrap();
    let mut elections = [3, 1, 2].map(|id| Saving::new(&engine, id));
    for election in &mut elections {
        election.commit(&[created(ada.as_str())]).await;
    }
    let mut eves = Saving::new(&engine, 4);
    eves.commit(&[created("eve")]).await;
    let listed = async |after: Option<u128>, limit| {
        let page = eves.store.reader().elections_of(&ada, after.map(ElectionId::from_bits), limit).await.unwrap();
        (page.items.iter().map(|summary| summary.id.bits()).collect::<Vec<_>>(), page.more)
    };
    assert_eq!(listed(None, 10).await, (vec![1, 2, 3], false));
    assert_eq!(listed(None, 2).await, (vec![1, 2], true));
    assert_eq!(listed(Some(1), 2).await, (vec![2, 3], false));

    let [_, one, _] = &mut elections;
    one.commit(&[E::ElectionNameChanged { name: "Winter".into() }]).await;
    let first = eves.store.reader().elections_of(&ada, None, 1).await.unwrap().items.remove(0);
    assert_eq!((first.name.as_str(), first.version, first.status), ("Winter", Version::new(2), Status::Draft));
    one.commit(&[E::ElectionDeleted {}]).await;
    assert_eq!(listed(None, 10).await, (vec![2, 3], false));
    let tombstone = one.stored().await.unwrap();
    assert_eq!((tombstone.election.status, tombstone.version), (Status::Deleted, Version::new(3)));
}

fn appointed(subject: &str, role: Role) -> E {
    E::AdministratorAdded { role, subject: subject.into() }
}

fn removed(subject: &str) -> E {
    E::AdministratorRemoved { subject: subject.into() }
}

/// What stands in the list of somebody: the versions and roles of the entries.
async fn listed(store: &DocumentStore, subject: &str) -> Vec<(u64, Role)> {
    let page = store.reader().elections_of(&subject.parse().unwrap(), None, 100).await.unwrap();
    page.items.into_iter().map(|entry| (entry.version.get(), entry.role)).collect()
}

#[tokio::test]
async fn each_administrator_lists_the_election_with_a_role() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    saving.commit(&[created("ada")]).await;
    saving.commit(&[appointed("bea", Role::Editor), appointed("auth0|é/1", Role::Observer)]).await;
    let store = store(&engine);
    assert_eq!(listed(&store, "ada").await, [(3, Role::Owner)]);
    assert_eq!(listed(&store, "bea").await, [(3, Role::Editor)]);
    assert_eq!(listed(&store, "auth0|é/1").await, [(3, Role::Observer)]);
    assert_eq!(saving.stored().await.unwrap(), saving.document);

    let owner = E::AdministratorRoleChanged { role: Role::Owner, subject: "bea".into() };
    // Somebody who comes and goes in one save, and somebody who goes and comes.
    let brief = [appointed("eve", Role::Editor), removed("eve"), removed("auth0|é/1")];
    saving.commit(&[[owner].as_slice(), &brief, &[appointed("auth0|é/1", Role::Editor)]].concat()).await;
    assert_eq!(listed(&store, "bea").await, [(8, Role::Owner)]);
    assert_eq!(listed(&store, "eve").await, []);
    assert_eq!(listed(&store, "auth0|é/1").await, [(8, Role::Editor)]);

    saving.commit(&[removed("ada")]).await;
    assert_eq!(listed(&store, "ada").await, []);
    let standing = store.reader().standing(saving.document.id).await.unwrap().unwrap();
    assert_eq!(standing.administrators, saving.document.election.administrators);
    saving.commit(&[E::ElectionDeleted {}]).await;
    assert_eq!(listed(&store, "bea").await, []);
}

#[tokio::test]
async fn a_hundred_administrators_take_several_transactions() {
    let engine = Engine::start().await;
    let (client, calls) = engine.counting_client();
    let transactions = |count| BTreeMap::from([("TransactWriteItems".to_owned(), count)]);
    let mut saving = Saving::new(&engine, 7);
    saving.store = DocumentStore::new(client, engine.tables().documents);
    let subjects: Vec<_> = (1..100).map(|number| format!("administrator {number}")).collect();
    let everybody = subjects.iter().map(|subject| appointed(subject, Role::Observer));
    saving.commit(&[created("ada")].into_iter().chain(everybody).collect::<Vec<_>>()).await;
    let competitions = (0..COMPETITIONS_AT_ONCE as u128).map(added).collect::<Vec<_>>();
    saving.commit(&competitions).await;
    assert_eq!(calls.take(), transactions(4));
    for subject in &subjects {
        assert_eq!(listed(&saving.store, subject).await, [(108, Role::Observer)], "{subject}");
    }
    assert_eq!(listed(&saving.store, "ada").await, [(108, Role::Owner)]);
    assert_eq!(saving.stored().await.unwrap(), saving.document);

    // Somebody who is late changes nobody's list.
    let mut late = saving.document.clone();
    let (previous, mut changes) = (late.version, Changes::default());
    saving.commit(&[E::ElectionNameChanged { name: "Winter".into() }]).await;
    late.apply(previous.plus(1), &[E::ElectionDeleted {}], &mut changes);
    let saved = saving.store.save_election(&generation(), &late, previous, &changes).await;
    assert_eq!(saved, Ok(Saved::Moved));
    for subject in &subjects {
        assert_eq!(listed(&saving.store, subject).await, [(109, Role::Observer)], "{subject}");
    }
    assert_eq!(listed(&saving.store, "ada").await, [(109, Role::Owner)]);

    calls.take();
    let most: Vec<_> = subjects.iter().take(9).map(|subject| removed(subject)).collect();
    saving.commit(&most).await;
    assert_eq!(calls.take(), transactions(2));
    saving.commit(&competitions.iter().map(renamed).collect::<Vec<_>>()).await;
    assert_eq!(calls.take(), transactions(1), "ninety-one fit in with as much of the election as changes at once");
    saving.commit(&[E::ElectionDeleted {}]).await;
    assert_eq!(calls.take(), transactions(1));
    for subject in &subjects {
        assert_eq!(listed(&saving.store, subject).await, [], "{subject}");
    }
}

fn renamed(added: &E) -> E {
    match added {
        E::CompetitionAdded { competition, name, .. } => {
            E::CompetitionNameChanged { competition: *competition, name: format!("another {name}") }
        }
        other => other.clone(),
    }
}

#[tokio::test]
async fn a_document_saved_before_roles_belongs_to_its_owner() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    saving.commit(&[created("ada"), added(1)]).await;
    let (pk, election) = (|text: String| AttributeValue::S(text), saving.document.id);
    let update = |partition: String, sort: String, expression: &str| {
        let update = engine.client().update_item().table_name(engine.tables().documents);
        update.key("pk", pk(partition)).key("sk", pk(sort)).update_expression(expression)
    };
    let header = update(format!("2#{election}"), "election".into(), "REMOVE administrators SET #owner = :owner");
    let header =
        header.expression_attribute_names("#owner", "owner").expression_attribute_values(":owner", pk("ada".into()));
    header.send().await.unwrap();
    let entry = update("2#owner#ada".into(), election.to_string(), "REMOVE #role");
    entry.expression_attribute_names("#role", "role").send().await.unwrap();

    assert_eq!(saving.stored().await.unwrap(), saving.document);
    let standing = saving.store.reader().standing(election).await.unwrap().unwrap();
    assert_eq!(standing.administrators.iter().collect::<Vec<_>>(), [("ada", Role::Owner)]);
    let recency = saving.store.reader().recency(election).await.unwrap().unwrap();
    assert_eq!((recency.administrators, recency.version), (standing.administrators, saving.document.version));
    assert_eq!(listed(&saving.store, "ada").await, [(2, Role::Owner)]);
    saving.document = saving.stored().await.unwrap();
    saving.commit(&[appointed("bea", Role::Editor)]).await;
    assert_eq!(saving.stored().await.unwrap(), saving.document);
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
        assert_eq!(store.save_one(&generation(), election, &voter, Version::NONE).await, Ok(Saved::Yes));
    }
}

#[tokio::test]
async fn a_page_of_voters_is_full_however_many_were_removed() {
    let engine = Engine::start().await;
    let (store, election) = (store(&engine), ElectionId::from_bits(7));
    // Of 0 to 249, those who are left: 0, 240, 241, …, 249.
    save_voters(&store, election, 250, |id| (1..240).contains(&id)).await;
    let page = async |after: Option<u128>, limit| {
        let page = store.reader().voters(election, after.map(VoterId::from_bits), limit).await.unwrap();
        (page.items.iter().map(|voter| voter.id.bits()).collect::<Vec<_>>(), page.more)
    };
    assert_eq!(page(None, 3).await, (vec![0, 240, 241], true));
    assert_eq!(page(Some(241), 8).await, (vec![242, 243, 244, 245, 246, 247, 248, 249], false));
    assert_eq!(page(Some(241), 7).await, (vec![242, 243, 244, 245, 246, 247, 248], true));
    assert_eq!(page(None, 100).await.0.len(), 11);
    assert_eq!(page(Some(249), 3).await, (vec![], false));
    let voter = store.reader().voters(election, None, 1).await.unwrap().items.remove(0);
    assert_eq!((voter.name.as_str(), voter.email.as_str()), ("voter 0", "0@example.org"));
}

#[tokio::test]
async fn a_voter_who_has_moved_is_not_saved_over() {
    let engine = Engine::start().await;
    let (store, election) = (store(&engine), ElectionId::from_bits(7));
    save_voters(&store, election, 1, |_| true).await;
    let removed = store.one_in::<VoterDocument>(&generation(), election, VoterId::from_bits(0)).await.unwrap().unwrap();
    assert_eq!(removed, VoterDocument { version: Version::new(2), removed: true, ..VoterDocument::empty(removed.id) });
    for previous in [0, 1, 3].map(Version::new) {
        let late = VoterDocument { version: Version::new(1), removed: false, ..removed.clone() };
        assert_eq!(store.save_one(&generation(), election, &late, previous).await, Ok(Saved::Moved));
    }
    assert_eq!(store.one_in::<VoterDocument>(&generation(), election, removed.id).await, Ok(Some(removed)));
}

#[tokio::test]
async fn a_document_takes_one_call_with_a_known_generation() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    saving.commit(&[created("ada"), added(1)]).await;
    save_voters(&saving.store, saving.document.id, 20, |id| id < 10).await;

    let (client, calls) = engine.counting_client();
    let reader = DocumentStore::new(client, engine.tables().documents);
    let (id, query) = (saving.document.id, BTreeMap::from([("Query".to_owned(), 1)]));
    reader.reader().election(id, false).await.unwrap().unwrap();
    assert_eq!(calls.take(), [("GetItem".to_owned(), 1), ("Query".to_owned(), 1)].into());
    reader.reader().election(id, false).await.unwrap().unwrap();
    assert_eq!(calls.take(), query);
    reader.reader().results_input(id, false).await.unwrap().unwrap();
    assert_eq!(calls.take(), query);
    reader.reader().voters(id, None, 5).await.unwrap();
    assert_eq!(calls.take(), query);
    reader.reader().elections_of(&"ada".parse().unwrap(), None, 50).await.unwrap();
    assert_eq!(calls.take(), query);
}

#[tokio::test]
async fn a_damaged_item_is_named() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    saving.commit(&[created("ada")]).await;
    let update = engine.client().update_item().table_name(engine.tables().documents);
    let update = update.key("pk", AttributeValue::S(format!("2#{}", saving.document.id)));
    let update = update.key("sk", AttributeValue::S("election".into())).update_expression("REMOVE shards");
    update.send().await.unwrap();
    let error = saving.store.reader().election(saving.document.id, false).await.unwrap_err();
    assert!(error.is_permanent());
    assert!(error.to_string().contains("election is damaged: missing field `shards`"), "{error}");
}

#[tokio::test]
async fn a_document_of_a_newer_program_is_refused() {
    let engine = Engine::start().await;
    let mut saving = Saving::new(&engine, 7);
    saving.commit(&[created("ada")]).await;
    let update = engine.client().update_item().table_name(engine.tables().documents);
    let update = update.key("pk", AttributeValue::S(format!("2#{}", saving.document.id)));
    let update = update.key("sk", AttributeValue::S("election".into()));
    let update = update.update_expression("SET weather = :sunny");
    update.expression_attribute_values(":sunny", AttributeValue::S("sunny".into())).send().await.unwrap();
    let id = saving.document.id;
    for refused in
        [saving.store.reader().election(id, true).await.map(drop), saving.store.reader().standing(id).await.map(drop)]
    {
        assert!(
            matches!(refused, Err(DocumentError::Newer { ref attribute, .. }) if attribute == "weather"),
            "{refused:?}"
        );
    }
}
