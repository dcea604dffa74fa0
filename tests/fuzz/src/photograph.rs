//! Photographs as people upload them.

use photovote_renditions::{MAX_PIXELS, MAX_SIDE, Unusable, render};

/// The bytes of an original: renditions within their sizes, or a reason. Equal bytes have an equal answer.
pub fn photograph(data: &[u8]) {
    let answer = render(data);
    match &answer {
        Ok(rendered) => {
            assert!(u64::from(rendered.width) * u64::from(rendered.height) <= MAX_PIXELS);
            assert!(rendered.width.max(rendered.height) <= MAX_SIDE);
            assert!(rendered.placeholder.len() == 7 && !rendered.renditions.is_empty());
            for rendition in &rendered.renditions {
                assert!(rendition.width <= rendered.width.min(2560) && rendition.height <= rendered.height.min(2560));
                assert!(rendition.width > 0 && rendition.height > 0 && !rendition.bytes.is_empty());
            }
            assert_eq!(answer, render(data));
        }
        Err(Unusable::Empty) => assert!(data.is_empty()),
        Err(reason) => assert!(!reason.code().is_empty() && reason.to_string().ends_with('.')),
    }
}
