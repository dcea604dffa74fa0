//! A backup as it is read: stream by stream, each of them checked.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use photovote_domain::{
    Aggregate, Ballot, Digest, Election, ElectionId, Import, Mailing, Photograph, ShardCount, Voter,
    election::ElectionEvent,
};
use photovote_events::{Commit, DecodeError, Stream, verify};
use photovote_keys::objects::rendition_key;

use super::{Amount, BackupError, line::Entry};

/// What a file holds that is sound: complete, each stream whole and in its place, each event one that this release can read.
///
/// It is read again stream by stream. A stream that is not the same then is refused, so that nothing is written that was not
/// checked.
#[derive(Debug)]
pub(super) struct Backup {
    path: PathBuf,
    pub(super) amount: Amount,
    /// Over how many shards each election is spread.
    pub(super) elections: BTreeMap<ElectionId, ShardCount>,
    /// The keys of the renditions that show the photographs of elections that were not deleted.
    pub(super) renditions: Vec<String>,
    /// How many commits each stream has, and the hash of its last one, which covers all of them.
    streams: HashMap<Stream, (usize, Digest)>,
}

impl Backup {
    /// Reads the whole file.
    pub(super) fn check(path: &Path) -> Result<Self, BackupError> {
        let mut backup = Self {
            path: path.to_owned(),
            amount: Amount::default(),
            elections: BTreeMap::new(),
            renditions: Vec::new(),
            streams: HashMap::new(),
        };
        let mut streams = Streams::of(path)?;
        let (mut shown, mut deleted) = (Vec::new(), HashSet::new());
        while let Some(commits) = streams.stream()? {
            let Some(stream) = commits.first().map(|first| first.stream) else { continue };
            let said = decode(&commits).map_err(|error| BackupError::Decode { stream: Box::new(stream), error })?;
            if let Some(shards) = said.shards {
                backup.elections.insert(stream.election(), shards);
            }
            if said.is_deleted {
                deleted.insert(stream.election());
            }
            shown.extend(said.renditions.into_iter().map(|key| (stream.election(), key)));
            if backup.streams.insert(stream, summary(&commits)).is_some() {
                let (path, number) = (backup.path, streams.number);
                return Err(BackupError::Twice { path, stream: Box::new(stream), number });
            }
            backup.amount.streams += 1;
            backup.amount.commits += commits.len() as u64;
        }
        let kept = shown.into_iter().filter(|(election, _)| !deleted.contains(election));
        backup.renditions = kept.map(|(_, key)| key).collect();
        match backup.streams.keys().find(|stream| !backup.is_in_place(stream)) {
            None => Ok(backup),
            Some(stream) => Err(BackupError::Misplaced { stream: Box::new(*stream), path: backup.path }),
        }
    }

    fn is_in_place(&self, stream: &Stream) -> bool {
        self.elections.get(&stream.election()).is_some_and(|shards| {
            *stream
                == match *stream {
                    Stream::Election(_) | Stream::Photograph(..) | Stream::Import(..) | Stream::Mailing(..) => *stream,
                    Stream::Voter(election, _, voter) => Stream::voter(election, *shards, voter),
                    Stream::Ballot(election, _, ballot) => Stream::ballot(election, *shards, ballot),
                }
        })
    }

    /// The streams once more, as they were checked.
    pub(super) fn streams(&self) -> Result<impl Iterator<Item = Result<Vec<Commit>, BackupError>>, BackupError> {
        let same = |commits: Vec<Commit>| {
            let checked = commits.first().and_then(|first| self.streams.get(&first.stream));
            let changed = || BackupError::Changed { path: self.path.clone() };
            if checked == Some(&summary(&commits)) { Ok(commits) } else { Err(changed()) }
        };
        Ok(Streams::of(&self.path)?.map(move |commits| commits.and_then(same)))
    }
}

fn summary(commits: &[Commit]) -> (usize, Digest) {
    (commits.len(), commits.last().map_or(Digest::of(&[]), |last| last.hash))
}

/// What the events of a stream say that a backup has to know.
#[derive(Default)]
struct Said {
    /// Over how many shards the election is spread.
    shards: Option<ShardCount>,
    /// Was the election deleted?
    is_deleted: bool,
    /// The keys of the renditions that show the photograph.
    renditions: Vec<String>,
}

/// Can every event be read?
fn decode(commits: &[Commit]) -> Result<Said, DecodeError> {
    let mut said = Said::default();
    let mut photograph = Photograph::default();
    for commit in commits {
        match commit.stream {
            Stream::Election(_) => {
                for event in commit.decode::<Election>()? {
                    match event {
                        ElectionEvent::ElectionCreated { shards, .. } => said.shards = said.shards.or(Some(shards)),
                        ElectionEvent::ElectionDeleted {} => said.is_deleted = true,
                        _ => {}
                    }
                }
            }
            Stream::Voter(..) => drop(commit.decode::<Voter>()?),
            Stream::Ballot(..) => drop(commit.decode::<Ballot>()?),
            Stream::Import(..) => drop(commit.decode::<Import>()?),
            Stream::Mailing(..) => drop(commit.decode::<Mailing>()?),
            Stream::Photograph(election, id) => {
                photograph = commit.decode::<Photograph>()?.iter().fold(photograph, Photograph::evolve);
                let files = photograph.usable().map(|pixels| pixels.renditions.as_slice()).unwrap_or_default();
                said.renditions = files.iter().map(|file| rendition_key(election, id, file)).collect();
            }
        }
    }
    Ok(said)
}

/// Is a stream whole, and each commit what was hashed?
pub(super) fn check(commits: &[Commit]) -> Result<(), BackupError> {
    let broken = |error| commits.first().map(|first| BackupError::Chain { stream: first.stream, error });
    verify(commits).map_err(broken).or_else(|error| error.map_or(Ok(()), Err))
}

/// The streams of a file, one after the other, each checked.
pub(super) struct Streams {
    path: PathBuf,
    lines: io::Lines<BufReader<File>>,
    number: u64,
    commits: u64,
    /// The first commit of the stream that comes next.
    next: Option<Commit>,
    ended: bool,
}

impl Streams {
    pub(super) fn of(path: &Path) -> Result<Self, BackupError> {
        let file = File::open(path).map_err(|source| BackupError::File { path: path.to_owned(), source })?;
        let lines = BufReader::new(file).lines();
        Ok(Self { path: path.to_owned(), lines, number: 0, commits: 0, next: None, ended: false })
    }

    /// The next commit; nothing after the last line, which must be the last.
    fn commit(&mut self) -> Result<Option<Commit>, BackupError> {
        if let Some(commit) = self.next.take() {
            return Ok(Some(commit));
        }
        let not_whole = |path: &Path, found| BackupError::NotWhole { path: path.to_owned(), found };
        loop {
            let Some(line) = self.lines.next() else {
                return if self.ended { Ok(None) } else { Err(not_whole(&self.path, self.commits)) };
            };
            let line = line.map_err(|source| BackupError::File { path: self.path.clone(), source })?;
            self.number += 1;
            if self.ended {
                return Err(not_whole(&self.path, self.commits));
            }
            let damaged = |error| BackupError::Line { path: self.path.clone(), number: self.number, error };
            match line.parse::<Entry>().and_then(Entry::into_commit).map_err(damaged)? {
                Ok(commit) => {
                    self.commits += 1;
                    return Ok(Some(commit));
                }
                Err(said) if said == self.commits => self.ended = true,
                Err(_other) => return Err(not_whole(&self.path, self.commits)),
            }
        }
    }

    fn stream(&mut self) -> Result<Option<Vec<Commit>>, BackupError> {
        let Some(first) = self.commit()? else { return Ok(None) };
        let mut commits = vec![first];
        while let Some(commit) = self.commit()? {
            if commit.stream != commits[0].stream {
                self.next = Some(commit);
                break;
            }
            commits.push(commit);
        }
        check(&commits)?;
        Ok(Some(commits))
    }
}

impl Iterator for Streams {
    type Item = Result<Vec<Commit>, BackupError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.stream().transpose()
    }
}
