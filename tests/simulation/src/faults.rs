//! What can go wrong, how often, and how often it did.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use crate::dice::Dice;

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault {
            $($(#[doc = $doc])* $name,)*
        }

        impl Fault {
            /// All kinds.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$name),*];

            /// What it is called in a report.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

faults! {
    /// A call is refused for its rate, or cancelled for it.
    Throttled = "throttled",
    /// A call is answered with a 5xx and had no effect.
    ServerError = "server error, without effect",
    /// A call is answered with a 5xx although it had its effect.
    ServerErrorAfter = "server error, after the effect",
    /// The connection breaks before a call had an effect.
    ConnectionLost = "connection lost, without effect",
    /// The connection breaks after a call had its effect.
    ConnectionLostAfter = "connection lost, after the effect",
    /// A call is never answered and has no effect.
    Unanswered = "no answer, without effect",
    /// A call is never answered and had its effect.
    UnansweredAfter = "no answer, after the effect",
    /// An answer takes up to three seconds.
    Slow = "slow answer",
    /// A write meets another transaction.
    Conflict = "transaction conflict",
    /// A transaction is still being worked on.
    InProgress = "transaction in progress",
    /// A cancelled transaction tells a conflict in place of one of the conditions that do not hold.
    Masked = "condition masked by a conflict",
    /// A read that need not be consistent shows what was, perhaps half of a transaction.
    Stale = "stale read",
    /// A Query ends early.
    ShortPage = "short page",
    /// A BatchGetItem leaves keys out.
    Unprocessed = "unprocessed keys",
    /// A function is killed between two calls.
    Killed = "function killed",
    /// A function does its work and its answer is lost on the way to the client.
    AnswerLost = "answer to a client lost",
    /// A record of the stream comes twice.
    Duplicate = "stream record twice",
    /// A record of the stream overtakes others.
    Reordered = "stream record overtakes",
    /// A record of the stream never comes, and a later one of its aggregate does.
    Missing = "stream record missing",
    /// A batch is delivered again although it was worked off.
    Redelivered = "stream batch delivered again",
    /// A shard of the stream ends and others go on.
    Split = "stream shard split",
    /// The mail service takes no more for the moment.
    MailThrottled = "mail throttled",
    /// The mail service has no answer, and sent nothing.
    MailUnavailable = "no answer to a mail, not sent",
    /// The mail service has no answer, and sent the mail.
    MailUnavailableAfter = "no answer to a mail, sent",
}

/// So often in a thousand calls, invocations, records or batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates([u16; Fault::ALL.len()]);

impl Rates {
    /// Nothing goes wrong.
    pub const NONE: Self = Self([0; Fault::ALL.len()]);

    /// All kinds of faults at this rate.
    pub const fn all(rate: u16) -> Self {
        Self([rate; Fault::ALL.len()])
    }

    /// The same, with this rate of a kind.
    #[must_use]
    pub const fn with(mut self, fault: Fault, rate: u16) -> Self {
        self.0[fault as usize] = rate;
        self
    }

    /// The rate of a kind.
    pub const fn of(&self, fault: Fault) -> u16 {
        self.0[fault as usize]
    }
}

/// How often each kind of fault occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts([u64; Fault::ALL.len()]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; Fault::ALL.len()])
    }
}

impl Counts {
    /// How often a kind occurred.
    pub const fn of(&self, fault: Fault) -> u64 {
        self.0[fault as usize]
    }

    /// How many faults there were.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            *ours += theirs;
        }
    }

    fn count(&mut self, fault: Fault) {
        self.0[fault as usize] += 1;
    }
}

/// Decides what goes wrong. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    rates: Rates,
    dice: Dice,
    active: Arc<AtomicBool>,
    counts: Arc<Mutex<Counts>>,
}

impl Faults {
    pub(crate) fn new(rates: Rates, dice: Dice) -> Self {
        Self { rates, dice, active: Arc::new(AtomicBool::new(true)), counts: Arc::default() }
    }

    /// Does this go wrong now? Then it is counted.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let strikes = self.threatens(fault);
        if strikes {
            self.happened(fault);
        }
        strikes
    }

    /// Is this about to go wrong? Whoever lets it count it.
    pub(crate) fn threatens(&self, fault: Fault) -> bool {
        self.active.load(Ordering::Relaxed) && self.dice.permille(self.rates.of(fault))
    }

    pub(crate) fn happened(&self, fault: Fault) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).count(fault);
    }

    /// From now on nothing goes wrong.
    pub(crate) fn stop(&self) {
        self.active.store(false, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
