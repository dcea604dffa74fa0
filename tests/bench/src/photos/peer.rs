//! vipsthumbnail, told to do the same work.

use std::{
    error::Error,
    path::Path,
    process::{Command, Stdio},
};

use super::{
    SIDES,
    usage::{self, Usage},
};

/// Its qualities, so that its files have as many bytes as PhotoVote's.
pub(super) const JPEG_QUALITY: u8 = 84;
pub(super) const WEBP_QUALITY: u8 = 78;

/// Is it there?
pub(super) fn is_there() -> bool {
    usage::has("vipsthumbnail") && usage::has("vips")
}

/// Makes six files from an original, each from the original: `480.jpg`, `480.webp` and so on.
pub(super) fn render(original: &Path, directory: &Path) -> Result<Usage, Box<dyn Error>> {
    let mut usage = Usage::default();
    let described = has_profile(original);
    for side in SIDES {
        for output in outputs(directory, side) {
            usage += usage::of(thumbnail(original, side, described).args(["-o", &output]))?;
        }
    }
    Ok(usage)
}

/// Makes the largest first, without coding it, and all others from it. This is faster.
pub(super) fn render_from_largest(original: &Path, directory: &Path) -> Result<Usage, Box<dyn Error>> {
    let largest = directory.join("largest.v");
    let most = SIDES.into_iter().max().unwrap_or_default();
    let mut usage = usage::of(thumbnail(original, most, has_profile(original)).arg("-o").arg(&largest))?;
    for side in SIDES {
        for output in outputs(directory, side) {
            usage += usage::of(thumbnail(&largest, side, false).args(["-o", &output]))?;
        }
    }
    Ok(usage)
}

fn outputs(directory: &Path, side: u32) -> [String; 2] {
    let file = |kind, options| directory.join(format!("{side}.{kind}[{options}]")).display().to_string();
    [
        file("jpg", format!("Q={JPEG_QUALITY},interlace,optimize-coding,strip")),
        file("webp", format!("Q={WEBP_QUALITY},strip,profile=none")),
    ]
}

/// Does the picture say what its colours mean?
pub(super) fn has_profile(picture: &Path) -> bool {
    let mut command = Command::new("vipsheader");
    command.args(["-f", "icc-profile-data"]).arg(picture).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// One thread, upright. Colours with a profile are converted to sRGB; the same for others would make them darker.
fn thumbnail(original: &Path, side: u32, described: bool) -> Command {
    let mut command = Command::new("vipsthumbnail");
    command.env("VIPS_CONCURRENCY", "1").arg(original).args(["--size", &format!("{side}x{side}>")]);
    if described {
        command.args(["--export-profile", "srgb"]);
    }
    command
}
