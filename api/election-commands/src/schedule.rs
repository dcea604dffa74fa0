//! Planning when an election opens, reminds its voters and closes.

use axum::extract::State;
use photovote_commands::Submission;
use photovote_domain::{
    Aggregate, Election,
    election::{Context, ElectionCommand, Role, Status},
    schedule::{LocalTime, Period, Plan, ScheduleError, TimeZone, Which},
};
use photovote_edge::{
    Administrator, Answer, Changed, CommandHeaders, Preconditions, Problem, Segments, optional, present, schema, value,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{App, changed};

/// When an election opens, reminds its voters and closes, by the clocks of a place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "opens_at": "2030-05-10T20:30", "closes_at": "2030-05-17T20:30", "time_zone": "Europe/Berlin", "reminders": ["P2D", "PT3H"],
}))]
pub(crate) struct NewSchedule {
    /// When it opens by itself. Without it, somebody opens it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::LocalTime>, nullable = false)]
    opens_at: Option<String>,
    /// When it closes by itself. Without it, somebody closes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::LocalTime>, nullable = false)]
    closes_at: Option<String>,
    /// The time zone.
    #[schema(value_type = schema::TimeZone)]
    time_zone: String,
    /// How long before the close those are reminded by mail who have not cast: at most ten periods.
    #[serde(default)]
    #[schema(value_type = Vec<schema::Period>, max_items = 10)]
    reminders: Vec<String>,
}

impl NewSchedule {
    fn parse(&self) -> Answer<Plan> {
        let time = |which: Which, text: &Option<String>| optional::<LocalTime>(which.field(), text.as_deref());
        let reminders = self.reminders.iter().map(|period| value::<Period>("reminders", period));
        Ok(Plan {
            time_zone: value::<TimeZone>("time_zone", &self.time_zone)?,
            opens_at: time(Which::Opening, &self.opens_at)?,
            closes_at: time(Which::Close, &self.closes_at)?,
            reminders: reminders.collect::<Answer<_>>()?,
        })
    }
}

/// Plans when an election opens, reminds its voters and closes.
///
/// An editor of the election may call this. The body replaces what was planned; without a date, nothing is planned any more. Times are
/// those that clocks in the zone show. A time that no clock shows, because clocks are put forward, is refused. One that they show twice
/// needs an offset. The moments that the times are resolved to stay, also if a government changes its clocks later:
/// `GET /elections/{election}/schedule` shows both, and what prevents the opening. Once the election is open, the close can only be moved
/// to a later time, and reminders can be added that are still to come. Reminders are for elections that invite their voters.
#[utoipa::path(
    put, path = "/elections/{election}/schedule", tag = "elections", operation_id = "schedule_election", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders, Preconditions), request_body = NewSchedule,
    responses((status = OK, body = Changed, description = "It is planned"))
)]
pub(crate) async fn plan(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let id = path.id("election")?;
    let history = app.election(&caller, id, Role::Editor).await?;
    let (body, intent): (NewSchedule, _) = submission.read(&caller)?;
    let schedule = body.parse()?.resolve().map_err(|error| Problem::refused(&error))?;
    app.control.reader().gates(id, history.state().shards).await?;
    let environment = app.store.environment();
    let command = ElectionCommand::Schedule(schedule);
    let record = intent.record(command.name(), &history.stream(), environment);
    let by = record.private.actor.administrator();
    let decide = |election: &Election| election.decide(command.clone(), &Context { now: environment.now(), by });
    // From now on the clock looks at it.
    let schedule = |_: &_| Ok(vec![app.control.schedule(id)?]);
    let done = app.store.execute_with(history, &record, |seen| intent.expects(seen.version), decide, schedule).await?;
    let election = done.history.state();
    if let (Status::Open, Some(closes_at)) = (election.status, election.closes_at) {
        app.control.extend_gates(id, election.shards, closes_at).await?;
    }
    Ok(changed(done.version))
}

/// Why times of a plan are no moments: one error for each code.
pub(crate) fn unresolvable() -> [ScheduleError; 3] {
    let (which, zone, time) = (Which::Opening, String::new(), String::new());
    [
        ScheduleError::Skipped { which, zone: zone.clone(), earlier: time.clone(), later: time.clone() },
        ScheduleError::Repeated { which, zone: zone.clone(), first: time.clone(), second: time.clone() },
        ScheduleError::Offset { which, zone, right: time },
    ]
}
