//! An import's stream: what it has come to, who asked for that, and writing down what comes next.

use photovote_domain::{Aggregate, Election, ElectionId, Import, ImportId, Subject, Version, import::ImportCommand};
use photovote_events::{Actor, CommandRecord, History, Stream};

use crate::{Importer, Trouble};

/// An import, as its stream tells.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) election: ElectionId,
    pub(crate) import: ImportId,
    pub(crate) history: History<Import>,
    /// The administrator who asked for something last.
    administrator: Option<Subject>,
}

impl Known {
    pub(crate) const fn state(&self) -> &Import {
        self.history.state()
    }

    /// Who a commit says did it: the importer, for an administrator.
    pub(crate) fn actor(&self) -> Result<Actor, Trouble> {
        let administrator = self.administrator.clone().ok_or(Trouble::Nobody)?;
        Ok(Actor::Importer { administrator, import: self.import })
    }
}

impl Importer {
    /// Loads an import.
    pub(crate) async fn load(&self, election: ElectionId, import: ImportId) -> Result<Known, Trouble> {
        let stream = Stream::Import(election, import);
        let mut history = History::empty(stream);
        let mut administrator = None;
        for commit in self.events.reader().commits_after(&stream, Version::NONE).await? {
            let provenance = commit.provenance()?;
            administrator = provenance.actor.administrator().cloned().or(administrator);
            history.push(commit)?;
        }
        Ok(Known { election, import, history, administrator })
    }

    /// Writes down what an import has come to. What it has come to already, it stays.
    pub(crate) async fn write_down(&self, known: Known, command: ImportCommand) -> Result<Known, Trouble> {
        let Known { election, import, history, administrator } = known;
        let actor = administrator.clone().map(|administrator| Actor::Importer { administrator, import });
        let environment = self.events.environment();
        let record = CommandRecord::once(command.name(), actor.ok_or(Trouble::Nobody)?, environment);
        // What an import came to does not depend on its election.
        let any = Election::default();
        let decide = |known: &Import| known.decide(command.clone(), &&any);
        let done = self.events.execute(history, &record, |_| true, decide).await?;
        let status = done.history.state().status;
        metrics::counter!("Imports", "Command" => command.name()).increment(1);
        tracing::info!(event = "import", %election, %import, ?status, "an import moved on");
        Ok(Known { election, import, history: done.history, administrator })
    }
}
