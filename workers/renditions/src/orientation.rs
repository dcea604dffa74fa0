//! The eight orientations of EXIF.

use crate::picture::Shown;

/// How stored pixels are turned to stand upright: first mirrored, then rotated clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Orientation {
    /// Swaps left and right.
    mirrored: bool,
    /// Quarter turns clockwise.
    turns: u8,
}

impl Orientation {
    /// Reads the number that EXIF gives. Any other number is upright.
    pub(crate) const fn of_exif(number: u8) -> Self {
        let (mirrored, turns) = match number {
            2 => (true, 0),
            3 => (false, 2),
            4 => (true, 2),
            5 => (true, 3),
            6 => (false, 1),
            7 => (true, 1),
            8 => (false, 3),
            _ => (false, 0),
        };
        Self { mirrored, turns }
    }

    /// Returns the size of the upright picture.
    pub(crate) const fn upright(self, width: u32, height: u32) -> (u32, u32) {
        if self.turns.is_multiple_of(2) { (width, height) } else { (height, width) }
    }

    /// Turns the picture upright.
    pub(crate) fn apply(self, stored: Shown) -> Shown {
        if self == Self::default() {
            return stored;
        }
        let (width, height) = self.upright(stored.width, stored.height);
        let (stored_width, stored_height) = (stored.width as usize, stored.height as usize);
        let (pixels, _) = stored.pixels.as_chunks::<3>();
        let mut upright = Vec::with_capacity(stored.pixels.len());
        for y in 0..height as usize {
            for x in 0..width as usize {
                let (from_x, from_y) = match self.turns {
                    0 => (x, y),
                    1 => (y, stored_height - 1 - x),
                    2 => (stored_width - 1 - x, stored_height - 1 - y),
                    _ => (stored_width - 1 - y, x),
                };
                let from_x = if self.mirrored { stored_width - 1 - from_x } else { from_x };
                upright.extend_from_slice(&pixels[from_y * stored_width + from_x]);
            }
        }
        Shown { width, height, pixels: upright }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_orientation_is_turned_upright() {
        // Stored pixels of the picture `0 1 2 / 3 4 5`, as EXIF defines the eight orientations.
        let stored: [(u8, u32, u32, [u8; 6]); 8] = [
            (1, 3, 2, [0, 1, 2, 3, 4, 5]),
            (2, 3, 2, [2, 1, 0, 5, 4, 3]),
            (3, 3, 2, [5, 4, 3, 2, 1, 0]),
            (4, 3, 2, [3, 4, 5, 0, 1, 2]),
            (5, 2, 3, [0, 3, 1, 4, 2, 5]),
            (6, 2, 3, [2, 5, 1, 4, 0, 3]),
            (7, 2, 3, [5, 2, 4, 1, 3, 0]),
            (8, 2, 3, [3, 0, 4, 1, 5, 2]),
        ];
        for (number, width, height, values) in stored {
            let pixels = values.iter().flat_map(|value| [*value; 3]).collect();
            let upright = Orientation::of_exif(number).apply(Shown { width, height, pixels });
            let values: Vec<u8> = upright.pixels.chunks(3).map(|pixel| pixel[0]).collect();
            assert_eq!((upright.width, upright.height, values), (3, 2, vec![0, 1, 2, 3, 4, 5]), "{number}");
        }
    }
}
