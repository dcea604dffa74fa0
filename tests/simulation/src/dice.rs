//! Randomness from a seed.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

/// A seeded generator. Clones share it; [`Dice::of`] makes another that what is drawn here does not change.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    seed: u64,
    generator: Arc<Mutex<fastrand::Rng>>,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, generator: Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))) }
    }

    /// The generator for something of this name.
    pub(crate) fn of(&self, name: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        (self.seed, name).hash(&mut hasher);
        Self::new(hasher.finish())
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.generator.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.draw(|generator| generator.u64(0..end))
    }

    /// A number within these bounds, both included.
    pub(crate) fn within(&self, least: u64, most: u64) -> u64 {
        self.draw(|generator| generator.u64(least..=most))
    }

    /// A place in something of this length, which is not 0.
    pub(crate) fn place(&self, length: usize) -> usize {
        self.draw(|generator| generator.usize(0..length))
    }

    /// True so often in a thousand times.
    pub(crate) fn permille(&self, rate: u16) -> bool {
        rate > 0 && self.below(1000) < rate.into()
    }

    pub(crate) fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.draw(|generator| generator.fill(&mut bytes));
        bytes
    }
}
