//! The audit trail: what was done to an election, by whom, when, and why, in a form whose completeness anybody can check.
//!
//! How a voter rated stays their secret: of a ballot, the trail has salted digests only.

mod entry;
mod place;

use axum::{Json, extract::State, response::IntoResponse};
use photovote_domain::{
    Election, ElectionId,
    election::{Role, Status},
};
use photovote_event_store::{EventReader, History, Stream};
use photovote_http::{
    Administrator, Answer, Items, Page, PageParameters, Parameters, Problem, QueryProblems, Segments,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use entry::AuditEntry;
use place::Place;

/// The most bytes of entries in one answer. AWS Lambda passes on 6 MB; one entry alone takes at most a megabyte.
const LARGEST_PAGE: usize = 4_000_000;

/// The function: the table it reads.
#[derive(Debug, Clone)]
pub struct App {
    reader: EventReader,
}

impl App {
    /// Reads this table.
    pub const fn new(reader: EventReader) -> Self {
        Self { reader }
    }
}

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(audit))
}

/// Lists everything that was done to an election: its own commits, then those to its voters and, once it is closed, to its
/// ballots. A page may have fewer entries than `limit`; the last one is that without a `next_cursor`.
#[utoipa::path(
    get, path = "/elections/{election}/audit", tag = "elections", operation_id = "list_audit", security(("administrator" = [])),
    params(("election" = String, Path, description = "The election's id"), PageParameters),
    responses((status = OK, body = Items<AuditEntry>, description = "A page of the audit trail"), QueryProblems)
)]
async fn audit(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id: ElectionId = path.id("election")?;
    let election: History<Election> = app.reader.load(Stream::Election(id)).await?;
    let admitted = election.state.administrators.admit(&caller.subject, Role::Observer);
    admitted.map_err(|refused| Problem::refused(&refused))?;
    let list = format!("audit/{id}");
    let page = query.page(&list)?;
    // To watch ballots change would tell who votes when. A list that began without them goes on without them.
    let closed = election.state.status >= Status::Closed;
    let start = match &page.after {
        Some(text) => Place::parse(id, text).ok_or_else(|| {
            Problem::malformed("malformed_cursor", "this is no cursor of this list").with_field("cursor")
        })?,
        None => Place::beginning(closed),
    };
    let start = Place { ballots: start.ballots && closed, ..start };
    let (entries, end) = app.entries(&election, start, &page).await?;
    let end = end.map(|end| end.to_string());
    Ok(Json(Items::new(&list, entries, end.as_deref())).into_response())
}

impl App {
    /// The entries after a place, and where they end if there may be more.
    async fn entries(
        &self,
        election: &History<Election>,
        start: Place,
        page: &Page,
    ) -> Answer<(Vec<AuditEntry>, Option<Place>)> {
        let id = election.stream.election();
        let shards = election.state.shards.shards().map(Some);
        let first = start.shard;
        let partitions = std::iter::once(None).chain(shards).skip_while(|shard| *shard < first);

        let (mut entries, mut bytes, mut end) = (Vec::new(), 0, start);
        for shard in partitions {
            loop {
                let room = page.limit - u16::try_from(entries.len()).unwrap_or(page.limit);
                if room == 0 {
                    return Ok((entries, Some(end)));
                }
                let found = self.reader.partition(id, shard, end.before(shard), room).await?;
                for commit in found.commits {
                    let entry = AuditEntry::of(&commit)?;
                    bytes += entry.bytes();
                    if bytes > LARGEST_PAGE && !entries.is_empty() {
                        return Ok((entries, Some(end)));
                    }
                    entries.push(entry);
                    end = Place { shard, sort_key: Some(commit.stream.sort_key(commit.first)), ..end };
                }
                if !found.more {
                    break;
                }
            }
        }
        Ok((entries, None))
    }
}
