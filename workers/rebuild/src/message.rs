//! What the function is called with: messages of its queue, or a single one from an operator.

use aws_lambda_events::sqs::SqsEvent;
use photovote_documents_read::Generation;
use photovote_documents_read::Scope;
use photovote_documents_write::Place;
use serde::{Deserialize, Serialize};

use crate::Plan;

/// What is to be done. As JSON: `{"begin": {"scope": {"election": "01J…"}}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Begin a rebuild.
    Begin(Plan),
    /// See whether the rebuild can go on, and what it needs: also for an operator, if messages were lost.
    Advance {},
    /// Work on a part.
    Work {
        /// Which one.
        part: u32,
    },
    /// Say how far the rebuild is.
    Status {},
    /// Serve the other generation that is written.
    RollBack {
        /// Of what.
        scope: Scope,
    },
    /// Write no generations but the served one any more, and delete them.
    Retire {
        /// Of what.
        scope: Scope,
    },
    /// Delete what retired generations hold.
    Delete {
        /// Which ones.
        generations: Vec<Generation>,
        /// From where on.
        from: Option<Place>,
    },
}

/// An invocation.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// By an operator.
    Direct(Message),
    /// By the queue.
    Queue(SqsEvent),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_operator_can_write_messages_by_hand() {
        let election = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        let scope = Scope::Election(election.parse().unwrap());
        let messages = [
            (json!({"begin": {}}), Message::Begin(Plan::default())),
            (
                json!({"begin": {"scope": {"election": election}, "commits_per_second": 50}}),
                Message::Begin(Plan { scope, commits_per_second: 50, ..Plan::default() }),
            ),
            (json!({"advance": {}}), Message::Advance {}),
            (json!({"status": {}}), Message::Status {}),
            (json!({"roll_back": {"scope": "all"}}), Message::RollBack { scope: Scope::All }),
            (json!({"retire": {"scope": {"election": election}}}), Message::Retire { scope }),
        ];
        for (json, message) in messages {
            let event: Event = serde_json::from_value(json.clone()).unwrap();
            assert!(matches!(&event, Event::Direct(direct) if *direct == message), "{json}: {event:?}");
        }
        let queued = json!({"Records": [{"messageId": "1", "body": json!({"work": {"part": 7}}).to_string()}]});
        let Event::Queue(queued) = serde_json::from_value(queued).unwrap() else { panic!("messages of the queue") };
        let body = queued.records[0].body.as_ref().unwrap();
        assert_eq!(serde_json::from_str::<Message>(body).unwrap(), Message::Work { part: 7 });
        for wrong in [json!({"begin": {"speed": 3}}), json!({"rebuild": {}}), json!({})] {
            assert!(serde_json::from_value::<Event>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
