//! What a letter says, as plain text and as HTML.

use photovote_domain::{Description, Email, Language, Name, mailing::Kind};

use crate::{
    LetterError,
    moment::{Closing, Until},
    outside::{escape_into, lines, undecoded, unlinked},
    words::Words,
};

/// The content of a letter to a voter, without its link.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// Why the voter is written to.
    pub kind: Kind,
    /// The language of all words that are not the organiser's.
    pub language: Language,
    /// The election's name.
    pub election: &'a Name,
    /// The voter's name.
    pub voter: &'a Name,
    /// When voting ends, if that is known. A letter with results does not say it.
    pub closes: Option<Closing<'a>>,
    /// Where replies go. Without it, the letter does not invite any.
    pub contact: Option<&'a Email>,
    /// The organiser's subject, instead of ours.
    pub subject: Option<&'a Name>,
    /// The organiser's introduction, instead of ours. A blank one counts as none.
    pub text: Option<&'a Description>,
}

/// A letter with a placeholder where the link will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The subject.
    pub subject: String,
    /// The plain text. Its lines end with a line feed.
    pub text: String,
    /// The same words as an HTML document, without a link, a script, or anything to be loaded.
    pub html: String,
}

/// A part of a letter. Each is a paragraph of its own.
pub(crate) enum Part<'a> {
    /// A sentence or more.
    Text(String),
    /// The organiser's own lines.
    Own(Vec<&'a str>),
    /// The link, on a line of its own. In HTML, a button with these words and the link itself.
    Link(&'static str),
    /// A sentence or more that most readers need not read.
    Small(String),
}

/// Writes a letter's words without its link, to be shown to its organiser.
pub fn preview(letter: &Letter<'_>) -> Result<Preview, LetterError> {
    let parts = letter.parts()?;
    let placeholder = letter.words().placeholder;
    Ok(Preview {
        subject: letter.subject(),
        text: plain(&parts, placeholder),
        html: html(letter.language, &parts, &Target { shown: placeholder, link: None }),
    })
}

/// Returns the plain text and the HTML of a letter with this link.
pub(crate) fn bodies(letter: &Letter<'_>, link: &str) -> Result<(String, String), LetterError> {
    let parts = letter.parts()?;
    Ok((plain(&parts, link), html(letter.language, &parts, &Target { shown: link, link: Some(link) })))
}

impl<'a> Letter<'a> {
    fn words(&self) -> &'static Words {
        Words::of(self.language)
    }

    /// Returns the organiser's subject or ours.
    pub(crate) fn subject(&self) -> String {
        let subject = match self.subject {
            Some(subject) => subject.to_string(),
            None => (self.words().opening(self.kind).subject)(self.election.as_str()),
        };
        undecoded(&subject)
    }

    fn introduction(&self, words: &Words) -> Part<'a> {
        match self.text.map(|text| lines(text.as_str())) {
            Some(own) if !own.is_empty() => Part::Own(own),
            _ => Part::Text(words.opening(self.kind).introduction.into()),
        }
    }

    /// Says when voting ends.
    fn end(&self, words: &Words) -> Result<String, LetterError> {
        let Some(closing) = &self.closes else { return Ok(words.no_end.into()) };
        let until = Until::new(closing).ok_or(LetterError::Closing)?;
        Ok((words.ends)(&until.write(&words.moment)))
    }

    fn parts(&self) -> Result<Vec<Part<'a>>, LetterError> {
        let words = self.words();
        let election = unlinked(self.election.as_str());
        let mut parts = vec![Part::Text((words.greeting)(&unlinked(self.voter.as_str()))), self.introduction(words)];
        match self.kind {
            Kind::Invitation | Kind::Reminder => {
                parts.push(Part::Text((words.vote)(&election)));
                parts.push(Part::Link(words.vote_button));
                parts.push(Part::Text(self.end(words)?));
                if self.kind == Kind::Reminder {
                    parts.push(Part::Text(words.voted.into()));
                }
                parts.push(Part::Text(words.personal.into()));
            }
            Kind::Results => {
                parts.push(Part::Text((words.see)(&election)));
                parts.push(Part::Link(words.see_button));
                parts.push(Part::Text(words.public.into()));
            }
        }
        if self.contact.is_some() {
            parts.push(Part::Text(words.replies.into()));
        }
        parts.push(Part::Small(format!("{} {}", words.unexpected, words.sent)));
        Ok(parts)
    }
}

/// The HTML document of these parts.
pub(crate) fn html(language: Language, parts: &[Part<'_>], target: &Target<'_>) -> String {
    let mut html = String::with_capacity(4_096);
    html.push_str("<!DOCTYPE html>\n<html lang=\"");
    html.push_str(language.tag());
    html.push_str("\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"color-scheme\" content=\"light dark\">\n");
    html.push_str("<title>PhotoVote</title>\n</head>\n");
    html.push_str(
        "<body style=\"max-width:36em;margin:0 auto;padding:1em;font:16px/1.5 sans-serif;\
         overflow-wrap:break-word\">\n",
    );
    for part in parts {
        part.write_html(&mut html, target);
    }
    html.push_str("</body>\n</html>\n");
    html
}

/// Where the link is, or will be.
pub(crate) struct Target<'a> {
    pub(crate) shown: &'a str,
    pub(crate) link: Option<&'a str>,
}

/// Separates parts by blank lines.
pub(crate) fn plain(parts: &[Part<'_>], link: &str) -> String {
    let mut text = String::with_capacity(2_048);
    for part in parts {
        if !text.is_empty() {
            text.push('\n');
        }
        match part {
            Part::Text(sentences) | Part::Small(sentences) => text.push_str(sentences),
            Part::Own(lines) => text.push_str(&unlinked(&lines.join("\n"))),
            Part::Link(_) => text.push_str(link),
        }
        text.push('\n');
    }
    text
}

impl Part<'_> {
    fn write_html(&self, html: &mut String, target: &Target<'_>) {
        match self {
            Self::Text(sentences) => {
                html.push_str("<p>");
                escape_into(html, sentences);
            }
            Self::Own(lines) => {
                // The organiser may write in a script that runs from right to left.
                html.push_str("<p dir=\"auto\">");
                for (i, line) in lines.iter().enumerate() {
                    html.push_str(if i > 0 { "<br>\n" } else { "" });
                    escape_into(html, &unlinked(line));
                }
            }
            Self::Link(button) => {
                html.push_str("<p>");
                target.write_button(html, button);
                html.push_str("</p>\n<p style=\"word-break:break-all\">");
                escape_into(html, target.shown);
            }
            Self::Small(sentences) => {
                html.push_str("<p style=\"font-size:14px\">");
                escape_into(html, sentences);
            }
        }
        html.push_str("</p>\n");
    }
}

impl Target<'_> {
    fn write_button(&self, html: &mut String, button: &str) {
        const STYLE: &str = "style=\"display:inline-block;padding:.6em 1.2em;border-radius:.5em;background:#a33c00;\
                             color:#ffffff;font-weight:bold;text-decoration:none\"";
        let tag = if self.link.is_some() { "a" } else { "span" };
        html.push('<');
        html.push_str(tag);
        if let Some(link) = self.link {
            html.push_str(" href=\"");
            escape_into(html, link);
            html.push('"');
        }
        html.push(' ');
        html.push_str(STYLE);
        html.push('>');
        escape_into(html, button);
        html.push_str("</");
        html.push_str(tag);
        html.push('>');
    }
}
