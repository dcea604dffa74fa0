//! Which photographs come and go.

use photovote_domain::{
    CandidateId, CompetitionId, Digest, Election, Photograph, PhotographId, Refusal,
    election::{ElectionEvent, Picture, Status as ElectionStatus},
    fold,
    photograph::{
        Context, MOST_BYTES, PhotographCommand as C, PhotographEvent as E, PhotographRejection as R, Pixels, Problem,
        Rendition, RenditionType, Status,
    },
};

use crate::{
    given::{Decision, given},
    photos::{STATUSES, election, text},
};

const ID: PhotographId = PhotographId::from_bits(77);

fn request(bytes: u64) -> C {
    C::Request { name: text("DSC_0042.jpg"), bytes }
}

fn requested() -> E {
    E::PhotographRequested { bytes: 5, name: "DSC_0042.jpg".into() }
}

fn pixels() -> Pixels {
    let rendition = Rendition {
        bytes: 20_187,
        height: 320,
        media_type: RenditionType::Webp,
        sha256: Digest::of(b"rendition"),
        width: 480,
    };
    let placeholder = "#7a6f5d".to_owned();
    Pixels { height: 4_000, placeholder, renditions: vec![rendition], sha256: Digest::of(b"original"), width: 6_000 }
}

fn ready() -> E {
    E::PhotographReady { likeness: "00000000000000ff".into(), pixels: pixels() }
}

fn problem() -> Problem {
    Problem { code: "damaged".into(), detail: "The file is damaged.".into() }
}

fn refused() -> E {
    E::PhotographRefused { problem: problem() }
}

fn when(events: impl IntoIterator<Item = E>, command: C, election: &Election) -> Decision<Photograph> {
    given::<Photograph>(events).when(command, &Context { election, id: ID })
}

fn draft() -> Election {
    election(ElectionStatus::Draft)
}

#[test]
fn a_photograph_is_requested_in_a_draft_alone() {
    when([], request(5), &draft()).then([requested()]);
    let codes = STATUSES.map(|status| match when([], request(5), &election(status)).get() {
        Ok(events) if events.len() == 1 => "yes",
        Ok(_) => "another number of events",
        Err(rejection) => rejection.code(),
    });
    let no = "election_not_draft";
    assert_eq!(codes, [no, "yes", no, no, no, no, no]);
}

#[test]
fn an_upload_has_one_byte_to_40_million() {
    for bytes in [0, MOST_BYTES + 1] {
        when([], request(bytes), &draft()).then_refused(R::Size);
    }
    assert!(when([], request(MOST_BYTES), &draft()).get().is_ok());
}

#[test]
fn an_id_names_one_photograph_for_ever() {
    for past in [vec![requested()], vec![requested(), ready()], vec![requested(), E::PhotographRemoved {}]] {
        when(past, request(5), &draft()).then_refused(R::IdTaken);
    }
}

#[test]
fn an_upload_becomes_ready_or_refused() {
    let draft = draft();
    when([requested()], C::Receive, &draft).then([E::PhotographUploaded {}]);
    for past in [vec![requested()], vec![requested(), E::PhotographUploaded {}]] {
        when(past.clone(), C::Accept { pixels: pixels(), likeness: 0xff }, &draft).then([ready()]);
        when(past, C::Refuse(problem()), &draft).then([refused()]);
    }
}

#[test]
fn a_late_notification_changes_nothing() {
    let draft = draft();
    for end in [ready(), refused()] {
        let past = vec![requested(), E::PhotographUploaded {}, end];
        for command in [C::Receive, C::Accept { pixels: pixels(), likeness: 1 }, C::Refuse(problem())] {
            when(past.clone(), command, &draft).then_nothing();
        }
    }
    when([requested(), E::PhotographUploaded {}], C::Receive, &draft).then_nothing();
    for past in [vec![], vec![requested(), E::PhotographRemoved {}]] {
        when(past, C::Receive, &draft).then_refused(R::NotFound);
    }
}

#[test]
fn what_an_upload_came_to_is_kept_after_the_opening() {
    when([requested()], C::Accept { pixels: pixels(), likeness: 0xff }, &election(ElectionStatus::Open))
        .then([ready()]);
}

#[test]
fn a_photograph_that_is_used_is_not_removed() {
    when([requested(), ready()], C::Remove, &draft()).then([E::PhotographRemoved {}]);
    when([requested(), ready()], C::Remove, &election(ElectionStatus::Open))
        .then_refused(R::NotDraft(ElectionStatus::Open));
    let (competition, candidate) = (CompetitionId::from_bits(900), CandidateId::from_bits(901));
    let image = Picture::Uploaded { alt: None, caption: None, photograph: ID, pixels: pixels() };
    let using = [
        ElectionEvent::CompetitionAdded { competition, description: None, name: "More".into() },
        ElectionEvent::CandidateAdded {
            candidate,
            competition,
            description: None,
            image: Some(image),
            name: "Moon".into(),
        },
    ];
    let used = using.iter().fold(draft(), photovote_domain::Aggregate::evolve);
    when([requested(), ready()], C::Remove, &used).then_refused(R::Used);
}

#[test]
fn only_a_ready_photograph_can_be_used() {
    let usable = |events: &[E]| fold::<Photograph>(events).usable().cloned();
    assert_eq!(usable(&[requested(), ready()]), Ok(pixels()));
    for past in [vec![requested()], vec![requested(), E::PhotographUploaded {}], vec![requested(), refused()]] {
        assert_eq!(usable(&past), Err(R::NotReady));
    }
    for past in [vec![], vec![requested(), ready(), E::PhotographRemoved {}]] {
        assert_eq!(usable(&past), Err(R::NotFound));
    }
    assert_eq!(fold::<Photograph>(&[requested(), refused()]).status, Status::Refused);
}

#[test]
fn a_rendition_has_one_spelling() {
    let [rendition] = &pixels().renditions[..] else { unreachable!() };
    let written = rendition.to_string();
    assert!(written.starts_with("480x320.webp 20187 "), "{written}");
    assert_eq!(written.parse(), Ok(rendition.clone()));
    for other in [written.replace("480", "0480"), written.to_uppercase(), format!("{written} "), String::new()] {
        assert!(other.parse::<Rendition>().is_err(), "{other}");
    }
}
