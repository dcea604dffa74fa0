//! Registering the voters of some rows.

use std::pin::pin;

use futures::{StreamExt, stream};
use photovote_domain::{
    BallotId, Digest, Election, Hasher, ImportId, Problem, VoterId,
    import::{ImportCommand, voter_of_row},
    voter::{VoterCommand, VoterRejection},
};
use photovote_events::{Actor, CommandRecord, History};
use photovote_events_append::ExecuteError;
use photovote_registration::{NewVoter, RegistrationError};
use photovote_voter_lists::Entry;

use crate::{
    AT_ONCE, Importer, Trouble, problem,
    reading::{Kept, NoList},
    stream::Known,
};

/// What came of a row.
enum Outcome {
    /// Its voter is registered.
    Imported,
    /// Another voter has its address.
    Already,
    /// No voter comes any more.
    Closed,
}

/// What came of some rows.
#[derive(Default)]
struct Came {
    imported: u32,
    already: u32,
    is_closed: bool,
}

impl Importer {
    /// Registers the voters of the rows that come next, notes how far the import is, and asks for the next ones.
    pub(crate) async fn register_some(&self, election: &History<Election>, known: Known) -> Result<(), Trouble> {
        let (id, import) = (known.election, known.import);
        let noted = self.control.reader().import(id, import).await?;
        let confirmed = noted.findings.map(|findings| findings.sha256);
        let kept = match self.list(id, import, known.state().columns, confirmed).await? {
            Ok(kept) => kept,
            Err(NoList::Gone) => {
                let gone =
                    problem("file_lost", "The file is gone. Import it again: voters who are registered stay so.");
                return self.finish(known, (noted.progress.imported, noted.progress.already), Some(gone)).await;
            }
            Err(NoList::Unreadable(unreadable)) => {
                let unreadable = problem(unreadable.code(), &unreadable.to_string());
                return self.finish(known, (noted.progress.imported, noted.progress.already), Some(unreadable)).await;
            }
        };
        // If it is not known which file was confirmed, another importer has ended the import. Then nothing more is written down.
        if confirmed != Some(kept.sha256) {
            let other = problem("file_changed", "Another file was uploaded after the confirmation. Import it again.");
            return self.finish(known, (noted.progress.imported, noted.progress.already), Some(other)).await;
        }
        let from = noted.progress.next;
        let rows = u32::try_from(kept.list.rows.len()).unwrap_or(u32::MAX);
        let to = from.saturating_add(self.rows).min(rows).max(from);
        let came = self.register_rows(election, &known, &kept, (from, to)).await?;
        if came.is_closed {
            let counts = (noted.progress.imported + came.imported, noted.progress.already + came.already);
            let closed =
                problem("registration_closed", "The election let no more voters in before the import was done.");
            return self.finish(known, counts, Some(closed)).await;
        }
        let by = self.events.environment().random_id();
        let counts = (came.imported, came.already);
        let Some(progress) = self.control.advance_import(id, import, by, (from, to), counts).await? else {
            // Another importer is at the same rows, and goes on.
            return Ok(());
        };
        metrics::counter!("VotersImported").increment(came.imported.into());
        if to < rows {
            return self.ask(id, import).await;
        }
        self.finish(known, (progress.imported, progress.already), None).await
    }

    /// Writes down how an import ended, and deletes its list.
    async fn finish(
        &self,
        known: Known,
        (imported, already): (u32, u32),
        problem: Option<Problem>,
    ) -> Result<(), Trouble> {
        let (id, import) = (known.election, known.import);
        self.write_down(known, ImportCommand::Finish { imported, already, problem }).await?;
        self.clear(id, import).await
    }

    /// Registers the voters of the rows from one to another, which is not among them.
    async fn register_rows(
        &self,
        election: &History<Election>,
        known: &Known,
        kept: &Kept,
        (from, to): (u32, u32),
    ) -> Result<Came, Trouble> {
        let rows = (from..to).filter_map(|row| {
            let index = usize::try_from(row).ok()?;
            Some((row, kept.list.rows.get(index)?.entry.as_ref().ok()?))
        });
        let rows: Vec<_> = rows.map(|(row, entry)| (row, entry, entry.email.key())).collect();
        let addresses: Vec<_> = rows.iter().map(|(_, _, address)| *address).collect();
        let guards = self.control.reader().guards(known.election, election.state().shards, &addresses).await?;
        let work = rows
            .into_iter()
            .map(|(row, entry, address)| self.register_row(election, known, row, entry, guards.get(&address).copied()));
        let mut came = Came::default();
        let mut trouble = None;
        let mut work = pin!(stream::iter(work.collect::<Vec<_>>()).buffer_unordered(AT_ONCE));
        while let Some(outcome) = work.next().await {
            match outcome {
                Ok(Outcome::Imported) => came.imported += 1,
                Ok(Outcome::Already) => came.already += 1,
                Ok(Outcome::Closed) => came.is_closed = true,
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        // What is registered is found again by its id.
        trouble.map_or(Ok(came), Err)
    }

    /// Registers the voter of a row, unless somebody has the address.
    async fn register_row(
        &self,
        election: &History<Election>,
        known: &Known,
        row: u32,
        entry: &Entry,
        holder: Option<VoterId>,
    ) -> Result<Outcome, Trouble> {
        let environment = self.events.environment();
        let secret = secret(election);
        let voter = voter_of_row(&secret, known.import, row);
        match holder {
            Some(holder) if holder == voter => return Ok(Outcome::Imported),
            Some(_other) => return Ok(Outcome::Already),
            None => {}
        }
        let Entry { name, email } = entry.clone();
        // Nobody but the voter is to see a link, and a ballot whose link is handed out gets one when an administrator asks for it.
        let ballot = BallotId::from_bits(environment.random_id());
        let new = NewVoter { id: voter, name, email, ballot, token: None, import: Some(known.import) };
        let record = self.record(VoterCommand::REGISTER, known.actor()?, id_of(&secret, known.import, row, "register"));
        match self.registrar.register(election, new, &record).await {
            Ok(_done) => Ok(Outcome::Imported),
            Err(RegistrationError::Execute(ExecuteError::Rejected(VoterRejection::EmailTaken))) => Ok(Outcome::Already),
            Err(RegistrationError::Execute(ExecuteError::Rejected(
                VoterRejection::RegistrationClosed(_) | VoterRejection::ElectionDeleted,
            ))) => Ok(Outcome::Closed),
            Err(error) => Err(error.into()),
        }
    }

    /// A command of an import on a voter.
    pub(crate) fn record(&self, name: &'static str, actor: Actor, id: Digest) -> CommandRecord {
        CommandRecord::new(name, actor, id, self.events.environment().now())
    }
}

/// The secret that ids of voters are derived from. An election that was created has one.
pub(crate) fn secret(election: &History<Election>) -> Digest {
    election.secret().unwrap_or_else(|| Digest::of(&[]))
}

/// The id of what an import does to the voter of a row: the same, however often it is tried.
pub(crate) fn id_of(secret: &Digest, import: ImportId, row: u32, what: &str) -> Digest {
    Hasher::new("photovote/imported-command")
        .part(secret.as_bytes())
        .part(import.to_string().as_bytes())
        .part(&row.to_be_bytes())
        .part(what.as_bytes())
        .finish()
}
