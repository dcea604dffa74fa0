//! What lies beyond the functions: tables, stream, queues, buckets, time, and chance.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use photovote_keys::objects::is_list;
use photovote_test_support::Buckets;

use crate::{
    clock::Clock,
    dice::Dice,
    engine::Engine,
    faults::{Faults, Rates},
    mail::Mails,
    queue::Queue,
    stream::Stream,
};

/// The bucket of uploads and originals.
pub(crate) const ORIGINALS: &str = "originals";
/// The bucket of renditions.
pub(crate) const RENDITIONS: &str = "renditions";

/// AWS, as far as PhotoVote uses it.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) engine: Engine,
    /// The stream of the events table, as the projector's pump gets it.
    pub(crate) stream: Stream,
    /// The same stream, as the pump of the invitations gets it.
    pub(crate) followed: Stream,
    /// The repair queue and the failure queue.
    pub(crate) queue: Queue,
    /// The counter's.
    pub(crate) to_count: Queue,
    /// The photo-processor's.
    pub(crate) to_process: Queue,
    /// The importer's.
    pub(crate) to_import: Queue,
    /// The mailer's.
    pub(crate) to_mail: Queue,
    pub(crate) mails: Mails,
    pub(crate) buckets: Buckets,
    /// All files that were uploaded, by their keys.
    pub(crate) uploaded: Mutex<BTreeMap<String, Vec<Vec<u8>>>>,
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
            followed: Stream::new(faults.clone(), dice.of("stream of the invitations"), most_attempts),
            queue: Queue::default(),
            to_count: Queue::default(),
            to_process: Queue::default(),
            to_import: Queue::default(),
            to_mail: Queue::default(),
            mails: Mails::default(),
            buckets: Buckets::default(),
            uploaded: Mutex::default(),
            faults,
            dice: dice.of("network"),
            clock: Clock::start(),
            trace: Trace { aloud: std::env::var_os("TRACE").is_some(), ..Trace::default() },
            calls: AtomicU64::new(0),
        }
    }

    /// Somebody uploads a file by a form.
    pub(crate) fn upload(&self, key: &str, file: &[u8]) {
        self.note(|| format!("an upload of {} bytes to {key}", file.len()));
        self.buckets.set_time(self.clock.now());
        self.buckets.put(ORIGINALS, key, file);
        let mut uploaded = self.uploaded.lock().unwrap_or_else(PoisonError::into_inner);
        uploaded.entry(key.to_owned()).or_default().push(file.to_vec());
    }

    /// The bucket tells the photo-processor or the importer of an upload.
    pub(crate) fn tell(&self, key: &str) {
        let message = serde_json::json!({"Records": [{"s3": {"object": {"key": key}}}]});
        let queue = if is_list(key) { &self.to_import } else { &self.to_process };
        queue.send(message.to_string(), self.clock.now());
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
