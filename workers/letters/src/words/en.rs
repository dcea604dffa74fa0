//! English.

use super::{Opening, Words};
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
