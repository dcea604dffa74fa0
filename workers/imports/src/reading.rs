//! Reading a list: what it holds, and how many of its rows are new.

use std::sync::Arc;

use photovote_coordination::imports::{Findings, FoundColumn, RejectedRow, RejectedSample, SampleRow, Shown};
use photovote_domain::{
    Digest, Election, ElectionId, ImportId,
    import::{Columns, Counts, Found, ImportCommand, MOST_BYTES, Status},
};
use photovote_events::History;
use photovote_keys::objects::list_key;
use photovote_objects::ObjectError;
use photovote_voter_lists::{Chosen, List, Row, Unreadable, read};

use crate::{Importer, Trouble, problem, stream::Known};

/// How many rows are shown of those that name voters, and of the others.
const SHOWN: usize = 20;
/// How many columns are shown with samples.
const SAMPLED: usize = 100;
/// The longest name of a column or a sheet that is shown, in characters.
const LONGEST: usize = 60;
/// How many refused rows are kept, to be downloaded. An answer of a function has at most 6 MB.
const KEPT: usize = 40_000;

/// A list that was read.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) import: ImportId,
    /// The columns that it was read by.
    columns: Columns,
    pub(crate) sha256: Digest,
    pub(crate) list: Arc<List>,
}

/// Why there is no list.
pub(crate) enum NoList {
    /// The file is gone.
    Gone,
    /// It cannot be used.
    Unreadable(Unreadable),
}

impl Importer {
    /// The list of an import, read by these columns. The file can be replaced as long as its form is good, so a list that was read
    /// before serves only if it is the one that was `confirmed`.
    pub(crate) async fn list(
        &self,
        election: ElectionId,
        import: ImportId,
        chosen: Option<Columns>,
        confirmed: Option<Digest>,
    ) -> Result<Result<Kept, NoList>, Trouble> {
        let mut kept = self.kept.lock().await;
        let is_wanted =
            |kept: &&Kept| kept.import == import && Some(kept.columns) == chosen && Some(kept.sha256) == confirmed;
        if let Some(kept) = kept.as_ref().filter(is_wanted) {
            return Ok(Ok(kept.clone()));
        }
        let bytes = match self.lists.get(&list_key(election, import), MOST_BYTES).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(Err(NoList::Gone)),
            Err(ObjectError::TooLarge { .. }) => return Ok(Err(NoList::Unreadable(Unreadable::TooManyBytes))),
            Err(error) => return Err(error.into()),
        };
        let sha256 = Digest::of(&bytes);
        // It takes up to some seconds of one core. The memory of the list before is free meanwhile.
        *kept = None;
        Ok(match read(&bytes, chosen.map(chosen_of).as_ref()) {
            Ok(list) => {
                let columns = chosen.unwrap_or_else(|| columns_of(&list.chosen));
                Ok(kept.insert(Kept { import, columns, sha256, list: Arc::new(list) }).clone())
            }
            Err(unreadable) => Err(NoList::Unreadable(unreadable)),
        })
    }

    /// Is the file another one than the one that was read?
    pub(crate) async fn is_other_file(&self, known: &Known) -> Result<bool, Trouble> {
        let findings = self.control.reader().import(known.election, known.import).await?.findings;
        match self.lists.get(&list_key(known.election, known.import), MOST_BYTES).await {
            Ok(Some(bytes)) => Ok(findings.is_none_or(|findings| findings.sha256 != Digest::of(&bytes))),
            Ok(None) => Ok(false),
            Err(ObjectError::TooLarge { .. }) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the file of an import, and writes down what it holds.
    pub(crate) async fn read(&self, election: &History<Election>, known: Known) -> Result<(), Trouble> {
        let (id, import) = (known.election, known.import);
        let Kept { columns, sha256, list, .. } = match self.list(id, import, known.state().chosen(), None).await? {
            Ok(kept) => kept,
            Err(NoList::Gone) => {
                return self.refuse(known, problem("file_lost", "The file is gone. Upload it again.")).await;
            }
            Err(NoList::Unreadable(unreadable)) => {
                return self.refuse(known, problem(unreadable.code(), &unreadable.to_string())).await;
            }
        };
        let found = self.found(election, columns, &list).await?;
        self.show(id, import, sha256, columns, &list).await?;
        let known = self.write_down(known, ImportCommand::Accept(found)).await?;
        match known.state() {
            state if state.status == Status::Ready && state.columns == Some(columns) => Ok(()),
            // An administrator chose other columns meanwhile, or another importer was faster.
            _ => self.ask(id, import).await,
        }
    }

    /// Shows what a file holds, if that is lost or outdated.
    pub(crate) async fn show_again(&self, election: &History<Election>, known: Known) -> Result<(), Trouble> {
        let (id, import, columns) = (known.election, known.import, known.state().columns);
        let findings = self.control.reader().import(id, import).await?.findings;
        if findings.is_some_and(|findings| Some(findings.columns) == columns) {
            return Ok(());
        }
        let Ok(Kept { columns, sha256, list, .. }) = self.list(id, import, columns, None).await? else {
            // The same problem is found, and told, when it is read.
            let known = self.write_down(known, ImportCommand::Receive).await?;
            return self.read(election, known).await;
        };
        self.show(id, import, sha256, columns, &list).await
    }

    /// Counts what the rows of a list come to, as it is now.
    async fn found(&self, election: &History<Election>, columns: Columns, list: &List) -> Result<Found, Trouble> {
        let (id, shards) = (election.stream().election(), election.state().shards);
        let entries = list.rows.iter().filter_map(|row| row.entry.as_ref().ok());
        let addresses: Vec<_> = entries.map(|entry| entry.email.key()).collect();
        let guards = self.control.reader().guards(id, shards, &addresses).await?;
        let already = addresses.iter().filter(|address| guards.contains_key(*address)).count();
        let counts = Counts {
            rows: number(list.rows.len()),
            new: number(addresses.len() - already),
            already: number(already),
            rejected: number(list.rows.len() - addresses.len()),
            imported: 0,
        };
        Ok(Found { columns, width: number(list.columns.len()), counts })
    }

    /// Notes what an administrator is shown of a list.
    async fn show(
        &self,
        election: ElectionId,
        import: ImportId,
        sha256: Digest,
        columns: Columns,
        list: &List,
    ) -> Result<(), Trouble> {
        let sample = list.rows.iter().filter_map(|row| {
            let entry = row.entry.as_ref().ok()?;
            Some(SampleRow { row: row.number, name: entry.name.to_string(), email: entry.email.to_string() })
        });
        let refused = |row: &Row| {
            let reason = row.entry.as_ref().err()?;
            Some(RejectedRow { row: row.number, code: reason.code().to_owned(), detail: reason.to_string() })
        };
        let with_cells = |row: &Row| {
            let written = row.written.as_deref()?;
            Some(RejectedSample {
                row: refused(row)?,
                name: shortened(&written.name),
                email: shortened(&written.email),
            })
        };
        let rejected: Vec<_> = list.rows.iter().filter_map(refused).take(KEPT).collect();
        let column = |(index, column): (usize, &photovote_voter_lists::Column)| FoundColumn {
            name: shortened(&column.name),
            samples: if index < SAMPLED { column.samples.clone() } else { Vec::new() },
        };
        let shown = Shown {
            sheets: list.sheets.iter().take(SAMPLED).map(|sheet| shortened(sheet)).collect(),
            columns: list.columns.iter().enumerate().map(column).collect(),
            sample: sample.take(SHOWN).collect(),
            rejected: list.rows.iter().filter_map(with_cells).take(SHOWN).collect(),
        };
        Ok(self.control.note_findings(election, import, &Findings { columns, sha256, shown }, &rejected).await?)
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

fn chosen_of(columns: Columns) -> Chosen {
    let Columns { email, first_name, last_name, name, sheet } = columns;
    let index = |column: Option<u32>| column.map(|column| usize::try_from(column).unwrap_or(usize::MAX));
    Chosen {
        sheet: index(sheet),
        name: index(name),
        first_name: index(first_name),
        last_name: index(last_name),
        email: usize::try_from(email).unwrap_or(usize::MAX),
    }
}

fn columns_of(chosen: &Chosen) -> Columns {
    Columns {
        email: number(chosen.email),
        first_name: chosen.first_name.map(number),
        last_name: chosen.last_name.map(number),
        name: chosen.name.map(number),
        sheet: chosen.sheet.map(number),
    }
}
