//! Photographs as cameras make them: 24 megapixels, things that hide each other, fine structure everywhere, and noise.
//!
//! Photographs have about the same contrast at each size of structure. Noise of many sizes has this, and so have leaves of many
//! sizes that fell on one another, which also have edges.

use fastrand::Rng;
use jpeg_encoder::{ColorType, Encoder, EncodingError, SamplingFactor};
use moxcms::ColorProfile;

const WIDTH: usize = 6000;
const HEIGHT: usize = 4000;
const QUALITY: u8 = 92;
/// How many leaves fall, the largest first.
const LEAVES: u32 = 4_000;
const LARGEST: f32 = 1_500.0;
const SMALLEST: f32 = 6.0;
/// The size of the coarsest noise, in pixels. Each next one is half as large and half as strong.
const COARSEST: usize = 1024;
/// How strong the noise of the sensor is.
const GRAIN: f32 = 10.0;
/// EXIF that says: to be turned to the right.
const TURNED: &[u8] = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

/// A photograph before it is coded.
pub(super) struct Original {
    number: u32,
    pixels: Vec<u8>,
}

/// Something round that hides what is behind it.
struct Leaf {
    centre: (f32, f32),
    radius: f32,
    colour: [f32; 3],
    /// How the light changes across it.
    slope: (f32, f32),
    /// How much structure it has.
    texture: f32,
}

impl Leaf {
    fn fallen(random: &mut Rng, number: u32) -> Self {
        let place = |random: &mut Rng, side: usize| random.f32() * length(side);
        // Radii between the smallest and the largest, so that each size covers as much as any other.
        let share = f32::from(u16::try_from(number * 60_000 / LEAVES).unwrap_or(u16::MAX)) / 60_000.0;
        let light = 40.0 + random.f32() * 160.0;
        Self {
            centre: (place(random, WIDTH), place(random, HEIGHT)),
            radius: LARGEST / (1.0 + share * share * (LARGEST / SMALLEST)),
            colour: std::array::from_fn(|_| light + (random.f32() - 0.5) * 80.0),
            slope: ((random.f32() - 0.5) * 60.0, (random.f32() - 0.5) * 60.0),
            texture: random.f32() * random.f32() * 1.4,
        }
    }

    fn paint(&self, canvas: &mut [[f32; 4]]) {
        let (x, y) = self.centre;
        let span = |middle: f32, side: usize| position(middle - self.radius)..position(middle + self.radius).min(side);
        for row in span(y, HEIGHT) {
            let down = (length(row) - y) / self.radius;
            for column in span(x, WIDTH) {
                let right = (length(column) - x) / self.radius;
                if down * down + right * right < 1.0 {
                    let light = self.slope.0 * right + self.slope.1 * down;
                    let [red, green, blue] = self.colour.map(|colour| colour + light);
                    canvas[row * WIDTH + column] = [red, green, blue, self.texture];
                }
            }
        }
    }
}

impl Original {
    /// Makes a photograph, the same for the same number.
    pub(super) fn made(number: u32) -> Self {
        let mut random = Rng::with_seed(number.into());
        let mut canvas = vec![[120.0, 120.0, 120.0, 0.5]; WIDTH * HEIGHT];
        for leaf in 0..LEAVES {
            Leaf::fallen(&mut random, leaf).paint(&mut canvas);
        }
        let structure = noise(&mut random);
        let mut pixels = Vec::with_capacity(WIDTH * HEIGHT * 3);
        for ([red, green, blue, texture], structure) in canvas.into_iter().zip(structure) {
            for colour in [red, green, blue] {
                // Two even numbers make a triangle: close to the noise of a sensor.
                let grain = (random.f32() + random.f32() - 1.0) * GRAIN;
                pixels.push(sample(colour + structure * texture + grain));
            }
        }
        Self { number, pixels }
    }

    /// Codes it as a camera does. Every second has the profile Adobe RGB; every third stands on its side.
    pub(super) fn jpeg(&self) -> Result<Vec<u8>, EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, QUALITY);
        encoder.set_sampling_factor(SamplingFactor::F_2_1);
        if self.number % 3 == 2 {
            encoder.add_app_segment(1, TURNED.to_vec())?;
        }
        if self.number % 2 == 1 {
            encoder.add_icc_profile(&ColorProfile::new_adobe_rgb().encode().unwrap_or_default())?;
        }
        let side = |side| u16::try_from(side).unwrap_or(u16::MAX);
        encoder.encode(&self.pixels, side(WIDTH), side(HEIGHT), ColorType::Rgb)?;
        Ok(bytes)
    }
}

/// Adds up noise of all sizes, from that of a pixel on.
fn noise(random: &mut Rng) -> Vec<f32> {
    let mut sum = vec![0.0; WIDTH * HEIGHT];
    let (mut size, mut strength) = (COARSEST, 60.0);
    while size > 0 {
        let (columns, rows) = (WIDTH / size + 2, HEIGHT / size + 2);
        let grid: Vec<f32> = (0..columns * rows).map(|_| (random.f32() - 0.5) * strength).collect();
        for row in 0..HEIGHT {
            let (upper, down) = (row / size, length(row % size) / length(size));
            for column in 0..WIDTH {
                let (left, right) = (column / size, length(column % size) / length(size));
                let at = upper * columns + left;
                let above = grid[at] * (1.0 - right) + grid[at + 1] * right;
                let below = grid[at + columns] * (1.0 - right) + grid[at + columns + 1] * right;
                sum[row * WIDTH + column] += above * (1.0 - down) + below * down;
            }
        }
        (size, strength) = (size / 2, strength * 0.88);
    }
    sum
}

#[allow(clippy::cast_precision_loss, reason = "pictures have a few thousand rows")]
fn length(pixels: usize) -> f32 {
    pixels as f32
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is left of the picture is its border")]
fn position(at: f32) -> usize {
    at.max(0.0) as usize
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was clamped")]
fn sample(light: f32) -> u8 {
    light.round().clamp(0.0, 255.0) as u8
}
