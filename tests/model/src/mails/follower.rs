//! Following commits: `Follower::follow` in `workers/following/src/follow.rs`, with the policy and the recorder of
//! `workers/invitations/src/lib.rs`.
//!
//! Each commit is followed alone. That it ends by telling the mailer is left out: mailers run at any time.

use crate::mails::{
    Command, Guard, Mails,
    tables::{Ask, Due, Tables},
};

/// How far the follower is with a commit. A follower that crashes begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// It is to be delivered.
    New,
    /// It has read whether the election is open.
    Read {
        /// Is it?
        is_open: bool,
        /// Was the commit followed before?
        again: bool,
    },
    /// It is followed, and marked.
    Followed,
    /// There is nothing to be done about it.
    Ignored,
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The next call is made and answered.
    Call,
    /// The election is read as it was before, from a cache.
    Stale,
    /// A commit that was followed is delivered again.
    Again,
    /// The function ends.
    Crash,
}

pub(crate) fn moves(model: &Mails, tables: &Tables, number: usize) -> Vec<Move> {
    match tables.commits[number].1 {
        Delivery::New if !model.has(Guard::ElectionAfterCommit) => vec![Move::Call, Move::Stale],
        Delivery::New => vec![Move::Call],
        Delivery::Read { .. } => vec![Move::Call, Move::Crash],
        // With the mark, this changes nothing.
        Delivery::Followed if !model.has(Guard::FollowedOnce) => vec![Move::Again],
        Delivery::Followed | Delivery::Ignored => Vec::new(),
    }
}

pub(crate) fn make(model: &Mails, tables: &mut Tables, number: usize, step: Move) -> Option<()> {
    let (ask, delivery) = tables.commits[number];
    let next = match (delivery, step) {
        (Delivery::New, Move::Call) => Delivery::Read { is_open: tables.is_open, again: false },
        // Only a configuration that opens the election has an earlier state of it.
        (Delivery::New, Move::Stale) => Delivery::Read { is_open: !model.requests(Command::Open), again: false },
        (Delivery::Followed, Move::Again) => Delivery::Read { is_open: true, again: true },
        (Delivery::Read { is_open: false, .. }, Move::Call) if ask == Ask::Voter => Delivery::Ignored,
        (Delivery::Read { again, .. }, Move::Call) => {
            match ask {
                Ask::Voter => drop(Due::asked(&mut tables.link)),
                Ask::Everybody => tables.ask_for_everybody(),
                Ask::Mailing(mailing) => tables.finding[usize::from(mailing)] = true,
            }
            // Once more is enough to see what comes of it.
            if again { Delivery::Ignored } else { Delivery::Followed }
        }
        (Delivery::Read { again, .. }, Move::Crash) => {
            if again {
                Delivery::Followed
            } else {
                Delivery::New
            }
        }
        _ => return None,
    };
    tables.commits[number].1 = next;
    Some(())
}
