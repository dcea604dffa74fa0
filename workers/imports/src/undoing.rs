//! Removing the voters that an import has registered. Their ids follow from the import and the rows, so no list is needed.

use std::pin::pin;

use futures::{StreamExt, stream};
use photovote_domain::{
    Election, Voter,
    import::{ImportCommand, voter_of_row},
    voter::{Status, VoterCommand, VoterRejection},
};
use photovote_events::{History, Known as KnownCommand, Stream};
use photovote_events_append::ExecuteError;
use photovote_registration::RegistrationError;

use crate::{
    AT_ONCE, Importer, Trouble,
    registering::{id_of, secret},
    stream::Known,
};

/// What came of a row's voter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The import's undoing removed them.
    Removed,
    /// There is none, or an administrator has removed them, or they have cast.
    Stays,
    /// No voter goes any more.
    Closed,
}

impl Importer {
    /// Removes the voters of the rows that come next, notes how far the undoing is, and asks for the next ones.
    pub(crate) async fn remove_some(&self, election: &History<Election>, known: Known) -> Result<(), Trouble> {
        let (id, import, rows) = (known.election, known.import, known.state().counts.rows);
        let progress = self.control.reader().import(id, import).await?.progress;
        let from = progress.undo_next;
        if from == 0 {
            // Another importer may still be registering. Whom it registers before this, is removed below.
            self.control.undo_at_gates(id, election.state().shards, import).await?;
        }
        let to = from.saturating_add(self.rows).min(rows).max(from);
        let (removed, is_closed) = self.remove_rows(election, &known, (from, to)).await?;
        if is_closed {
            return self.undone(known, progress.removed + removed).await;
        }
        let by = self.events.environment().random_id();
        let Some(progress) = self.control.advance_undo(id, import, by, (from, to), removed).await? else {
            // Another importer is at the same rows, and goes on.
            return Ok(());
        };
        if to < rows {
            return self.ask(id, import).await;
        }
        self.undone(known, progress.removed).await
    }

    /// Removes the voters of the rows from one to another, which is not among them. Answers how many are removed, and whether no voter
    /// goes any more.
    async fn remove_rows(
        &self,
        election: &History<Election>,
        known: &Known,
        (from, to): (u32, u32),
    ) -> Result<(u32, bool), Trouble> {
        let (mut removed, mut is_closed, mut trouble) = (0, false, None);
        let work = (from..to).map(|row| self.remove_row(election, known, row));
        let mut work = pin!(stream::iter(work.collect::<Vec<_>>()).buffer_unordered(AT_ONCE));
        while let Some(outcome) = work.next().await {
            match outcome {
                Ok(Outcome::Removed) => removed += 1,
                Ok(Outcome::Stays) => {}
                Ok(Outcome::Closed) => is_closed = true,
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        trouble.map_or(Ok((removed, is_closed)), Err)
    }

    async fn undone(&self, known: Known, removed: u32) -> Result<(), Trouble> {
        let (id, import) = (known.election, known.import);
        self.write_down(known, ImportCommand::FinishUndo { removed }).await?;
        self.clear(id, import).await
    }

    /// Removes the voter of a row, if the import has registered one who is still there.
    async fn remove_row(&self, election: &History<Election>, known: &Known, row: u32) -> Result<Outcome, Trouble> {
        let secret = secret(election);
        let voter = voter_of_row(&secret, known.import, row);
        let stream = Stream::voter(known.election, election.state().shards, voter);
        let history: History<Voter> = self.events.reader().load(stream).await?;
        let record =
            self.record(VoterCommand::Remove.name(), known.actor()?, id_of(&secret, known.import, row, "remove"));
        match history.state().status {
            Status::Absent => return Ok(Outcome::Stays),
            Status::Removed => {
                let is_ours = history.known(&record) != KnownCommand::No;
                return Ok(if is_ours { Outcome::Removed } else { Outcome::Stays });
            }
            Status::Registered => {}
        }
        match self.registrar.remove(election, &history, &record, |_| true).await {
            Ok(_done) => Ok(Outcome::Removed),
            Err(RegistrationError::Execute(ExecuteError::Rejected(rejection))) => Ok(match rejection {
                VoterRejection::RegistrationClosed(_) | VoterRejection::ElectionDeleted => Outcome::Closed,
                _ => Outcome::Stays,
            }),
            Err(error) => Err(error.into()),
        }
    }
}
