//! Who administers an election: appointing administrators, and removing them.

use axum::extract::State;
use photovote_commands::{Intent, Submission};
use photovote_domain::{
    Election, Subject,
    election::{ElectionCommand, ElectionRejection, Role},
};
use photovote_edge::{
    Administrator, Answer, Changed, CommandHeaders, Preconditions, Problem, Segments, invalid_value, schema, value,
};
use photovote_events::{History, Known};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{App, changed, elections::Nothing};

/// What becomes of somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Appointment {
    /// The role: `owner`, `editor` or `observer`.
    #[schema(value_type = schema::Role)]
    role: String,
}

/// Makes somebody an administrator, or changes a role.
///
/// An owner of the election may call this. The last owner keeps the role: appoint another owner first. An election has at most
/// 100 administrators.
#[utoipa::path(
    put, path = "/elections/{election}/administrators/{subject}", tag = "administrators", operation_id = "appoint_administrator", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("subject" = schema::Subject, Path, description = "Who it is: the `sub` of their JWT, percent-encoded. It cannot have a `/`, `\\`, `?` or `#` in it"),
        CommandHeaders,
        Preconditions,
    ),
    request_body = Appointment,
    responses((status = OK, body = Changed, description = "The election is at this version"))
)]
pub(crate) async fn appoint(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.load(path.id("election")?).await?;
    let parse = || {
        let (body, intent): (Appointment, _) = submission.read(&caller)?;
        let command =
            ElectionCommand::AppointAdministrator { subject: subject(&path)?, role: value("role", &body.role)? };
        Ok((intent, command))
    };
    let asked = parse();
    app.admit(&caller, &history, Role::Owner, &asked)?;
    let (intent, command) = asked?;
    app.change(history, &intent, command, None).await.map(changed)
}

/// Removes an administrator.
///
/// An owner of the election may call this, and every administrator may leave. The last owner stays: appoint another owner first.
/// A repeated request with the same `Idempotency-Key` is answered as the first was, also after the caller has left.
#[utoipa::path(
    delete, path = "/elections/{election}/administrators/{subject}", tag = "administrators", operation_id = "remove_administrator", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("subject" = schema::Subject, Path, description = "Who it is: the `sub` of their JWT, percent-encoded"),
        CommandHeaders,
        Preconditions,
    ),
    responses((status = OK, body = Changed, description = "The election is at this version"))
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.load(path.id("election")?).await?;
    let subject = subject(&path);
    let needed = subject.as_ref().map_or(Role::Owner, |subject| Role::to_remove(subject, &caller.subject));
    let missing = subject.as_ref().is_ok_and(|subject| history.state().administrators.role_of(subject).is_none());
    let parse = || {
        let (_, intent): (Nothing, _) = submission.read(&caller)?;
        Ok((intent, ElectionCommand::RemoveAdministrator { subject: subject? }))
    };
    let asked = parse();
    app.admit(&caller, &history, needed, &asked)?;
    // What is wrong with the request is said only of an administrator who is there.
    let not_found = || Problem::refused(&ElectionRejection::AdministratorNotFound);
    let (intent, command) = asked.map_err(|problem| if missing { not_found() } else { problem })?;
    app.change(history, &intent, command, None).await.map(changed)
}

/// The subject in the path. API Gateway decodes a path before it looks for the route and cuts it at what would end it, so
/// some subjects do not arrive there: they are refused everywhere.
fn subject(path: &Segments) -> Answer<Subject> {
    let text = path.text("subject").filter(|text| !text.contains(['/', '\\', '?', '#']));
    let text = text.ok_or_else(|| invalid_value("subject", &r"a path cannot name a subject with / \ ? or # in it"))?;
    value("subject", text)
}

impl App {
    /// Refuses whoever has not this role, unless this very command was carried out before: it may be what took the role from
    /// them, and gets its first answer again.
    fn admit(
        &self,
        caller: &Administrator,
        history: &History<Election>,
        needed: Role,
        asked: &Answer<(Intent, ElectionCommand)>,
    ) -> Answer<()> {
        let Err(refused) = history.state().administrators.admit(&caller.subject, needed) else { return Ok(()) };
        let environment = self.store.environment();
        let record = asked.as_ref().ok().map(|(intent, c)| intent.record(c.name(), &history.stream(), environment));
        match record.map(|record| history.known(&record)) {
            Some(Known::Done(_)) => Ok(()),
            _ => Err(Problem::refused(&refused)),
        }
    }
}
