//! The words of mails in each language. The compiler asks for every sentence in every language.

mod de;
mod en;
mod es;
mod fr;

use photovote_domain::Language;

use crate::{Kind, moment::Writing};

/// All words of one language. A function gets what the sentence names.
pub(crate) struct Words {
    /// The first line, to the voter.
    pub(crate) greeting: fn(voter: &str) -> String,
    pub(crate) invitation: Opening,
    pub(crate) reminder: Opening,
    pub(crate) results: Opening,
    /// A request to vote. The link to the ballot follows.
    pub(crate) vote: fn(election: &str) -> String,
    pub(crate) vote_button: &'static str,
    /// An announcement of the results. The link to them follows.
    pub(crate) see: fn(election: &str) -> String,
    pub(crate) see_button: &'static str,
    /// A sentence with the moment when voting ends.
    pub(crate) ends: fn(moment: &str) -> String,
    pub(crate) moment: Writing,
    /// A sentence for an election without a known end.
    pub(crate) no_end: &'static str,
    /// A sentence for voters who voted meanwhile.
    pub(crate) voted: &'static str,
    /// A warning that the link is personal.
    pub(crate) personal: &'static str,
    /// A sentence about a link that is not personal.
    pub(crate) public: &'static str,
    /// A sentence for readers who expected nothing.
    pub(crate) unexpected: &'static str,
    /// An invitation to reply to the organiser.
    pub(crate) replies: &'static str,
    /// The sentence that names the sender.
    pub(crate) sent: &'static str,
    pub(crate) notice: NoticeWords,
    /// A text for previews, in place of the link.
    pub(crate) placeholder: &'static str,
}

/// The subject and the first paragraph, unless the organiser wrote others.
pub(crate) struct Opening {
    pub(crate) subject: fn(election: &str) -> String,
    pub(crate) introduction: &'static str,
}

/// What an organiser is told about an opening that is prevented.
pub(crate) struct NoticeWords {
    pub(crate) greeting: &'static str,
    pub(crate) ahead_subject: fn(election: &str) -> String,
    pub(crate) missed_subject: fn(election: &str) -> String,
    /// What prevents it follows.
    pub(crate) ahead: fn(election: &str, moment: &str) -> String,
    /// What prevented it follows.
    pub(crate) missed: fn(election: &str, moment: &str) -> String,
    /// It does not open any more.
    pub(crate) over: fn(election: &str, moment: &str) -> String,
    pub(crate) no_competition: &'static str,
    pub(crate) too_few_candidates: &'static str,
    pub(crate) processing: fn(u64) -> String,
    pub(crate) no_voters: &'static str,
    pub(crate) links_not_shown: fn(u64) -> String,
    /// What happens once nothing prevents it.
    pub(crate) then: &'static str,
    pub(crate) button: &'static str,
}

impl Words {
    pub(crate) const fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &en::WORDS,
            Language::De => &de::WORDS,
            Language::Fr => &fr::WORDS,
            Language::Es => &es::WORDS,
        }
    }

    pub(crate) const fn opening(&self, kind: Kind) -> &Opening {
        match kind {
            Kind::Invitation => &self.invitation,
            Kind::Reminder => &self.reminder,
            Kind::Results => &self.results,
        }
    }
}
