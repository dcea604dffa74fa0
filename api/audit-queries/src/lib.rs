//! What administrators read from the events themselves: the audit trail, imports and mailings.
//!
//! The audit trail tells what was done to an election, by whom, when, and why, in a form whose completeness anybody can check.
//!
//! How a voter rated stays their secret: of a ballot, the trail shows how it ended, and nothing of how it came there.

mod entry;
mod imports;
mod mailings;
mod place;

use axum::{Json, extract::State, response::IntoResponse};
use photovote_coordination::ControlReader;
use photovote_domain::{
    Election,
    election::{ElectionRejection, Status},
    import::ImportRejection,
    mailing::MailingRejection,
};
use photovote_edge::{
    Administrator, Answer, Code, Items, PageParameters, Parameters, Problem, Problems, Segments, schema,
};
use photovote_events::{EventReader, History, Partition, Stream};

use entry::AuditEntry;
use place::Place;

/// The most bytes of entries in one answer. AWS Lambda passes on 6 MB; one entry alone takes at most a megabyte.
const LARGEST_PAGE: usize = 4_000_000;

/// The function: the tables it reads.
#[derive(Debug, Clone)]
pub struct App {
    reader: EventReader,
    control: ControlReader,
}

impl App {
    /// Reads these tables.
    pub const fn new(reader: EventReader, control: ControlReader) -> Self {
        Self { reader, control }
    }
}

photovote_edge::routes! {
    App:
    audit => Problems::of_query()
        .codes([Code::MalformedId, Code::MalformedCursor])
        .refusals([ElectionRejection::NotFound]),
    mailings::list => Problems::of_query().codes([Code::MalformedId]).refusals([ElectionRejection::NotFound]),
    mailings::show => Problems::of_query()
        .codes([Code::MalformedId])
        .refusals([ElectionRejection::NotFound])
        .refusals([MailingRejection::NotFound]),
    mailings::bounced => Problems::of_query()
        .codes([Code::MalformedId, Code::MalformedCursor])
        .refusals([ElectionRejection::NotFound]),
    imports::list => Problems::of_query()
        .codes([Code::MalformedId, Code::MalformedCursor])
        .refusals([ElectionRejection::NotFound]),
    imports::show => of_import(),
    imports::rejected => of_import(),
}

/// What a question about an import can be refused for.
fn of_import() -> Problems {
    Problems::of_query()
        .codes([Code::MalformedId])
        .refusals([ElectionRejection::NotFound])
        .refusals([ImportRejection::NotFound])
}

/// Lists what was done to an election.
///
/// Every administrator of the election may call this. The trail has each change to the election and to its voters, with who did it
/// and when, and hashes that prove that nothing is missing. Once the election is closed, it has how each ballot ended, too, and
/// never how somebody rated. A page may have fewer entries than `limit`; the last page has no `next_cursor`.
#[utoipa::path(
    get, path = "/elections/{election}/audit", tag = "elections", operation_id = "list_audit", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), PageParameters),
    responses((status = OK, body = Items<AuditEntry>, description = "A page of the audit trail"))
)]
async fn audit(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let (id, election) = app.election(&caller, &path).await?;
    let list = format!("audit/{id}");
    let page = query.page(&list)?;
    let after = match &page.after {
        Some(text) => Some(Place::parse(id, text).ok_or_else(|| {
            Problem::new(Code::MalformedCursor, "this is no cursor of this list").with_field("cursor")
        })?),
        None => None,
    };
    let mut entries = Entries { list: Vec::new(), bytes: 0, limit: page.limit, end: after };
    // To watch ballots change would tell who votes when.
    let ballots = election.state().status >= Status::Closed;
    let whole =
        app.commits(&election, &mut entries).await? && (!ballots || app.ballots(&election, &mut entries).await?);
    let end = entries.end.filter(|_| !whole).map(|end| end.to_string());
    Ok(Json(Items::new(&list, entries.list, end.as_deref())).into_response())
}

/// The entries of a page, as they are found.
struct Entries {
    list: Vec<AuditEntry>,
    bytes: usize,
    limit: u16,
    /// The last of them, or the last of the page before.
    end: Option<Place>,
}

impl Entries {
    /// How many more may come.
    fn room(&self) -> u16 {
        self.limit - u16::try_from(self.list.len()).unwrap_or(self.limit)
    }

    /// Adds an entry, unless the answer would grow too long.
    fn add(&mut self, entry: AuditEntry, place: Place) -> bool {
        self.bytes += entry.bytes();
        let fits = self.bytes <= LARGEST_PAGE || self.list.is_empty();
        if fits {
            self.list.push(entry);
            self.end = Some(place);
        }
        fits
    }
}

impl App {
    /// Adds the commits to the election and to its voters, partition by partition. Are these all?
    async fn commits(&self, election: &History<Election>, entries: &mut Entries) -> Answer<bool> {
        let first = match &entries.end {
            Some(Place::Ballot(..)) => return Ok(true),
            Some(place) => place.partition(),
            None => Partition::Election,
        };
        for partition in Partition::all(election.state().shards).skip_while(|partition| *partition < first) {
            loop {
                let room = entries.room();
                if room == 0 {
                    return Ok(false);
                }
                let before = Place::before(entries.end.as_ref(), partition);
                let found =
                    self.reader.partition(election.stream().election(), partition, before.as_deref(), room).await?;
                for commit in found.commits {
                    if !entries.add(AuditEntry::of(&commit)?, Place::Commit(commit.stream, commit.first)) {
                        return Ok(false);
                    }
                }
                if !found.more {
                    break;
                }
            }
        }
        Ok(true)
    }

    /// Adds the ballots, shard by shard, each by its last commit. Are these all?
    ///
    /// A ballot is found by one Query of one item, and ballots alone are counted: neither where a page ends nor what it
    /// costs tells how many commits a ballot has.
    async fn ballots(&self, election: &History<Election>, entries: &mut Entries) -> Answer<bool> {
        let id = election.stream().election();
        let (first, mut before) = match entries.end {
            Some(Place::Ballot(shard, ballot)) => (Some(shard), Some(ballot)),
            _ => (None, None),
        };
        for shard in election.state().shards.shards().skip_while(|shard| Some(*shard) < first) {
            loop {
                if entries.room() == 0 {
                    return Ok(false);
                }
                let Some(last) = self.reader.last_commit_of_next_ballot(id, shard, before.take()).await? else { break };
                let Stream::Ballot(_, _, ballot) = last.stream else { break };
                if !entries.add(AuditEntry::of_ballot(&last)?, Place::Ballot(shard, ballot)) {
                    return Ok(false);
                }
                before = Some(ballot);
            }
        }
        Ok(true)
    }
}
