//! What an election is about: its name and scale, its competitions and candidates.

use photovote_domain::{
    CandidateId, CompetitionId, Election, Image,
    election::{
        ElectionChange, ElectionCommand, ElectionEvent, ElectionRejection, NewElection, NewInvitation, Picture, Status,
    },
    fold,
    mailing::{self, Kind},
};

use crate::{
    given::given,
    photos::{TODAY, candidate, candidate_added, competition, competition_added, created, draft, history, scale, text},
};

fn change(name: Option<&str>, description: Option<Option<&str>>) -> ElectionCommand {
    ElectionCommand::Change(ElectionChange {
        name: name.map(text),
        description: description.map(|d| d.map(text)),
        ..ElectionChange::default()
    })
}

fn change_competition(number: u128, name: Option<&str>, description: Option<Option<&str>>) -> ElectionCommand {
    let (name, description) = (name.map(text), description.map(|d| d.map(text)));
    ElectionCommand::ChangeCompetition { competition: competition(number), name, description }
}

fn add_candidate(to: u128, number: u128) -> ElectionCommand {
    ElectionCommand::AddCandidate {
        competition: competition(to),
        candidate: candidate(number),
        name: text("Moon"),
        description: None,
        image: None,
    }
}

fn rename_candidate(of: u128, number: u128, name: &str) -> ElectionCommand {
    ElectionCommand::ChangeCandidate {
        competition: competition(of),
        candidate: candidate(number),
        name: Some(text(name)),
        description: None,
        image: None,
    }
}

fn image() -> Image {
    Image::Linked { url: text("https://example.org/moon.png"), caption: Some(text("The moon")) }
}

fn picture() -> Picture {
    Picture::Linked { caption: Some("The moon".into()), url: "https://example.org/moon.png".into() }
}

#[test]
fn a_change_of_several_things_is_several_events() {
    let all = ElectionCommand::Change(ElectionChange {
        name: Some(text("Portraits")),
        description: Some(Some(text("Faces only"))),
        scale: Some(scale(0, 10)),
        ..ElectionChange::default()
    });
    given::<Election>(draft()).when(all, &TODAY).then([
        ElectionEvent::ElectionNameChanged { name: "Portraits".into() },
        ElectionEvent::ElectionDescriptionChanged { description: Some("Faces only".into()) },
        ElectionEvent::ElectionScaleChanged { scale: scale(0, 10) },
    ]);
}

#[test]
fn a_change_to_what_is_already_so_is_no_event() {
    let same = ElectionCommand::Change(ElectionChange {
        name: Some(text("Photo of the year")),
        description: Some(None),
        scale: Some(scale(1, 5)),
        ..ElectionChange::default()
    });
    given::<Election>(draft()).when(same, &TODAY).then_nothing();
    given::<Election>(draft()).when(change(None, None), &TODAY).then_nothing();
    given::<Election>(draft()).when(change_competition(1, Some("Nature"), Some(None)), &TODAY).then_nothing();
    given::<Election>(draft()).when(rename_candidate(1, 1, "Moon"), &TODAY).then_nothing();
    let no_image = ElectionCommand::ChangeCandidate {
        competition: competition(1),
        candidate: candidate(1),
        name: None,
        description: Some(None),
        image: Some(None),
    };
    given::<Election>(draft()).when(no_image, &TODAY).then_nothing();
}

#[test]
fn invitations_have_words_of_the_organiser() {
    let words =
        |subject: Option<&str>, own: Option<&str>| NewInvitation { subject: subject.map(text), text: own.map(text) };
    let changed = |subject: Option<&str>, own: Option<&str>| ElectionEvent::ElectionInvitationChanged {
        subject: subject.map(Into::into),
        text: own.map(Into::into),
    };
    let change = |invitation| {
        let invitation = Some(invitation);
        ElectionCommand::Change(ElectionChange { invitation, ..ElectionChange::default() })
    };
    let own = || words(Some("Your vote"), Some("It is our tenth contest."));
    let new = NewElection { invitation: own(), ..NewElection::new(text("ada"), text("Photo of the year")) };
    let owned = || vec![created(), changed(Some("Your vote"), Some("It is our tenth contest."))];
    given::<Election>([]).when(ElectionCommand::Create(new), &TODAY).then(owned());
    given::<Election>(owned()).when(change(own()), &TODAY).then_nothing();
    given::<Election>(owned()).when(change(words(None, Some("Vote."))), &TODAY).then([changed(None, Some("Vote."))]);
    given::<Election>(owned()).when(change(words(None, None)), &TODAY).then([changed(None, None)]);
    let election = fold::<Election>(&owned());
    let usual = |kind| mailing::usual_words(&election, kind);
    assert_eq!(usual(Kind::Invitation), (Some("Your vote"), Some("It is our tenth contest.")));
    assert_eq!([usual(Kind::Reminder), usual(Kind::Results)], [(None, None); 2]);
}

#[test]
fn a_description_can_be_cleared() {
    let mut events = draft();
    events.push(ElectionEvent::ElectionDescriptionChanged { description: Some("Faces only".into()) });
    let gone = ElectionEvent::ElectionDescriptionChanged { description: None };
    given::<Election>(events).when(change(None, Some(None)), &TODAY).then([gone]);
}

#[test]
fn the_question_is_fixed_at_the_opening() {
    let scale = ElectionCommand::Change(ElectionChange { scale: Some(scale(0, 10)), ..ElectionChange::default() });
    for command in [change(Some("Portraits"), None), change(None, Some(Some("1 is best"))), change(None, None), scale] {
        for status in [Status::Open, Status::Closing, Status::Closed, Status::Released] {
            let not_draft = ElectionRejection::NotDraft(status);
            given::<Election>(history(status)).when(command.clone(), &TODAY).then_refused(not_draft);
        }
    }
}

#[test]
fn a_name_changed_in_an_open_election_is_still_read() {
    // Older releases allowed it.
    let description = Some("Faces".to_owned());
    let election = fold::<Election>(
        &[
            history(Status::Open),
            vec![
                ElectionEvent::ElectionNameChanged { name: "Portraits".into() },
                ElectionEvent::ElectionDescriptionChanged { description: description.clone() },
            ],
        ]
        .concat(),
    );
    assert_eq!((election.status, election.name.as_str()), (Status::Open, "Portraits"));
    assert_eq!(election.description, description);
}

#[test]
fn a_competition_is_added_changed_and_removed() {
    let add = ElectionCommand::AddCompetition {
        competition: competition(2),
        name: text("Towns"),
        description: Some(text("Streets and squares")),
    };
    let added = ElectionEvent::CompetitionAdded {
        competition: competition(2),
        description: Some("Streets and squares".into()),
        name: "Towns".into(),
    };
    given::<Election>(draft()).when(add, &TODAY).then([added]);
    given::<Election>(draft()).when(change_competition(1, Some("Sky"), Some(Some("Up there"))), &TODAY).then([
        ElectionEvent::CompetitionNameChanged { competition: competition(1), name: "Sky".into() },
        ElectionEvent::CompetitionDescriptionChanged {
            competition: competition(1),
            description: Some("Up there".into()),
        },
    ]);
    let removed = ElectionEvent::CompetitionRemoved { competition: competition(1) };
    let remove = ElectionCommand::RemoveCompetition { competition: competition(1) };
    given::<Election>(draft()).when(remove, &TODAY).then([removed]);
}

#[test]
fn a_candidate_is_added_changed_and_removed() {
    let add = ElectionCommand::AddCandidate {
        competition: competition(1),
        candidate: candidate(3),
        name: text("Sun"),
        description: Some(text("At noon")),
        image: Some(image()),
    };
    let added = ElectionEvent::CandidateAdded {
        candidate: candidate(3),
        competition: competition(1),
        description: Some("At noon".into()),
        image: Some(picture()),
        name: "Sun".into(),
    };
    given::<Election>(draft()).when(add, &TODAY).then([added]);
    let (candidate, competition) = (candidate(2), competition(1));
    let change = ElectionCommand::ChangeCandidate {
        competition,
        candidate,
        name: Some(text("Full moon")),
        description: Some(Some(text("At night"))),
        image: Some(Some(image())),
    };
    given::<Election>(draft()).when(change, &TODAY).then([
        ElectionEvent::CandidateNameChanged { candidate, competition, name: "Full moon".into() },
        ElectionEvent::CandidateDescriptionChanged { candidate, competition, description: Some("At night".into()) },
        ElectionEvent::CandidateImageChanged { candidate, competition, image: Some(picture()) },
    ]);
    let removed = ElectionEvent::CandidateRemoved { candidate, competition };
    let remove = ElectionCommand::RemoveCandidate { competition, candidate };
    given::<Election>(draft()).when(remove, &TODAY).then([removed]);
}

#[test]
fn a_picture_can_be_taken_away() {
    let (candidate, competition) = (candidate(1), competition(1));
    let mut events = draft();
    events.push(ElectionEvent::CandidateImageChanged { candidate, competition, image: Some(picture()) });
    let clear =
        ElectionCommand::ChangeCandidate { competition, candidate, name: None, description: None, image: Some(None) };
    let gone = ElectionEvent::CandidateImageChanged { candidate, competition, image: None };
    given::<Election>(events).when(clear, &TODAY).then([gone]);
}

#[test]
fn a_change_is_seen_and_leaves_all_else_as_it_was() {
    let (second, competition_id) = (candidate(2), competition(1));
    let mut events = draft();
    let before = fold::<Election>(&events);
    events.extend([
        ElectionEvent::CompetitionNameChanged { competition: competition_id, name: "Sky".into() },
        ElectionEvent::CompetitionDescriptionChanged { competition: competition_id, description: Some("Up".into()) },
        ElectionEvent::CandidateNameChanged { candidate: second, competition: competition_id, name: "Sun".into() },
        ElectionEvent::CandidateDescriptionChanged {
            candidate: second,
            competition: competition_id,
            description: Some("At noon".into()),
        },
        ElectionEvent::CandidateImageChanged { candidate: second, competition: competition_id, image: Some(picture()) },
    ]);
    let after = fold::<Election>(&events);
    let changed = after.competition(competition_id).unwrap();
    assert_eq!((changed.name.as_str(), changed.description.as_deref()), ("Sky", Some("Up")));
    assert_eq!(changed.candidates[0], before.competitions[0].candidates[0]);
    let second = changed.candidate(second).unwrap();
    assert_eq!((second.name.as_str(), second.description.as_deref()), ("Sun", Some("At noon")));
    assert_eq!(second.image, Some(picture()));
}

#[test]
fn what_does_not_exist_cannot_be_changed() {
    use ElectionCommand as C;
    use ElectionRejection as R;
    let refused = |command, rejection| given::<Election>(draft()).when(command, &TODAY).then_refused(rejection);
    refused(change_competition(9, Some("Sky"), None), R::CompetitionNotFound);
    refused(C::RemoveCompetition { competition: competition(9) }, R::CompetitionNotFound);
    refused(add_candidate(9, 3), R::CompetitionNotFound);
    refused(rename_candidate(9, 1, "Sun"), R::CompetitionNotFound);
    refused(rename_candidate(1, 9, "Sun"), R::CandidateNotFound);
    refused(C::RemoveCandidate { competition: competition(1), candidate: candidate(9) }, R::CandidateNotFound);
}

#[test]
fn a_candidate_is_found_in_its_own_competition_only() {
    let mut events = draft();
    events.push(competition_added(2));
    let moved = rename_candidate(2, 1, "Sun");
    given::<Election>(events).when(moved, &TODAY).then_refused(ElectionRejection::CandidateNotFound);
}

#[test]
fn an_id_names_one_thing_in_the_whole_election() {
    let mut events = draft();
    events.push(competition_added(2));
    let again = ElectionCommand::AddCompetition { competition: competition(1), name: text("Towns"), description: None };
    given::<Election>(events.clone()).when(again, &TODAY).then_refused(ElectionRejection::IdTaken);
    given::<Election>(events.clone()).when(add_candidate(1, 1), &TODAY).then_refused(ElectionRejection::IdTaken);
    given::<Election>(events).when(add_candidate(2, 1), &TODAY).then_refused(ElectionRejection::IdTaken);
}

#[test]
fn competitions_and_candidates_keep_their_order() {
    let events = [
        created(),
        competition_added(3),
        competition_added(1),
        candidate_added(1, 9),
        candidate_added(3, 8),
        candidate_added(1, 2),
        competition_added(2),
        ElectionEvent::CompetitionRemoved { competition: competition(3) },
    ];
    let election = fold::<Election>(&events);
    let competitions: Vec<CompetitionId> = election.competitions.iter().map(|c| c.id).collect();
    let candidates: Vec<CandidateId> = election.candidates().map(|c| c.id).collect();
    assert_eq!(competitions, [competition(1), competition(2)]);
    assert_eq!(candidates, [candidate(9), candidate(2)], "those of a removed competition are gone");
}

#[test]
fn a_candidate_is_disqualified_once_with_a_reason() {
    let (candidate, competition) = (candidate(1), competition(1));
    let disqualify = || ElectionCommand::DisqualifyCandidate { competition, candidate, reason: text("a painting") };
    let disqualified = ElectionEvent::CandidateDisqualified { candidate, competition, reason: "a painting".into() };
    let mut events = history(Status::Open);
    given::<Election>(events.clone()).when(disqualify(), &TODAY).then([disqualified.clone()]);
    events.push(disqualified);
    assert_eq!(fold::<Election>(&events).competitions[0].candidates[0].disqualified.as_deref(), Some("a painting"));
    given::<Election>(events).when(disqualify(), &TODAY).then_refused(ElectionRejection::DisqualifiedAlready);
}

#[test]
fn only_a_candidate_that_exists_can_be_disqualified() {
    let disqualify = |of, number| ElectionCommand::DisqualifyCandidate {
        competition: competition(of),
        candidate: candidate(number),
        reason: text("a painting"),
    };
    let open = given::<Election>(history(Status::Open));
    open.when(disqualify(9, 1), &TODAY).then_refused(ElectionRejection::CompetitionNotFound);
    open.when(disqualify(1, 9), &TODAY).then_refused(ElectionRejection::CandidateNotFound);
}
