//! Reading documents.

use aws_sdk_dynamodb::{
    Client,
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, Select},
};
use photovote_documents::{
    ElectionDocument, ElectionSummary, PhotographDocument, PublicDocument, VoterDocument, block_has,
};
use photovote_domain::{
    ElectionId, PhotographId, Receipt, ShardCount, Subject, Tally, Version, VoterId,
    election::{Administrators, Status},
    photograph,
};
use photovote_dynamodb::{Item, Retry, query_all, storage_error};
use photovote_keys::documents::{self as key, Generation, TALLY};

use crate::{
    failure::DocumentError,
    generation::{Generations, Pointer},
    item::{self, BALLOTS, Partition},
    public::{PublicHeader, joined},
    stored::Stored,
};

/// How often the parts of an election are read until they belong together.
const ATTEMPTS: u32 = 5;
/// The filter of what was not removed.
const NOT_REMOVED: &str = "removed = :false";
/// The fewest items that a Query for a page asks for: removed voters are among them, and must not cost a Query each.
const LEAST_ITEMS: usize = 100;
/// Every sort key is greater than this.
const BEFORE_ALL: &str = " ";

/// Reads the documents table: one call for each document or page, and one more when it is time to ask which generation
/// is served. Clones share what they know of the generations.
#[derive(Debug, Clone)]
pub struct DocumentReader {
    client: Client,
    table: String,
    pointer: Pointer,
}

/// How things stand with an election: who may ask about it, and where the answers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who administers it.
    pub administrators: Administrators,
    /// Where the election is in its life.
    pub status: Status,
    /// Over how many shards its voters and ballots are spread.
    pub shards: ShardCount,
}

/// The version of an election, and who may ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recency {
    /// Who administers the election.
    pub administrators: Administrators,
    /// Its version.
    pub version: Version,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, in the order of their ids.
    pub items: Vec<T>,
    /// Are there more after these?
    pub more: bool,
}

impl DocumentReader {
    /// Reads this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        let table = table.into();
        Self { pointer: Pointer::new(client.clone(), table.clone()), client, table }
    }

    /// Which generations there are, or were at most five seconds ago.
    pub async fn generations(&self) -> Result<Generations, DocumentError> {
        self.pointer.get().await
    }

    /// Which generations there are now, and the version of the item that names them.
    pub async fn generations_with_version(&self) -> Result<(Generations, Version), DocumentError> {
        self.pointer.read().await
    }

    /// The generations that release 0.1.0 knew.
    pub async fn generations_of_release_0_1_0(&self) -> Result<Vec<Generation>, DocumentError> {
        self.pointer.of_old().await
    }

    /// Forgets the cached generations.
    pub async fn forget_generations(&self) {
        self.pointer.forget().await;
    }

    /// An election; also one that was deleted, which its status tells. A read that is not `consistent` costs half, and
    /// may miss what was written within about a second.
    pub async fn election(&self, id: ElectionId, consistent: bool) -> Result<Option<ElectionDocument>, DocumentError> {
        self.election_in(self.generations().await?.serving_of(id), id, consistent).await
    }

    /// An election as a generation has it.
    pub async fn election_in(
        &self,
        generation: &Generation,
        id: ElectionId,
        consistent: bool,
    ) -> Result<Option<ElectionDocument>, DocumentError> {
        let found = self.read(generation, id, consistent, Some("sk < :tally")).await?;
        Ok(found.map(|(document, _not_read)| document))
    }

    /// An election and, once all its ballots are counted, its tally: in one Query.
    pub async fn results_input(
        &self,
        id: ElectionId,
        consistent: bool,
    ) -> Result<Option<(ElectionDocument, Option<Tally>)>, DocumentError> {
        self.results_in(self.generations().await?.serving_of(id), id, consistent).await
    }

    /// An election and its tally, as a generation has them.
    pub async fn results_in(
        &self,
        generation: &Generation,
        id: ElectionId,
        consistent: bool,
    ) -> Result<Option<(ElectionDocument, Option<Tally>)>, DocumentError> {
        self.read(generation, id, consistent, None).await
    }

    /// How things stand with an election, for questions that are about something else of it: one small GetItem, however
    /// large it is.
    pub async fn standing(&self, id: ElectionId) -> Result<Option<Standing>, DocumentError> {
        let key = key::header_key(self.generations().await?.serving_of(id), id);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key));
        get.send().await.map_err(|error| storage_error(&error))?.item.map(item::standing).transpose()
    }

    /// The version that an election has now: one consistent GetItem that answers three attributes, however large the
    /// election is.
    pub async fn recency(&self, id: ElectionId) -> Result<Option<Recency>, DocumentError> {
        let key = key::header_key(self.generations().await?.serving_of(id), id);
        // Names of its own for all of them: some are reserved words.
        let mut get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        for attribute in item::RECENCY {
            get = get.expression_attribute_names(format!("#{attribute}"), attribute);
        }
        let get = get.projection_expression(item::RECENCY.map(|attribute| format!("#{attribute}")).join(", "));
        get.send().await.map_err(|error| storage_error(&error))?.item.map(item::recency).transpose()
    }

    /// At most `limit` of the elections that somebody administers, those after an id.
    pub async fn elections_of(
        &self,
        administrator: &Subject,
        after: Option<ElectionId>,
        limit: usize,
    ) -> Result<Page<ElectionSummary>, DocumentError> {
        let generation = self.generations().await?.serving;
        let partition = key::list_partition(&generation, administrator.as_str());
        self.page(partition, after.map(|id| id.to_string()), limit, None, item::listed).await
    }

    /// At most `limit` of an election's voters, those after an id. Removed ones are left out.
    pub async fn voters(
        &self,
        election: ElectionId,
        after: Option<VoterId>,
        limit: usize,
    ) -> Result<Page<VoterDocument>, DocumentError> {
        let partition = key::voters_partition(self.generations().await?.serving_of(election), election);
        self.page(partition, after.map(|id| id.to_string()), limit, Some(NOT_REMOVED), VoterDocument::read).await
    }

    /// At most `limit` of an election's photographs, those after an id. Removed ones are left out.
    pub async fn photographs(
        &self,
        election: ElectionId,
        after: Option<PhotographId>,
        limit: usize,
    ) -> Result<Page<PhotographDocument>, DocumentError> {
        let partition = key::photographs_partition(self.generations().await?.serving_of(election), election);
        self.page(partition, after.map(|id| id.to_string()), limit, Some(NOT_REMOVED), PhotographDocument::read).await
    }

    /// A photograph, unless it was removed: one GetItem.
    pub async fn photograph(
        &self,
        election: ElectionId,
        id: PhotographId,
    ) -> Result<Option<PhotographDocument>, DocumentError> {
        let key = PhotographDocument::key(self.generations().await?.serving_of(election), election, id);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key));
        let item = get.send().await.map_err(|error| storage_error(&error))?.item;
        let document = item.map(PhotographDocument::read).transpose()?;
        Ok(document.filter(|document| document.photograph.status != photograph::Status::Removed))
    }

    /// How many ballots are counted so far, while they are being counted.
    pub async fn counted_so_far(&self, election: ElectionId) -> Result<u64, DocumentError> {
        let partition = key::counted_partition(self.generations().await?.serving_of(election), election);
        let query = self.query(&partition, None).select(Select::SpecificAttributes).projection_expression(BALLOTS);
        let ballots = |item: Item| item.get(BALLOTS).and_then(|ballots| ballots.as_n().ok()?.parse::<u64>().ok());
        Ok(self.all(query).await?.into_iter().filter_map(ballots).sum())
    }

    /// What is public of an election, once its ballots are counted: one small GetItem.
    pub async fn public(&self, election: ElectionId) -> Result<Option<PublicHeader>, DocumentError> {
        let key = key::public_header_key(self.generations().await?.serving_of(election), election);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key));
        get.send().await.map_err(|error| storage_error(&error))?.item.as_ref().map(PublicHeader::of).transpose()
    }

    /// The public document of this tag: one Query.
    pub async fn public_document(&self, election: ElectionId, tag: &str) -> Result<PublicDocument, DocumentError> {
        let generations = self.generations().await?;
        self.public_document_in(generations.serving_of(election), election, tag, false).await
    }

    /// The public document of this tag, as a generation has it.
    pub async fn public_document_in(
        &self,
        generation: &Generation,
        election: ElectionId,
        tag: &str,
        consistent: bool,
    ) -> Result<PublicDocument, DocumentError> {
        let query = self.query(&key::public_partition(generation, election), Some("begins_with(sk, :parts)"));
        let query = query.expression_attribute_values(":parts", AttributeValue::S(key::public_parts(tag)));
        let compressed = joined(&self.all(query.consistent_read(consistent)).await?)?;
        Ok(PublicDocument { tag: tag.to_owned(), compressed })
    }

    /// Is a ballot counted under this receipt, in an election whose ballots are all counted? One Query of one item.
    pub async fn receipt(&self, election: ElectionId, receipt: &Receipt) -> Result<bool, DocumentError> {
        let partition =
            key::receipts_partition(self.generations().await?.serving_of(election), election, receipt.shard());
        let query = self.query(&partition, Some("sk <= :receipt"));
        let query = query.expression_attribute_values(":receipt", AttributeValue::S(receipt.digest().to_string()));
        let page = query.scan_index_forward(false).limit(1).send().await.map_err(|error| storage_error(&error))?;
        let block = page.items.unwrap_or_default().pop();
        let bytes = block.as_ref().and_then(|block| block.get(key::RECEIPTS)?.as_b().ok());
        Ok(bytes.is_some_and(|bytes| block_has(bytes.as_ref(), receipt)))
    }

    /// An election's items, put together. If they do not belong together they are read again, and consistently.
    async fn read(
        &self,
        generation: &Generation,
        id: ElectionId,
        consistent: bool,
        range: Option<&str>,
    ) -> Result<Option<(ElectionDocument, Option<Tally>)>, DocumentError> {
        let partition = key::election_partition(generation, id);
        let mut consistent = consistent;
        let mut retry = Retry::attempts(ATTEMPTS);
        loop {
            let mut query = self.query(&partition, range).consistent_read(consistent);
            if range.is_some() {
                query = query.expression_attribute_values(":tally", AttributeValue::S(TALLY.to_owned()));
            }
            let mut items = Partition::of(self.all(query).await?);
            let Some(header) = items.header.take() else { return Ok(None) };
            let tally = items.tally()?;
            if let Some(document) = items.election(id, header)? {
                return Ok(Some((document, tally)));
            }
            consistent = true;
            if !retry.again().await {
                return Err(DocumentError::Unsettled(partition));
            }
        }
    }

    /// At most `limit` items of a partition that pass a filter, those after a sort key. However many do not pass, the
    /// page is full or the list is at its end.
    async fn page<T>(
        &self,
        partition: String,
        after: Option<String>,
        limit: usize,
        filter: Option<&str>,
        parse: fn(Item) -> Result<T, DocumentError>,
    ) -> Result<Page<T>, DocumentError> {
        let after = AttributeValue::S(after.unwrap_or_else(|| BEFORE_ALL.to_owned()));
        let mut items = Vec::new();
        let mut start = None;
        loop {
            // One more than is wanted tells whether there is more.
            let enough = i32::try_from(limit.saturating_add(1).max(LEAST_ITEMS)).unwrap_or(i32::MAX);
            let mut query = self
                .query(&partition, Some("sk > :after"))
                .expression_attribute_values(":after", after.clone())
                .set_filter_expression(filter.map(ToOwned::to_owned))
                .limit(enough)
                .set_exclusive_start_key(start);
            if filter.is_some() {
                query = query.expression_attribute_values(":false", AttributeValue::Bool(false));
            }
            let answer = query.send().await.map_err(|error| storage_error(&error))?;
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            let more = items.len() > limit;
            if more || start.is_none() {
                items.truncate(limit);
                let items = items.into_iter().map(parse).collect::<Result<_, _>>()?;
                return Ok(Page { items, more });
            }
        }
    }

    /// The Query of a partition, or of a range of its sort keys.
    pub fn query(&self, partition: &str, range: Option<&str>) -> QueryFluentBuilder {
        let condition = range.map_or_else(|| "pk = :pk".to_owned(), |range| format!("pk = :pk AND {range}"));
        self.client
            .query()
            .table_name(&self.table)
            .select(Select::AllAttributes)
            .key_condition_expression(condition)
            .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
    }

    /// Everything that a query finds, one call for each megabyte.
    pub async fn all(&self, query: QueryFluentBuilder) -> Result<Vec<Item>, DocumentError> {
        Ok(query_all(query).await?)
    }
}
