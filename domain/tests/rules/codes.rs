//! The names of refusals, which clients depend on. A code that stands here never changes.

use photovote_domain::{
    Kind, Refusal,
    ballot::BallotRejection,
    election::{ElectionRejection, Limit, Role, Status},
    import::ImportRejection,
    voter::VoterRejection,
};

use crate::photos::candidate;

fn pinned<R: Refusal, const N: usize>(table: [(R, &str, Kind); N]) {
    for (rejection, code, kind) in table {
        assert_eq!((rejection.code(), rejection.kind()), (code, kind), "{rejection:?}");
        assert!(!rejection.to_string().is_empty());
    }
}

#[test]
fn the_election_says_no_in_these_words() {
    use ElectionRejection as R;
    use Kind::{Forbidden, Invalid, Missing, Pending, State, Taken};
    pinned([
        (R::NotFound, "election_not_found", Missing),
        (R::AdministratorNotFound, "administrator_not_found", Missing),
        (R::RoleInsufficient(Role::Owner), "role_insufficient", Forbidden),
        (R::LastOwner, "last_owner", State),
        (R::TooMany(Limit::Administrators), "too_many_administrators", State),
        (R::CompetitionNotFound, "competition_not_found", Missing),
        (R::CandidateNotFound, "candidate_not_found", Missing),
        (R::IdTaken, "id_taken", Taken),
        (R::Deleted, "election_deleted", State),
        (R::NotDraft(Status::Open), "election_not_draft", State),
        (R::NotOpen(Status::Draft), "election_not_open", State),
        (R::NotClosed(Status::Open), "election_not_closed", State),
        (R::Counting, "counting", Pending),
        (R::WrongStatus(Status::Closing), "election_status", State),
        (R::NoCompetition, "no_competition", State),
        (R::TooFewCandidates, "too_few_candidates", State),
        (R::TooMany(Limit::Competitions), "too_many_competitions", State),
        (R::TooMany(Limit::CandidatesInCompetition), "too_many_candidates", State),
        (R::TooMany(Limit::Candidates), "too_many_candidates", State),
        (R::TooMany(Limit::CompetitionBytes), "competition_too_large", State),
        (R::TooMany(Limit::ModeratedBytes), "competition_too_large", State),
        (R::TooMany(Limit::ElectionBytes), "election_too_large", State),
        (R::ClosingTimePast, "closing_time_past", Invalid),
        (R::ClosingTimeNotLater, "closing_time_not_later", Invalid),
        (R::NoClosingTime, "no_closing_time", State),
        (R::OpeningTimePast, "opening_time_past", Invalid),
        (R::Opened, "election_opened", State),
        (R::NotDueToOpen, "election_not_due_to_open", State),
        (R::ReminderPast, "reminder_past", Invalid),
        (R::RemindersNeedInvitations, "reminders_need_invitations", State),
        (R::Due, "election_due", State),
        (R::NotDue, "election_not_due", State),
        (R::DisqualifiedAlready, "disqualified_already", State),
    ]);
}

#[test]
fn the_ballot_says_no_in_these_words() {
    use BallotRejection as R;
    use Kind::{Invalid, Missing, State};
    pinned([
        (R::NotFound, "ballot_not_found", Missing),
        (R::IdTaken, "id_taken", State),
        (R::UnknownCandidate(candidate(1)), "unknown_candidate", Invalid),
        (R::OutOfScale { candidate: candidate(1), min: 1, max: 5 }, "rating_out_of_scale", Invalid),
        (R::TooManyRatings, "too_many_ratings", Invalid),
        (R::Empty, "empty_ballot", Invalid),
        (R::NotOpenYet, "election_not_open", State),
        (R::Closed, "election_closed", State),
        (R::ElectionDeleted, "election_deleted", State),
        (R::CastAlready, "ballot_cast_already", State),
        (R::Voided, "ballot_voided", State),
    ]);
}

#[test]
fn the_voter_says_no_in_these_words() {
    use Kind::{Missing, State, Taken};
    use VoterRejection as R;
    pinned([
        (R::NotFound, "voter_not_found", Missing),
        (R::IdTaken, "id_taken", Taken),
        (R::EmailTaken, "email_taken", State),
        (R::HasCast, "voter_has_cast", State),
        (R::RegistrationClosed(Status::Closed), "registration_closed", State),
        (R::ElectionDeleted, "election_deleted", State),
    ]);
}

#[test]
fn the_import_says_no_in_these_words() {
    use ImportRejection as R;
    use Kind::{Invalid, Missing, State, Taken};
    pinned([
        (R::NotFound, "import_not_found", Missing),
        (R::IdTaken, "id_taken", Taken),
        (R::Size, "invalid_value", Invalid),
        (R::TooMany, "too_many_imports", State),
        (R::NoColumn("email"), "invalid_value", Invalid),
        (R::NotReady, "import_not_ready", State),
        (R::NotDone, "import_not_done", State),
        (R::RegistrationClosed(Status::Closed), "registration_closed", State),
        (R::NotDraft(Status::Open), "election_not_draft", State),
        (R::ElectionDeleted, "election_deleted", State),
    ]);
}

#[test]
fn a_refusal_tells_the_limit_and_the_present_state() {
    let most = ElectionRejection::TooMany(Limit::Competitions).to_string();
    assert_eq!(most, "there can be at most 50 competitions in an election");
    let owner = ElectionRejection::RoleInsufficient(Role::Owner).to_string();
    assert_eq!(owner, "this takes an owner of the election, which you are not");
    let open = ElectionRejection::NotDraft(Status::Open).to_string();
    assert_eq!(open, "the election is open, and this can change only while it is a draft");
    let scale = BallotRejection::OutOfScale { candidate: candidate(1), min: 1, max: 5 }.to_string();
    assert_eq!(scale, format!("the rating of candidate {} is outside the scale 1 to 5", candidate(1)));
}
