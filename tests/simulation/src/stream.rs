//! The stream of the events table, as unkind as its promises allow: records come twice, overtake each other across
//! items, are cut into batches anywhere, and stop coming for an item whose aggregate goes on; shards split.
//!
//! What is promised, and kept: a record that was taken up is delivered until it is worked off or, after bounded attempts,
//! its range is named in the failure queue.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use crate::{
    dice::Dice,
    engine::{Engine, Written},
    faults::{Fault, Faults},
};

/// The stream's name.
pub(crate) const STREAM: &str = "arn:aws:dynamodb:eu-central-1:000000000000:table/photovote-events/stream/simulated";
/// With how many shards it begins, and how many it can have.
const SHARDS: usize = 4;
const MOST_SHARDS: usize = 8;
/// The largest batch.
const BATCH: u64 = 12;

#[derive(Debug)]
struct Shard {
    /// Records that have no place yet.
    pending: VecDeque<Written>,
    /// Records in their places; the first has the sequence number 1.
    numbered: Vec<Written>,
    /// The first that is not worked off.
    next: usize,
    attempts: u32,
    limit: usize,
    open: bool,
}

impl Shard {
    fn open() -> Self {
        let (pending, numbered) = (VecDeque::new(), Vec::new());
        Self { pending, numbered, next: 0, attempts: 0, limit: usize::MAX, open: true }
    }
}

#[derive(Debug)]
struct State {
    cursor: usize,
    shards: Vec<Shard>,
    missing: Vec<Written>,
}

/// A batch of records that follow each other in a shard.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    shard: usize,
    from: usize,
    pub(crate) records: Vec<Written>,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is worked off.
    Done,
    /// It has to come again from this sequence number on.
    From(String),
    /// The function broke down.
    Broken,
}

/// The stream.
#[derive(Debug)]
pub(crate) struct Stream {
    faults: Faults,
    dice: Dice,
    most_attempts: u32,
    state: Mutex<State>,
}

impl Stream {
    /// A stream that gives a batch up after so many attempts.
    pub(crate) fn new(faults: Faults, dice: Dice, most_attempts: u32) -> Self {
        let shards = (0..SHARDS).map(|_| Shard::open()).collect();
        Self { faults, dice, most_attempts, state: Mutex::new(State { cursor: 0, shards, missing: Vec::new() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what was written since the last time.
    fn feed(&self, state: &mut State, engine: &Engine) {
        for commit in engine.commits_from(state.cursor) {
            state.cursor += 1;
            if state.shards.len() < MOST_SHARDS && self.faults.strikes(Fault::Split) {
                let parent = self.dice.place(state.shards.len());
                state.shards[parent].open = false;
                state.shards.extend([Shard::open(), Shard::open()]);
            }
            if self.faults.strikes(Fault::Missing) {
                state.missing.push(commit);
                continue;
            }
            let open: Vec<usize> = (0..state.shards.len()).filter(|&shard| state.shards[shard].open).collect();
            let home = open[place_of(&commit.pk, open.len())];
            if self.faults.strikes(Fault::Duplicate) {
                let again = open[self.dice.place(open.len())];
                state.shards[again].pending.push_back(commit.clone());
            }
            let pending = &mut state.shards[home].pending;
            let overtakes = !pending.is_empty() && self.faults.strikes(Fault::Reordered);
            let place = if overtakes { self.dice.place(pending.len()) } else { pending.len() };
            pending.insert(place, commit);
        }
    }

    /// The next batch of a shard, if there is something to deliver.
    pub(crate) fn batch(&self, shard: usize, engine: &Engine) -> Option<Batch> {
        let mut state = self.state();
        self.feed(&mut state, engine);
        let shard_state = state.shards.get_mut(shard)?;
        let wanted = usize::try_from(self.dice.within(1, BATCH)).unwrap_or(1).min(shard_state.limit);
        let lacking = (shard_state.next + wanted).saturating_sub(shard_state.numbered.len());
        let lacking = lacking.min(shard_state.pending.len());
        shard_state.numbered.extend(shard_state.pending.drain(..lacking));
        let until = (shard_state.next + wanted).min(shard_state.numbered.len());
        let records = shard_state.numbered[shard_state.next..until].to_vec();
        (!records.is_empty()).then_some(Batch { shard, from: shard_state.next, records })
    }

    /// Notes what became of a batch. If it is given up, answers the message that says so.
    pub(crate) fn settle(&self, batch: &Batch, fate: &Fate) -> Option<String> {
        let mut state = self.state();
        let shard = &mut state.shards[batch.shard];
        let end = batch.from + batch.records.len();
        let reached = match fate {
            Fate::Done if self.faults.strikes(Fault::Redelivered) => batch.from,
            Fate::Done => end,
            Fate::From(number) => {
                number.parse().map_or(batch.from, |number: usize| number.saturating_sub(1).clamp(batch.from, end))
            }
            Fate::Broken => batch.from,
        };
        shard.limit = if *fate == Fate::Broken { (batch.records.len() / 2).max(1) } else { usize::MAX };
        shard.attempts = if reached > batch.from { 0 } else { shard.attempts + 1 };
        shard.next = reached;
        if *fate == Fate::Done || shard.attempts <= self.most_attempts {
            return None;
        }
        (shard.attempts, shard.next, shard.limit) = (0, end, usize::MAX);
        let message = json!({
            "version": "1.0",
            "DDBStreamBatchInfo": {
                "shardId": batch.shard.to_string(), "startSequenceNumber": number(batch.from),
                "endSequenceNumber": number(end - 1), "batchSize": batch.records.len(), "streamArn": STREAM,
            },
        });
        Some(message.to_string())
    }

    /// The keys of commits whose records never came. Nobody is told of them twice.
    pub(crate) fn take_missing(&self) -> Vec<Value> {
        let missing = std::mem::take(&mut self.state().missing);
        missing.into_iter().map(|commit| json!({"pk": commit.pk, "sk": commit.sk})).collect()
    }

    /// Is everything delivered that was written?
    pub(crate) fn is_drained(&self, engine: &Engine) -> bool {
        let mut state = self.state();
        self.feed(&mut state, engine);
        state.shards.iter().all(|shard| shard.pending.is_empty() && shard.next == shard.numbered.len())
    }

    /// The records of a shard from a sequence number on, as `GetRecords` answers them.
    pub(crate) fn records_from(&self, shard: &str, number: usize) -> Value {
        let state = self.state();
        let found = shard.parse::<usize>().ok().and_then(|shard| state.shards.get(shard));
        let records = found.and_then(|shard| shard.numbered.get(number.saturating_sub(1)..)).unwrap_or_default();
        let page: Vec<_> = records.iter().zip(number.saturating_sub(1)..).take(3).map(|(r, i)| record(r, i)).collect();
        let mut answer = json!({"Records": page});
        if found.is_some_and(|shard| shard.open) || records.len() > page.len() {
            answer["NextShardIterator"] = format!("{shard}:{}", number + page.len()).into();
        }
        answer
    }
}

impl Batch {
    /// The event that Lambda makes of it.
    pub(crate) fn event(&self) -> Value {
        let records: Vec<_> =
            self.records.iter().zip(self.from..).map(|(written, index)| record(written, index)).collect();
        json!({"Records": records})
    }
}

fn record(written: &Written, index: usize) -> Value {
    json!({
        "eventID": format!("{}-{}", written.sk, index), "eventName": "INSERT", "awsRegion": "eu-central-1",
        "dynamodb": {
            "Keys": {"pk": {"S": written.pk}, "sk": {"S": written.sk}},
            "NewImage": written.item, "SequenceNumber": number(index), "SizeBytes": 1, "StreamViewType": "NEW_IMAGE",
        },
    })
}

fn number(index: usize) -> String {
    (index + 1).to_string()
}

fn place_of(key: &str, places: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % places as u64).unwrap_or(0)
}
