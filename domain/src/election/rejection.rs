//! Why an election says no.

use thiserror::Error;

use super::{Role, Status};
use crate::aggregate::{Kind, Refusal};

/// What there can be too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Competitions in an election.
    Competitions,
    /// Candidates in a competition.
    CandidatesInCompetition,
    /// Candidates in an election.
    Candidates,
    /// Bytes of a competition with its candidates, as stored.
    CompetitionBytes,
    /// Bytes of all competitions with their candidates, as stored.
    ElectionBytes,
    /// The same, once reasons for disqualification stand in it. A definition ends well below and an item of the
    /// database not far above, so there is room for moderation when the election is open.
    ModeratedBytes,
    /// Administrators of an election.
    Administrators,
}

impl Limit {
    /// How much is allowed.
    pub const fn most(self) -> usize {
        match self {
            Self::Competitions => 50,
            Self::CandidatesInCompetition => 500,
            Self::Candidates => 2_000,
            Self::CompetitionBytes => 350_000,
            // An answer shows all of them, and AWS Lambda passes on 6 MB.
            Self::ElectionBytes => 3_000_000,
            Self::ModeratedBytes => 390_000,
            Self::Administrators => 100,
        }
    }

    const fn of_what(self) -> &'static str {
        match self {
            Self::Competitions => "competitions in an election",
            Self::CandidatesInCompetition => "candidates in a competition",
            Self::Candidates => "candidates in an election",
            Self::CompetitionBytes => "bytes in a competition with its candidates",
            Self::ElectionBytes => "bytes in an election's competitions and candidates",
            Self::ModeratedBytes => "bytes in a competition with its candidates and the reasons to disqualify them",
            Self::Administrators => "administrators in an election",
        }
    }
}

/// Why an election says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ElectionRejection {
    /// There is no such election.
    #[error("there is no such election")]
    NotFound,
    /// There is no such competition.
    #[error("there is no such competition")]
    CompetitionNotFound,
    /// There is no such candidate.
    #[error("there is no such candidate")]
    CandidateNotFound,
    /// There is no such administrator.
    #[error("there is no such administrator")]
    AdministratorNotFound,
    /// An administrator's role does not allow it.
    #[error("this takes {}, which you are not", with_article(*.0))]
    RoleInsufficient(Role),
    /// Without this owner there would be none.
    #[error("this is the election's last owner, and it needs one")]
    LastOwner,
    /// The id names something already.
    #[error("the id is taken")]
    IdTaken,
    /// It was deleted.
    #[error("the election was deleted")]
    Deleted,
    /// Voters are registered whose links the other one hands out.
    #[error("voters are registered: who hands out the links can change only before the first")]
    HasVoters,
    /// Only a draft can change like this.
    #[error("the election is {}, and this can change only while it is a draft", status_word(*.0))]
    NotDraft(Status),
    /// Only an open election can do this.
    #[error("the election is {}, not open", status_word(*.0))]
    NotOpen(Status),
    /// Only a closed election can do this.
    #[error("the election is {}, not closed", status_word(*.0))]
    NotClosed(Status),
    /// The ballots are not counted, or the results have changed since they were.
    #[error("the ballots are being counted: try again in a moment")]
    Counting,
    /// The state does not allow it.
    #[error("the election is {}", status_word(*.0))]
    WrongStatus(Status),
    /// To open, an election needs a competition.
    #[error("an election needs a competition before it can open")]
    NoCompetition,
    /// To open, each competition needs two candidates.
    #[error("each competition needs at least two candidates before the election can open")]
    TooFewCandidates,
    /// There would be too much of something.
    #[error("there can be at most {} {}", .0.most(), .0.of_what())]
    TooMany(Limit),
    /// The closing time is not in the future.
    #[error("the closing time must lie in the future")]
    ClosingTimePast,
    /// The closing time can only be moved later.
    #[error("the closing time can only be moved to a later moment")]
    ClosingTimeNotLater,
    /// There is no closing time to move.
    #[error("the election was opened without a closing time: it is open until it is closed")]
    NoClosingTime,
    /// The opening time is not in the future.
    #[error("the opening time must lie in the future")]
    OpeningTimePast,
    /// The election has opened, and that cannot be planned any more.
    #[error("the election has opened: its opening time cannot change any more")]
    Opened,
    /// The opening time has not come.
    #[error("the opening time has not come")]
    NotDueToOpen,
    /// A reminder would have come before now.
    #[error("the moment of a reminder is past: leave it out, or let it come later")]
    ReminderPast,
    /// Reminders have links, and this election's links are handed out.
    #[error("reminders are for elections that invite their voters")]
    RemindersNeedInvitations,
    /// The closing time has come.
    #[error("the closing time is past")]
    Due,
    /// The closing time has not come.
    #[error("the closing time has not come")]
    NotDue,
    /// It was disqualified before.
    #[error("the candidate is disqualified already")]
    DisqualifiedAlready,
}

const fn with_article(role: Role) -> &'static str {
    match role {
        Role::Observer => "an observer of the election",
        Role::Editor => "an editor of the election",
        Role::Owner => "an owner of the election",
    }
}

/// The status as it is said to people.
pub(crate) const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Absent => "absent",
        Status::Draft => "a draft",
        Status::Open => "open",
        Status::Closing => "closing",
        Status::Closed => "closed",
        Status::Released => "released",
        Status::Deleted => "deleted",
    }
}

impl Refusal for ElectionRejection {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "election_not_found",
            Self::CompetitionNotFound => "competition_not_found",
            Self::CandidateNotFound => "candidate_not_found",
            Self::AdministratorNotFound => "administrator_not_found",
            Self::RoleInsufficient(_) => "role_insufficient",
            Self::LastOwner => "last_owner",
            Self::IdTaken => "id_taken",
            Self::HasVoters => "election_has_voters",
            Self::Deleted => "election_deleted",
            Self::NotDraft(_) => "election_not_draft",
            Self::NotOpen(_) => "election_not_open",
            Self::NotClosed(_) => "election_not_closed",
            Self::Counting => "counting",
            Self::WrongStatus(_) => "election_status",
            Self::NoCompetition => "no_competition",
            Self::TooFewCandidates => "too_few_candidates",
            Self::TooMany(Limit::CompetitionBytes | Limit::ModeratedBytes) => "competition_too_large",
            Self::TooMany(Limit::ElectionBytes) => "election_too_large",
            Self::TooMany(Limit::Competitions) => "too_many_competitions",
            Self::TooMany(Limit::CandidatesInCompetition | Limit::Candidates) => "too_many_candidates",
            Self::TooMany(Limit::Administrators) => "too_many_administrators",
            Self::ClosingTimePast => "closing_time_past",
            Self::ClosingTimeNotLater => "closing_time_not_later",
            Self::NoClosingTime => "no_closing_time",
            Self::OpeningTimePast => "opening_time_past",
            Self::Opened => "election_opened",
            Self::NotDueToOpen => "election_not_due_to_open",
            Self::ReminderPast => "reminder_past",
            Self::RemindersNeedInvitations => "reminders_need_invitations",
            Self::Due => "election_due",
            Self::NotDue => "election_not_due",
            Self::DisqualifiedAlready => "disqualified_already",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::CompetitionNotFound | Self::CandidateNotFound | Self::AdministratorNotFound => {
                Kind::Missing
            }
            Self::RoleInsufficient(_) => Kind::Forbidden,
            Self::ClosingTimePast | Self::ClosingTimeNotLater | Self::OpeningTimePast | Self::ReminderPast => {
                Kind::Invalid
            }
            Self::Counting => Kind::Pending,
            Self::IdTaken => Kind::Taken,
            _ => Kind::State,
        }
    }

    fn field(&self) -> Option<String> {
        let field = match self {
            Self::ClosingTimePast | Self::ClosingTimeNotLater => "closes_at",
            Self::OpeningTimePast => "opens_at",
            Self::ReminderPast => "reminders",
            _ => return None,
        };
        Some(field.to_owned())
    }
}
