//! SQS: queues, each of which one function works off. A message comes again until it is worked
//! off, at most five times; then it is a dead letter.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use photovote_domain::Timestamp;

/// How often a message is received before it is given up, as the template says.
const MOST_RECEIVES: u32 = 5;
/// For how long a message that was received is hidden, in milliseconds, as the template says.
const HIDDEN: i64 = 360_000;

/// A message.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: String,
    receives: u32,
    visible_at: Timestamp,
}

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Message>,
    dead: Vec<Message>,
    sent: u64,
}

/// A queue.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<State>);

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message that can be received from this moment on, and answers its id.
    pub(crate) fn send(&self, body: String, visible_at: Timestamp) -> String {
        let mut state = self.state();
        state.sent += 1;
        let id = format!("message-{}", state.sent);
        state.messages.push_back(Message { id: id.clone(), body, receives: 0, visible_at });
        id
    }

    /// At most so many messages, which nobody else gets for a while.
    pub(crate) fn receive(&self, most: usize, now: Timestamp) -> Vec<Message> {
        let mut state = self.state();
        let (given_up, mut kept): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut state.messages)
            .into_iter()
            .partition(|message| message.visible_at <= now && message.receives >= MOST_RECEIVES);
        state.dead.extend(given_up);
        let visible = kept.iter_mut().filter(|message| message.visible_at <= now).take(most);
        let received = visible.map(|message| {
            message.receives += 1;
            message.visible_at = Timestamp::from_millis(now.millis() + HIDDEN);
            message.clone()
        });
        let received = received.collect();
        state.messages = kept;
        received
    }

    /// Forgets a message that was worked off.
    pub(crate) fn delete(&self, id: &str) {
        self.state().messages.retain(|message| message.id != id);
    }

    /// Are there no messages left?
    pub(crate) fn is_empty(&self) -> bool {
        self.state().messages.is_empty()
    }

    /// How many messages were sent, and the bodies of those that were given up.
    pub(crate) fn history(&self) -> (u64, Vec<String>) {
        let state = self.state();
        (state.sent, state.dead.iter().map(|message| message.body.clone()).collect())
    }
}
