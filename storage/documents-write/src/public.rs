//! What is public of an election.

use photovote_documents::PublicDocument;
use photovote_documents_read::{DocumentError, Generation, PublicHeader, parts};
use photovote_domain::ElectionId;
use photovote_dynamodb::storage_error;
use photovote_keys::documents::public_header_key;

use crate::write::DocumentStore;

impl DocumentStore {
    /// Saves a document under its tag. It is served once a header names it.
    pub async fn save_public_document(
        &self,
        generation: &Generation,
        election: ElectionId,
        document: &PublicDocument,
    ) -> Result<(), DocumentError> {
        for item in parts(generation, election, document) {
            let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
            put.map_err(|error| storage_error(&error))?;
        }
        Ok(())
    }

    /// The public document that a generation has under this tag.
    pub async fn public_document_in(
        &self,
        generation: &Generation,
        election: ElectionId,
        tag: &str,
    ) -> Result<PublicDocument, DocumentError> {
        self.reader().public_document_in(generation, election, tag, true).await
    }

    /// What is public of an election in a generation.
    pub async fn public_in(
        &self,
        generation: &Generation,
        election: ElectionId,
    ) -> Result<Option<PublicHeader>, DocumentError> {
        let key = public_header_key(generation, election);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        get.send().await.map_err(|error| storage_error(&error))?.item.as_ref().map(PublicHeader::of).transpose()
    }
}
