//! When voting ends, by the clocks that readers have.

use photovote_domain::Language;
use photovote_letters::{Kind, LetterError, ZoneName};

use crate::sample::Sample;

/// The sentence about the end of voting.
fn end(language: Language, closes_at: i64, zone: Option<(&str, i32)>) -> String {
    let mut sample = Sample::new(Kind::Invitation, language);
    sample.closes_at = Some(closes_at);
    sample.zone = zone.map(|(name, ahead_secs)| (name.parse().unwrap(), ahead_secs));
    let text = sample.preview().text;
    text.lines().find(|line| line.contains(" UTC")).unwrap().to_owned()
}

/// 2027-01-01T00:05:59.999Z
const NEW_YEAR: i64 = 1_798_761_959_999;

#[test]
fn without_a_zone_the_end_is_in_utc() {
    let end = |language| end(language, NEW_YEAR, None);
    assert_eq!(end(Language::En), "Voting ends on Friday, 1 January 2027, at 00:05 UTC.");
    assert_eq!(end(Language::De), "Die Abstimmung endet am Freitag, 1. Januar 2027, um 00:05 Uhr UTC.");
    assert_eq!(end(Language::Fr), "Le vote se termine le vendredi 1er janvier 2027 à 0\u{a0}h\u{a0}05 UTC.");
    assert_eq!(end(Language::Es), "La votación termina el viernes 1 de enero de 2027, a las 0:05 UTC.");
}

#[test]
fn two_clocks_may_show_two_dates() {
    let end = |language| end(language, NEW_YEAR, Some(("America/New_York", -18_000)));
    assert_eq!(
        end(Language::En),
        "Voting ends on Thursday, 31 December 2026, at 19:05 (America/New_York), which is Friday, 1 January 2027, at \
         00:05 UTC."
    );
    assert_eq!(
        end(Language::De),
        "Die Abstimmung endet am Donnerstag, 31. Dezember 2026, um 19:05 Uhr (America/New_York), das entspricht \
         Freitag, 1. Januar 2027, um 00:05 Uhr UTC."
    );
    assert_eq!(
        end(Language::Fr),
        "Le vote se termine le jeudi 31 décembre 2026 à 19\u{a0}h\u{a0}05 (America/New_York), soit vendredi 1er \
         janvier 2027 à 0\u{a0}h\u{a0}05 UTC."
    );
    assert_eq!(
        end(Language::Es),
        "La votación termina el jueves 31 de diciembre de 2026, a las 19:05 (America/New_York), es decir, viernes 1 de \
         enero de 2027, a las 0:05 UTC."
    );
}

#[test]
fn utc_is_not_named_twice() {
    for zone in ["UTC", "Etc/UTC"] {
        assert_eq!(end(Language::En, NEW_YEAR, Some((zone, 0))), end(Language::En, NEW_YEAR, None));
    }
    let london = end(Language::En, NEW_YEAR, Some(("Europe/London", 0)));
    assert_eq!(london, "Voting ends on Friday, 1 January 2027, at 00:05 (Europe/London), which is 00:05 UTC.");
}

#[test]
fn one_o_clock_is_singular_in_spanish() {
    let end = end(Language::Es, NEW_YEAR, Some(("Europe/Madrid", 3_600)));
    assert_eq!(
        end,
        "La votación termina el viernes 1 de enero de 2027, a la 1:05 (Europe/Madrid), es decir, a las 0:05 UTC."
    );
}

#[test]
fn months_and_weekdays_have_their_names() {
    const DAY: i64 = 86_400_000;
    let end = |days| end(Language::En, NEW_YEAR + days * DAY, None);
    let weekdays: Vec<String> = (3..10).map(|days| end(days).split([' ', ',']).nth(3).unwrap().to_owned()).collect();
    assert_eq!(weekdays, ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]);
    // 15 January 2027, and every 30 days.
    let months: Vec<String> = (0..12).map(|n| end(n * 30 + 14).split(' ').nth(5).unwrap().to_owned()).collect();
    let year = "January February March April May June July August September October November December";
    assert_eq!(months.join(" "), year);
}

#[test]
fn a_time_that_cannot_be_written_is_refused() {
    for closes_at in [-1, 253_402_300_800_000, i64::MAX, i64::MIN] {
        let mut sample = Sample::invitation();
        sample.closes_at = Some(closes_at);
        assert_eq!(sample.try_write(), Err(LetterError::Closing));
        let mut sample = Sample::invitation();
        sample.date = closes_at;
        assert_eq!(sample.try_write(), Err(LetterError::Date));
    }
    let mut sample = Sample::invitation();
    sample.zone = Some(("Nowhere/Far".parse().unwrap(), i32::MIN));
    assert_eq!(sample.try_write(), Err(LetterError::Closing));
}

#[test]
fn a_zone_has_a_plain_name() {
    for name in ["Europe/Berlin", "CET", "America/Argentina/Buenos_Aires", "Etc/GMT+12"] {
        assert_eq!(name.parse::<ZoneName>().unwrap().to_string(), name);
    }
    for name in ["", "+01:00", "Europe/Berlin\r\n", "example.org", "<b>", &"x".repeat(65)] {
        assert!(name.parse::<ZoneName>().is_err(), "{name}");
    }
}
