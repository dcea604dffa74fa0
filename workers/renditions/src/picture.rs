//! Pixels between the steps.

use crate::{
    colour::{Colours, Conversion},
    orientation::Orientation,
    unusable::Unusable,
};

/// What the samples of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channels {
    Grey,
    Rgb,
    /// Four inks; 0 is none of an ink, 255 all of it.
    Cmyk,
}

impl Channels {
    pub(crate) const fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

/// A decoded original: pixels as they are stored, and how they are meant.
pub(crate) struct Decoded {
    pub(crate) raster: Raster,
    pub(crate) colours: Colours,
    pub(crate) orientation: Orientation,
}

/// Rows of 8-bit samples without gaps.
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) channels: Channels,
    pub(crate) pixels: Vec<u8>,
}

/// A picture in sRGB, three bytes a pixel.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Vec<u8>,
}

impl Raster {
    /// Converts the colours to sRGB.
    pub(crate) fn into_shown(self, conversion: &Conversion) -> Result<Shown, Unusable> {
        let Self { width, height, pixels, .. } = self;
        Ok(Shown { width, height, pixels: conversion.apply(pixels)? })
    }
}

/// Returns the number of bytes of a raster.
pub(crate) fn bytes_of(width: u32, height: u32, samples: usize) -> Result<usize, Unusable> {
    let bytes = (width as usize).checked_mul(height as usize).and_then(|pixels| pixels.checked_mul(samples));
    bytes.filter(|bytes| *bytes > 0).ok_or(Unusable::Damaged)
}

/// Mixes a sample with white by its opacity.
pub(crate) fn over_white(sample: u8, alpha: u8) -> u8 {
    let mixed = u32::from(sample) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
    u8::try_from((mixed + 127) / 255).unwrap_or(255)
}
