//! What an election's organiser was told about its opening.

use photovote_coordination::ControlError;
use photovote_domain::{ElectionId, Timestamp};
use photovote_dynamodb::storage_error;
use photovote_keys::coordination::notice_key;

use crate::write::Control;

impl Control {
    /// Was the organiser told this about the opening at this moment?
    pub async fn was_noticed(
        &self,
        election: ElectionId,
        opens_at: Timestamp,
        notice: &str,
    ) -> Result<bool, ControlError> {
        let key = notice_key(election, opens_at, notice);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let found = get.send().await.map_err(|error| storage_error(&error))?;
        Ok(found.item.is_some())
    }

    /// Notes that the organiser was told this about the opening at this moment.
    pub async fn note_notice(
        &self,
        election: ElectionId,
        opens_at: Timestamp,
        notice: &str,
    ) -> Result<(), ControlError> {
        let item = notice_key(election, opens_at, notice);
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(drop).map_err(|error| storage_error(&error).into())
    }
}
