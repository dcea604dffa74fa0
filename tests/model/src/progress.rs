//! Progress: from wherever a system can come to, it can still come to its end.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

use stateright::Model;

/// How many states a model has, if from each of them one that is good can be reached; otherwise one from which none can.
///
/// With processes that crash and begin again for ever, this is what can be said: whatever has happened, nothing is lost
/// that would be needed for a good end.
pub fn states_if_never_stuck<M>(model: &M, good: impl Fn(&M::State) -> bool) -> Result<usize, M::State>
where
    M: Model,
    M::State: Clone + Eq + Hash,
{
    let mut numbers = HashMap::new();
    let mut states = Vec::new();
    // For each state, those that lead to it.
    let mut before: Vec<Vec<usize>> = Vec::new();
    let mut number = |state: M::State, states: &mut Vec<M::State>, before: &mut Vec<Vec<usize>>| {
        *numbers.entry(state.clone()).or_insert_with(|| {
            states.push(state);
            before.push(Vec::new());
            states.len() - 1
        })
    };
    for state in model.init_states() {
        number(state, &mut states, &mut before);
    }
    let mut looked_at = 0;
    while let Some(state) = states.get(looked_at).cloned() {
        for next in model.next_states(&state) {
            let next = number(next, &mut states, &mut before);
            before[next].push(looked_at);
        }
        looked_at += 1;
    }

    let mut ends_well: Vec<bool> = states.iter().map(good).collect();
    let mut queue: VecDeque<usize> = (0..states.len()).filter(|number| ends_well[*number]).collect();
    while let Some(number) = queue.pop_front() {
        for &earlier in &before[number] {
            if !std::mem::replace(&mut ends_well[earlier], true) {
                queue.push_back(earlier);
            }
        }
    }
    match ends_well.iter().position(|well| !well) {
        None => Ok(states.len()),
        Some(stuck) => Err(states.swap_remove(stuck)),
    }
}
