//! Who administers an election, and what each role allows.

use photovote_domain::{
    Aggregate, Election, Subject,
    election::{Context, ElectionChange, ElectionCommand, ElectionEvent, ElectionRejection, Limit, Role, Status},
    fold,
};

use crate::{
    given::given,
    photos::{NOW, STATUSES, TODAY, at, candidate, competition, create, draft, history, text},
};

const ROLES: [Role; 3] = [Role::Observer, Role::Editor, Role::Owner];

fn appoint(subject: &str, role: Role) -> ElectionCommand {
    ElectionCommand::AppointAdministrator { subject: text(subject), role }
}

fn remove(subject: &str) -> ElectionCommand {
    ElectionCommand::RemoveAdministrator { subject: text(subject) }
}

fn added(subject: &str, role: Role) -> ElectionEvent {
    ElectionEvent::AdministratorAdded { role, subject: subject.into() }
}

fn changed(subject: &str, role: Role) -> ElectionEvent {
    ElectionEvent::AdministratorRoleChanged { role, subject: subject.into() }
}

fn removed(subject: &str) -> ElectionEvent {
    ElectionEvent::AdministratorRemoved { subject: subject.into() }
}

/// A draft of Ada's with further administrators.
fn draft_of<const N: usize>(others: [(&str, Role); N]) -> Vec<ElectionEvent> {
    draft().into_iter().chain(others.map(|(subject, role)| added(subject, role))).collect()
}

/// Everything that can be asked of an election, in a form that nothing but a role stands in the way of somewhere.
fn commands() -> Vec<ElectionCommand> {
    use ElectionCommand as C;
    let competition = competition(1);
    vec![
        C::Change(ElectionChange { name: Some(text("Another name")), ..ElectionChange::default() }),
        C::Open { closes_at: None },
        C::Extend { closes_at: at(3_000) },
        C::Close,
        C::Release,
        C::Delete,
        appoint("kim", Role::Observer),
        remove("eve"),
        C::AddCompetition { competition: self::competition(2), name: text("Towns"), description: None },
        C::ChangeCompetition { competition, name: Some(text("Sky")), description: None },
        C::RemoveCompetition { competition },
        C::AddCandidate { competition, candidate: candidate(3), name: text("Sun"), description: None, image: None },
        C::ChangeCandidate {
            competition,
            candidate: candidate(1),
            name: Some(text("Sun")),
            description: None,
            image: None,
        },
        C::RemoveCandidate { competition, candidate: candidate(1) },
        C::DisqualifyCandidate { competition, candidate: candidate(1), reason: text("a painting") },
    ]
}

#[test]
fn whoever_creates_an_election_is_its_first_owner() {
    let election = fold::<Election>(&draft());
    assert_eq!(election.administrators.iter().collect::<Vec<_>>(), [("ada", Role::Owner)]);
    assert!(Election::default().administrators.is_empty());
}

#[test]
fn administrators_are_added_changed_and_removed() {
    for role in ROLES {
        given::<Election>(draft()).when(appoint("bea", role), &TODAY).then([added("bea", role)]);
        let events = draft_of([("bea", role)]);
        given::<Election>(events.clone()).when(appoint("bea", role), &TODAY).then_nothing();
        given::<Election>(events.clone()).when(remove("bea"), &TODAY).then([removed("bea")]);
        for other in ROLES.into_iter().filter(|other| *other != role) {
            given::<Election>(events.clone()).when(appoint("bea", other), &TODAY).then([changed("bea", other)]);
        }
    }
    let story = draft_of([("bea", Role::Editor), ("eve", Role::Owner)]);
    let story = story.into_iter().chain([changed("bea", Role::Observer), removed("ada")]).collect::<Vec<_>>();
    let found = fold::<Election>(&story).administrators;
    assert_eq!(found.iter().collect::<Vec<_>>(), [("bea", Role::Observer), ("eve", Role::Owner)]);
    assert_eq!(found.role_of(&text("ada")), None);
}

#[test]
fn the_last_owner_stays_an_owner() {
    let helped = draft_of([("bea", Role::Editor), ("eve", Role::Observer)]);
    for less in [Role::Observer, Role::Editor] {
        given::<Election>(helped.clone()).when(appoint("ada", less), &TODAY).then_refused(ElectionRejection::LastOwner);
    }
    given::<Election>(helped.clone()).when(appoint("ada", Role::Owner), &TODAY).then_nothing();
    given::<Election>(helped.clone()).when(remove("ada"), &TODAY).then_refused(ElectionRejection::LastOwner);

    let shared = draft_of([("bea", Role::Owner)]);
    given::<Election>(shared.clone()).when(appoint("ada", Role::Editor), &TODAY).then([changed("ada", Role::Editor)]);
    given::<Election>(shared.clone()).when(remove("ada"), &TODAY).then([removed("ada")]);
    let left = shared.into_iter().chain([removed("ada")]).collect::<Vec<_>>();
    given::<Election>(left).when(remove("bea"), &TODAY).then_refused(ElectionRejection::LastOwner);
}

#[test]
fn only_an_administrator_can_be_removed() {
    given::<Election>(draft()).when(remove("bea"), &TODAY).then_refused(ElectionRejection::AdministratorNotFound);
    let gone = draft_of([("bea", Role::Editor)]).into_iter().chain([removed("bea")]);
    given::<Election>(gone).when(remove("bea"), &TODAY).then_refused(ElectionRejection::AdministratorNotFound);
}

#[test]
fn an_election_has_at_most_100_administrators() {
    let administrators =
        |count: usize| draft().into_iter().chain((1..count).map(|number| added(&format!("a{number}"), Role::Observer)));
    let hundredth = added("bea", Role::Observer);
    given::<Election>(administrators(99)).when(appoint("bea", Role::Observer), &TODAY).then([hundredth]);
    let full = || given::<Election>(administrators(100));
    let too_many = ElectionRejection::TooMany(Limit::Administrators);
    full().when(appoint("bea", Role::Observer), &TODAY).then_refused(too_many);
    full().when(appoint("a7", Role::Owner), &TODAY).then([changed("a7", Role::Owner)]);
    full().when(remove("a7"), &TODAY).then([removed("a7")]);
}

#[test]
fn administrators_can_be_added_until_the_deletion() {
    for status in STATUSES {
        let appointed = given::<Election>(history(status)).when(appoint("bea", Role::Editor), &TODAY);
        match status {
            Status::Absent => appointed.then_refused(ElectionRejection::NotFound),
            Status::Deleted => appointed.then_refused(ElectionRejection::Deleted),
            _ => appointed.then([added("bea", Role::Editor)]),
        }
    }
}

/// The code with which this is refused, if it is.
fn refusal(events: &[ElectionEvent], by: &Subject, command: ElectionCommand) -> Option<ElectionRejection> {
    fold::<Election>(events).decide(command, &Context { now: NOW, by: Some(by) }).err()
}

#[test]
fn each_role_may_what_it_may_and_strangers_nothing() {
    let events = draft_of([("bea", Role::Editor), ("eve", Role::Observer)]);
    let (ada, bea, eve, kim) = (text("ada"), text("bea"), text("eve"), text::<Subject>("kim"));
    for command in commands() {
        let owners = matches!(
            command,
            ElectionCommand::Delete
                | ElectionCommand::AppointAdministrator { .. }
                | ElectionCommand::RemoveAdministrator { .. }
        );
        let needed = if owners { Role::Owner } else { Role::Editor };
        let refused = |by: &Subject| refusal(&events, by, command.clone());
        let insufficient = Some(ElectionRejection::RoleInsufficient(needed));
        assert_ne!(refused(&ada), insufficient, "{command:?}");
        assert_eq!(refused(&bea) == insufficient, owners, "{command:?}");
        if command != remove("eve") {
            assert_eq!(refused(&eve), insufficient, "{command:?}");
        }
        assert_eq!(refused(&kim), Some(ElectionRejection::NotFound), "{command:?}");
        assert_eq!(refusal(&[], &ada, command.clone()), Some(ElectionRejection::NotFound), "{command:?}");
    }
    assert_eq!(refusal(&[], &ada, create()), None, "anybody may create an election");
}

#[test]
fn everybody_may_leave_but_the_last_owner() {
    let events = draft_of([("bea", Role::Editor), ("eve", Role::Observer)]);
    for (by, removed, refused) in [
        ("eve", "eve", None),
        ("bea", "bea", None),
        ("ada", "ada", Some(ElectionRejection::LastOwner)),
        ("eve", "bea", Some(ElectionRejection::RoleInsufficient(Role::Owner))),
        ("bea", "eve", Some(ElectionRejection::RoleInsufficient(Role::Owner))),
        ("bea", "kim", Some(ElectionRejection::RoleInsufficient(Role::Owner))),
        ("kim", "kim", Some(ElectionRejection::NotFound)),
    ] {
        assert_eq!(refusal(&events, &text(by), remove(removed)), refused, "{by} removes {removed}");
    }
}

#[test]
fn a_role_counts_before_what_stands_in_the_way() {
    let deleted: Vec<_> = history(Status::Deleted).into_iter().chain([added("eve", Role::Observer)]).collect();
    let insufficient = ElectionRejection::RoleInsufficient(Role::Editor);
    assert_eq!(refusal(&deleted, &text("eve"), ElectionCommand::Close), Some(insufficient));
    assert_eq!(refusal(&deleted, &text("kim"), ElectionCommand::Close), Some(ElectionRejection::NotFound));
    assert_eq!(refusal(&deleted, &text("ada"), ElectionCommand::Close), Some(ElectionRejection::Deleted));
}

#[test]
fn who_is_removed_may_do_nothing_any_more() {
    let mut events = draft_of([("bea", Role::Owner)]);
    assert_eq!(refusal(&events, &text("bea"), ElectionCommand::Delete), None);
    events.push(removed("bea"));
    assert_eq!(refusal(&events, &text("bea"), ElectionCommand::Delete), Some(ElectionRejection::NotFound));
}

#[test]
fn roles_are_told_apart_by_their_names_and_their_rank() {
    assert!(Role::Observer < Role::Editor && Role::Editor < Role::Owner);
    for role in ROLES {
        assert_eq!(role.to_string().parse(), Ok(role));
        assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
    }
    for text in ["", "Owner", "admin", "owner "] {
        assert!(text.parse::<Role>().is_err(), "{text}");
    }
}
