//! The rules by which generations change. Pure: writing them is `documents-write`'s.

use photovote_domain::ElectionId;
use photovote_keys::documents::Generation;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    failure::DocumentError,
    generation::{Generations, Own},
};

/// How many generations are written side by side, of everything or of one election by itself.
const MOST: usize = 2;

/// What a generation holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All documents.
    All,
    /// Those of one election.
    Election(ElectionId),
}

/// Why the generations do not change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// There is no room for another one.
    #[error("generation {0} is kept to be rolled back to: retire it first")]
    Kept(Generation),
    /// Nobody writes it, so it cannot be served.
    #[error("generation {0} is not written")]
    Unwritten(Generation),
    /// It is the only one.
    #[error("there is no generation besides {0}")]
    Alone(Generation),
    /// They cannot be read or written.
    #[error(transparent)]
    Documents(#[from] DocumentError),
}

impl Generations {
    /// Lets a generation be written from now on.
    pub fn register(&mut self, scope: Scope, generation: &Generation) -> Result<(), ChangeError> {
        let (active, kept) = match scope {
            Scope::All => (&mut self.active, &self.serving),
            Scope::Election(election) => {
                let new = || Own { of: self.serving.clone(), serving: None, active: Vec::new() };
                let own = self.own.entry(election).or_insert_with(new);
                if own.of != self.serving {
                    return Err(ChangeError::Kept(own.of.clone()));
                }
                (&mut own.active, own.serving.as_ref().unwrap_or(&self.serving))
            }
        };
        if active.contains(generation) {
            return Ok(());
        }
        if let Some(other) = active.iter().find(|active| *active != kept)
            && active.len() >= MOST
        {
            return Err(ChangeError::Kept(other.clone()));
        }
        active.push(generation.clone());
        Ok(())
    }

    /// Serves another generation from now on. The one that was served is still written, so that it can be returned to.
    pub fn switch(&mut self, scope: Scope, generation: &Generation) -> Result<(), ChangeError> {
        let unwritten = || ChangeError::Unwritten(generation.clone());
        match scope {
            Scope::All if self.active.contains(generation) => self.serving = generation.clone(),
            Scope::All => return Err(unwritten()),
            Scope::Election(election) => {
                let own = self.own.get_mut(&election).filter(|own| own.of == self.serving).ok_or_else(unwritten)?;
                own.serving = match generation {
                    all if *all == self.serving => None,
                    own_one if own.active.contains(own_one) => Some(own_one.clone()),
                    _ => return Err(unwritten()),
                };
            }
        }
        Ok(())
    }

    /// The generation that can be served in place of the one that is: the last that is written besides.
    pub fn other(&self, scope: Scope) -> Result<Generation, ChangeError> {
        let (serving, written) = match scope {
            Scope::All => (&self.serving, self.active.clone()),
            Scope::Election(election) => {
                let own = self.own.get(&election).filter(|own| own.of == self.serving);
                let own = own.into_iter().flat_map(|own| &own.active);
                (self.serving_of(election), std::iter::once(&self.serving).chain(own).cloned().collect())
            }
        };
        let other = written.into_iter().rev().find(|written| written != serving);
        other.ok_or_else(|| ChangeError::Alone(serving.clone()))
    }

    /// Lets nobody write the generations besides the served one any more. Nobody reads them either.
    pub fn retire(&mut self, scope: Scope) -> Result<(), ChangeError> {
        let before = self.retired.len();
        match scope {
            Scope::All => {
                let serving = &self.serving;
                self.retired.extend(self.active.extract_if(.., |active| active != serving));
                let old: Vec<_> = self.own.extract_if(.., |_, own| own.of != *serving).collect();
                self.retired.extend(old.into_iter().flat_map(|(_, own)| own.active));
            }
            Scope::Election(election) => {
                let standing_in = |own: &Own| own.of == self.serving;
                if let Some(own) = self.own.get_mut(&election).filter(|own| standing_in(own)) {
                    let serving = own.serving.as_ref();
                    self.retired.extend(own.active.extract_if(.., |active| Some(&*active) != serving));
                    if own.active.is_empty() {
                        self.own.remove(&election);
                    }
                }
            }
        }
        if self.retired.len() > before { Ok(()) } else { Err(ChangeError::Alone(self.serving.clone())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELECTION: ElectionId = ElectionId::from_bits(7);
    const ONE: Scope = Scope::Election(ELECTION);

    fn generation(name: &str) -> Generation {
        name.parse().unwrap()
    }

    fn texts(generations: &[Generation]) -> Vec<String> {
        generations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_generation_is_built_served_left_and_retired() {
        let mut all = Generations::default();
        assert_eq!(all.retire(Scope::All), Err(ChangeError::Alone(generation("2"))));
        assert_eq!(all.switch(Scope::All, &generation("3")), Err(ChangeError::Unwritten(generation("3"))));
        all.register(Scope::All, &generation("3")).unwrap();
        all.register(Scope::All, &generation("3")).unwrap();
        assert_eq!((all.serving_of(ELECTION), texts(&all.active)), (&generation("2"), vec!["2".into(), "3".into()]));
        all.switch(Scope::All, &generation("3")).unwrap();
        assert_eq!((all.serving.clone(), all.active.len()), (generation("3"), 2));
        assert_eq!(all.register(Scope::All, &generation("4")), Err(ChangeError::Kept(generation("2"))));
        assert_eq!(all.other(Scope::All), Ok(generation("2")));
        all.switch(Scope::All, &generation("2")).unwrap();
        all.retire(Scope::All).unwrap();
        assert_eq!((texts(&all.active), texts(&all.retired)), (vec!["2".to_owned()], vec!["3".to_owned()]));
    }

    #[test]
    fn an_election_has_generations_of_its_own() {
        let mut all = Generations::default();
        let other = ElectionId::from_bits(8);
        all.register(ONE, &generation("a")).unwrap();
        assert_eq!(all.serving_of(ELECTION), &generation("2"));
        assert_eq!(texts(&all.active_of(ELECTION)), ["2", "a"]);
        all.switch(ONE, &generation("a")).unwrap();
        assert_eq!((all.serving_of(ELECTION), all.serving_of(other)), (&generation("a"), &generation("2")));
        assert_eq!(texts(&all.active_of(other)), ["2"]);
        all.register(ONE, &generation("b")).unwrap();
        assert_eq!(all.register(ONE, &generation("c")), Err(ChangeError::Kept(generation("b"))));
        all.switch(ONE, &generation("b")).unwrap();
        assert_eq!(all.other(ONE), Ok(generation("a")));
        all.retire(ONE).unwrap();
        assert_eq!(
            (texts(&all.active_of(ELECTION)), texts(&all.retired)),
            (vec!["2".into(), "b".into()], vec!["a".into()])
        );
        assert_eq!(all.other(ONE), Ok(generation("2")));
        all.switch(ONE, &generation("2")).unwrap();
        all.retire(ONE).unwrap();
        assert_eq!((all.own.len(), texts(&all.retired)), (0, vec!["a".into(), "b".into()]));
    }

    #[test]
    fn what_stands_in_for_a_generation_goes_with_it() {
        let mut all = Generations::default();
        all.register(ONE, &generation("a")).unwrap();
        all.switch(ONE, &generation("a")).unwrap();
        all.register(Scope::All, &generation("3")).unwrap();
        all.switch(Scope::All, &generation("3")).unwrap();
        assert_eq!(all.serving_of(ELECTION), &generation("3"));
        assert_eq!(texts(&all.active_of(ELECTION)), ["2", "3", "a"], "still up to date");
        assert_eq!(all.register(ONE, &generation("b")), Err(ChangeError::Kept(generation("2"))));
        all.switch(Scope::All, &generation("2")).unwrap();
        assert_eq!(all.serving_of(ELECTION), &generation("a"));
        all.switch(Scope::All, &generation("3")).unwrap();
        all.retire(Scope::All).unwrap();
        assert_eq!((all.own.len(), texts(&all.retired)), (0, vec!["2".into(), "a".into()]));
    }
}
