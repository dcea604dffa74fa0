//! English.

use super::{NoticeWords, Opening, Words};
use crate::moment::{Clock, Writing};

pub(super) const WORDS: Words = Words {
    greeting: |voter| format!("Hello {voter},"),
    invitation: Opening {
        subject: |election| format!("Your ballot for {election}"),
        introduction: "You are invited to take part in a photo vote.",
    },
    reminder: Opening {
        subject: |election| format!("Reminder: {election}"),
        introduction: "This is a reminder of a photo vote that is still open.",
    },
    results: Opening {
        subject: |election| format!("The results of {election}"),
        introduction: "Voting has ended, and the ballots have been counted.",
    },
    vote: |election| {
        format!(
            "Open your ballot for “{election}”, rate the photographs, and then cast your ballot. This is your link:"
        )
    },
    vote_button: "Open my ballot",
    see: |election| format!("See the results of “{election}” here:"),
    see_button: "See the results",
    ends: |moment| format!("Voting ends on {moment}."),
    moment: Writing { date, time, join: |date, time| format!("{date}, at {time}"), same: "which is" },
    no_end: "Voting goes on until the organiser closes it.",
    voted: "If you have already cast your ballot, there is nothing left for you to do.",
    personal: "The link is yours alone. Anyone who has it can vote in your place, so please do not forward this mail.",
    public: "The results are public. You are welcome to share this link.",
    unexpected: "If you did not expect this mail, you can ignore it.",
    replies: "Do you have a question? Reply to this mail to reach the organiser.",
    sent: "PhotoVote sent this mail on behalf of the organiser.",
    notice: NoticeWords {
        greeting: "Hello,",
        ahead_subject: |election| format!("{election} is not ready to open"),
        missed_subject: |election| format!("{election} did not open"),
        ahead: |election, moment| {
            format!("“{election}” is planned to open on {moment}. As it is now, it will not open:")
        },
        missed: |election, moment| format!("“{election}” was planned to open on {moment}. It did not open:"),
        over: |election, moment| {
            format!(
                "“{election}” was planned to open on {moment}. It did not open, and its closing time has passed as well. \
                 Please plan other times."
            )
        },
        no_competition: "It has no competition.",
        too_few_candidates: "A competition has fewer than two candidates.",
        processing: |count| format!("Photographs that are still being processed: {count}."),
        no_voters: "Nobody is registered to vote.",
        links_not_shown: |count| {
            format!("Voters whose links you have to hand out, and were not shown yet: {count}. Replace these links.")
        },
        then: "As soon as nothing of this is left, the election opens by itself: not before its opening time, and not after \
               its closing time.",
        button: "Open the election",
    },
    placeholder: "[The link goes here]",
};

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn date(clock: &Clock) -> String {
    format!("{}, {} {} {}", clock.weekday(&WEEKDAYS), clock.day(), clock.month(&MONTHS), clock.year())
}

fn time(clock: &Clock) -> String {
    format!("{:02}:{:02}", clock.hour(), clock.minute())
}
