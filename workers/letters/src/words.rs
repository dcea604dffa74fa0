//! The words of mails in each language. The compiler asks for every sentence in every language.

mod de;
mod en;
mod es;
mod fr;

use photovote_domain::Language;

use crate::{Kind, moment::Writing};

/// All words of one language. A function gets what the sentence names.
pub(crate) struct Words {
    /// To the voter.
    pub(crate) greeting: fn(voter: &str) -> String,
    pub(crate) invitation: Opening,
    pub(crate) reminder: Opening,
    pub(crate) results: Opening,
    /// What to do with the link to a ballot, which follows.
    pub(crate) vote: fn(election: &str) -> String,
    pub(crate) vote_button: &'static str,
    /// What the link to the results leads to, which follows.
    pub(crate) see: fn(election: &str) -> String,
    pub(crate) see_button: &'static str,
    /// When voting ends.
    pub(crate) ends: fn(moment: &str) -> String,
    pub(crate) moment: Writing,
    /// Voting has no end that is known.
    pub(crate) no_end: &'static str,
    /// To a voter who voted meanwhile.
    pub(crate) voted: &'static str,
    /// The link is personal.
    pub(crate) personal: &'static str,
    /// The link is not personal.
    pub(crate) public: &'static str,
    /// To a reader who expected nothing.
    pub(crate) unexpected: &'static str,
    /// Replies reach the organiser.
    pub(crate) replies: &'static str,
    /// Who sent the mail.
    pub(crate) sent: &'static str,
    /// Where a preview has no link.
    pub(crate) placeholder: &'static str,
}

/// How a mail begins, unless the organiser wrote something else.
pub(crate) struct Opening {
    pub(crate) subject: fn(election: &str) -> String,
    pub(crate) introduction: &'static str,
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
