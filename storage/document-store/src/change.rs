//! Changing which generations there are: each change under the condition that nothing else has changed meanwhile.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_domain::{ElectionId, Version};
use photovote_dynamodb::{Item, PutFailure, Retry, StorageError, put_failure};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    failure::DocumentError,
    generation::{Generation, Generations, Own},
    key::generations_key,
    write::DocumentStore,
};

/// How many generations are written side by side, of everything or of one election by itself.
const MOST: usize = 2;
/// How often a change that others came before is begun again.
const ATTEMPTS: u32 = 8;

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
    fn register(&mut self, scope: Scope, generation: &Generation) -> Result<(), ChangeError> {
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
    fn switch(&mut self, scope: Scope, generation: &Generation) -> Result<(), ChangeError> {
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
    fn retire(&mut self, scope: Scope) -> Result<(), ChangeError> {
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

impl DocumentStore {
    /// Lets a generation be written: within [`FRESH`](crate::FRESH), every projector does.
    pub async fn register(&self, scope: Scope, generation: &Generation) -> Result<Generations, ChangeError> {
        self.change(|generations| generations.register(scope, generation)).await
    }

    /// Lets a generation be read: within [`FRESH`](crate::FRESH), everybody does. The one before is still written.
    pub async fn switch(&self, scope: Scope, generation: &Generation) -> Result<Generations, ChangeError> {
        self.change(|generations| generations.switch(scope, generation)).await
    }

    /// Lets every generation rest that is written but not read. Once nobody writes them any more,
    /// [`delete_page`](Self::delete_page) deletes what they hold.
    pub async fn retire(&self, scope: Scope) -> Result<Generations, ChangeError> {
        self.change(|generations| generations.retire(scope)).await
    }

    /// Forgets retired generations of which nothing is left.
    pub async fn forget(&self, gone: &[Generation]) -> Result<Generations, ChangeError> {
        self.change(|generations| {
            generations.retired.retain(|retired| !gone.contains(retired));
            Ok(())
        })
        .await
    }

    /// Was it ever written down which generations there are? It is when they change, or once documents are built in the form that
    /// this release reads.
    pub async fn has_pointer(&self) -> Result<bool, DocumentError> {
        Ok(self.pointer.read().await?.1 > Version::NONE)
    }

    /// Writes down which generations there are, unless that was done before. With `old`, those of release 0.1.0 are retired: nothing reads
    /// or writes them any more.
    pub async fn save_pointer(&self, old: bool) -> Result<Generations, ChangeError> {
        let old = if old { self.pointer.of_old().await? } else { Vec::new() };
        self.change(|generations| {
            let new = old.iter().filter(|old| !generations.retired.contains(old)).cloned().collect::<Vec<_>>();
            generations.retired.extend(new);
            Ok(())
        })
        .await
    }

    /// The generations as they are at this moment.
    pub async fn generations_now(&self) -> Result<Generations, DocumentError> {
        Ok(self.pointer.read().await?.0)
    }

    async fn change(
        &self,
        change: impl Fn(&mut Generations) -> Result<(), ChangeError>,
    ) -> Result<Generations, ChangeError> {
        let mut retry = Retry::attempts(ATTEMPTS);
        loop {
            let (mut generations, revision) = self.pointer.read().await?;
            let before = generations.clone();
            change(&mut generations)?;
            if generations == before && revision > Version::NONE {
                return Ok(generations);
            }
            let previous = AttributeValue::N(revision.to_string());
            let mut put = self.client.put_item().table_name(&self.table);
            put =
                put.set_item(Some(item(&generations))).item("version", AttributeValue::N(revision.plus(1).to_string()));
            put = match revision.get() {
                0 => put.condition_expression("attribute_not_exists(version)"),
                _ => put.condition_expression("version = :previous").expression_attribute_values(":previous", previous),
            };
            match put.send().await.map_err(|error| put_failure(&error)) {
                Ok(_) => {
                    self.pointer.forget().await;
                    return Ok(generations);
                }
                Err(PutFailure::Condition(_)) if retry.again().await => {}
                Err(PutFailure::Condition(_)) => return Err(DocumentError::from(StorageError::Contended).into()),
                Err(PutFailure::Storage(error)) => return Err(DocumentError::from(error).into()),
            }
        }
    }
}

fn item(generations: &Generations) -> Item {
    let own = |own: &Own| {
        let mut entry = HashMap::from([("of".to_owned(), name(&own.of)), ("active".to_owned(), names(&own.active))]);
        entry.extend(own.serving.iter().map(|serving| ("serving".to_owned(), name(serving))));
        AttributeValue::M(entry)
    };
    let all_own = generations.own.iter().map(|(election, of)| (election.to_string(), own(of))).collect();
    let mut item = generations_key();
    item.extend([
        ("serving".to_owned(), name(&generations.serving)),
        ("active".to_owned(), names(&generations.active)),
        ("own".to_owned(), AttributeValue::M(all_own)),
        ("retired".to_owned(), names(&generations.retired)),
    ]);
    item
}

fn name(generation: &Generation) -> AttributeValue {
    AttributeValue::S(generation.to_string())
}

fn names(generations: &[Generation]) -> AttributeValue {
    AttributeValue::L(generations.iter().map(name).collect())
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
    fn a_generation_is_built_served_returned_from_and_retired() {
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
