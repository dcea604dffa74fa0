//! How large a simulation is, and what goes wrong in it.

use crate::{
    dice::Dice,
    faults::{Fault, Rates},
};

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// What goes wrong.
    pub rates: Rates,
    /// How many elections are held at once, each by an administrator of its own.
    pub elections: u64,
    /// How many voters each election has.
    pub voters: u64,
    /// How many voters are registered at once.
    pub at_once: usize,
    /// How often voters change their minds, at most.
    pub changes: u64,
    /// After how many attempts a batch of the stream is given up.
    pub batch_attempts: u32,
    /// Are these faults ones that nobody outside may ever notice?
    pub absorbed: bool,
    /// How many of a thousand voters wait with their cast for the last call, just before the election closes?
    pub last_call: u16,
    /// Does every voter do nothing but cast, and that within so many milliseconds?
    pub rush: Option<u64>,
}

impl Scenario {
    /// The scenario that a seed stands for. They alternate, so that any run of seeds has all kinds.
    pub fn of(seed: u64) -> Self {
        let dice = Dice::new(seed).of("scenario");
        let usual = Self {
            name: "weather",
            rates: bad_mail(Rates::all(12).with(Fault::Killed, 60)),
            elections: dice.within(1, 2),
            voters: dice.within(2, 4),
            at_once: 2,
            changes: 4,
            batch_attempts: u32::try_from(dice.within(2, 10)).unwrap_or(10),
            absorbed: false,
            last_call: 350,
            rush: None,
        };
        match seed % 5 {
            0 => usual,
            1 => {
                let rates = bad_mail(Rates::all(45).with(Fault::Killed, 150).with(Fault::Unanswered, 15));
                Self { name: "storm", rates, ..usual }
            }
            2 => Self { name: "contention", rates: contention(), absorbed: true, ..usual },
            3 => Self { name: "stream", rates: stream(), ..usual },
            _ => {
                let rates = Rates::all(10).with(Fault::Masked, 300).with(Fault::Slow, 250).with(Fault::Duplicate, 250);
                let (elections, voters, at_once) = (1, 10, 5);
                Self { name: "crowd", rates, elections, voters, at_once, changes: 1, last_call: 950, ..usual }
            }
        }
    }

    /// So many voters who all cast, with this rate of faults at every call.
    pub fn casts(voters: u64, permille: u16) -> Self {
        Self {
            name: "casts",
            rates: Rates::all(permille),
            elections: 1,
            voters,
            at_once: 50,
            changes: 0,
            batch_attempts: 10,
            absorbed: false,
            last_call: 0,
            rush: Some(60_000),
        }
    }

    /// How many voters an administrator expects; it sets the number of shards.
    pub(crate) fn expected_voters(&self, dice: &Dice) -> u64 {
        if self.rush.is_some() { self.voters } else { dice.within(1, 120 * self.voters) }
    }

    /// How many of a thousand elections invite their voters? Thousands are let in at once, and need their tokens then.
    pub(crate) fn inviting(&self) -> u16 {
        if self.rush.is_some() { 0 } else { 400 }
    }

    /// For how long an election is open that closes by itself, in milliseconds.
    pub(crate) fn seconds_open(&self, dice: &Dice) -> i64 {
        let longest = self.longest_open();
        i64::try_from(dice.within(longest / 3, longest)).unwrap_or(i64::MAX)
    }

    /// The longest that an election is open, in milliseconds.
    pub(crate) fn longest_open(&self) -> u64 {
        self.rush.map_or(45_000, |rush| rush * 4)
    }

    /// How long voters think about what to do, at most, in milliseconds.
    pub(crate) fn hesitation(&self) -> u64 {
        self.rush.unwrap_or(20_000)
    }

    /// How often a voter who is too early comes again.
    pub(crate) fn persistence(&self) -> u32 {
        if self.rush.is_some() { 100 } else { 4 }
    }
}

/// What the functions are to bear without anybody noticing.
fn contention() -> Rates {
    Rates::NONE
        .with(Fault::Conflict, 120)
        .with(Fault::Masked, 300)
        .with(Fault::ShortPage, 300)
        .with(Fault::Unprocessed, 300)
        .with(Fault::Reordered, 200)
        .with(Fault::Duplicate, 200)
}

/// Lets the mail service fail more often than other calls.
fn bad_mail(rates: Rates) -> Rates {
    rates.with(Fault::MailThrottled, 60).with(Fault::MailUnavailable, 60).with(Fault::MailUnavailableAfter, 60)
}

/// A bad day of the stream and of what reads it.
fn stream() -> Rates {
    Rates::NONE
        .with(Fault::Duplicate, 150)
        .with(Fault::Reordered, 300)
        .with(Fault::Missing, 100)
        .with(Fault::Redelivered, 150)
        .with(Fault::Split, 60)
        .with(Fault::Killed, 100)
        .with(Fault::Stale, 200)
        .with(Fault::ConnectionLostAfter, 60)
        .with(Fault::UnansweredAfter, 20)
        .with(Fault::MailUnavailableAfter, 100)
}
