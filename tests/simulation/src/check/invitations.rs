//! Invitations: every voter is mailed the link that opens their ballot, and no one else. A mail comes twice only after a fault.

use std::collections::{BTreeMap, BTreeSet};

use photovote_domain::{
    Aggregate, Ballot, BallotId, BallotToken, Digest, Election, ElectionId, LinkNumber, Links, Timestamp, Voter,
    VoterId,
    ballot::{self, BallotEvent},
    election::Status,
    email_key, voter,
};
use photovote_events::Stream;
use photovote_following::Policy;
use photovote_invitations::Invitations;
use photovote_keys::coordination::{DUE, EVERYBODY, FINDING, MAILED, mail_partition, tracking_partition};

use super::{
    Verdict,
    answers::{ballot_of, ballots, effect},
    reminders,
    truth::{Entry, Truth, fold},
};
use crate::{
    cloud::Cloud,
    engine::CONTROL,
    journal::{Asked, Who},
    mail::{Done, Sent, Step},
    scenario::Scenario,
};

/// A voter, from commit to commit.
pub(super) struct Person {
    pub(super) stream: Stream,
    pub(super) states: Vec<(Timestamp, Voter)>,
}

impl Person {
    pub(super) fn now(&self) -> &Voter {
        &self.states.last().expect("a voter has a commit").1
    }

    pub(super) fn removed(&self) -> Option<Timestamp> {
        self.states.iter().find(|(_, voter)| voter.status == voter::Status::Removed).map(|(at, _)| *at)
    }
}

pub(crate) fn check(truth: &Truth, cloud: &Cloud, journal: &[Asked], scenario: &Scenario, verdict: &mut Verdict<'_>) {
    let (ballots, people, steps) = (ballots(truth), people(truth), cloud.mails.steps());
    mails_are_right(truth, &ballots, &people, &steps, verdict);
    repetitions_have_reasons(&steps, verdict);
    links_agree(truth, &ballots, &people, verdict);
    voters_are_mailed(truth, &ballots, &people, &steps, verdict);
    nothing_is_left(truth, cloud, &people, &steps, scenario, verdict);
    reminders::check(truth, &ballots, &people, &steps, verdict);
    no_answer_has_a_mailed_token(truth, journal, &ballots, verdict);
    only_the_last_token_opens(truth, journal, &ballots, verdict);
}

fn people(truth: &Truth) -> BTreeMap<VoterId, Person> {
    let mut people = BTreeMap::new();
    for (stream, entries) in &truth.streams {
        let Stream::Voter(_, _, id) = *stream else { continue };
        let mut voter = Voter::default();
        let mut states = Vec::new();
        for entry in entries {
            let events = entry.commit.decode::<Voter>().expect("what was written can be read");
            voter = events.iter().fold(voter, Voter::evolve);
            states.push((entry.at, voter.clone()));
        }
        people.insert(id, Person { stream: *stream, states });
    }
    people
}

/// Each mail is for its voter alone, opens their ballot, and was wanted when the mailer began with it.
fn mails_are_right(
    truth: &Truth,
    ballots: &BTreeMap<BallotId, Stream>,
    people: &BTreeMap<VoterId, Person>,
    steps: &[Step],
    verdict: &mut Verdict<'_>,
) {
    let mut tokens: BTreeMap<(VoterId, LinkNumber), &str> = BTreeMap::new();
    for (place, step) in steps.iter().enumerate() {
        let Done::Sent(mail) = &step.what else { continue };
        let said = || format!("the mail with link {} of {} to {}", mail.link, step.voter, mail.to);
        let (Ok(token), Some(person)) = (mail.token.parse::<BallotToken>(), people.get(&step.voter)) else {
            verdict.holds(false, || format!("{} has no token, or goes to no voter", said()));
            continue;
        };
        let id = token.election;
        let invites = truth.election(id).is_some_and(|election| election.links == Links::Invite);
        verdict.holds(invites, || format!("{} comes from {id}, which hands out links", said()));
        let opened = truth.moment(id, "ElectionOpened");
        verdict.holds(opened.is_some_and(|opened| opened <= step.at), || format!("{} precedes the opening", said()));
        let own = person.stream.election() == id && person.now().ballot == Some(token.ballot);
        verdict.holds(own, || format!("{} has the token of another ballot", said()));
        let issued = ballots.get(&token.ballot).and_then(|ballot| issued(truth, *ballot, mail.link));
        verdict.holds(issued.is_some_and(|(at, hash)| at <= step.at && token.matches(&hash)), || {
            format!("{} has a token that history does not know", said())
        });
        let first = tokens.entry((step.voter, mail.link)).or_insert(&mail.token);
        verdict.holds(*first == mail.token.as_str(), || format!("{} has another token than the first one", said()));
        let lived_there =
            |(at, voter): &(Timestamp, Voter)| *at <= step.at && voter.link == mail.link && voter.email == mail.to;
        verdict.holds(person.states.iter().any(lived_there), || {
            format!("{}: that was not their address while this was their link", said())
        });
        let claims = |claim: &&Step| {
            matches!(claim.what, Done::Claimed) && claim.voter == step.voter && claim.life.is(&step.life)
        };
        let claim = steps[..place].iter().rev().find(claims);
        verdict.holds(claim.is_some(), || format!("{} was not claimed", said()));
        if let (Some(claim), Some(removed)) = (claim, person.removed()) {
            verdict.holds(claim.at <= removed, || format!("{} was begun after the voter was removed", said()));
        }
    }
}

/// When a link of a ballot was issued, and the hash of its token.
fn issued(truth: &Truth, ballot: Stream, link: LinkNumber) -> Option<(Timestamp, Digest)> {
    truth.streams.get(&ballot)?.iter().find_map(|entry| {
        events(entry).into_iter().find_map(|event| match event {
            BallotEvent::BallotLinkIssued { link: issued, token } if issued == link => Some((entry.at, token)),
            _ => None,
        })
    })
}

fn events(entry: &Entry) -> Vec<BallotEvent> {
    entry.commit.decode::<Ballot>().expect("what was written can be read")
}

/// A mail is sent again only if the invocation that sent it did not note it, and that has a reason.
fn repetitions_have_reasons(steps: &[Step], verdict: &mut Verdict<'_>) {
    for (place, step) in steps.iter().enumerate() {
        let Done::Sent(mail) = &step.what else { continue };
        let of_this_link = |later: &&Step| {
            later.voter == step.voter
                && match &later.what {
                    Done::Claimed | Done::ClaimedReminder(_) | Done::Reminded(_) | Done::Settled(_) => false,
                    Done::Sent(other) => other.link == mail.link,
                    Done::Noted(link) => *link == mail.link,
                }
        };
        let later: Vec<_> = steps[place + 1..].iter().filter(of_this_link).collect();
        if !later.iter().any(|later| matches!(later.what, Done::Sent(_))) {
            continue;
        }
        let said = || format!("link {} of {} was mailed to {} again", mail.link, step.voter, mail.to);
        let next = later.iter().find(|later| later.life.is(&step.life));
        let noted = next.is_some_and(|next| matches!(next.what, Done::Noted(_)));
        verdict.holds(!noted, || format!("{}, by another mailer than the one that noted it", said()));
        verdict.holds(mail.answer_lost || step.life.was_troubled(), || format!("{}, and nothing went wrong", said()));
    }
}

/// A voter's link is the one that the ballot awaits or was issued; ballots are opened in the way of their election.
fn links_agree(
    truth: &Truth,
    ballots: &BTreeMap<BallotId, Stream>,
    people: &BTreeMap<VoterId, Person>,
    verdict: &mut Verdict<'_>,
) {
    for person in people.values().filter(|person| person.now().status == voter::Status::Registered) {
        let Some(ballot) = person.now().ballot.and_then(|ballot| ballots.get(&ballot)) else {
            verdict.holds(false, || format!("{} has no ballot", person.stream));
            continue;
        };
        let awaited = |event| match event {
            BallotEvent::BallotLinkAwaited { link } => Some(link),
            _ => None,
        };
        let last = truth.streams[ballot].iter().flat_map(events).filter_map(awaited).next_back();
        let link = person.now().link;
        verdict.holds(last.is_none_or(|last| last == link), || {
            format!("{} has link {link}, and the ballot {last:?}", person.stream)
        });
        let links = truth.election(person.stream.election()).map(|election| election.links);
        verdict.holds(links == Some(if last.is_some() { Links::Invite } else { Links::HandOut }), || {
            format!("{} is in an election that says {links:?}, and has link {last:?}", person.stream)
        });
    }
    for (id, _) in truth.elections() {
        for entry in truth.streams[&Stream::Election(id)].iter().skip(1) {
            if entry.commit.events.iter().any(|event| event.event_type == "ElectionLinksChanged") {
                let there = |person: &&Person| {
                    person.stream.election() == id
                        && person.states[0].0 < entry.at
                        && person.removed().is_none_or(|removed| entry.at < removed)
                };
                let voters = people.values().filter(there).count();
                verdict.holds(voters == 0, || format!("{id} changed who hands out links when it had {voters} voters"));
            }
        }
    }
}

fn sent(steps: &[Step], voter: VoterId, link: LinkNumber) -> impl Iterator<Item = &Sent> {
    steps.iter().filter(move |step| step.voter == voter).filter_map(move |step| match &step.what {
        Done::Sent(mail) if mail.link == link => Some(mail),
        _ => None,
    })
}

/// In an election that is open when the system has come to rest, every voter was mailed the present link. An election can close
/// before a fault is made up for, so of others nothing of the kind holds.
fn voters_are_mailed(
    truth: &Truth,
    ballots: &BTreeMap<BallotId, Stream>,
    people: &BTreeMap<VoterId, Person>,
    steps: &[Step],
    verdict: &mut Verdict<'_>,
) {
    for (id, person) in people {
        let (voter, stream) = (person.now(), person.stream);
        let invites = |election: &Election| election.status == Status::Open && election.links == Links::Invite;
        if voter.status != voter::Status::Registered || !truth.election(stream.election()).is_some_and(invites) {
            continue;
        }
        let Some(ballot) = voter.ballot.and_then(|ballot| ballots.get(&ballot)) else { continue };
        let state: Ballot = fold(&truth.streams[ballot]);
        // The address of a voter who has cast can change without another link.
        let is_cast = state.status == ballot::Status::Cast;
        let reached = |mail: &Sent| is_cast || email_key(&mail.to) == email_key(&voter.email);
        verdict.holds(sent(steps, *id, voter.link).any(reached), || {
            format!("{stream} was not mailed link {} to {}", voter.link, voter.email)
        });
        verdict.holds(state.token.is_some(), || format!("nothing opens the ballot of {stream}"));
    }
}

/// The control table says what was mailed and followed, and that nothing is due.
fn nothing_is_left(
    truth: &Truth,
    cloud: &Cloud,
    people: &BTreeMap<VoterId, Person>,
    steps: &[Step],
    scenario: &Scenario,
    verdict: &mut Verdict<'_>,
) {
    let followable = followable(truth);
    for item in cloud.engine.scan(CONTROL) {
        let key = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
        let (pk, sk) = (key("pk"), key("sk"));
        if pk.contains("#followed#") {
            verdict.holds(followable.contains(&(pk.clone(), sk.clone())), || {
                format!("{pk} {sk} is marked as followed, and asks for no mail")
            });
        }
        let Some((election, _)) = pk.strip_suffix("#mail").and_then(|pk| pk.split_once('#')) else { continue };
        let election =
            election.parse::<ElectionId>().ok().and_then(|id| truth.election(id).map(|election| (id, election)));
        let Some((id, election)) = election else {
            verdict.holds(false, || format!("{pk} {sk} is of no election"));
            continue;
        };
        if sk.starts_with("counts") || sk.starts_with("unsubscribe#") {
            continue;
        }
        if sk == EVERYBODY || sk.starts_with(DUE) || sk.starts_with(FINDING) {
            // If a follower or mailer dies and the election closes before its work comes again, what is due can stay.
            let was_open = election.links == Links::Invite && truth.moment(id, "ElectionOpened").is_some();
            let left = was_open && election.status != Status::Open && !scenario.absorbed;
            verdict.holds(left, || format!("{pk} {sk} is still due, and {id} is {:?}", election.status));
            continue;
        }
        let link = item["link"]["N"].as_str().and_then(|link| link.parse().ok()).map(LinkNumber::new);
        let voter = sk.strip_prefix(MAILED).and_then(|voter| voter.parse::<VoterId>().ok());
        let noted = voter.zip(link).is_some_and(|(voter, link)| {
            let here = |person: &Person| match person.stream {
                Stream::Voter(home, shard, _) => home == id && mail_partition(id, shard) == pk,
                _ => false,
            };
            let known = people.get(&voter).is_some_and(|person| here(person) && link <= person.now().link);
            known && item["failed"].is_null() && sent(steps, voter, link).next().is_some()
        });
        verdict.holds(noted, || format!("{pk} {sk} is not what follows from the mails: {item}"));
    }
}

/// The keys of the marks of commits that ask for mails.
fn followable(truth: &Truth) -> BTreeSet<(String, String)> {
    let mut keys = BTreeSet::new();
    for (stream, entries) in &truth.streams {
        let id = stream.election();
        let invites = truth.election(id).is_some_and(|election| election.links == Links::Invite);
        for entry in entries.iter().filter(|_| invites) {
            let asks = |event_type: &str| {
                matches!(event_type, "ElectionOpened" | "MailingRequested" | "VoterRegistered" | "VoterTokenReplaced")
            };
            if entry.commit.events.iter().any(|event| asks(&event.event_type)) {
                let partition = tracking_partition(Invitations::NAME, id, stream.lies_in());
                keys.insert((partition, stream.sort_key(entry.commit.first)));
            }
        }
    }
    keys
}

/// No answer to anybody holds a token of a ballot whose links are mailed.
fn no_answer_has_a_mailed_token(
    truth: &Truth,
    journal: &[Asked],
    ballots: &BTreeMap<BallotId, Stream>,
    verdict: &mut Verdict<'_>,
) {
    let is_mailed = |ballot: &Stream| {
        truth.streams[ballot]
            .iter()
            .flat_map(events)
            .any(|event| matches!(event, BallotEvent::BallotLinkAwaited { .. }))
    };
    for asked in journal {
        for (_, reply) in asked.sendings.iter().filter_map(|sending| sending.answer.as_ref()) {
            let headers = format!("{:?}", reply.headers);
            for token in [&reply.text, &headers].into_iter().flat_map(|text| text.split("pvb_").skip(1)) {
                let ballot = token.split('_').nth(1).and_then(|ballot| ballots.get(&ballot.parse::<BallotId>().ok()?));
                verdict.holds(ballot.is_some_and(|ballot| !is_mailed(ballot)), || {
                    format!("{} {} is answered with a token that is to be mailed", asked.method, asked.path)
                });
            }
        }
    }
}

/// Whoever was let at a ballot had the token that opened it at that time.
fn only_the_last_token_opens(
    truth: &Truth,
    journal: &[Asked],
    ballots: &BTreeMap<BallotId, Stream>,
    verdict: &mut Verdict<'_>,
) {
    for asked in journal {
        let Who::Voter(token) = &asked.who else { continue };
        let (Some(stream), Ok(token)) = (ballot_of(token, ballots), token.parse::<BallotToken>()) else { continue };
        let entries = &truth.streams[&stream];
        let opens = |ballot: &Ballot| ballot.token.is_some_and(|hash| token.matches(&hash));
        let effect = effect(asked, truth, ballots).map(|effect| effect.commit.first);
        let mut ballot = Ballot::default();
        let mut open = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let carried_out = effect == Some(entry.commit.first);
            verdict.holds(!carried_out || opens(&ballot), || {
                format!("{stream}: {:?} was carried out with a token that opened nothing", asked.what)
            });
            ballot = events(entry).iter().fold(ballot, Ballot::evolve);
            if opens(&ballot) {
                open.push((entry.at, entries.get(index + 1).map(|next| next.at)));
            }
        }
        for sending in &asked.sendings {
            let Some((at, reply)) = sending.answer.as_ref().filter(|(_, reply)| reply.status < 300) else { continue };
            let opened = open.iter().any(|(from, until)| from <= at && until.is_none_or(|until| sending.sent <= until));
            verdict.holds(opened, || {
                format!("{stream}: {:?} is answered {} to a token that opened nothing", asked.what, reply.status)
            });
        }
    }
}
