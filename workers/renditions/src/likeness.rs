//! How alike two photographs look.

use crate::picture::Shown;

/// A difference hash: each bit says whether a cell of a grid is darker than the cell to its right.
///
/// Copies in another size, quality or colour profile have the same bits but for a few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Likeness(u64);

impl Likeness {
    /// Restores a hash from its bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Counts the bits that differ: up to 6 of copies, about 32 of different photographs.
    pub const fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }

    /// Computes the hash of a picture that stands upright.
    pub(crate) fn of(shown: &Shown) -> Self {
        let mut bits = 0;
        for row in 0..8 {
            let cells: [u64; 9] = std::array::from_fn(|column| brightness(shown, column, row));
            for pair in cells.windows(2) {
                bits = bits << 1 | u64::from(pair[0] < pair[1]);
            }
        }
        Self(bits)
    }
}

/// Computes the mean brightness of a cell of the grid of 9 × 8.
fn brightness(shown: &Shown, column: usize, row: usize) -> u64 {
    let span = |cell: usize, cells: usize, side: u32| {
        let side = side as usize;
        let start = (cell * side / cells).min(side.saturating_sub(1));
        start..((cell + 1) * side / cells).max(start + 1)
    };
    let (columns, rows) = (span(column, 9, shown.width), span(row, 8, shown.height));
    let (pixels, _) = shown.pixels.as_chunks::<3>();
    let (mut sum, mut count) = (0, 0);
    for y in rows {
        for [red, green, blue] in &pixels[y * shown.width as usize..][columns.clone()] {
            sum += 299 * u64::from(*red) + 587 * u64::from(*green) + 114 * u64::from(*blue);
            count += 1;
        }
    }
    sum / count.max(1)
}

/// Computes the mean colour as `#rrggbb`.
pub(crate) fn placeholder(shown: &Shown) -> String {
    let (pixels, _) = shown.pixels.as_chunks::<3>();
    let count = pixels.len().max(1) as u64;
    let mean = |channel: usize| (pixels.iter().map(|pixel| u64::from(pixel[channel])).sum::<u64>() + count / 2) / count;
    format!("#{:02x}{:02x}{:02x}", mean(0), mean(1), mean(2))
}
