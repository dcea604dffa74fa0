//! Every command that an election knows: one of each kind, its answer at every status, and a random one.

use std::{collections::HashSet, fmt::Debug, str::FromStr};

use photovote_domain::{
    Digest, Election, Email, Image, Language, Links, Refusal, Scale, Subject, Timestamp,
    election::{ElectionChange, ElectionCommand, ElectionEvent, NewInvitation, Role, Status},
    schedule::{Planned, RULES, Schedule},
};
use proptest::prelude::*;

use crate::{
    given::given,
    photos::{
        NOW, STATUSES, at, candidate, competition, context, create, history, opened_until, results_digest, scale, text,
    },
};

fn invitation() -> NewInvitation {
    NewInvitation { subject: Some(text("Your vote")), text: Some(text("It is our tenth contest.")) }
}

/// One command of each kind, such that only the status stands in its way.
fn commands() -> Vec<ElectionCommand> {
    use ElectionCommand as C;
    let competition = competition(1);
    let name = || Some(text("Another name"));
    vec![
        create(),
        C::Change(ElectionChange { name: name(), ..ElectionChange::default() }),
        C::Change(ElectionChange { description: Some(Some(text("1 is best"))), ..ElectionChange::default() }),
        C::Change(ElectionChange { scale: Some(scale(0, 10)), ..ElectionChange::default() }),
        C::Change(ElectionChange { links: Some(Links::Invite), ..ElectionChange::default() }),
        C::Change(ElectionChange { language: Some(Language::De), ..ElectionChange::default() }),
        C::Change(ElectionChange { contact: Some(Some(text("club@example.org"))), ..ElectionChange::default() }),
        C::Change(ElectionChange { invitation: Some(invitation()), ..ElectionChange::default() }),
        C::Schedule(Some(plan())),
        C::Open { closes_at: None },
        C::OpenIfDue,
        C::Extend { closes_at: at(3_000) },
        C::Close,
        C::CloseIfDue,
        C::FinishClosing { casts: 3, registered: 4 },
        C::RecordResults { digest: results_digest() },
        C::Release,
        C::Delete,
        C::AddCompetition { competition: self::competition(2), name: text("Towns"), description: None },
        C::ChangeCompetition { competition, name: name(), description: None },
        C::RemoveCompetition { competition },
        C::AddCandidate { competition, candidate: candidate(3), name: text("Sun"), description: None, image: None },
        C::ChangeCandidate { competition, candidate: candidate(1), name: name(), description: None, image: None },
        C::RemoveCandidate { competition, candidate: candidate(1) },
        C::DisqualifyCandidate { competition, candidate: candidate(1), reason: text("a painting") },
        C::AppointAdministrator { subject: text("bea"), role: Role::Editor },
        C::RemoveAdministrator { subject: text("eve") },
    ]
}

/// A plan to close at 3,000.
fn plan() -> Schedule {
    let closes_at = Some(Planned { at: at(3_000), local: "1970-01-01T00:00:03".into() });
    let (rules, time_zone) = (RULES.to_owned(), "UTC".to_owned());
    Schedule { closes_at, opens_at: None, reminders: Vec::new(), rules, time_zone }
}

/// The answer to it while an election is absent, a draft, open, closing, closed, released, deleted: one event, none, or a
/// refusal's code.
fn answers(command: &ElectionCommand) -> [&'static str; 7] {
    use ElectionCommand as C;
    const ABSENT: &str = "election_not_found";
    const NOT_DRAFT: &str = "election_not_draft";
    const NOT_OPEN: &str = "election_not_open";
    const NOT_CLOSED: &str = "election_not_closed";
    const STATUS: &str = "election_status";
    const TAKEN: &str = "id_taken";
    const GONE: &str = "election_deleted";
    match command {
        C::Create(_) => ["event", TAKEN, TAKEN, TAKEN, TAKEN, TAKEN, TAKEN],
        C::Schedule(_) => [ABSENT, "event", "events", STATUS, STATUS, STATUS, GONE],
        C::OpenIfDue => [ABSENT, "election_not_due_to_open", NOT_DRAFT, NOT_DRAFT, NOT_DRAFT, NOT_DRAFT, GONE],
        C::Open { .. }
        | C::Change(_)
        | C::AddCompetition { .. }
        | C::ChangeCompetition { .. }
        | C::RemoveCompetition { .. }
        | C::AddCandidate { .. }
        | C::ChangeCandidate { .. }
        | C::RemoveCandidate { .. } => [ABSENT, "event", NOT_DRAFT, NOT_DRAFT, NOT_DRAFT, NOT_DRAFT, GONE],
        C::Extend { .. } => [ABSENT, NOT_OPEN, "event", NOT_OPEN, NOT_OPEN, NOT_OPEN, GONE],
        C::Close | C::CloseIfDue => [ABSENT, NOT_OPEN, "event", "none", NOT_OPEN, NOT_OPEN, GONE],
        C::FinishClosing { .. } => [ABSENT, STATUS, STATUS, "event", STATUS, STATUS, GONE],
        C::RecordResults { .. } => [ABSENT, NOT_CLOSED, NOT_CLOSED, NOT_CLOSED, "none", "none", GONE],
        C::Release => [ABSENT, NOT_CLOSED, NOT_CLOSED, NOT_CLOSED, "event", NOT_CLOSED, GONE],
        C::Delete => [ABSENT, "event", STATUS, STATUS, "event", "event", GONE],
        C::DisqualifyCandidate { .. } => [ABSENT, STATUS, "event", STATUS, "event", STATUS, GONE],
        C::AppointAdministrator { .. } | C::RemoveAdministrator { .. } => {
            [ABSENT, "event", "event", "event", "event", "event", GONE]
        }
    }
}

/// The command's answer, in the same words. The election closes at 2,000; the time is then, where that is what is asked.
fn answer(command: &ElectionCommand, status: Status) -> &'static str {
    let eve = ElectionEvent::AdministratorAdded { role: Role::Editor, subject: "eve".into() };
    let events = history(status).into_iter().flat_map(|event| match event {
        ElectionEvent::ElectionCreated { .. } => vec![event, eve.clone()],
        ElectionEvent::ElectionOpened { .. } => vec![opened_until(Some(at(2_000)))],
        other => vec![other],
    });
    let now = if *command == ElectionCommand::CloseIfDue { at(2_000) } else { NOW };
    match given::<Election>(events).when(command.clone(), &context(now)).get() {
        Ok(events) if events.is_empty() => "none",
        Ok(events) if events.len() == 1 => "event",
        Ok(_) => "events",
        Err(rejection) => rejection.code(),
    }
}

#[test]
fn every_command_has_its_answer_at_every_status() {
    for command in commands() {
        let found = STATUSES.map(|status| answer(&command, status));
        assert_eq!(found, answers(&command), "{command:?}");
    }
}

#[test]
fn a_command_is_filed_under_a_name_of_its_own() {
    let names: HashSet<_> = commands().iter().map(ElectionCommand::name).collect();
    let kinds: HashSet<_> = commands().iter().map(std::mem::discriminant).collect();
    // To open and to close when that is due are no commands of their own.
    assert_eq!(names.len(), kinds.len() - 2, "{names:?}");
}

fn name<T: FromStr<Err: Debug> + Debug>() -> impl Strategy<Value = T> {
    prop::sample::select(vec!["Moon", "Sun", "Schnee – 雪"]).prop_map(text)
}

fn image() -> impl Strategy<Value = Image> {
    let urls = vec!["https://example.org/moon.png", "http://localhost/sun.png"];
    (prop::sample::select(urls), prop::option::of(name()))
        .prop_map(|(url, caption)| Image::Linked { url: text(url), caption })
}

pub(crate) fn moment() -> impl Strategy<Value = Timestamp> {
    (0..100_i64).prop_map(at)
}

fn a_scale() -> impl Strategy<Value = Scale> {
    prop_oneof![Just((1, 5)), Just((0, 10)), Just((2, 3))].prop_map(|(min, max)| Scale::new(min, max).unwrap())
}

/// The first one is who creates elections.
pub(crate) fn administrator() -> impl Strategy<Value = Subject> {
    prop::sample::select(vec!["ada", "ada", "bea", "eve"]).prop_map(text)
}

pub(crate) fn email() -> impl Strategy<Value = Email> {
    prop::sample::select(vec!["bea@example.org", "bea@example.net"]).prop_map(text)
}

pub(crate) fn mails() -> impl Strategy<Value = ElectionChange> {
    let contact = prop::option::of(prop::option::of(email()));
    let (links, language) = (prop::sample::select(Links::ALL.to_vec()), prop::sample::select(Language::ALL.to_vec()));
    let words = prop::sample::select(vec![None, Some("Your vote"), Some("Vote")]);
    let words = words.prop_map(|words| NewInvitation { subject: words.map(text), text: words.map(text) });
    (prop::option::of(links), prop::option::of(language), contact, prop::option::of(words)).prop_map(
        |(links, language, contact, invitation)| ElectionChange {
            links,
            language,
            contact,
            invitation,
            ..ElectionChange::default()
        },
    )
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Observer, Role::Editor, Role::Owner])
}

/// Any command: random histories are made of these.
pub(crate) fn any_command() -> impl Strategy<Value = ElectionCommand> {
    use ElectionCommand as C;
    let competition = || (0..3_u128).prop_map(competition);
    let candidate = || (0..6_u128).prop_map(candidate);
    let description = move || prop::option::of(name());
    prop_oneof![
        1 => Just(create()),
        2 => (prop::option::of(name()), prop::option::of(description()), prop::option::of(a_scale())).prop_map(
            |(name, description, scale)| {
                C::Change(ElectionChange { name, description, scale, ..ElectionChange::default() })
            }
        ),
        2 => mails().prop_map(C::Change),
        3 => prop::option::of(moment()).prop_map(|closes_at| C::Open { closes_at }),
        2 => moment().prop_map(|closes_at| C::Extend { closes_at }),
        1 => Just(C::Close),
        1 => Just(C::CloseIfDue),
        2 => (0..5_u64).prop_map(|casts| C::FinishClosing { casts, registered: casts + 1 }),
        4 => any::<u8>().prop_map(|n| C::RecordResults { digest: Digest::of(&[n]) }),
        3 => Just(C::Release),
        1 => Just(C::Delete),
        3 => (competition(), name(), description())
            .prop_map(|(competition, name, description)| C::AddCompetition { competition, name, description }),
        1 => (competition(), prop::option::of(name()), prop::option::of(description()))
            .prop_map(|(competition, name, description)| C::ChangeCompetition { competition, name, description }),
        1 => competition().prop_map(|competition| C::RemoveCompetition { competition }),
        8 => (competition(), candidate(), name(), description(), prop::option::of(image())).prop_map(
            |(competition, candidate, name, description, image)| {
                C::AddCandidate { competition, candidate, name, description, image }
            }
        ),
        1 => (
            competition(),
            candidate(),
            prop::option::of(name()),
            prop::option::of(description()),
            prop::option::of(prop::option::of(image()))
        )
            .prop_map(|(competition, candidate, name, description, image)| {
                C::ChangeCandidate { competition, candidate, name, description, image }
            }),
        1 => (competition(), candidate())
            .prop_map(|(competition, candidate)| C::RemoveCandidate { competition, candidate }),
        3 => (competition(), candidate(), name())
            .prop_map(|(competition, candidate, reason)| C::DisqualifyCandidate { competition, candidate, reason }),
        2 => (administrator(), role()).prop_map(|(subject, role)| C::AppointAdministrator { subject, role }),
        1 => administrator().prop_map(|subject| C::RemoveAdministrator { subject }),
    ]
}
