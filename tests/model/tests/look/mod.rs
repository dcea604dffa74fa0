//! Looking at all states of a model.

#![expect(clippy::panic, reason = "a test says what it found")]

use std::{fmt::Debug, hash::Hash};

use stateright::{Checker, DiscoveryClassification, HasDiscoveries, Model};

/// A configuration of a model that can be looked at.
pub(crate) trait Config:
    Model<State: Debug + Clone + Eq + Hash + Send + Sync, Action: Debug + Clone + PartialEq>
    + Debug
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<M> Config for M where
    M: Model<State: Debug + Clone + Eq + Hash + Send + Sync, Action: Debug + Clone + PartialEq>
        + Debug
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Looks at all states. What must hold, does; and these things happen.
pub(crate) fn holds<M: Config>(model: &M, happens: &[&'static str]) {
    let checker = model.clone().checker().threads(2).spawn_bfs().join();
    for (name, path) in checker.discoveries() {
        let broken = matches!(checker.discovery_classification(name), DiscoveryClassification::Counterexample);
        assert!(!broken, "{model:?}: not so: {name}\n{path}");
    }
    for name in happens {
        assert!(checker.discovery(name).is_some(), "{model:?}: never: {name}");
    }
    println!("{:>9} states: {model:?}", checker.unique_state_count());
}

/// Of this configuration, which lacks a guard, the invariant is broken.
pub(crate) fn breaks<M: Config>(model: M, invariant: &'static str) {
    let shown = format!("{model:?}");
    let broken = HasDiscoveries::AnyOf([invariant].into());
    let checker = model.checker().finish_when(broken).spawn_bfs().join();
    let Some(path) = checker.discovery(invariant) else {
        panic!("{shown}: still: {invariant}");
    };
    println!("{shown}: not so: {invariant}\n{path}");
}
