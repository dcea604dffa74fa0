//! Requesting mailings, and looking at them before: a preview, and a test mail.
//!
//! Here a mailing only becomes an event. A follower has its recipients found, and the mailer writes to them.

use std::fmt;

use axum::extract::State;
use photovote_commands::Submission;
use photovote_domain::{
    Aggregate, Description, Election, ElectionId, Email, Mailing, MailingId, Name, Version, VoterId,
    election::Role,
    mailing::{self, Context, Kind, MOST_MAILINGS, MailingCommand, MailingRejection, Recipients as DomainRecipients},
    voter::{Status as VoterStatus, VoterRejection},
};
use photovote_edge::{
    Administrator, Answer, Code, CommandHeaders, Created, Problem, Segments, created, done, invalid_value, optional,
    present, schema, value,
};
use photovote_events::{History, LoadError, Part, Stream};
use photovote_letters::{Closing, Letter, Place, preview as written};
use photovote_queues::{MailMessage, TestMail};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use utoipa::ToSchema;

use crate::App;

/// Which voters are written to: a word, or the voters' ids.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub(crate) enum Recipients {
    /// A word for them.
    #[schema(value_type = schema::RecipientsWord)]
    Word(String),
    /// These voters.
    Named(NamedVoters),
}

/// Voters by their ids.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedVoters {
    /// 1 to 100 ids.
    #[schema(value_type = Vec<schema::Id>, min_items = 1, max_items = 100)]
    voters: Vec<VoterId>,
}

impl<'de> Deserialize<'de> for Recipients {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Recipients;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or an object")
            }

            fn visit_str<E>(self, word: &str) -> Result<Recipients, E> {
                Ok(Recipients::Word(word.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Recipients, A::Error> {
                NamedVoters::deserialize(MapAccessDeserializer::new(map)).map(Recipients::Named)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl Recipients {
    fn parse(self) -> Result<DomainRecipients, Problem> {
        match self {
            Self::Word(word) => value("to", &word),
            Self::Named(NamedVoters { voters }) => Ok(DomainRecipients::Voters(voters.into_iter().collect())),
        }
    }
}

/// A new mailing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMailing {
    /// Its id, a ULID, if the client chooses it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Id>, nullable = false)]
    id: Option<MailingId>,
    /// Why voters are written to.
    #[schema(value_type = schema::MailKind)]
    kind: String,
    /// Which voters are written to. `not_cast` and `bounced` are found out when the mails are sent.
    to: Recipients,
    /// The subject, instead of the election's or the usual one: 1 to 200 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Name>, nullable = false)]
    subject: Option<String>,
    /// The introduction, instead of the election's or the usual one: at most 4,000 characters. Addresses in it are not links.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Description>, nullable = false)]
    text: Option<String>,
}

/// Requests a mailing.
///
/// An editor of the election may call this. Invitations and reminders go to voters of an open election that invites, results to voters
/// of an election whose results are released. An invitation goes only to voters who were not mailed their present link, unless they
/// are named or their invitation bounced. A reminder has the same link. The answer comes before the mails are sent:
/// `GET /elections/{election}/mailings/{mailing}` tells how far they are. To whom a reminder went is not told, because that would
/// tell who has not voted.
#[utoipa::path(
    post, path = "/elections/{election}/mailings", tag = "mailings", operation_id = "request_mailing", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders), request_body = NewMailing,
    responses((status = CREATED, body = Created, description = "The mailing was requested"))
)]
pub(crate) async fn request(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let election = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (id, shards) = (election.stream().election(), election.state().shards);
    let (body, mut intent): (NewMailing, _) = submission.read_new(&caller)?;
    let subject: Option<Name> = optional("subject", body.subject.as_deref())?;
    let text: Option<Description> = optional("text", body.text.as_deref())?;
    let (kind, to): (Kind, _) = (value("kind", &body.kind)?, body.to.parse()?);
    app.can_mail()?;
    app.control.reader().has_gates(id, shards).await?;

    let environment = app.store.environment();
    let scope = format!("{id}/mailing");
    let mailing = intent.choose_id(body.id, &scope, election.secret(), environment);
    let stream = Stream::Mailing(id, mailing);
    let history: History<Mailing> = app.store.reader().load(stream).await?;
    if history.version() == Version::NONE {
        // Several at once may exceed the limit by as many: it is there against abuse.
        let most = u16::try_from(MOST_MAILINGS).unwrap_or(u16::MAX);
        let known =
            app.store.reader().sweep(Part::Mailings(id), None, most).await.map_err(LoadError::from)?.intact()?;
        if known.commits.len() >= MOST_MAILINGS {
            return Err(Problem::refused(&MailingRejection::TooMany));
        }
        app.are_voters(&election, &to).await?;
    }
    let command = MailingCommand::Request { kind, to, subject, text };
    let record = intent.record(command.name(), &stream, environment);
    let context = Context { election: election.state() };
    let decide = |known: &Mailing| known.decide(command.clone(), &context);
    let done = app.store.execute(history, &record, |_| true, decide).await?;
    let body = Created { id: mailing.to_string(), version: done.version };
    Ok(created(&format!("/v1/elections/{id}/mailings/{mailing}"), done.version, body))
}

/// A mailing that is to be looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailingDraft {
    /// Why voters are written to.
    #[schema(value_type = schema::MailKind)]
    kind: String,
    /// Which voters are written to. Without it, recipients are not counted.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    to: Option<Recipients>,
    /// The subject, instead of the usual one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Name>, nullable = false)]
    subject: Option<String>,
    /// The introduction, instead of the usual one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Description>, nullable = false)]
    text: Option<String>,
}

/// What voters will see.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MailingPreview {
    /// The subject.
    #[schema(example = "Your ballot for Summer")]
    subject: String,
    /// The plain text, with a placeholder where the link will be.
    #[schema(example = "Hello …,\n\nYou are invited to take part in a photo vote.\n")]
    text: String,
    /// The same words as an HTML document, without a link, a script, or anything to be loaded.
    #[schema(example = "<!DOCTYPE html>")]
    html: String,
    /// How many voters would be written to now.
    #[schema(example = 200)]
    recipients: Option<u64>,
}

/// Shows a mailing before it is requested.
///
/// An editor of the election may call this at any time. Nothing is stored and nothing is sent.
#[utoipa::path(
    post, path = "/elections/{election}/mailings/preview", tag = "mailings", operation_id = "preview_mailing", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders), request_body = MailingDraft,
    responses((status = OK, body = MailingPreview, description = "What voters will see"))
)]
pub(crate) async fn preview(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let election = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (body, _): (MailingDraft, _) = submission.read(&caller)?;
    let kind: Kind = value("kind", &body.kind)?;
    let usual = mailing::usual_words(election.state(), kind);
    let subject: Option<Name> = optional("subject", body.subject.as_deref().or(usual.0))?;
    let text: Option<Description> = optional("text", body.text.as_deref().or(usual.1))?;
    let to = body.to.map(Recipients::parse).transpose()?;
    if let Some(to) = &to {
        mailing::recipients(kind, to).map_err(|refused| Problem::refused(&refused))?;
    }
    let recipients = match &to {
        Some(to) => Some(app.count_recipients(&election, kind, to).await?),
        None => None,
    };
    let state = election.state();
    let name: Name = value("election", &state.name)?;
    let contact: Option<Email> = optional("contact", state.contact.as_deref())?;
    let place = Place::of(state);
    let letter = Letter {
        kind,
        language: state.language,
        election: &name,
        voter: &value("voter", "…")?,
        closes: Closing::of(state, place.as_ref()),
        contact: contact.as_ref(),
        subject: subject.as_ref(),
        text: text.as_ref(),
    };
    let written = written(&letter).map_err(|error| invalid_value("text", &error))?;
    let (subject, text, html) = (written.subject, written.text, written.html);
    Ok(done(MailingPreview { subject, text, html, recipients }))
}

/// A test mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTestMail {
    /// Where it goes.
    #[schema(value_type = schema::Email)]
    address: String,
    /// Which kind of mail it is.
    #[schema(value_type = schema::MailKind)]
    kind: String,
    /// The subject, instead of the usual one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Name>, nullable = false)]
    subject: Option<String>,
    /// The introduction, instead of the usual one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Description>, nullable = false)]
    text: Option<String>,
}

/// A test mail is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestMailSent {
    /// Where it goes.
    #[schema(value_type = schema::Email)]
    address: String,
}

/// Sends a test mail.
///
/// An editor of the election may call this at any time. The mail is what voters will get, and its link opens no ballot. It is sent a
/// moment later, and perhaps twice.
#[utoipa::path(
    post, path = "/elections/{election}/mailings/test", tag = "mailings", operation_id = "send_test_mail", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders), request_body = NewTestMail,
    responses((status = OK, body = TestMailSent, description = "The mail is on its way"))
)]
pub(crate) async fn test(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let election = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (body, _): (NewTestMail, _) = submission.read(&caller)?;
    let address: Email = value("address", &body.address)?;
    let kind: Kind = value("kind", &body.kind)?;
    let subject: Option<Name> = optional("subject", body.subject.as_deref())?;
    let text: Option<Description> = optional("text", body.text.as_deref())?;
    app.can_mail()?;
    let address = String::from(address);
    let (subject, text) = (subject.map(String::from), text.map(String::from));
    let mail = TestMail { kind, to: address.clone(), subject, text };
    app.mailer.send(&MailMessage::test(election.stream().election(), mail)).await.map_err(|error| {
        tracing::error!(event = "mail_unasked", %error, "the mailer cannot be asked for a test mail");
        Problem::new(Code::StorageUnavailable, Code::StorageUnavailable.meaning())
    })?;
    Ok(done(TestMailSent { address }))
}

impl App {
    /// Can mails be sent from here?
    fn can_mail(&self) -> Answer<()> {
        if self.sends_mail { Ok(()) } else { Err(Problem::new(Code::NoMail, Code::NoMail.meaning())) }
    }

    /// Are all who are named voters of the election?
    async fn are_voters(&self, election: &History<Election>, to: &DomainRecipients) -> Answer<()> {
        let DomainRecipients::Voters(named) = to else { return Ok(()) };
        mailing::recipients(Kind::Reminder, to).map_err(|refused| Problem::refused(&refused))?;
        for voter in named {
            if self.voter(election, *voter).await?.state().status != VoterStatus::Registered {
                return Err(Problem::refused(&VoterRejection::NotFound).with_field("to.voters"));
            }
        }
        Ok(())
    }

    /// How many voters a mailing would go to now.
    async fn count_recipients(&self, election: &History<Election>, kind: Kind, to: &DomainRecipients) -> Answer<u64> {
        let (id, shards): (ElectionId, _) = (election.stream().election(), election.state().shards);
        let control = self.control.reader();
        Ok(match to {
            DomainRecipients::Voters(named) => named.len() as u64,
            DomainRecipients::Bounced => control.count_bounced(id, shards).await?,
            DomainRecipients::NotCast => {
                let turnout = control.turnout(id, shards).await?;
                turnout.registered.saturating_sub(turnout.cast)
            }
            DomainRecipients::All if kind != Kind::Invitation => control.turnout(id, shards).await?.registered,
            DomainRecipients::All | DomainRecipients::NotInvited => {
                let registered = control.turnout(id, shards).await?.registered;
                registered.saturating_sub(control.count_invited(id, shards).await?)
            }
        })
    }
}
