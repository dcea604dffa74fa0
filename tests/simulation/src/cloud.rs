//! What lies beyond the functions: tables, stream, queue, time, and chance.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    clock::Clock,
    dice::Dice,
    engine::Engine,
    faults::{Faults, Rates},
    queue::Queue,
    stream::Stream,
};

/// AWS, as far as PhotoVote uses it.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) engine: Engine,
    pub(crate) stream: Stream,
    /// The repair queue and the failure queue.
    pub(crate) queue: Queue,
    /// The counter's.
    pub(crate) to_count: Queue,
    pub(crate) faults: Faults,
    pub(crate) dice: Dice,
    pub(crate) clock: Clock,
    trace: Trace,
    pub(crate) calls: AtomicU64,
}

/// A digest of everything that happens, in order: two runs of one seed have the same.
#[derive(Debug, Default)]
struct Trace {
    hasher: Mutex<DefaultHasher>,
    aloud: bool,
}

impl Cloud {
    pub(crate) fn new(dice: &Dice, rates: Rates, most_attempts: u32) -> Self {
        let faults = Faults::new(rates, dice.of("faults"));
        Self {
            engine: Engine::new(),
            stream: Stream::new(faults.clone(), dice.of("stream"), most_attempts),
            queue: Queue::default(),
            to_count: Queue::default(),
            faults,
            dice: dice.of("network"),
            clock: Clock::start(),
            trace: Trace { aloud: std::env::var_os("TRACE").is_some(), ..Trace::default() },
            calls: AtomicU64::new(0),
        }
    }

    /// Takes something that happens into the trace; with `TRACE` set, it is printed, too.
    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let (at, what) = (self.clock.elapsed_millis(), what());
        if self.trace.aloud {
            let short: String = what.chars().take(400).collect();
            eprintln!("{at:>8} {short}");
        }
        (at, what).hash(&mut *self.trace.hasher.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn trace(&self) -> u64 {
        self.trace.hasher.lock().unwrap_or_else(PoisonError::into_inner).finish()
    }
}
