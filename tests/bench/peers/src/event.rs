//! One event and one aggregate, as each of the libraries wants to have them.

use cqrs_es::{DomainEvent, event_sink::EventSink};
use photovote_domain::{Aggregate, Kind, Refusal};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What has happened: something was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    Written { text: String },
}

impl Event {
    /// An event whose fields are this many bytes of JSON.
    pub(crate) fn of_bytes(bytes: usize) -> Self {
        Self::Written { text: "x".repeat(bytes - r#"{"text":""}"#.len()) }
    }
}

/// What that leads to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Notes {
    pub(crate) events: u64,
    pub(crate) characters: usize,
}

impl Notes {
    pub(crate) fn take(&mut self, event: &Event) {
        let Event::Written { text } = event;
        self.events += 1;
        self.characters += text.len();
    }
}

/// No command is ever refused.
#[derive(Debug, Error)]
pub(crate) enum Never {}

impl Refusal for Never {
    fn code(&self) -> &'static str {
        match *self {}
    }

    fn kind(&self) -> Kind {
        match *self {}
    }
}

impl Aggregate for Notes {
    type Event = Event;
    type Command = Event;
    type Context<'a> = ();
    type Rejection = Never;

    const KIND: &'static str = "notes";

    fn decide(&self, command: Event, (): &()) -> Result<Vec<Event>, Never> {
        Ok(vec![command])
    }

    fn evolve(mut self, event: &Event) -> Self {
        self.take(event);
        self
    }
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        "Written".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl cqrs_es::Aggregate for Notes {
    const TYPE: &'static str = "notes";
    type Command = Event;
    type Event = Event;
    type Error = Never;
    type Services = ();

    async fn handle(&mut self, command: Event, (): &(), sink: &EventSink<Self>) -> Result<(), Never> {
        sink.write(command, self).await;
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        self.take(&event);
    }
}
