//! What is planned for an election, and what prevents it.

use axum::extract::State;
use photovote_domain::{
    Election, ElectionId, Schedule, Version,
    election::{Obstacle, Readiness, Status},
    photograph,
    schedule::{Planned, RULES},
};
use photovote_edge::{Administrator, Answer, Moment, Parameters, Segments, VersionParameter, at_version, schema};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// How many photographs are read at once.
const PAGE: usize = 500;

/// What is planned for an election.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduleAnswer {
    /// When it opens by itself.
    #[schema(required = true)]
    opens_at: Option<PlannedView>,
    /// When it closes by itself.
    #[schema(required = true)]
    closes_at: Option<PlannedView>,
    /// The time zone: `AoE` (anywhere on Earth), or a name of the IANA database. Without one, nothing is planned.
    #[schema(value_type = Option<schema::TimeZone>, required = true)]
    time_zone: Option<String>,
    /// The reminders that come, or came, before the close.
    reminders: Vec<ReminderView>,
    /// The version of the rules for time zones by which the moments were found.
    #[schema(required = true, example = "2026e")]
    rules: Option<String>,
    /// The version of the rules for time zones that is in use now.
    #[schema(example = "2026e")]
    current_rules: &'static str,
    /// What keeps a draft from opening by itself. Of an election that is not a draft, nothing.
    prevented_by: Vec<ObstacleView>,
    /// The election's version.
    #[schema(value_type = schema::Version)]
    version: Version,
}

/// A moment that was planned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlannedView {
    /// The moment. It never changes by itself.
    #[schema(value_type = schema::Moment)]
    at: Moment,
    /// The time as it was written.
    #[schema(value_type = schema::LocalTime)]
    local: String,
    /// What clocks in the zone will show at that moment by the rules that are in use now. Left out if that is what was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::LocalTime>, nullable = false)]
    shown: Option<String>,
}

/// A reminder of those who have not cast.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReminderView {
    /// The moment.
    #[schema(value_type = schema::Moment)]
    at: Moment,
    /// How long before the close that is.
    #[schema(value_type = schema::Period)]
    before: String,
}

/// What keeps an election from opening by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ObstacleView {
    /// A stable name: `no_competition`, `too_few_candidates`, `photographs_processing`, `no_voters`, `links_not_shown`.
    #[schema(example = "photographs_processing")]
    code: &'static str,
    /// How many photographs or voters it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 3)]
    count: Option<u64>,
}

impl From<Obstacle> for ObstacleView {
    fn from(obstacle: Obstacle) -> Self {
        let (code, count) = match obstacle {
            Obstacle::NoCompetition => ("no_competition", None),
            Obstacle::TooFewCandidates => ("too_few_candidates", None),
            Obstacle::PhotographsProcessing { count } => ("photographs_processing", Some(count)),
            Obstacle::NoVoters => ("no_voters", None),
            Obstacle::LinksNotShown { count } => ("links_not_shown", Some(count)),
        };
        Self { code, count }
    }
}

/// Shows what is planned for an election.
///
/// Every administrator of the election may call this. It shows times as they were written and the moments that they were resolved to.
/// Of a draft it also shows what would keep it from opening now. Unless that is gone by the opening time, the election opens as soon as
/// it is, and not any more after its closing time. The organiser's address, `contact`, gets a mail about it a day and an hour before, and
/// if the opening time has passed.
#[utoipa::path(
    get, path = "/elections/{election}/schedule", tag = "elections", operation_id = "show_schedule", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), VersionParameter),
    responses((status = OK, body = ScheduleAnswer, description = "What is planned"))
)]
pub(crate) async fn show(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id = path.id("election")?;
    let document = app.election(&caller, id, app.least(&caller, id, &query).await?).await?;
    let election = document.election;
    let obstacles = if election.status == Status::Draft { app.obstacles(id, &election).await? } else { Vec::new() };
    let planned = |planned: &Option<Planned>, schedule: &Schedule| {
        planned.as_ref().map(|planned| PlannedView {
            at: Moment(planned.at),
            local: planned.local.clone(),
            shown: schedule.shifted(planned).map(|local| local.to_string()),
        })
    };
    let schedule = election.schedule.as_ref();
    let reminders = schedule.map(|schedule| schedule.reminders.clone()).unwrap_or_default();
    let answer = ScheduleAnswer {
        opens_at: schedule.and_then(|schedule| planned(&schedule.opens_at, schedule)),
        closes_at: schedule.and_then(|schedule| planned(&schedule.closes_at, schedule)),
        time_zone: schedule.map(|schedule| schedule.time_zone.clone()),
        reminders: reminders
            .into_iter()
            .map(|reminder| ReminderView { at: Moment(reminder.at), before: reminder.before })
            .collect(),
        rules: schedule.map(|schedule| schedule.rules.clone()),
        current_rules: RULES,
        prevented_by: obstacles.into_iter().map(ObstacleView::from).collect(),
        version: document.version,
    };
    Ok(at_version(document.version, answer))
}

impl App {
    /// What keeps a draft from opening now, as far as the documents tell: they may be a moment behind.
    async fn obstacles(&self, id: ElectionId, election: &Election) -> Answer<Vec<Obstacle>> {
        let gates = self.control.gates(id, election.shards).await?;
        let mut readiness = Readiness::default();
        for gate in gates.values() {
            readiness.registered += gate.registered;
            readiness.unlinked += gate.unlinked;
        }
        let mut after = None;
        while gates.values().any(|gate| gate.photographs > 0) {
            let page = self.documents.photographs(id, after, PAGE).await?;
            let processing = |status| status == photograph::Status::Processing;
            let count = page.items.iter().filter(|document| processing(document.photograph.status)).count();
            readiness.processing += count as u64;
            after = page.items.last().map(|last| last.id).filter(|_| page.more);
            if after.is_none() {
                break;
            }
        }
        Ok(election.obstacles(readiness))
    }
}
