//! Documents are the fold of the events, however these arrive.

use std::collections::BTreeSet;

use photovote_documents::{Changes, ElectionDocument, StreamDocument, Turn, VoterDocument, cast_ballot};
use photovote_domain::{
    Aggregate, BallotId, CandidateId, CompetitionId, Election, ElectionId, Nonce, Ratings, Receipt, Scale, Shard,
    ShardCount, Version, VoterId,
    ballot::BallotEvent,
    election::{ElectionEvent as E, Role, Status},
    fold,
    voter::VoterEvent,
};
use proptest::{collection::vec, prelude::*, sample::Index};

fn created() -> E {
    let (name, owner) = ("Autumn".into(), "ada".into());
    E::ElectionCreated { description: None, name, owner, scale: Scale::default(), shards: ShardCount::default() }
}

fn any_event() -> impl Strategy<Value = E> {
    let competition = || (0..4_u128).prop_map(CompetitionId::from_bits);
    let candidate = || (0..4_u128).prop_map(CandidateId::from_bits);
    let name = || "[a-z]{1,4}";
    let subject = || "[abc]";
    prop_oneof![
        name().prop_map(|name| E::ElectionNameChanged { name }),
        (competition(), name()).prop_map(|(competition, name)| E::CompetitionAdded {
            competition,
            description: None,
            name
        }),
        competition().prop_map(|competition| E::CompetitionRemoved { competition }),
        (competition(), name()).prop_map(|(competition, name)| E::CompetitionNameChanged { competition, name }),
        (competition(), candidate(), name()).prop_map(|(competition, candidate, name)| E::CandidateAdded {
            candidate,
            competition,
            description: None,
            image: None,
            name
        }),
        (competition(), candidate())
            .prop_map(|(competition, candidate)| E::CandidateRemoved { candidate, competition }),
        (subject(), any::<bool>()).prop_map(|(subject, owner)| E::AdministratorAdded {
            role: if owner { Role::Owner } else { Role::Observer },
            subject
        }),
        subject().prop_map(|subject| E::AdministratorRemoved { subject }),
        (competition(), candidate(), name()).prop_map(|(competition, candidate, reason)| E::CandidateDisqualified {
            candidate,
            competition,
            reason
        }),
    ]
}

/// A history: commits, each with the version of its first event.
fn any_history() -> impl Strategy<Value = Vec<(Version, Vec<E>)>> {
    vec(vec(any_event(), 1..4), 0..12).prop_map(|mut commits| {
        commits.insert(0, vec![created()]);
        let mut state = Election::default();
        for event in commits.iter_mut().flatten() {
            // No competition is added twice.
            if let E::CompetitionAdded { competition, .. } = event
                && state.competition(*competition).is_some()
            {
                *event = E::CompetitionRemoved { competition: *competition };
            }
            state = state.evolve(event);
        }
        let mut version = Version::NONE;
        let numbered = commits.into_iter().map(|events| {
            let first = version.plus(1);
            version = version.plus(events.len());
            (first, events)
        });
        numbered.collect()
    })
}

proptest! {
    #[test]
    fn a_document_is_the_fold_however_its_events_arrive(
        history in any_history(),
        deliveries in vec(any::<Index>(), 0..30),
    ) {
        let id = ElectionId::from_bits(7);
        let events: Vec<_> = history.iter().flat_map(|(_, events)| events.clone()).collect();
        let mut document = ElectionDocument::empty(id);
        let mut stored = document.clone();
        // Some commits come twice, some late, some never; the last one comes.
        let order = deliveries.iter().map(|index| index.index(history.len())).chain([history.len() - 1]);
        for (first, commit) in order.map(|at| &history[at]) {
            let before = document.clone();
            let mut changes = Changes::default();
            match document.apply(*first, commit, &mut changes) {
                Turn::Next => {}
                Turn::Duplicate => prop_assert_eq!(&document, &before),
                Turn::Gap => {
                    prop_assert_eq!(&document, &before);
                    for (first, commit) in history.iter().filter(|(first, _)| *first > before.version) {
                        prop_assert_eq!(document.apply(*first, commit, &mut changes), Turn::Next);
                    }
                }
            }
            // What is not said to have changed has not.
            for competition in document.election.competitions.iter().filter(|c| !changes.competitions.contains(&c.id)) {
                prop_assert_eq!(stored.election.competition(competition.id), Some(competition));
                let (now, then) = (&document.competition_versions, &stored.competition_versions);
                prop_assert_eq!(now[&competition.id], then[&competition.id]);
            }
            let gone = |subject: &&str| !document.election.administrators.contains(subject);
            for subject in stored.election.administrators.iter().map(|(subject, _)| subject).filter(gone) {
                prop_assert!(changes.removed_administrators.contains(subject));
            }
            stored = document.clone();
        }
        prop_assert_eq!(document.version, Version::NONE.plus(events.len()));
        prop_assert_eq!(&document.election, &fold::<Election>(&events));
        let ids: BTreeSet<_> = document.election.competitions.iter().map(|c| c.id).collect();
        prop_assert_eq!(document.competition_versions.keys().copied().collect::<BTreeSet<_>>(), ids);
    }
}

#[test]
fn a_deleted_election_is_in_nobodys_list() {
    let mut document = ElectionDocument::empty(ElectionId::from_bits(7));
    let mut changes = Changes::default();
    assert_eq!(document.summary(Role::Owner), None);
    document.apply(Version::new(1), &[created()], &mut changes);
    let summary = document.summary(Role::Editor).unwrap();
    assert_eq!((summary.name.as_str(), summary.status, summary.version), ("Autumn", Status::Draft, Version::new(1)));
    assert_eq!(summary.role, Role::Editor);
    document.apply(Version::new(2), &[E::ElectionDeleted {}], &mut changes);
    assert_eq!((document.summary(Role::Editor), document.version), (None, Version::new(2)));
}

#[test]
fn a_removed_voter_leaves_nothing_but_a_version() {
    let mut document = VoterDocument::empty(VoterId::from_bits(1));
    let ballot = BallotId::from_bits(2);
    let registered = VoterEvent::VoterRegistered { ballot, email: "ada@example.org".into(), name: "Ada".into() };
    assert_eq!(document.apply(Version::new(2), &[VoterEvent::VoterRemoved {}]), Turn::Gap);
    assert_eq!(document.apply(Version::new(1), std::slice::from_ref(&registered)), Turn::Next);
    assert_eq!((document.name.as_str(), document.email.as_str(), document.removed), ("Ada", "ada@example.org", false));
    let before = document.clone();
    assert_eq!(document.apply(Version::new(2), &[VoterEvent::VoterTokenReplaced {}]), Turn::Next);
    assert_eq!(document, VoterDocument { version: Version::new(2), ..before });
    assert_eq!(document.apply(Version::new(3), &[VoterEvent::VoterRemoved {}]), Turn::Next);
    assert_eq!(document.apply(Version::new(1), &[registered]), Turn::Duplicate);
    assert_eq!(
        document,
        VoterDocument { version: Version::new(3), removed: true, ..VoterDocument::empty(document.id) }
    );
}

#[test]
fn only_the_cast_counts() {
    let (election, shard) = (ElectionId::from_bits(7), Shard::new(3).unwrap());
    let candidate = CandidateId::from_bits(1);
    let ratings = Ratings::from([(candidate, 4)]);
    let nonce = Nonce::from_bytes([9; 32]);
    let rated = BallotEvent::BallotCandidateRated { candidate, rating: 2 };
    assert_eq!(cast_ballot(election, shard, &[rated.clone(), BallotEvent::BallotVoided {}]), None);
    let cast =
        cast_ballot(election, shard, &[rated, BallotEvent::BallotCast { nonce, ratings: ratings.clone() }]).unwrap();
    assert_eq!((cast.receipt, cast.ratings.clone()), (Receipt::of(election, shard, &ratings, &nonce), ratings));
}
