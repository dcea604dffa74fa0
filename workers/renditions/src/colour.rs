//! Colours to sRGB.
//!
//! Pictures are made smaller before their colours are converted. Sizes are reduced in the encoding of the original, as
//! programs that make thumbnails do. The encodings of RGB and grey profiles are close to evenly spaced for the eye, as
//! sRGB is, so the mean of encoded values is as good in the one as in the other. The shares of inks are additive.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, ProfileClass, ToneReprCurve, TransformExecutor, TransformOptions};

use crate::{picture::Channels, unusable::Unusable};

/// Profiles of more bytes are ignored; those of printing presses have up to 3 MB.
pub(crate) const MAX_PROFILE: usize = 4 * 1024 * 1024;
/// The darkest value that a profile may show white with. A profile below is broken.
const DARKEST_WHITE: u8 = 200;
/// Pixels that are converted at a time.
const PORTION: usize = 1 << 14;

/// What the numbers of an original mean.
pub(crate) enum Colours {
    /// The numbers are sRGB, shades of grey encoded as sRGB, or inks without a profile.
    Assumed,
    /// The numbers are what the profile says.
    Described(Box<ColorProfile>),
}

impl Colours {
    /// Reads a profile. One that is broken, or does not fit the picture, is ignored.
    pub(crate) fn of_profile(bytes: &[u8], channels: Channels) -> Self {
        if bytes.is_empty() || bytes.len() > MAX_PROFILE {
            return Self::Assumed;
        }
        ColorProfile::new_from_slice(bytes).map_or(Self::Assumed, |profile| Self::of(profile, channels))
    }

    /// Takes a profile if it fits the picture.
    pub(crate) fn of(profile: ColorProfile, channels: Channels) -> Self {
        let space = match channels {
            Channels::Grey => DataColorSpace::Gray,
            Channels::Rgb => DataColorSpace::Rgb,
            Channels::Cmyk => DataColorSpace::Cmyk,
        };
        let describes = matches!(
            profile.profile_class,
            ProfileClass::InputDevice
                | ProfileClass::DisplayDevice
                | ProfileClass::OutputDevice
                | ProfileClass::ColorSpace
        );
        if !describes || profile.color_space != space {
            return Self::Assumed;
        }
        let by_lightness = channels == Channels::Grey && profile.pcs == DataColorSpace::Lab;
        let profile = if by_lightness { by_brightness(profile) } else { Some(profile) };
        profile.map_or(Self::Assumed, |profile| Self::Described(Box::new(profile)))
    }
}

/// Rewrites a profile whose curve leads to lightness, which moxcms takes for brightness.
fn by_brightness(mut profile: ColorProfile) -> Option<ColorProfile> {
    let curve = profile.gray_trc.take()?;
    let lightness = |grey: f32| match &curve {
        ToneReprCurve::Lut(points) => match points.as_slice() {
            [] => Some(grey),
            [gamma] => Some(grey.powf(f32::from(*gamma) / 256.0)),
            points => interpolated(points, grey),
        },
        ToneReprCurve::Parametric(numbers) => match numbers.as_slice() {
            [gamma] => Some(grey.powf(*gamma)),
            _ => None,
        },
    };
    let brightness = |grey: u16| {
        let lightness = lightness(f32::from(grey) / 1023.0)?.clamp(0.0, 1.0);
        // The definition of L*: a cube above 8, a line below.
        let share = if lightness > 0.08 { ((lightness + 0.16) / 1.16).powi(3) } else { lightness / 9.033 };
        Some(share.mul_add(65_535.0, 0.5))
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the share of 65,535 fits")]
    let points = (0..1024).map(|grey| brightness(grey).map(|number| number as u16)).collect::<Option<Vec<u16>>>()?;
    profile.gray_trc = Some(ToneReprCurve::Lut(points));
    profile.pcs = DataColorSpace::Xyz;
    Some(profile)
}

/// Reads a curve between its points.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a curve has few points"
)]
fn interpolated(points: &[u16], at: f32) -> Option<f32> {
    let place = at * (points.len() - 1) as f32;
    let (low, high) = (*points.get(place as usize)?, *points.get(place.ceil() as usize)?);
    Some((f32::from(high) - f32::from(low)).mul_add(place.fract(), f32::from(low)) / 65_535.0)
}

const fn layout(channels: Channels) -> Layout {
    match channels {
        Channels::Grey => Layout::Gray,
        Channels::Rgb => Layout::Rgb,
        Channels::Cmyk => Layout::Rgba,
    }
}

/// The way from the samples of an original to sRGB.
pub(crate) enum Conversion {
    /// The samples are sRGB.
    None,
    /// Each shade becomes three equal samples.
    Grey,
    /// Inks without a profile.
    Inks,
    /// A profile says how.
    Profile(Channels, Arc<dyn TransformExecutor<u8> + Send + Sync>),
}

impl Conversion {
    /// Prepares the conversion.
    pub(crate) fn new(colours: &Colours, channels: Channels) -> Self {
        let by_profile = match colours {
            Colours::Assumed => None,
            Colours::Described(profile) => Self::by_profile(profile, channels),
        };
        by_profile.unwrap_or(match channels {
            Channels::Grey => Self::Grey,
            Channels::Rgb => Self::None,
            Channels::Cmyk => Self::Inks,
        })
    }

    fn by_profile(profile: &ColorProfile, channels: Channels) -> Option<Self> {
        let srgb = ColorProfile::new_srgb();
        let transform =
            profile.create_transform_8bit(layout(channels), &srgb, Layout::Rgb, TransformOptions::default()).ok()?;
        let white: &[u8] = match channels {
            Channels::Grey => &[255],
            Channels::Rgb => &[255; 3],
            Channels::Cmyk => &[0; 4],
        };
        let mut shown = [0; 3];
        transform.transform(white, &mut shown).ok()?;
        shown.iter().all(|sample| *sample >= DARKEST_WHITE).then_some(Self::Profile(channels, transform))
    }

    /// Converts all pixels.
    pub(crate) fn apply(&self, pixels: Vec<u8>) -> Result<Vec<u8>, Unusable> {
        match self {
            Self::None => Ok(pixels),
            Self::Grey => Ok(pixels.iter().flat_map(|grey| [*grey; 3]).collect()),
            Self::Inks => Ok(pixels.as_chunks::<4>().0.iter().flat_map(|inks| printed(*inks)).collect()),
            Self::Profile(channels, transform) => {
                let mut shown = vec![0; pixels.len() / channels.count() * 3];
                let portions = pixels.chunks(PORTION * channels.count()).zip(shown.chunks_mut(PORTION * 3));
                for (from, to) in portions {
                    transform.transform(from, to).map_err(|_error| Unusable::Damaged)?;
                }
                Ok(shown)
            }
        }
    }
}

/// Shows inks that no profile describes as browsers do: each ink takes away its complement, black takes away light.
fn printed([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| {
        let light = u32::from(255 - ink) * u32::from(255 - black);
        u8::try_from((light + 127) / 255).unwrap_or(255)
    })
}

/// The way from 16-bit samples to sRGB, so that wide profiles lose no steps.
pub(crate) enum DeepConversion {
    None,
    Profile(Arc<dyn TransformExecutor<u16> + Send + Sync>),
}

impl DeepConversion {
    /// Prepares the conversion of shades or RGB.
    pub(crate) fn new(colours: &Colours, channels: Channels) -> Self {
        let Colours::Described(profile) = colours else { return Self::None };
        if Conversion::by_profile(profile, channels).is_none() {
            return Self::None;
        }
        let srgb = ColorProfile::new_srgb();
        let options = TransformOptions::default();
        profile.create_transform_16bit(layout(channels), &srgb, Layout::Rgb, options).map_or(Self::None, Self::Profile)
    }
}
