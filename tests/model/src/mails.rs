//! A model of the mails to one voter: links, and mailings.
//!
//! It has administrators who open the election, register the voter, replace the link, correct the address, remove the voter and request
//! mailings; a follower that notes what is due; and mailers that find recipients, claim mails, issue links, send and note. **A step is
//! one call** to `DynamoDB` or to the mail service, and what a process makes of the answer. A mailer may be told at any time, and any
//! number of times: so the model has messages that are delivered twice, late and in any order. It may crash before any step. Then its
//! claim ends after a while.
//!
//! No two voters share an item, except where their mails are queued. So one voter shows what can happen to each.
//!
//! | Here | There |
//! |---|---|
//! | [`administrator`] | `api/election-commands/src/voters.rs`, `workers/registration/src/lib.rs` |
//! | [`follower`] | `workers/invitations/src/lib.rs`, `workers/following/src/follow.rs` |
//! | [`mailer`] | `workers/mailing/src/{lib,find,invite,issue,remind,send}.rs`, `storage/coordination-write/src/{mails,mailings}.rs` |
//! | [`tables`] | what is in the tables, and which mails went out |
//! | [`properties`] | what must hold |

pub mod administrator;
pub mod follower;
pub mod mailer;
pub mod properties;
pub mod tables;

use stateright::{Model, Property};

use crate::mails::tables::{Outbox, Tables};

/// What an administrator requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Open the election. Without such a request, it is open.
    Open,
    /// Register the voter. Without such a request, the voter is registered and was mailed the first link.
    Register,
    /// Replace the link.
    Replace,
    /// Correct the address.
    Correct,
    /// Remove the voter.
    Remove,
    /// Request a mailing to the voter.
    Mail(Kind),
}

/// A kind of mailing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An invitation to named voters: the link is sent, also if it was sent before.
    Again,
    /// A reminder, with the link.
    Reminder,
    /// The results, without a link.
    Results,
}

/// Something that the protocol does, and that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// A link is replaced for the voter and the ballot at once (`replace_token`, `App::revoked`).
    BallotWithVoter,
    /// A voter is read after the ballot, before both get another link (`App::look_again`).
    VoterAfterBallot,
    /// Another address gets another link (`Voter::change`).
    AddressWithLink,
    /// A ballot goes with its voter (`Registrar::remove`).
    VoidWithVoter,
    /// A removal releases the guard of the address that the voter has (`Registrar::remove`).
    PresentAddress,
    /// A follower looks at the election after the commit (`ToMailer::state`).
    ElectionAfterCommit,
    /// A commit is marked when it is followed (`Control::track`).
    FollowedOnce,
    /// Recipients are queued only if they still are to be found (`Control::look_on`).
    FoundOnce,
    /// A mail is claimed by one mailer (`Control::claim`).
    ClaimedOnce,
    /// A voter who is removed is not written to (`is_registered`).
    RegisteredOnly,
    /// A link that was mailed is not due (`Mailer::due_to`).
    MailedIsKnown,
    /// A link is derived, and the same each time (`LinkKey::token`).
    Derived,
    /// A link is issued before it is sent (`Mailer::issue`).
    IssuedFirst,
    /// A link is issued only if the ballot awaits it (`BallotCommand::IssueLink`).
    AwaitedOnly,
    /// A link is issued only if the place of its commit is free (`PLACE_IS_FREE`).
    PlaceMustBeFree,
    /// A mail that was asked for again while it was claimed stays due (`Control::settle`).
    AskedAgain,
    /// The end of a claim takes back only the mailing that the claim was counted in (`Control::settlement`).
    OwnMailingOnly,
    /// What is noted as the last link that was mailed never goes back, also if claims end while their mailers are still at it
    /// (`NO_LATER_LINK`).
    NeverBack,
}

/// A configuration of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mails {
    /// What administrators request, each once, in any order and at once.
    pub commands: Vec<Command>,
    /// How many mailers there are. Each runs as often as it likes.
    pub mailers: usize,
    /// How often the reconciler has the election looked after.
    pub looks: u8,
    /// Can a claim end while its mailer is still at it? The claim is longer than any mailer runs on AWS; a machine can be suspended.
    pub slow: bool,
    /// What is left out.
    pub without: Option<Guard>,
}

impl Mails {
    pub(crate) fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    pub(crate) fn requests(&self, command: Command) -> bool {
        self.commands.contains(&command)
    }
}

/// All that there is at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The tables.
    pub tables: Tables,
    /// Which mails went out. Nobody in the model sees this.
    pub outbox: Outbox,
    /// How far each request is.
    pub requests: Vec<administrator::Step>,
    /// The mailers.
    pub mailers: Vec<mailer::Step>,
    /// How often the reconciler can still have the election looked after.
    pub looks: u8,
}

impl State {
    /// Nothing is due, and nobody is about to make anything so.
    pub fn is_at_rest(&self) -> bool {
        self.tables.nothing_is_due() && self.mailers.iter().all(|step| *step == mailer::Step::Idle)
    }
}

/// Who does something, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The request of this number makes its next call.
    Administrator(usize),
    /// The follower does something about the commit of this number.
    Follower(usize, follower::Move),
    /// The mailer of this number does something.
    Mailer(u8, mailer::Move),
    /// The reconciler has the election looked after (`Mailer::look_after`).
    Look,
}

impl Model for Mails {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let (tables, outbox) = tables::initial(self);
        vec![State {
            tables,
            outbox,
            requests: vec![administrator::Step::Unsent; self.commands.len()],
            mailers: vec![mailer::Step::Idle; self.mailers],
            looks: self.looks,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let requests = 0..state.requests.len();
        actions
            .extend(requests.filter(|number| administrator::can_move(self, state, *number)).map(Action::Administrator));
        for number in 0..state.tables.commits.len() {
            let moves = follower::moves(self, &state.tables, number).into_iter();
            actions.extend(moves.map(|step| Action::Follower(number, step)));
        }
        for (number, _) in (0..).zip(&state.mailers) {
            let moves = mailer::moves(self, state, number).into_iter();
            actions.extend(moves.map(|step| Action::Mailer(number, step)));
        }
        if state.looks > 0 && state.tables.is_open {
            actions.push(Action::Look);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Administrator(number) => administrator::make(self, &mut next, number)?,
            Action::Follower(number, step) => follower::make(self, &mut next.tables, number, step)?,
            Action::Mailer(number, step) => mailer::make(self, &mut next, number, step)?,
            Action::Look => {
                next.looks -= 1;
                next.tables.ask_for_everybody();
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
