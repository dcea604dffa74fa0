//! Looks at every interleaving of mailing one voter: whole, nothing that must hold is ever broken; with one guard left out, something is.

mod look;

use look::holds;
use photovote_model::{
    mails::{
        Command::{self, Correct, Mail, Open, Register, Remove, Replace},
        Guard,
        Kind::{Again, Reminder, Results},
        Mails, State,
        properties::{
            ADDRESS, COUNTED, DELIVERED, FORWARD, GUARDED, NUMBERED, ONCE, OVERTAKEN, RECORDED, REMOVED, REPLACED,
            SAME, TOO_LATE, TWICE,
        },
    },
    progress::states_if_never_stuck,
};

fn mails(commands: &[Command], mailers: usize) -> Mails {
    Mails { commands: commands.to_vec(), mailers, looks: 0, slow: false, without: None }
}

/// Without the guard, this is broken.
fn breaks(guard: Guard, model: Mails, invariant: &'static str) {
    look::breaks(Mails { without: Some(guard), ..model }, invariant);
}

#[test]
fn a_voter_who_is_registered_while_the_election_opens() {
    holds(&mails(&[Open, Register], 2), &[TWICE]);
    holds(&Mails { looks: 1, ..mails(&[Open, Register], 2) }, &[TWICE]);
}

#[test]
fn a_link_that_is_replaced_while_it_is_mailed() {
    holds(&mails(&[Register, Replace, Correct], 2), &[TWICE, OVERTAKEN]);
    holds(&Mails { looks: 1, ..mails(&[Register, Replace], 2) }, &[TWICE, OVERTAKEN]);
}

#[test]
fn a_voter_who_is_removed_while_the_link_is_mailed() {
    holds(&mails(&[Register, Replace, Remove], 2), &[TWICE, OVERTAKEN, TOO_LATE]);
    holds(&mails(&[Replace, Correct, Remove], 2), &[TWICE, OVERTAKEN, TOO_LATE]);
}

#[test]
fn a_mailing_while_the_voter_comes_or_goes() {
    holds(&mails(&[Register, Mail(Again)], 2), &[TWICE]);
    for kind in [Again, Reminder, Results] {
        holds(&mails(&[Mail(kind), Replace], 2), &[TWICE]);
        holds(&mails(&[Mail(kind), Correct, Remove], 2), &[TWICE]);
    }
}

#[test]
fn two_mailings_at_once() {
    holds(&mails(&[Mail(Again), Mail(Reminder)], 2), &[TWICE]);
    holds(&mails(&[Mail(Results), Mail(Reminder)], 2), &[TWICE]);
}

#[test]
fn claims_that_end_while_their_mailers_are_at_it() {
    holds(&Mails { slow: true, ..mails(&[Register, Replace], 2) }, &[OVERTAKEN]);
    holds(&Mails { slow: true, ..mails(&[Replace, Remove], 2) }, &[TOO_LATE]);
    holds(&Mails { slow: true, ..mails(&[Mail(Again), Replace], 2) }, &[OVERTAKEN]);
}

#[test]
#[ignore = "takes minutes: make soak-model"]
fn larger_configurations() {
    for model in [
        Mails { looks: 1, ..mails(&[Replace, Correct], 2) },
        mails(&[Register, Replace, Mail(Again)], 2),
        mails(&[Register, Replace, Mail(Reminder)], 2),
        mails(&[Register, Replace, Mail(Results)], 2),
        mails(&[Register, Mail(Again), Mail(Reminder)], 2),
        mails(&[Open, Register, Replace, Correct], 1),
        mails(&[Register, Replace, Correct, Remove], 2),
        mails(&[Register, Replace, Correct], 3),
        Mails { looks: 1, ..mails(&[Register, Replace, Remove], 2) },
        Mails { looks: 1, ..mails(&[Open, Register, Replace], 2) },
        Mails { slow: true, ..mails(&[Register, Replace, Mail(Again)], 2) },
        Mails { slow: true, ..mails(&[Register, Replace, Correct], 2) },
    ] {
        holds(&model, &[TWICE]);
    }
}

#[test]
fn mails_can_always_be_sent() {
    for model in [
        Mails { looks: 1, ..mails(&[Open, Register], 2) },
        mails(&[Mail(Again), Remove], 2),
        Mails { slow: true, ..mails(&[Register, Replace], 2) },
    ] {
        let states = states_if_never_stuck(&model, State::is_at_rest);
        println!("{:>9} states: {model:?}", states.unwrap_or_else(|stuck| panic!("{model:?}: stuck: {stuck:?}")));
    }
}

#[test]
fn a_link_is_replaced_for_voter_and_ballot_at_once() {
    breaks(Guard::BallotWithVoter, mails(&[Replace], 1), REPLACED);
}

#[test]
fn a_voter_is_read_after_the_ballot() {
    breaks(Guard::VoterAfterBallot, mails(&[Replace, Replace], 1), NUMBERED);
    breaks(Guard::VoterAfterBallot, mails(&[Replace, Correct], 1), DELIVERED);
}

#[test]
fn another_address_gets_another_link() {
    breaks(Guard::AddressWithLink, mails(&[Correct], 1), ADDRESS);
}

#[test]
fn a_ballot_goes_with_its_voter() {
    breaks(Guard::VoidWithVoter, mails(&[Remove], 1), REPLACED);
    breaks(Guard::VoidWithVoter, mails(&[Mail(Again), Remove], 1), REMOVED);
}

#[test]
fn the_election_is_read_after_the_commit() {
    breaks(Guard::ElectionAfterCommit, mails(&[Open, Register], 1), DELIVERED);
}

#[test]
fn a_commit_is_followed_once() {
    breaks(Guard::FollowedOnce, mails(&[Mail(Reminder)], 1), ONCE);
}

#[test]
fn recipients_are_found_once() {
    breaks(Guard::FoundOnce, mails(&[Mail(Reminder)], 2), ONCE);
}

#[test]
fn a_mail_is_claimed_once() {
    breaks(Guard::ClaimedOnce, mails(&[Register], 2), ONCE);
}

#[test]
fn voters_who_are_removed_are_not_written_to() {
    breaks(Guard::RegisteredOnly, mails(&[Mail(Results), Remove], 1), REMOVED);
}

#[test]
fn a_link_that_was_mailed_is_known() {
    breaks(Guard::MailedIsKnown, mails(&[Open, Register], 1), ONCE);
}

#[test]
fn a_link_is_derived() {
    breaks(Guard::Derived, mails(&[Register], 1), SAME);
}

#[test]
fn a_link_is_issued_before_it_is_sent() {
    breaks(Guard::IssuedFirst, mails(&[Register], 1), RECORDED);
}

#[test]
fn only_the_link_that_is_awaited_is_issued() {
    breaks(Guard::AwaitedOnly, mails(&[Register, Replace], 1), REPLACED);
    breaks(Guard::AwaitedOnly, mails(&[Mail(Again), Correct], 1), ADDRESS);
}

#[test]
fn a_link_is_issued_at_a_free_place() {
    breaks(Guard::PlaceMustBeFree, mails(&[Register, Replace], 1), REPLACED);
}

#[test]
fn a_link_that_is_asked_for_again_stays_due() {
    breaks(Guard::AskedAgain, mails(&[Register, Replace], 1), DELIVERED);
}

#[test]
fn a_removal_releases_the_present_address() {
    breaks(Guard::PresentAddress, mails(&[Correct, Remove], 1), GUARDED);
}

#[test]
fn the_end_of_a_claim_takes_back_only_its_own_mailing() {
    breaks(Guard::OwnMailingOnly, mails(&[Register, Mail(Again)], 2), DELIVERED);
    breaks(Guard::OwnMailingOnly, mails(&[Register, Mail(Again)], 2), COUNTED);
    // While no mailing has links sent again, nothing needs it.
    let model = mails(&[Mail(Reminder), Replace], 2);
    holds(&Mails { without: Some(Guard::OwnMailingOnly), ..model }, &[TWICE]);
}

#[test]
fn the_last_link_that_was_mailed_never_goes_back() {
    breaks(Guard::NeverBack, Mails { slow: true, ..mails(&[Register, Replace], 2) }, FORWARD);
    // While claims end after their mailers, nothing needs it.
    holds(&Mails { without: Some(Guard::NeverBack), ..mails(&[Register, Replace], 2) }, &[TWICE]);
}
