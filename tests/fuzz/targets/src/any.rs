//! One program for all targets: `PHOTOVOTE_FUZZ` names the one that runs.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use photovote_fuzz::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("PHOTOVOTE_FUZZ").expect("PHOTOVOTE_FUZZ names a target");
    let (_, target, _) = TARGETS.iter().find(|(known, ..)| *known == name).expect("there is such a target");
    *target
});

fuzz_target!(|data: &[u8]| TARGET(data));
