//! Making lost renditions again, byte for byte.

use std::collections::BTreeSet;

use photovote_domain::{Digest, ElectionId, Photograph, PhotographId, photograph::MOST_BYTES};
use photovote_events::Stream;
use photovote_keys::objects::{original_key, rendition_key, renditions_of};
use photovote_renditions::render;

use crate::{Processor, Trouble, described};

impl Processor {
    /// Makes the missing renditions of a photograph again, from its original.
    ///
    /// History names their hashes, so only the same bytes are stored. Otherwise the metric `RenditionsLost` tells an operator: the
    /// original is gone, or another release made the files.
    pub(crate) async fn restore(&self, election: ElectionId, photograph: PhotographId) -> Result<(), Trouble> {
        let stream = Stream::Photograph(election, photograph);
        let history = self.events.reader().load::<Photograph>(stream).await?;
        let Ok(pixels) = history.state().usable() else { return Ok(()) };
        let page = self.renditions.list(&renditions_of(election, photograph), None).await?;
        let there: BTreeSet<_> = page.objects.into_iter().map(|object| object.key).collect();
        let mut lost: Vec<_> = pixels.renditions.iter().collect();
        lost.retain(|file| !there.contains(&rendition_key(election, photograph, file)));
        if lost.is_empty() {
            return Ok(());
        }
        let original = self.originals.get(&original_key(election, photograph), MOST_BYTES).await?;
        if let Some(original) = original.filter(|original| Digest::of(original) == pixels.sha256) {
            for made in render(&original).map(|rendered| rendered.renditions).unwrap_or_default() {
                let file = described(&made);
                if lost.contains(&&file) {
                    self.put_rendition(election, photograph, &file, made.bytes).await?;
                    metrics::counter!("RenditionsRestored").increment(1);
                    tracing::warn!(event = "rendition_restored", %election, %photograph, file = file.file_name(), "a rendition was lost");
                    lost.retain(|other| **other != file);
                }
            }
        }
        if !lost.is_empty() {
            metrics::counter!("RenditionsLost").increment(lost.len() as u64);
            tracing::error!(event = "renditions_lost", %election, %photograph, lost = lost.len(), "renditions cannot be made again");
        }
        Ok(())
    }
}
