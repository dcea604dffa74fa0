//! What clients asked, and what they were told: the other side of the history that the events table holds.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use photovote_domain::{CandidateId, Timestamp};
use photovote_test_support::Reply;

/// Grades by candidate, as a voter sends them.
pub(crate) type Grades = BTreeMap<CandidateId, u8>;

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A change of the election's own stream; its path without the prefix tells which.
    Change,
    Create,
    Open,
    Close,
    Delete,
    RequestPhotograph,
    RequestMailing,
    RemovePhotograph,
    RequestImport,
    MoveImport,
    Register,
    Remove,
    CorrectAddress,
    ReplaceToken,
    Rate(Grades),
    Clear(CandidateId),
    Cast(Grades),
    ShowBallot,
    ShowReceipt,
    ShowElection,
    Results,
    Turnout,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    /// An administrator of this subject.
    Administrator(String),
    /// Whoever bears this ballot token.
    Voter(String),
    /// Anybody.
    Anybody,
}

/// One sending of a request.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    pub(crate) sent: Timestamp,
    /// When the answer came, and which; `None`: the client waits no longer.
    pub(crate) answer: Option<(Timestamp, Reply)>,
}

/// A request, however often it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) who: Who,
    pub(crate) what: What,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) sendings: Vec<Sending>,
}

impl Asked {
    /// The first answer that says yes.
    pub(crate) fn acknowledged(&self) -> Option<(Timestamp, &Reply)> {
        let answers = self.sendings.iter().filter_map(|sending| sending.answer.as_ref());
        answers.filter(|(_, reply)| reply.status < 300).map(|(at, reply)| (*at, reply)).next()
    }

    /// Was it sent without an answer that tells what became of it?
    pub(crate) fn is_uncertain(&self) -> bool {
        self.sendings.iter().any(|sending| sending.answer.as_ref().is_none_or(|(_, reply)| reply.status >= 500))
    }
}

/// Everything that was asked.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Vec<Asked>>);

impl Journal {
    fn entries(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an entry and answers its place.
    pub(crate) fn begin(&self, asked: Asked) -> usize {
        let mut entries = self.entries();
        entries.push(asked);
        entries.len() - 1
    }

    /// Notes that a request is sent; answers which sending it is.
    pub(crate) fn sent(&self, entry: usize, at: Timestamp) -> usize {
        let sendings = &mut self.entries()[entry].sendings;
        sendings.push(Sending { sent: at, answer: None });
        sendings.len() - 1
    }

    /// Notes what was answered to a sending.
    pub(crate) fn answered(&self, entry: usize, sending: usize, at: Timestamp, reply: &Reply) {
        self.entries()[entry].sendings[sending].answer = Some((at, reply.clone()));
    }

    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.entries())
    }
}
