//! What clients were told about their commands agrees with what happened: what was acknowledged happened, what was refused
//! did not, and a command that is repeated gets its first answer.

use std::collections::BTreeMap;

use photovote_domain::{
    Ballot, BallotId, BallotToken, ElectionId, ImportId, MailingId, PhotographId, Voter, VoterId, ballot::BallotEvent,
    election::Status,
};
use photovote_edge::{self as http, DraftTag, command_id, derived_id};
use photovote_events::Stream;
use photovote_test_support::Reply;
use serde_json::{Value, json};

use super::{
    Verdict,
    truth::{Entry, Truth, fold},
};
use crate::{
    journal::{Asked, What, Who},
    scenario::Scenario,
};

pub(crate) fn check(truth: &Truth, journal: &[Asked], scenario: &Scenario, verdict: &mut Verdict<'_>) {
    let ballots = ballots(truth);
    for asked in journal {
        let effect = effect(asked, truth, &ballots);
        let mut refused = false;
        for (index, sending) in asked.sendings.iter().enumerate() {
            let Some((at, reply)) = &sending.answer else { continue };
            let said = || {
                format!("{} {} {:?} is answered {} {}", asked.method, asked.path, asked.key, reply.status, reply.text)
            };
            verdict.holds(reply.status != 500, || format!("{}: something went wrong inside", said()));
            verdict.holds(reply.json["code"] != "gates_missing", || format!("{}: no gate is ever missing", said()));
            verdict.holds(!(scenario.absorbed && reply.json["code"] == "storage_unavailable"), || {
                format!("{}: this was to be borne", said())
            });
            // What changed nothing is not remembered: sent again, it is decided again.
            let effect = effect.filter(|effect| effect.at <= *at || !may_change_nothing(asked));
            match (reply.status, effect) {
                (200..300, Some(effect)) => {
                    verdict.holds(effect.at <= *at, || format!("{} before it happened", said()));
                    let expected = told(asked, effect);
                    let found =
                        expected.as_object().into_iter().flatten().all(|(name, told)| reply.json[name] == *told);
                    verdict.holds(found, || format!("{}, not {expected}", said()));
                }
                (200..300, None) => {
                    verdict.holds(may_change_nothing(asked), || format!("{}, and did not happen", said()));
                }
                (400..500, effect) => {
                    refused |= !is_conflict(reply);
                    let done = effect.is_some_and(|effect| effect.at < sending.sent);
                    let forgotten = is_settled(asked, reply) || is_revoked(asked, reply, truth, &ballots);
                    verdict.holds(!done || is_conflict(reply) || forgotten, || {
                        format!("{}, and had been carried out", said())
                    });
                }
                _ => {}
            }
            // A secret is shown once: to whoever asks the first time, whatever the functions went through. Where voters are mailed
            // their links, nobody is shown any.
            let shows_secret = matches!(asked.what, What::Register | What::ReplaceToken);
            if let Some(effect) = effect.filter(|_| shows_secret && index == 0 && reply.status < 300) {
                let mailed = is_mailed(effect.commit.stream, truth, &ballots);
                verdict.holds(reply.json["ballot_token"].is_string() != mailed, || {
                    format!("{}, and links are mailed: {mailed}", said())
                });
            }
            if shows_secret && let Some(token) = reply.json["ballot_token"].as_str() {
                let opened = ballot_of(token, &ballots).and_then(|stream| truth.streams.get(&stream));
                let was_opened = opened.into_iter().flatten().any(|entry| sets_token(entry, token));
                verdict.holds(was_opened, || format!("{}, and the token never opened its ballot", said()));
            }
            if asked.what == What::Close && reply.status < 300 {
                let closed = election(asked).and_then(|id| truth.moment(id, "ElectionClosed"));
                verdict.holds(closed.is_some_and(|closed| closed <= *at), || format!("{}, and is not closed", said()));
            }
        }
        if refused && !asked.is_uncertain() && asked.acknowledged().is_none() {
            verdict.holds(effect.is_none(), || {
                format!("{} {} {:?} was refused, and happened", asked.method, asked.path, asked.key)
            });
        }
    }
}

/// Each ballot's stream.
pub(crate) fn ballots(truth: &Truth) -> BTreeMap<BallotId, Stream> {
    let streams = truth.streams.keys();
    streams
        .filter_map(|stream| if let Stream::Ballot(_, _, id) = stream { Some((*id, *stream)) } else { None })
        .collect()
}

/// The stream of the ballot that a token opens.
pub(crate) fn ballot_of(token: &str, ballots: &BTreeMap<BallotId, Stream>) -> Option<Stream> {
    let token: BallotToken = token.parse().ok()?;
    ballots.get(&token.ballot).copied()
}

/// Is the voter of this stream mailed the links of their ballot?
fn is_mailed(voter: Stream, truth: &Truth, ballots: &BTreeMap<BallotId, Stream>) -> bool {
    let voter: Voter = fold(truth.streams.get(&voter).map(Vec::as_slice).unwrap_or_default());
    let ballot = voter.ballot.and_then(|ballot| truth.streams.get(ballots.get(&ballot)?)?.first());
    ballot.is_some_and(|entry| entry.commit.events.iter().any(|event| event.event_type == "BallotLinkAwaited"))
}

/// Does a token open its ballot from this commit on?
fn sets_token(entry: &Entry, token: &str) -> bool {
    let Ok(token) = token.parse::<BallotToken>() else { return false };
    let events = entry.commit.decode::<Ballot>().unwrap_or_default();
    events.iter().any(|event| match event {
        BallotEvent::BallotCreated { token: hash } | BallotEvent::BallotTokenReplaced { token: hash } => {
            token.matches(hash)
        }
        _ => false,
    })
}

/// The election that an administrator's request is about.
pub(crate) fn election(asked: &Asked) -> Option<ElectionId> {
    asked.path.split(['/', '?']).nth(2)?.parse().ok()
}

/// The commit that a command made.
pub(crate) fn effect<'a>(asked: &Asked, truth: &'a Truth, ballots: &BTreeMap<BallotId, Stream>) -> Option<&'a Entry> {
    let key = asked.key.as_deref()?;
    let (caller, stream) = match &asked.who {
        Who::Anybody => return None,
        Who::Voter(token) => {
            let stream = ballot_of(token, ballots)?;
            (http::Voter(token.parse().ok()?).caller(), stream)
        }
        Who::Administrator(subject) => {
            let caller = format!("administrator:{subject}");
            let stream = administered(asked, &caller, key, truth)?;
            (caller, stream)
        }
    };
    let id = command_id(&caller, &stream.to_string(), key).to_string();
    truth.streams.get(&stream)?.iter().find(|entry| entry.private.id.to_string() == id)
}

/// The stream that an administrator's command goes to.
fn administered(asked: &Asked, caller: &str, key: &str, truth: &Truth) -> Option<Stream> {
    if asked.what == What::Create {
        let told = asked.acknowledged().and_then(|(_, reply)| reply.json["id"].as_str()?.parse().ok());
        return Some(Stream::Election(
            told.unwrap_or_else(|| ElectionId::from_bits(derived_id(caller, "election", None, key))),
        ));
    }
    let election = election(asked)?;
    let named = || asked.path.split('/').nth(4)?.parse::<VoterId>().ok();
    let photograph = match asked.what {
        What::RequestPhotograph => Some(PhotographId::from_bits(derived_id(
            caller,
            &format!("{election}/photograph"),
            truth.secret(election),
            key,
        ))),
        What::RemovePhotograph => Some(asked.path.split('/').nth(4)?.parse().ok()?),
        _ => None,
    };
    if asked.what == What::RequestMailing {
        let scope = format!("{election}/mailing");
        let mailing = MailingId::from_bits(derived_id(caller, &scope, truth.secret(election), key));
        return Some(Stream::Mailing(election, mailing));
    }
    if let Some(photograph) = photograph {
        return Some(Stream::Photograph(election, photograph));
    }
    let import = match asked.what {
        What::RequestImport => {
            let scope = format!("{election}/import");
            Some(ImportId::from_bits(derived_id(caller, &scope, truth.secret(election), key)))
        }
        What::MoveImport => Some(asked.path.split('/').nth(4)?.parse().ok()?),
        _ => None,
    };
    if let Some(import) = import {
        return Some(Stream::Import(election, import));
    }
    let voter = match asked.what {
        What::Register => {
            VoterId::from_bits(derived_id(caller, &format!("{election}/voter"), truth.secret(election), key))
        }
        What::Remove | What::ReplaceToken | What::CorrectAddress => named()?,
        _ => return Some(Stream::Election(election)),
    };
    let shards = truth.election(election)?.shards;
    Some(Stream::voter(election, shards, voter))
}

/// What the answer says of what the command led to.
fn told(asked: &Asked, effect: &Entry) -> Value {
    let version = effect.commit.last().get();
    match asked.what {
        // The closing's, and then the end's.
        What::Close => json!({"version": version + 1}),
        What::Rate(_) | What::Clear(_) => {
            json!({"tag": DraftTag::of(&effect.commit.hash).to_string(), "version": null})
        }
        What::Cast(_) => json!({"tag": null, "version": null}),
        _ => json!({"version": version}),
    }
}

/// Can this be answered with a yes although nothing had to change?
fn may_change_nothing(asked: &Asked) -> bool {
    asked.key.is_none()
        || matches!(asked.what, What::Change | What::MoveImport | What::Rate(_) | What::Clear(_) | What::Close)
}

fn is_conflict(reply: &Reply) -> bool {
    reply.status == 409 && reply.json["code"] == "conflict"
}

/// Was the ballot cast, so that nothing that was done to the draft is told any more?
fn is_settled(asked: &Asked, reply: &Reply) -> bool {
    matches!(asked.what, What::Rate(_) | What::Clear(_)) && reply.json["code"] == "ballot_cast_already"
}

/// Was the token that the client bears taken from it, or the election deleted?
fn is_revoked(asked: &Asked, reply: &Reply, truth: &Truth, ballots: &BTreeMap<BallotId, Stream>) -> bool {
    let Who::Voter(token) = &asked.who else { return false };
    let Some(stream) = ballot_of(token, ballots) else { return false };
    let entries = truth.streams.get(&stream).map(Vec::as_slice).unwrap_or_default();
    // A ballot can be made to be opened by a link that is yet to come: nobody had a token before.
    let takes_away =
        |event_type: &str| matches!(event_type, "BallotTokenReplaced" | "BallotLinkAwaited" | "BallotVoided");
    let withdrawn =
        entries.iter().skip(1).any(|entry| entry.commit.events.iter().any(|event| takes_away(&event.event_type)));
    let deleted = truth.election(stream.election()).is_some_and(|election| election.status == Status::Deleted);
    (reply.status == 401 && withdrawn) || deleted
}
