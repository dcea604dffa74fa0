//! The clock and the dice.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use photovote_domain::Timestamp;
use rand::Rng;

type Clock = dyn Fn() -> Timestamp + Send + Sync;
type Dice = dyn Fn(&mut [u8; 32]) + Send + Sync;

/// Where the time and random bits come from, so that a test can say.
#[derive(Clone)]
pub struct Environment {
    clock: Arc<Clock>,
    dice: Arc<Dice>,
}

impl Environment {
    /// This clock and these dice.
    pub fn new(
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        dice: impl Fn(&mut [u8; 32]) + Send + Sync + 'static,
    ) -> Self {
        Self { clock: Arc::new(clock), dice: Arc::new(dice) }
    }

    /// The system's clock, and a generator for cryptography that the system seeds.
    pub fn system() -> Self {
        Self::new(system_time, |bytes| rand::rng().fill_bytes(bytes))
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// 256 random bits.
    pub fn random(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        (self.dice)(&mut bytes);
        bytes
    }

    /// 128 random bits, for an id that tells nothing.
    pub fn random_id(&self) -> u128 {
        self.random().iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte))
    }

    /// The bits of a ULID of this moment: 48 of time, 80 random.
    pub fn timed_id(&self) -> u128 {
        let millis = u128::try_from(self.now().millis()).unwrap_or(0) & ((1 << 48) - 1);
        millis << 80 | self.random_id() >> 48
    }
}

fn system_time() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
