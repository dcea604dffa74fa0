//! Changing which generations there are: each change under the condition that nothing else has changed meanwhile.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_documents_read::{ChangeError, DocumentError, Generation, Generations, Own, Scope};
use photovote_domain::Version;
use photovote_dynamodb::{Item, PutFailure, Retry, StorageError, put_failure};
use photovote_keys::documents::generations_key;

use crate::write::DocumentStore;

/// How often a change that others came before is begun again.
const ATTEMPTS: u32 = 8;

impl DocumentStore {
    /// Lets a generation be written: within [`FRESH`](photovote_documents_read::FRESH), every projector does.
    pub async fn register(&self, scope: Scope, generation: &Generation) -> Result<Generations, ChangeError> {
        self.change(|generations| generations.register(scope, generation)).await
    }

    /// Lets a generation be read: within [`FRESH`](photovote_documents_read::FRESH), everybody does. The one before is still written.
    pub async fn switch(&self, scope: Scope, generation: &Generation) -> Result<Generations, ChangeError> {
        self.change(|generations| generations.switch(scope, generation)).await
    }

    /// Lets every generation rest that is written but not read. Once nobody writes them any more,
    /// [`delete_page`](Self::delete_page) deletes what they hold.
    pub async fn retire(&self, scope: Scope) -> Result<Generations, ChangeError> {
        self.change(|generations| generations.retire(scope)).await
    }

    /// Forgets retired generations of which nothing is left.
    pub async fn forget(&self, gone: &[Generation]) -> Result<Generations, ChangeError> {
        self.change(|generations| {
            generations.retired.retain(|retired| !gone.contains(retired));
            Ok(())
        })
        .await
    }

    /// Was it ever written down which generations there are? It is when they change, or once documents are built in the form that
    /// this release reads.
    pub async fn has_pointer(&self) -> Result<bool, DocumentError> {
        Ok(self.reader.generations_with_version().await?.1 > Version::NONE)
    }

    /// Writes down which generations there are, unless that was done before. With `old`, those of release 0.1.0 are retired: nothing reads
    /// or writes them any more.
    pub async fn save_pointer(&self, old: bool) -> Result<Generations, ChangeError> {
        let old = if old { self.reader.generations_of_release_0_1_0().await? } else { Vec::new() };
        self.change(|generations| {
            let new = old.iter().filter(|old| !generations.retired.contains(old)).cloned().collect::<Vec<_>>();
            generations.retired.extend(new);
            Ok(())
        })
        .await
    }

    /// The generations as they are at this moment.
    pub async fn generations_now(&self) -> Result<Generations, DocumentError> {
        Ok(self.reader.generations_with_version().await?.0)
    }

    async fn change(
        &self,
        change: impl Fn(&mut Generations) -> Result<(), ChangeError>,
    ) -> Result<Generations, ChangeError> {
        let mut retry = Retry::attempts(ATTEMPTS);
        loop {
            let (mut generations, revision) = self.reader.generations_with_version().await?;
            let before = generations.clone();
            change(&mut generations)?;
            if generations == before && revision > Version::NONE {
                return Ok(generations);
            }
            let previous = AttributeValue::N(revision.to_string());
            let mut put = self.client.put_item().table_name(&self.table);
            put =
                put.set_item(Some(item(&generations))).item("version", AttributeValue::N(revision.plus(1).to_string()));
            put = match revision.get() {
                0 => put.condition_expression("attribute_not_exists(version)"),
                _ => put.condition_expression("version = :previous").expression_attribute_values(":previous", previous),
            };
            match put.send().await.map_err(|error| put_failure(&error)) {
                Ok(_) => {
                    self.reader.forget_generations().await;
                    return Ok(generations);
                }
                Err(PutFailure::Condition(_)) if retry.again().await => {}
                Err(PutFailure::Condition(_)) => return Err(DocumentError::from(StorageError::Contended).into()),
                Err(PutFailure::Storage(error)) => return Err(DocumentError::from(error).into()),
            }
        }
    }
}

fn item(generations: &Generations) -> Item {
    let own = |own: &Own| {
        let mut entry = HashMap::from([("of".to_owned(), name(&own.of)), ("active".to_owned(), names(&own.active))]);
        entry.extend(own.serving.iter().map(|serving| ("serving".to_owned(), name(serving))));
        AttributeValue::M(entry)
    };
    let all_own = generations.own.iter().map(|(election, of)| (election.to_string(), own(of))).collect();
    let mut item = generations_key();
    item.extend([
        ("serving".to_owned(), name(&generations.serving)),
        ("active".to_owned(), names(&generations.active)),
        ("own".to_owned(), AttributeValue::M(all_own)),
        ("retired".to_owned(), names(&generations.retired)),
    ]);
    item
}

fn name(generation: &Generation) -> AttributeValue {
    AttributeValue::S(generation.to_string())
}

fn names(generations: &[Generation]) -> AttributeValue {
    AttributeValue::L(generations.iter().map(name).collect())
}
