//! Every photograph that was uploaded came to something, and the buckets hold what the events say, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
};

use photovote_documents::{PhotographDocument, StreamDocument};
use photovote_documents_read::DocumentReader;
use photovote_domain::{Digest, ElectionId, Photograph, PhotographId, election, photograph::Status};
use photovote_events::Stream;
use photovote_keys::objects::{incoming_key, original_key, rendition_key};

use super::{Verdict, truth::Truth};
use crate::{
    cloud::{Cloud, ORIGINALS, RENDITIONS},
    engine::DOCUMENTS,
    functions::config,
    transport::Transport,
};

pub(crate) async fn check(truth: &Truth, cloud: &Arc<Cloud>, verdict: &mut Verdict<'_>) {
    let reader =
        DocumentReader::new(aws_sdk_dynamodb::Client::new(&config(Transport::new(Arc::clone(cloud)))), DOCUMENTS);
    let uploaded = cloud.uploaded.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (mut originals, mut renditions) = (BTreeSet::new(), BTreeSet::new());
    for (id, election) in truth.elections() {
        let is_deleted = election.status == election::Status::Deleted;
        let photographs = photographs(truth, id);
        for (photograph, document) in &photographs {
            let state = &document.photograph;
            let files = uploaded.get(&incoming_key(id, *photograph)).map(Vec::as_slice).unwrap_or_default();
            let came_to = match state.status {
                Status::Absent | Status::Processing => is_deleted,
                Status::Requested => is_deleted || files.is_empty(),
                Status::Ready => files
                    .iter()
                    .any(|file| state.pixels.as_ref().is_some_and(|pixels| pixels.sha256 == Digest::of(file))),
                Status::Refused => files.iter().any(|file| photovote_renditions::render(file).is_err()),
                Status::Removed => true,
            };
            verdict
                .holds(came_to, || format!("{photograph} of {id} is {:?} after {} uploads", state.status, files.len()));
            if let (Ok(pixels), false) = (state.usable(), is_deleted) {
                originals.insert(original_key(id, *photograph));
                for file in &pixels.renditions {
                    let key = rendition_key(id, *photograph, file);
                    let stored = cloud.buckets.get(RENDITIONS, &key);
                    verdict.holds(stored.is_some_and(|stored| Digest::of(&stored.bytes) == file.sha256), || {
                        format!("{key} is not there, or is something else")
                    });
                    renditions.insert(key);
                }
            }
        }
        for candidate in election.candidates() {
            let Some(used) = candidate.image.as_ref().and_then(photovote_domain::election::Picture::photograph) else {
                continue;
            };
            let status = photographs.get(&used).map(|document| document.photograph.status);
            verdict.holds(status == Some(Status::Ready), || {
                format!("a candidate of {id} shows {used}, which is {status:?}")
            });
        }
        let mut expected: Vec<_> = photographs.into_values().collect();
        expected.retain(|document| !is_deleted && document.photograph.status != Status::Removed);
        let found = reader.photographs(id, None, usize::MAX / 2).await;
        verdict.holds(found.as_ref().is_ok_and(|page| page.items == expected), || {
            format!("the photographs of {id} are not the fold of their events: {found:?}, not {expected:?}")
        });
    }
    originals.extend(super::imports::lists(truth));
    for (bucket, expected) in [(ORIGINALS, originals), (RENDITIONS, renditions)] {
        let found: BTreeSet<_> = cloud.buckets.keys(bucket).into_iter().collect();
        verdict.holds(found == expected, || format!("{bucket} holds {found:?}, and not {expected:?}"));
    }
}

/// The photographs of an election, as their streams say.
pub(crate) fn photographs(truth: &Truth, election: ElectionId) -> BTreeMap<PhotographId, PhotographDocument> {
    let mut photographs = BTreeMap::new();
    for (stream, entries) in &truth.streams {
        let Stream::Photograph(of, id) = *stream else { continue };
        if of != election {
            continue;
        }
        let mut document = PhotographDocument::empty(id);
        for entry in entries {
            let events = entry.commit.decode::<Photograph>().expect("what was written can be read");
            document.apply(entry.commit.first, &events);
        }
        photographs.insert(id, document);
    }
    photographs
}
