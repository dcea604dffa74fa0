//! Originals of all kinds become renditions, or are refused with a reason.

mod accepted;
mod colours;
mod originals;
mod private;
mod refused;
