//! What functions are put together of: settings, and connections to tables, queues and objects.

use std::{fmt::Display, str::FromStr};

use aws_sdk_dynamodb::Client;
use photovote_coordination::ControlReader;
use photovote_coordination_write::Control;
use photovote_documents_read::DocumentReader;
use photovote_documents_write::DocumentStore;
use photovote_dynamodb::client;
use photovote_events::{EventReader, Snapshots};
use photovote_events_append::{EventStore, SnapshotStore};
use photovote_projection::Projection;
use photovote_queues::{CountMessage, ImportMessage, MailMessage, PhotographMessage, Queue};
use photovote_uploads::{Target, Uploads};
use serde::Serialize;

use super::{Wiring, WiringError};

impl Wiring {
    pub(super) fn needed(&self, name: &'static str) -> Result<String, WiringError> {
        (self.settings)(name).ok_or(WiringError::Missing(name))
    }

    pub(super) fn parsed<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<T, WiringError> {
        let value = self.needed(name)?;
        value.parse().map_err(|error| WiringError::Setting { name, problem: format!("{error}") })
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone().unwrap_or_else(|| client(&self.dynamodb, None))
    }

    pub(super) fn queues(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sqs)
    }

    pub(super) fn uploads(&self) -> Result<Uploads, WiringError> {
        let target = Target {
            url: self.needed("UPLOAD_URL")?,
            bucket: self.needed("ORIGINALS_BUCKET")?,
            region: self.needed("AWS_REGION")?,
        };
        Ok(Uploads::new(&self.objects, target)?)
    }

    pub(super) fn event_reader(&self) -> Result<EventReader, WiringError> {
        Ok(EventReader::new(self.client(), self.needed("EVENTS_TABLE")?))
    }

    pub(super) fn event_store(&self) -> Result<EventStore, WiringError> {
        Ok(EventStore::new(self.client(), self.needed("EVENTS_TABLE")?, self.environment.clone()))
    }

    pub(super) fn snapshots(&self) -> Result<Snapshots, WiringError> {
        let snapshots = Snapshots::new(&self.event_reader()?, &self.needed("CONTROL_TABLE")?);
        Ok(match self.snapshot_threshold {
            Some(commits) => snapshots.of_streams_longer_than(commits),
            None => snapshots,
        })
    }

    pub(super) fn snapshot_store(&self) -> Result<SnapshotStore, WiringError> {
        Ok(SnapshotStore::new(self.client(), self.snapshots()?))
    }

    pub(super) fn control(&self) -> Result<Control, WiringError> {
        Ok(Control::new(self.client(), self.needed("CONTROL_TABLE")?))
    }

    pub(super) fn control_reader(&self) -> Result<ControlReader, WiringError> {
        Ok(ControlReader::new(self.client(), self.needed("CONTROL_TABLE")?))
    }

    pub(super) fn document_reader(&self) -> Result<DocumentReader, WiringError> {
        Ok(DocumentReader::new(self.client(), self.needed("DOCUMENTS_TABLE")?))
    }

    pub(super) fn document_store(&self) -> Result<DocumentStore, WiringError> {
        Ok(DocumentStore::new(self.client(), self.needed("DOCUMENTS_TABLE")?))
    }

    pub(super) fn projection(&self) -> Result<Projection, WiringError> {
        Ok(Projection::new(self.event_reader()?, self.document_store()?))
    }

    pub(super) fn count_queue(&self) -> Result<Queue<CountMessage>, WiringError> {
        self.queue(self.count_queue.as_ref(), "COUNT_QUEUE_URL")
    }

    pub(super) fn photographs_queue(&self) -> Result<Queue<PhotographMessage>, WiringError> {
        self.queue(self.photographs_queue.as_ref(), "PHOTOGRAPHS_QUEUE_URL")
    }

    pub(super) fn import_queue(&self) -> Result<Queue<ImportMessage>, WiringError> {
        self.queue(self.import_queue.as_ref(), "IMPORT_QUEUE_URL")
    }

    pub(super) fn mail_queue(&self) -> Result<Queue<MailMessage>, WiringError> {
        self.queue(self.mail_queue.as_ref(), "MAIL_QUEUE_URL")
    }

    /// The queue that was given, or the one of SQS that a setting names.
    fn queue<M>(&self, given: Option<&Queue<M>>, setting: &'static str) -> Result<Queue<M>, WiringError>
    where
        M: Serialize + Clone,
    {
        match given {
            Some(queue) => Ok(queue.clone()),
            None => Ok(Queue::new(self.queues(), self.needed(setting)?)),
        }
    }
}
