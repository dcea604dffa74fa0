//! The photographs that the demonstration votes on.

/// One of the sample photographs.
#[derive(Debug)]
pub(super) struct Photograph {
    /// Its file in `examples/photos`.
    pub(super) file: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// Whom it is owed to.
    pub(super) credit: &'static str,
    /// How well it is liked, from 0 to 1.
    pub(super) appeal: f64,
}

/// A competition of the demonstration.
#[derive(Debug)]
pub(super) struct Competition {
    pub(super) name: &'static str,
    pub(super) photographs: [Photograph; 5],
}

/// Each of these gets the same grade as the other on every ballot: they share a rank.
pub(super) const TWINS: [&str; 2] = ["brick.png", "gravel.png"];

/// This one is disqualified while the voting goes on, and why.
pub(super) const DISQUALIFIED: (&str, &str) = ("camera.png", "It was entered after the deadline");

/// The competitions with their photographs. Ratings speak of a photograph by its number in this order, from 0.
pub(super) const COMPETITIONS: [Competition; 2] = [
    Competition {
        name: "People and space",
        photographs: [
            photograph("astronaut.png", "Astronaut", "NASA", 0.8),
            photograph("hubble_deep_field.jpg", "Hubble deep field", "NASA/ESA", 0.85),
            photograph("moon.png", "Moon", "scikit-image sample (public domain or CC0)", 0.6),
            photograph("rocket.jpg", "Rocket", "SpaceX, CC0", 0.7),
            photograph("camera.png", "Camera", "CC0", 0.65),
        ],
    },
    Competition {
        name: "Close up",
        photographs: [
            photograph("chelsea.png", "Chelsea the cat", "CC0", 0.9),
            photograph("coffee.png", "Coffee", "CC0", 0.7),
            photograph("brick.png", "Brick", "CC0", 0.45),
            photograph("gravel.png", "Gravel", "CC0", 0.45),
            photograph("grass.png", "Grass", "CC0", 0.5),
        ],
    },
];

const fn photograph(file: &'static str, name: &'static str, credit: &'static str, appeal: f64) -> Photograph {
    Photograph { file, name, credit, appeal }
}

/// All photographs in their order.
pub(super) fn photographs() -> impl Iterator<Item = &'static Photograph> {
    COMPETITIONS.iter().flat_map(|competition| &competition.photographs)
}
