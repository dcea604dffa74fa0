//! Notices: letters to an organiser whose election something keeps from opening.

use photovote_domain::{Email, Language, Name, election::Obstacle};

use crate::{
    Envelope, LetterError, Mail,
    letter::{Part, Target, html, plain},
    message::{Content, boundary},
    moment::{Closing, Until},
    outside::{undecoded, unlinked},
    words::Words,
};

/// The content of a notice, without its link.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// The language.
    pub language: Language,
    /// The election's name.
    pub election: &'a Name,
    /// When the election opens, or was to open.
    pub opens: Closing<'a>,
    /// Is that moment past?
    pub missed: bool,
    /// What prevents it. If nothing does, the closing time is past as well.
    pub obstacles: &'a [Obstacle],
}

/// Writes a notice. The link leads to the election. Equal arguments have equal messages.
pub fn notify(notice: &Notice<'_>, envelope: &Envelope<'_>) -> Result<Mail, LetterError> {
    let words = Words::of(notice.language);
    let parts = notice.parts(words)?;
    let link = envelope.link.reveal();
    let text = plain(&parts, link);
    let html = html(notice.language, &parts, &Target { shown: link, link: Some(link) });
    let boundary = boundary(&text, &html);
    let subject = if notice.missed { words.notice.missed_subject } else { words.notice.ahead_subject };
    let subject = undecoded(&subject(notice.election.as_str()));
    let (name, contact) = (None, None::<&Email>);
    Content { language: notice.language, name, contact, subject, text, html, boundary }.write(envelope)
}

impl Notice<'_> {
    fn parts(&self, words: &Words) -> Result<Vec<Part<'static>>, LetterError> {
        let said = &words.notice;
        let moment = Until::new(&self.opens).ok_or(LetterError::Closing)?.write(&words.moment);
        let election = unlinked(self.election.as_str());
        let mut parts = vec![Part::Text(said.greeting.to_owned())];
        let news = match (self.missed, self.obstacles.is_empty()) {
            (true, true) => said.over,
            (true, false) => said.missed,
            (false, _) => said.ahead,
        };
        parts.push(Part::Text(news(&election, &moment)));
        for obstacle in self.obstacles {
            let line = match obstacle {
                Obstacle::NoCompetition => said.no_competition.to_owned(),
                Obstacle::TooFewCandidates => said.too_few_candidates.to_owned(),
                Obstacle::PhotographsProcessing { count } => (said.processing)(*count),
                Obstacle::NoVoters => said.no_voters.to_owned(),
                Obstacle::LinksNotShown { count } => (said.links_not_shown)(*count),
            };
            parts.push(Part::Text(format!("• {line}")));
        }
        if !self.obstacles.is_empty() {
            parts.push(Part::Text(said.then.to_owned()));
        }
        parts.push(Part::Link(said.button));
        parts.push(Part::Small(words.unexpected.to_owned()));
        Ok(parts)
    }
}
