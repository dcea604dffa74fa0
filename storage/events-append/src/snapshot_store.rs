//! Writing snapshots of elections.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use photovote_domain::{Election, ElectionId};
use photovote_dynamodb::storage_error;
use photovote_events::{Commit, ElectionSource, EventReader, LoadError, Snapshot, SnapshotError, Snapshots};
use tokio::time::timeout;

/// How long writing a snapshot may delay an answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Reads and writes snapshots of elections.
///
/// As the source of an [`ElectionCache`](photovote_events::ElectionCache) it writes a snapshot whenever it had to load a long
/// stream.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    client: Client,
    snapshots: Snapshots,
}

impl SnapshotStore {
    /// Writes to the table that these snapshots are read from.
    pub const fn new(client: Client, snapshots: Snapshots) -> Self {
        Self { client, snapshots }
    }

    /// What reads snapshots.
    pub const fn snapshots(&self) -> &Snapshots {
        &self.snapshots
    }

    /// Writes a snapshot [if it is due](Snapshots::is_due).
    ///
    /// A snapshot only saves work. So a failure is logged and not returned, and two writers do no harm.
    pub async fn save(&self, snapshot: &Snapshot<Election>) {
        if !self.snapshots.is_due(snapshot) {
            return;
        }
        let why = match timeout(TIMEOUT, self.put(snapshot)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        let election = snapshot.stream.election();
        tracing::warn!(event = "snapshot_not_kept", %election, why, "the next start reads a long stream");
    }

    async fn put(&self, snapshot: &Snapshot<Election>) -> Result<(), SnapshotError> {
        for item in snapshot.to_items()? {
            let put = self.client.put_item().table_name(self.snapshots.table()).set_item(Some(item));
            put.send().await.map_err(|error| storage_error(&error))?;
        }
        Ok(())
    }
}

impl ElectionSource for SnapshotStore {
    type Election = Snapshot<Election>;

    fn reader(&self) -> &EventReader {
        self.snapshots.reader()
    }

    async fn load(&self, election: ElectionId) -> Result<Self::Election, LoadError> {
        let snapshot = self.snapshots.load(election).await?;
        self.save(&snapshot).await;
        Ok(snapshot)
    }

    fn snapshot(election: &Self::Election) -> &Snapshot<Election> {
        election
    }

    fn push(election: &mut Self::Election, commit: Commit) -> Result<(), LoadError> {
        election.push(&commit)
    }
}
