//! Where an election's personal data stand: `photovote personal-data`. It tells places, and no values.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_domain::{
    Aggregate, Election, ElectionId, Import, ImportId, Photograph, PhotographId, Version, Voter,
    election::{ElectionEvent, Person},
    import::{ImportEvent, Status as ImportStatus},
    photograph::PhotographEvent,
};
use photovote_dynamodb::{Item, StorageError};
use photovote_events::{Actor, Commit, CommitError, DecodeError, Form, Snapshot, Stream};
use photovote_keys::{
    coordination::imports_partition,
    objects::{list_key, original_key, rendition_key},
};
use serde::Serialize;
use thiserror::Error;

use crate::{
    host::engine::{CONTROL, DOCUMENTS, EVENTS},
    host::mails::OUTBOX,
    host::objects::{ORIGINALS, RENDITIONS},
    operate::data_copy::{CopyError, DataCopy, Source},
};

/// Whose data stand where they cannot be read: in a snapshot that is damaged, or another program's.
pub const ADMINISTRATORS: &str = "some administrators";

/// Whose address voters reply to.
const ORGANISER: &str = "organiser";

/// Why there is no list.
#[derive(Debug, Error)]
pub enum PersonalDataError {
    /// The data cannot be looked at.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// A table has no answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An item of the events table is no commit.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// An event cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A commit does not say who made it.
    #[error("a commit's private part cannot be read: {0}")]
    Private(#[from] serde_json::Error),
    /// The outbox cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Outbox {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no such election.
    #[error("there is no election {0}")]
    Absent(ElectionId),
}

/// One piece of personal data, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Whose: `voter <id>`, `voter of ballot <id>`, `voters of import <id>`, `author of photograph <id>`, `administrator <subject>`, `organiser`, or [`ADMINISTRATORS`].
    pub of: String,
    /// What: `name`, `email`, `email (hashed)`, `name and email (hashed)`, `subject`, `network address`, `user agent`, `file name`,
    /// `picture`, `picture and what the camera wrote`, `names and emails`, `name and email`.
    pub what: &'static str,
    /// The table, the bucket, or the outbox.
    pub table: &'static str,
    /// The item's partition key, the object's key, or the file's name.
    pub pk: String,
    /// The item's sort key.
    pub sk: String,
    /// The attribute, and the field in it.
    pub field: String,
}

/// All places of an election, in the order of the persons.
pub async fn list(source: &Source, election: ElectionId) -> Result<Vec<Place>, PersonalDataError> {
    let copy = DataCopy::take(source).await?;
    let listed = places(&copy, election).await;
    copy.end().await;
    let mut listed = listed?;
    let outbox = source.data_dir.path().join(OUTBOX);
    let mails =
        mails(&outbox, election, &listed).map_err(|error| PersonalDataError::Outbox { path: outbox, source: error })?;
    listed.extend(mails);
    Ok(listed)
}

/// The mails of an election in an outbox: to these voters, and notices to its organiser. Test mails name nobody.
fn mails(outbox: &Path, election: ElectionId, known: &[Place]) -> io::Result<Vec<Place>> {
    let voters: BTreeSet<&str> = known.iter().filter_map(|place| place.of.strip_prefix("voter ")).collect();
    let files = match fs::read_dir(outbox) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        files => files?,
    };
    let mut places = Vec::new();
    for file in files {
        let name = file?.file_name().to_string_lossy().into_owned();
        if name.starts_with(&format!("notice-{election}-")) {
            let (of, pk) = (ORGANISER.to_owned(), name.clone());
            places.push(Place {
                of,
                what: "email",
                table: OUTBOX,
                pk,
                sk: String::new(),
                field: "the mail".to_owned(),
            });
        }
        if let Some(voter) = name.split('-').nth(1).filter(|voter| voters.contains(voter)) {
            let (of, pk) = (format!("voter {voter}"), name.clone());
            let what = "name and email";
            places.push(Place { of, what, table: OUTBOX, pk, sk: String::new(), field: "the mail".to_owned() });
        }
    }
    places.sort();
    Ok(places)
}

async fn places(copy: &DataCopy, election: ElectionId) -> Result<Vec<Place>, PersonalDataError> {
    let mut places = BTreeSet::new();
    let mut objects = ObjectPlaces::default();
    let mut failed = Ok(());
    let mut there = false;
    copy.scan(EVENTS, |item| {
        if failed.is_err() || !is_of(&item, election) {
            return;
        }
        there = true;
        failed = Commit::from_item(item).map_err(Into::into).and_then(|commit| {
            objects.note(&commit)?;
            of_commit(&commit, &mut places)
        });
    })
    .await?;
    failed?;
    places.extend(objects.places());
    if !there {
        return Err(PersonalDataError::Absent(election));
    }
    let mut kept = BTreeMap::new();
    let partition = format!("{election}#snapshot");
    copy.scan(CONTROL, |item| {
        of_guard(&item, election, &mut places);
        of_counter(&item, &mut places);
        of_import(&item, election, &mut places);
        if text(&item, "pk") == Some(&partition) {
            kept.insert(text(&item, "sk").map(ToOwned::to_owned), item);
        }
    })
    .await?;
    of_snapshot(kept.into_values().collect(), election, &mut places);
    copy.scan(DOCUMENTS, |item| of_document(&item, election, &mut places)).await?;
    Ok(places.into_iter().collect())
}

/// The objects of photographs that are ready, and of imports that go on. Those of others, and of deleted elections, are deleted.
#[derive(Default)]
struct ObjectPlaces {
    imports: BTreeMap<ImportId, (Import, Place)>,
    ready: BTreeMap<PhotographId, Vec<Place>>,
    removed: BTreeSet<PhotographId>,
    is_deleted: bool,
}

impl ObjectPlaces {
    fn note(&mut self, commit: &Commit) -> Result<(), PersonalDataError> {
        match commit.stream {
            Stream::Election(_) => {
                self.is_deleted |= commit.decode::<Election>()?.contains(&ElectionEvent::ElectionDeleted {});
            }
            Stream::Photograph(election, id) => {
                let place = |what, table, pk| {
                    let (of, sk, field) =
                        (format!("author of photograph {id}"), String::new(), "the object".to_owned());
                    Place { of, what, table, pk, sk, field }
                };
                for event in commit.decode::<Photograph>()? {
                    match event {
                        PhotographEvent::PhotographReady { pixels, likeness: _ } => {
                            let original = original_key(election, id);
                            let original = place("picture and what the camera wrote", ORIGINALS, original);
                            let files = pixels.renditions.iter().map(|file| rendition_key(election, id, file));
                            let files = files.map(|key| place("picture", RENDITIONS, key));
                            self.ready.insert(id, [original].into_iter().chain(files).collect());
                        }
                        PhotographEvent::PhotographRemoved {} => drop(self.removed.insert(id)),
                        PhotographEvent::PhotographRequested { .. }
                        | PhotographEvent::PhotographUploaded {}
                        | PhotographEvent::PhotographRefused { .. } => {}
                    }
                }
            }
            Stream::Import(election, id) => {
                let (of, sk, field) = (format!("voters of import {id}"), String::new(), "the object".to_owned());
                let place =
                    Place { of, what: "names and emails", table: ORIGINALS, pk: list_key(election, id), sk, field };
                let (import, _) = self.imports.entry(id).or_insert((Import::default(), place));
                *import = commit.decode::<Import>()?.iter().fold(std::mem::take(import), Import::evolve);
            }
            Stream::Voter(..) | Stream::Ballot(..) | Stream::Mailing(..) => {}
        }
        Ok(())
    }

    fn places(self) -> impl Iterator<Item = Place> {
        let Self { ready, removed, is_deleted, imports } = self;
        let goes_on = |import: &Import| {
            matches!(import.status, ImportStatus::Reading | ImportStatus::Ready | ImportStatus::Importing)
        };
        let lists = imports.into_values().filter(move |(import, _)| !is_deleted && goes_on(import));
        let there = ready.into_iter().filter(move |(id, _)| !is_deleted && !removed.contains(id));
        there.flat_map(|(_, places)| places).chain(lists.map(|(_, place)| place))
    }
}

fn of_commit(commit: &Commit, places: &mut BTreeSet<Place>) -> Result<(), PersonalDataError> {
    let (pk, sk) = (commit.stream.partition(), commit.stream.sort_key(commit.first));
    let mut add = |of: String, what, field: String| {
        places.insert(Place { of, what, table: EVENTS, pk: pk.clone(), sk: sk.clone(), field });
    };
    let provenance = commit.provenance()?;
    let (private, request) = match commit.form() {
        Form::First => ("command.private", "command.private"),
        Form::Second => ("command.parts[0]", "command.parts[1]"),
    };
    if let Actor::Administrator(subject) | Actor::Importer { administrator: subject, import: _ } = &provenance.actor {
        let of = administrator(subject.as_str());
        add(of.clone(), "subject", format!("{private}: actor"));
        let source = provenance.source.unwrap_or_default();
        if source.address.is_some() {
            add(of.clone(), "network address", format!("{private}: source.address"));
        }
        if source.user_agent.is_some() {
            add(of, "user agent", format!("{private}: source.user_agent"));
        }
    }
    match commit.stream {
        Stream::Voter(_, _, voter) => {
            for (number, event) in commit.decode::<Voter>()?.iter().enumerate() {
                let fields = event.personal();
                for what in fields {
                    add(format!("voter {voter}"), what, format!("events[{number}].p: {what}"));
                }
                if fields.is_empty() {
                    continue;
                }
                add(format!("voter {voter}"), "name and email (hashed)", format!("{request}: fingerprint"));
            }
        }
        Stream::Election(_) => {
            for (number, event) in commit.decode::<Election>()?.iter().enumerate() {
                let (field, of, what) = match event.person() {
                    Some((field, Person::Administrator(subject))) => (field, administrator(subject), "subject"),
                    Some((field, Person::Organiser)) => (field, ORGANISER.to_owned(), "email"),
                    None => continue,
                };
                add(of, what, format!("events[{number}].p: {field}"));
            }
        }
        // What a voter rated is nobody's name; which voter it was, only the voter's event says. In its first form, the commit that
        // creates a ballot keeps which request registered the voter.
        Stream::Ballot(_, _, ballot) if commit.form() == Form::First && commit.first == Version::new(1) => {
            add(format!("voter of ballot {ballot}"), "name and email (hashed)", format!("{request}: fingerprint"));
        }
        Stream::Photograph(_, photograph) => {
            for (number, event) in commit.decode::<Photograph>()?.iter().enumerate() {
                if let PhotographEvent::PhotographRequested { bytes: _, name: _ } = event {
                    add(format!("author of photograph {photograph}"), "file name", format!("events[{number}].p: name"));
                }
            }
        }
        Stream::Import(_, import) => {
            for (number, event) in commit.decode::<Import>()?.iter().enumerate() {
                if let ImportEvent::ImportRequested { bytes: _, name: _ } = event {
                    add(format!("voters of import {import}"), "file name", format!("events[{number}].p: name"));
                }
            }
        }
        Stream::Ballot(..) | Stream::Mailing(..) => {}
    }
    Ok(())
}

fn of_guard(item: &Item, election: ElectionId, places: &mut BTreeSet<Place>) {
    if let (true, Some(voter)) = (is_of(item, election), text(item, "voter"))
        && text(item, "sk").is_some_and(|sk| sk.starts_with("email#"))
    {
        places.insert(Place { of: format!("voter {voter}"), what: "email (hashed)", ..at(CONTROL, item, "sk") });
    }
}

/// What is known of an import while it goes on: some of its rows.
fn of_import(item: &Item, election: ElectionId, places: &mut BTreeSet<Place>) {
    let sk = text(item, "sk").unwrap_or_default();
    if text(item, "pk") == Some(&imports_partition(election)) && item.contains_key("found") {
        let of = format!("voters of import {sk}");
        places.insert(Place { of, what: "names and emails", ..at(CONTROL, item, "found") });
    }
}

/// How many elections the one who created this one has created.
fn of_counter(item: &Item, places: &mut BTreeSet<Place>) {
    let (Some("creations"), Some(subject)) = (text(item, "pk"), text(item, "sk")) else { return };
    let of = administrator(subject);
    if places.iter().any(|place| place.of == of && place.field.ends_with("p: owner")) {
        places.insert(Place { of, what: "subject", ..at(CONTROL, item, "sk") });
    }
}

/// Its parts are one text, which is compressed. Who administers the election stands somewhere in it.
fn of_snapshot(items: Vec<Item>, election: ElectionId, places: &mut BTreeSet<Place>) {
    let at: Vec<_> = items.iter().map(|item| at(CONTROL, item, "")).collect();
    let administrators = |of: Vec<String>| of.into_iter().map(|of| (of, "subject", "state: administrators"));
    let of: Vec<_> = match Snapshot::from_items(election, items) {
        Ok(Some(Snapshot { state, .. })) => {
            let contact = state.contact.is_some().then(|| (ORGANISER.to_owned(), "email", "state: contact"));
            let named = state.administrators.iter().map(|(subject, _)| administrator(subject)).collect();
            administrators(named).chain(contact).collect()
        }
        // Whatever it holds, and why ever it cannot be read, it is listed.
        Ok(None) | Err(_) => administrators(vec![ADMINISTRATORS.to_owned()]).collect(),
    };
    for place in at {
        let stands = |(of, what, field): &(String, &'static str, &str)| Place {
            of: of.clone(),
            what,
            field: (*field).to_owned(),
            ..place.clone()
        };
        places.extend(of.iter().map(stands));
    }
}

fn of_document(item: &Item, election: ElectionId, places: &mut BTreeSet<Place>) {
    let (pk, sk) = (text(item, "pk").unwrap_or_default(), text(item, "sk").unwrap_or_default());
    // What stands before the first `#` is the generation.
    let Some((_, rest)) = pk.split_once('#') else { return };
    let id = election.to_string();
    if rest == format!("voters#{id}") {
        for what in ["name", "email"] {
            if text(item, what).is_some_and(|value| !value.is_empty()) {
                places.insert(Place { of: format!("voter {sk}"), what, ..at(DOCUMENTS, item, what) });
            }
        }
    } else if rest == format!("photographs#{id}") {
        if text(item, "name").is_some_and(|name| !name.is_empty()) {
            let of = format!("author of photograph {sk}");
            places.insert(Place { of, what: "file name", ..at(DOCUMENTS, item, "name") });
        }
    } else if let Some(subject) = rest.strip_prefix("owner#").filter(|_| sk == id) {
        places.insert(Place { of: administrator(subject), what: "subject", ..at(DOCUMENTS, item, "pk") });
    } else if rest == id
        && let Some(AttributeValue::M(administrators)) = item.get("administrators")
    {
        for subject in administrators.keys() {
            let place = at(DOCUMENTS, item, "administrators");
            places.insert(Place { of: administrator(subject), what: "subject", ..place });
        }
        if item.contains_key("contact") {
            places.insert(Place { of: ORGANISER.to_owned(), what: "email", ..at(DOCUMENTS, item, "contact") });
        }
    }
}

fn administrator(subject: &str) -> String {
    format!("administrator {subject}")
}

fn at(table: &'static str, item: &Item, field: &str) -> Place {
    let key = |name| text(item, name).unwrap_or_default().to_owned();
    Place { of: String::new(), what: "", table, pk: key("pk"), sk: key("sk"), field: field.to_owned() }
}

/// Does an item stand under the election, or under one of its shards?
fn is_of(item: &Item, election: ElectionId) -> bool {
    let pk = text(item, "pk").unwrap_or_default();
    pk.split('#').next().is_some_and(|first| first == election.to_string())
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
    use super::*;

    #[test]
    fn mails_of_the_elections_voters_are_listed() {
        let home = tempfile::tempdir().unwrap();
        let (election, other) = (ElectionId::from_bits(1), ElectionId::from_bits(2));
        assert!(mails(&home.path().join("nothing"), election, &[]).unwrap().is_empty());
        let notice = |election| format!("notice-{election}-1-missed.eml");
        for name in ["invitation-01A-1.eml", "reminder-01A-01M.eml", "invitation-01B-1.eml", "test-00ff.eml"] {
            fs::write(home.path().join(name), "").unwrap();
        }
        for election in [election, other] {
            fs::write(home.path().join(notice(election)), "").unwrap();
        }
        let place = |of: &str| Place {
            of: of.to_owned(),
            what: "name",
            table: EVENTS,
            pk: String::new(),
            sk: String::new(),
            field: String::new(),
        };
        let found = mails(home.path(), election, &[place("voter 01A"), place("organiser")]).unwrap();
        let names: Vec<_> = found.iter().map(|place| (place.of.as_str(), place.pk.as_str())).collect();
        let notice = notice(election);
        let expected = [
            ("organiser", notice.as_str()),
            ("voter 01A", "invitation-01A-1.eml"),
            ("voter 01A", "reminder-01A-01M.eml"),
        ];
        assert_eq!(names, expected);
    }
}
