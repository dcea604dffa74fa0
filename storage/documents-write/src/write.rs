//! Writing documents, each under the condition that its version has not moved.

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem},
};
use photovote_documents::{Changes, ElectionDocument};
use photovote_documents_read::{
    DocumentError, DocumentReader, Generation, Stored,
    item::{competition_item, header_item, listed_item},
};
use photovote_domain::{ElectionId, Version, election::Status};
use photovote_dynamodb::{Item, PutFailure, TransactFailure, put_failure, storage_error, transact};
use photovote_keys::documents::{competition_key, header_key, listed_key, public_header_key};

/// The most competitions that one save may change. A competition has up to 390 KB and a transaction 4 MB.
pub const COMPETITIONS_AT_ONCE: usize = 8;

/// The most actions that DynamoDB takes in one transaction.
const ACTIONS: usize = 100;

/// The condition of a document that is to be the first.
pub(crate) const NOT_THERE: &str = "attribute_not_exists(pk)";
/// The condition of a document that is to follow the one at a version.
pub(crate) const NOT_MOVED: &str = "version = :previous";

/// Reads and writes the documents table.
#[derive(Debug, Clone)]
pub struct DocumentStore {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) reader: DocumentReader,
}

/// What became of a document that was to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is saved.
    Yes,
    /// It is not: the one that is stored is not at the version that was expected.
    Moved,
}

impl DocumentStore {
    /// Works on this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        let table = table.into();
        Self { reader: DocumentReader::new(client.clone(), table.clone()), client, table }
    }

    /// The reading half.
    pub const fn reader(&self) -> &DocumentReader {
        &self.reader
    }

    /// Saves an election that was at version `previous` and has changed like this since, in at most
    /// [`COMPETITIONS_AT_ONCE`] competitions: its header, these competitions and its entries in the administrators' lists,
    /// all of them or none.
    ///
    /// With about ninety administrators or more the entries are more than a transaction takes. Those that do not fit are
    /// written before, as long as the header has not moved. If it ends there, whoever saves the election next writes them again.
    pub async fn save_election(
        &self,
        generation: &Generation,
        document: &ElectionDocument,
        previous: Version,
        changes: &Changes,
    ) -> Result<Saved, DocumentError> {
        let header = header_item(header_key(generation, document.id), document)?;
        let mut actions = vec![self.put_after(header, previous)?];
        for &id in &changes.competitions {
            let key = competition_key(generation, document.id, id);
            actions.push(match document.election.competition(id) {
                Some(competition) => self.put(competition_item(key, document, competition)?)?,
                None => self.delete(key)?,
            });
        }
        if document.election.status == Status::Deleted {
            // Results and receipts are not answered any more, from this moment on.
            actions.push(self.delete(public_header_key(generation, document.id))?);
        }
        let mut entries = self.entries(generation, document, changes)?;
        let with_header = entries.split_off(entries.len().saturating_sub(ACTIONS - actions.len()));
        actions.extend(with_header);
        if self.write_at(generation, document.id, previous, &entries).await? == Saved::Moved {
            return Ok(Saved::Moved);
        }
        self.write(actions).await
    }

    /// Saves the entries in the administrators' lists alone, of an election that is at this version.
    pub(crate) async fn save_entries(
        &self,
        generation: &Generation,
        document: &ElectionDocument,
        version: Version,
    ) -> Result<Saved, DocumentError> {
        let entries = self.entries(generation, document, &Changes::default())?;
        self.write_at(generation, document.id, version, &entries).await
    }

    /// Carries these actions out as long as an election is at this version.
    async fn write_at(
        &self,
        generation: &Generation,
        election: ElectionId,
        version: Version,
        actions: &[TransactWriteItem],
    ) -> Result<Saved, DocumentError> {
        for actions in actions.chunks(ACTIONS - 1) {
            let unmoved = self.check_at(header_key(generation, election), version)?;
            let actions = [&[unmoved], actions].concat();
            if self.write(actions).await? == Saved::Moved {
                return Ok(Saved::Moved);
            }
        }
        Ok(Saved::Yes)
    }

    /// What becomes of an election's entries in the lists of its administrators, and of those who were some.
    fn entries(
        &self,
        generation: &Generation,
        document: &ElectionDocument,
        changes: &Changes,
    ) -> Result<Vec<TransactWriteItem>, DocumentError> {
        let administrators = &document.election.administrators;
        let key = |subject: &str| listed_key(generation, subject, document.id);
        let mut entries = Vec::with_capacity(administrators.len());
        for (subject, role) in administrators.iter() {
            entries.push(match document.summary(role) {
                Some(summary) => self.put(listed_item(key(subject), summary)?)?,
                None => self.delete(key(subject))?,
            });
        }
        for subject in changes.removed_administrators.iter().filter(|subject| !administrators.contains(subject)) {
            entries.push(self.delete(key(subject))?);
        }
        Ok(entries)
    }

    /// Carries out a part of a save. Only the header has a condition.
    async fn write(&self, actions: Vec<TransactWriteItem>) -> Result<Saved, DocumentError> {
        match transact(&self.client, || Ok(actions.clone())).await {
            Ok(()) => Ok(Saved::Yes),
            Err(TransactFailure::Cancelled(_)) => Ok(Saved::Moved),
            Err(TransactFailure::Storage(error)) => Err(error.into()),
        }
    }

    /// The document of a stream as a generation has it, removed or not.
    pub async fn one_in<D: Stored>(
        &self,
        generation: &Generation,
        election: ElectionId,
        id: D::Id,
    ) -> Result<Option<D>, DocumentError> {
        let key = D::key(generation, election, id);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        get.send().await.map_err(|error| storage_error(&error))?.item.map(D::read).transpose()
    }

    /// Saves the document of a stream that was at version `previous`.
    pub async fn save_one<D: Stored>(
        &self,
        generation: &Generation,
        election: ElectionId,
        document: &D,
        previous: Version,
    ) -> Result<Saved, DocumentError> {
        let item = document.item(D::key(generation, election, document.id()))?;
        let (condition, values) = after(previous);
        let mut put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put = put.condition_expression(condition).set_expression_attribute_values(values);
        match put.send().await {
            Ok(_) => Ok(Saved::Yes),
            Err(error) => match put_failure(&error) {
                PutFailure::Condition(_) => Ok(Saved::Moved),
                PutFailure::Storage(error) => Err(error.into()),
            },
        }
    }

    /// The action that puts an item in the place of the one at version `previous`.
    pub(crate) fn put_after(&self, item: Item, previous: Version) -> Result<TransactWriteItem, DocumentError> {
        let (condition, values) = after(previous);
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).condition_expression(condition);
        Ok(TransactWriteItem::builder().put(put.set_expression_attribute_values(values).build()?).build())
    }

    /// The action that insists that the item of this key is still at version `previous`.
    fn check_at(&self, key: Item, previous: Version) -> Result<TransactWriteItem, DocumentError> {
        let (condition, values) = after(previous);
        let check =
            ConditionCheck::builder().table_name(&self.table).set_key(Some(key)).condition_expression(condition);
        let check = check.set_expression_attribute_values(values).build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    pub(crate) fn put(&self, item: Item) -> Result<TransactWriteItem, DocumentError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn delete(&self, key: Item) -> Result<TransactWriteItem, DocumentError> {
        let delete = Delete::builder().table_name(&self.table).set_key(Some(key)).build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

pub(crate) fn after(previous: Version) -> (&'static str, Option<Item>) {
    if previous == Version::NONE {
        return (NOT_THERE, None);
    }
    (NOT_MOVED, Some(Item::from([(":previous".to_owned(), AttributeValue::N(previous.to_string()))])))
}
