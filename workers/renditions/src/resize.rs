//! Smaller copies.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};

use crate::{
    picture::{Channels, Raster, Shown},
    unusable::Unusable,
};

/// The long sides of renditions.
const LONG_SIDES: [u32; 3] = [480, 1280, 2560];

/// Lists the sizes of the renditions, the smallest first. None is larger than the original.
pub(crate) fn sizes(width: u32, height: u32) -> Vec<(u32, u32)> {
    let long = width.max(height);
    let smaller = LONG_SIDES.into_iter().filter(|side| *side < long);
    let own = LONG_SIDES.iter().any(|side| *side >= long).then_some(long);
    let scaled = |side: u32, to: u32| {
        let exact = (u64::from(side) * u64::from(to) + u64::from(long) / 2) / u64::from(long.max(1));
        u32::try_from(exact).unwrap_or(to).clamp(1, to.max(1))
    };
    smaller.chain(own).map(|to| (scaled(width, to), scaled(height, to))).collect()
}

/// Makes a smaller copy with the filter of Lanczos.
fn reduced(
    (width, height): (u32, u32),
    channels: Channels,
    pixels: &[u8],
    (to_width, to_height): (u32, u32),
) -> Result<Vec<u8>, Unusable> {
    let kind = match channels {
        Channels::Grey => PixelType::U8,
        Channels::Rgb => PixelType::U8x3,
        Channels::Cmyk => PixelType::U8x4,
    };
    let from = ImageRef::new(width, height, pixels, kind).map_err(|_error| Unusable::Damaged)?;
    let mut to = Image::new(to_width, to_height, kind);
    // The fourth sample is black ink, never opacity.
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
    Resizer::new().resize(&from, &mut to, &options).map_err(|_error| Unusable::Damaged)?;
    Ok(to.into_vec())
}

impl Raster {
    /// Makes the picture smaller, if it is not of this size.
    pub(crate) fn reduced(self, (width, height): (u32, u32)) -> Result<Self, Unusable> {
        if (self.width, self.height) == (width, height) {
            return Ok(self);
        }
        let pixels = reduced((self.width, self.height), self.channels, &self.pixels, (width, height))?;
        Ok(Self { width, height, channels: self.channels, pixels })
    }
}

impl Shown {
    /// Makes a smaller copy.
    pub(crate) fn reduced(&self, (width, height): (u32, u32)) -> Result<Self, Unusable> {
        let pixels = reduced((self.width, self.height), Channels::Rgb, &self.pixels, (width, height))?;
        Ok(Self { width, height, pixels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_never_exceed_the_original() {
        assert_eq!(sizes(6000, 4000), [(480, 320), (1280, 853), (2560, 1707)]);
        assert_eq!(sizes(600, 450), [(480, 360), (600, 450)]);
        assert_eq!(sizes(450, 600), [(360, 480), (450, 600)]);
        assert_eq!(sizes(480, 10), [(480, 10)]);
        assert_eq!(sizes(2560, 2560), [(480, 480), (1280, 1280), (2560, 2560)]);
        assert_eq!(sizes(1, 1), [(1, 1)]);
    }

    #[test]
    fn extreme_shapes_keep_a_pixel() {
        assert_eq!(sizes(8000, 3), [(480, 1), (1280, 1), (2560, 1)]);
        assert_eq!(sizes(1, 16_384), [(1, 480), (1, 1280), (1, 2560)]);
    }
}
