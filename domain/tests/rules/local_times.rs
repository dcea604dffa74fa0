//! Which moments local times are: changes of clocks, calendars and names of zones.

use photovote_domain::{
    Refusal, Timestamp,
    schedule::{LocalTime, Period, Plan, Planned, RULES, Schedule, ScheduleError, TimeZone},
};

use crate::photos::{at, text};

/// A plan that closes at this time, with these reminders.
fn closing(zone: &str, local: &str, reminders: &[&str]) -> Plan {
    let reminders = reminders.iter().map(|reminder| text(reminder)).collect();
    Plan { time_zone: text(zone), opens_at: None, closes_at: Some(text(local)), reminders }
}

/// The moment of a local time, in seconds since the epoch; or the code of the refusal and its words.
fn moment(zone: &str, local: &str) -> Result<i64, (&'static str, String)> {
    match closing(zone, local, &[]).resolve() {
        Ok(schedule) => Ok(schedule.unwrap().closing_time().unwrap().millis() / 1_000),
        Err(error) => Err((error.code(), error.to_string())),
    }
}

/// The moment of an instant in RFC 3339.
fn instant(utc: &str) -> i64 {
    utc.parse::<jiff::Timestamp>().unwrap().as_second()
}

#[test]
fn local_times_are_the_right_moments() {
    let table = [
        ("UTC", "2026-12-01T18:00", "2026-12-01T18:00:00Z"),
        ("Europe/Berlin", "2026-12-01T18:00", "2026-12-01T17:00:00Z"),
        ("Europe/Berlin", "2026-07-01T18:00:00", "2026-07-01T16:00:00Z"),
        ("Europe/Berlin", "2026-07-01T18:00:30", "2026-07-01T16:00:30Z"),
        // Before and after clocks are put forward, in Europe, in America, and by half an hour.
        ("Europe/Berlin", "2027-03-28T01:59", "2027-03-28T00:59:00Z"),
        ("Europe/Berlin", "2027-03-28T03:00", "2027-03-28T01:00:00Z"),
        ("America/New_York", "2027-03-14T01:59", "2027-03-14T06:59:00Z"),
        ("America/New_York", "2027-03-14T03:00", "2027-03-14T07:00:00Z"),
        ("Australia/Lord_Howe", "2027-10-03T01:59", "2027-10-02T15:29:00Z"),
        ("Australia/Lord_Howe", "2027-10-03T02:30", "2027-10-02T15:30:00Z"),
        // Twice a night, by choice.
        ("Europe/Berlin", "2026-10-25T02:30+02:00", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "2026-10-25T02:30+01:00", "2026-10-25T01:30:00Z"),
        ("America/New_York", "2026-11-01T01:30-04:00", "2026-11-01T05:30:00Z"),
        ("America/New_York", "2026-11-01T01:30-05:00", "2026-11-01T06:30:00Z"),
        ("Australia/Lord_Howe", "2027-04-04T01:45+11:00", "2027-04-03T14:45:00Z"),
        ("Australia/Lord_Howe", "2027-04-04T01:45+10:30", "2027-04-03T15:15:00Z"),
        // Morocco left summer time for Ramadan, the last time in 2026: it has kept its winter time since that September.
        ("Africa/Casablanca", "2026-02-10T12:00", "2026-02-10T11:00:00Z"),
        ("Africa/Casablanca", "2026-02-15T02:30+01:00", "2026-02-15T01:30:00Z"),
        ("Africa/Casablanca", "2026-02-15T02:30+00:00", "2026-02-15T02:30:00Z"),
        ("Africa/Casablanca", "2026-02-20T12:00", "2026-02-20T12:00:00Z"),
        ("Africa/Casablanca", "2026-04-01T12:00", "2026-04-01T11:00:00Z"),
        ("Africa/Casablanca", "2027-01-15T12:00", "2027-01-15T12:00:00Z"),
        // A leap day, ends of years, and a century that is no leap year.
        ("Asia/Tokyo", "2028-02-29T00:00", "2028-02-28T15:00:00Z"),
        ("Pacific/Kiritimati", "2027-01-01T00:00", "2026-12-31T10:00:00Z"),
        ("Pacific/Pago_Pago", "2026-12-31T23:59", "2027-01-01T10:59:00Z"),
        ("Europe/Berlin", "2100-03-01T00:00", "2100-02-28T23:00:00Z"),
        ("Europe/Berlin", "2100-07-01T12:00", "2100-07-01T10:00:00Z"),
        // Zones that were renamed, in any case, and the whole Earth.
        ("Asia/Calcutta", "2026-12-01T18:00", "2026-12-01T12:30:00Z"),
        ("Asia/Kolkata", "2026-12-01T18:00", "2026-12-01T12:30:00Z"),
        ("Europe/Kiev", "2026-12-01T18:00", "2026-12-01T16:00:00Z"),
        ("Europe/Kyiv", "2026-12-01T18:00", "2026-12-01T16:00:00Z"),
        ("america/los_angeles", "2026-12-01T18:00", "2026-12-02T02:00:00Z"),
        ("AoE", "2026-12-01T23:59", "2026-12-02T11:59:00Z"),
    ];
    for (zone, local, utc) in table {
        assert_eq!(moment(zone, local), Ok(instant(utc)), "{local} in {zone}");
    }
}

#[test]
fn a_skipped_time_is_refused_with_two_others() {
    let table = [
        ("Europe/Berlin", "2027-03-28T02:30", "choose 2027-03-28T01:30 or 2027-03-28T03:30"),
        ("Europe/Berlin", "2027-03-28T02:00", "choose 2027-03-28T01:00 or 2027-03-28T03:00"),
        ("Europe/Berlin", "2027-03-28T02:30+01:00", "choose 2027-03-28T01:30 or 2027-03-28T03:30"),
        ("America/New_York", "2027-03-14T02:15", "choose 2027-03-14T01:15 or 2027-03-14T03:15"),
        ("Australia/Lord_Howe", "2027-10-03T02:10", "choose 2027-10-03T01:40 or 2027-10-03T02:40"),
        ("Africa/Casablanca", "2026-03-22T02:30", "choose 2026-03-22T01:30 or 2026-03-22T03:30"),
        // Samoa left a whole day out.
        ("Pacific/Apia", "2011-12-30T12:00", "choose 2011-12-29T12:00 or 2011-12-31T12:00"),
    ];
    for (zone, local, words) in table {
        let (code, found) = moment(zone, local).unwrap_err();
        assert_eq!(code, "local_time_skipped", "{local} in {zone}");
        assert!(found.ends_with(words), "{local} in {zone}: {found}");
    }
}

#[test]
fn a_time_that_clocks_show_twice_needs_a_choice() {
    let table = [
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T01:30-04:00 or 2026-11-01T01:30-05:00"),
        ("Africa/Casablanca", "2026-09-20T01:30", "2026-09-20T01:30+01:00 or 2026-09-20T01:30+00:00"),
        ("Australia/Lord_Howe", "2027-04-04T01:45", "2027-04-04T01:45+11:00 or 2027-04-04T01:45+10:30"),
        ("Europe/Berlin", "2026-10-25T02:30+03:00", "2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00"),
    ];
    for (zone, local, words) in table {
        let (code, found) = moment(zone, local).unwrap_err();
        assert_eq!(code, "local_time_repeated", "{local} in {zone}");
        assert!(found.ends_with(words), "{local} in {zone}: {found}");
    }
}

#[test]
fn an_offset_that_a_zone_does_not_have_is_refused() {
    let (code, words) = moment("Europe/Berlin", "2026-12-01T18:00+02:00").unwrap_err();
    assert_eq!(code, "local_time_offset");
    assert!(words.ends_with("choose 2026-12-01T18:00+01:00"), "{words}");
    assert_eq!(moment("Europe/Berlin", "2026-12-01T18:00+01:00"), moment("Europe/Berlin", "2026-12-01T18:00"));
}

#[test]
fn a_text_is_a_local_time_in_one_spelling_only() {
    for good in ["2026-12-01T18:00", "2026-12-01T18:00:09", "2026-10-25T02:30-03:30", "0001-01-01T00:00"] {
        assert_eq!(text::<LocalTime>(good).to_string(), good);
    }
    assert_eq!(text::<LocalTime>("2026-12-01T18:00:00+01:00").to_string(), "2026-12-01T18:00+01:00");
    for bad in [
        "",
        "2026-12-01",
        "2026-12-01 18:00",
        "2026-12-01t18:00",
        "2026-12-01T18:00Z",
        "2026-12-01T24:00",
        "2026-02-29T12:00",
        "2100-02-29T12:00",
        "2026-12-01T18:60",
        "2026-12-01T18:00:60",
        "2026-12-01T18:00:00.5",
        "+2026-12-01T18:00",
        "2026-12-01T18:00+1:00",
        "2026-12-01T18:00[Europe/Berlin]",
        "20261201T1800",
        "2026-12-1T18:00",
        " 2026-12-01T18:00",
        "2026-12-01T18:0é",
    ] {
        assert!(bad.parse::<LocalTime>().is_err(), "{bad}");
    }
}

#[test]
fn a_text_that_names_no_zone_is_refused() {
    for good in ["UTC", "Etc/GMT+12", "Europe/Berlin", "AoE"] {
        assert_eq!(text::<TimeZone>(good).to_string(), good);
    }
    assert_eq!(text::<TimeZone>("europe/berlin").to_string(), "Europe/Berlin");
    assert_eq!(text::<TimeZone>("aoe").to_string(), "AoE");
    for bad in ["", "Berlin", "Europe/Atlantis", "CET-1CEST", "+01:00", "../../etc/passwd", "Etc/Unknown", "Local"] {
        assert!(bad.parse::<TimeZone>().is_err(), "{bad}");
    }
}

#[test]
fn a_text_is_a_period_in_one_spelling_only() {
    for good in ["P2D", "PT3H", "P1W", "P1DT12H", "PT30M", "P366D", "PT1M"] {
        assert_eq!(text::<Period>(good).to_string(), good);
    }
    for bad in [
        "",
        "P",
        "2 days",
        "p2d",
        "-P1D",
        "P0D",
        "PT0M",
        "PT30S",
        "P1M",
        "P1Y",
        "P367D",
        "PT1.5H",
        "P1WT1S",
        "P9999999W",
    ] {
        assert!(bad.parse::<Period>().is_err(), "{bad}");
    }
}

#[test]
fn reminders_come_so_long_before_the_close() {
    // Clocks are put back in the night before the close: a day of the calendar has 25 hours, and 24 hours are 24.
    let plan = closing("Europe/Berlin", "2026-10-25T18:00", &["PT24H", "P1D", "PT3H"]);
    let schedule = plan.resolve().unwrap().unwrap();
    let found = schedule.reminders.iter().map(|reminder| (reminder.before.as_str(), reminder.at.millis() / 1_000));
    let expected = [
        ("P1D", instant("2026-10-24T16:00:00Z")),
        ("PT24H", instant("2026-10-24T17:00:00Z")),
        ("PT3H", instant("2026-10-25T14:00:00Z")),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn a_plan_that_contradicts_itself_is_refused() {
    let opening = |opens: &str, plan: Plan| Plan { opens_at: Some(text(opens)), ..plan };
    let error = |plan: Plan| plan.resolve().unwrap_err();
    let close = || closing("UTC", "2026-12-01T18:00", &[]);
    assert_eq!(error(opening("2026-12-01T18:00", close())), ScheduleError::ClosesFirst);
    assert_eq!(error(opening("2026-12-02T18:00", close())), ScheduleError::ClosesFirst);
    let reminding = closing("UTC", "2026-12-01T18:00", &["PT1H"]);
    let refused = ScheduleError::ReminderBeforeOpening("PT1H".to_owned());
    assert_eq!(error(opening("2026-12-01T17:00", reminding.clone())), refused);
    assert_eq!(error(Plan { closes_at: None, ..reminding }), ScheduleError::NoClose);
    assert_eq!(error(closing("UTC", "2026-12-01T18:00", &["PT60M", "PT1H"])), ScheduleError::SameReminder);
    let many: Vec<_> = (1..=11).map(|hours| format!("PT{hours}H")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(error(closing("UTC", "2026-12-01T18:00", &many)), ScheduleError::TooManyReminders);
}

#[test]
fn a_plan_without_a_date_is_no_schedule() {
    let plan = Plan { time_zone: text("UTC"), opens_at: None, closes_at: None, reminders: Vec::new() };
    assert_eq!(plan.resolve(), Ok(None));
}

#[test]
fn other_rules_for_zones_move_no_moment() {
    // Planned in the spring of 2026, when Morocco was to keep summer time: 18:00 was 17:00 UTC.
    let close = Timestamp::from_millis(instant("2027-07-01T17:00:00Z") * 1_000);
    let closes_at = Some(Planned { at: close, local: "2027-07-01T18:00".into() });
    let (rules, time_zone) = ("2026a".to_owned(), "Africa/Casablanca".to_owned());
    let schedule = Schedule { closes_at, opens_at: None, reminders: Vec::new(), rules, time_zone };
    let planned = schedule.closes_at.clone().unwrap();
    assert_eq!(schedule.closing_time(), Some(close));
    assert_eq!(schedule.shifted(&planned).unwrap().to_string(), "2027-07-01T17:00");
    let today = closing("Europe/Berlin", "2026-07-01T18:00", &[]).resolve().unwrap().unwrap();
    assert_eq!(today.shifted(today.closes_at.as_ref().unwrap()), None);
    assert_eq!(today.rules, RULES);
}

#[test]
fn moving_the_close_moves_reminders_that_are_to_come() {
    let schedule = closing("UTC", "2026-12-03T18:00", &["P2D", "PT3H"]).resolve().unwrap().unwrap();
    let moment = |utc: &str| Timestamp::from_millis(instant(utc) * 1_000);
    let now = moment("2026-12-02T12:00:00Z");
    let later = schedule.closing_at(moment("2026-12-04T10:00:00Z"), now);
    let reminders = later.reminders.iter().map(|reminder| (reminder.before.as_str(), reminder.at));
    // Two days before the new close was this morning.
    assert_eq!(reminders.collect::<Vec<_>>(), [("PT3H", moment("2026-12-04T07:00:00Z"))]);
    assert_eq!(later.closes_at.as_ref().unwrap().local, "2026-12-04T10:00");
    assert_eq!(schedule.closing_at(schedule.closing_time().unwrap(), now), schedule);
    assert_eq!(schedule.due_reminder(at(0)), None);
}

#[test]
fn of_reminders_that_were_missed_the_last_is_due() {
    let schedule = closing("UTC", "2026-12-03T18:00", &["P2D", "PT3H", "PT1H"]).resolve().unwrap().unwrap();
    let due = |utc: &str| {
        let now = Timestamp::from_millis(instant(utc) * 1_000);
        schedule.due_reminder(now).map(|reminder| reminder.before.as_str())
    };
    assert_eq!(due("2026-12-01T17:59:59Z"), None);
    assert_eq!(due("2026-12-01T18:00:00Z"), Some("P2D"));
    assert_eq!(due("2026-12-03T15:00:00Z"), Some("PT3H"));
    assert_eq!(due("2026-12-03T17:30:00Z"), Some("PT1H"));
}
