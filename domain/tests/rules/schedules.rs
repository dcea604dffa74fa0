//! What can be planned for an election, and what becomes of it.

use photovote_domain::{
    Aggregate, Election, Links, Timestamp,
    election::{ElectionChange, ElectionCommand, ElectionEvent, ElectionRejection as R, Obstacle, Readiness},
    fold,
    schedule::{Planned, RULES, Reminder, Schedule},
};

use crate::{
    given::given,
    photos::{NOW, TODAY, at, competition, context, created, draft, election as at_status, opened_until},
};

fn planned(millis: i64) -> Planned {
    Planned { at: at(millis), local: format!("written {millis}") }
}

/// A schedule with these moments.
fn schedule(opens: Option<i64>, closes: Option<i64>, reminders: &[i64]) -> Schedule {
    let reminders = reminders.iter().map(|millis| Reminder { at: at(*millis), before: "PT1M".into() }).collect();
    let (rules, time_zone) = (RULES.to_owned(), "UTC".to_owned());
    Schedule { closes_at: closes.map(planned), opens_at: opens.map(planned), reminders, rules, time_zone }
}

fn plan(schedule: Schedule) -> ElectionCommand {
    ElectionCommand::Schedule(Some(schedule))
}

fn scheduled(schedule: Schedule) -> ElectionEvent {
    ElectionEvent::ElectionScheduled { schedule }
}

fn inviting() -> Vec<ElectionEvent> {
    [draft(), vec![ElectionEvent::ElectionLinksChanged { links: Links::Invite }]].concat()
}

/// An inviting election with this schedule that opened as it was planned.
fn open(schedule: Schedule) -> Vec<ElectionEvent> {
    let closes_at = schedule.closing_time();
    [inviting(), vec![scheduled(schedule), opened_until(closes_at)]].concat()
}

#[test]
fn a_draft_is_scheduled_for_the_future() {
    let draft = given::<Election>(draft());
    draft.when(plan(schedule(Some(2_000), Some(3_000), &[])), &TODAY).then([scheduled(schedule(
        Some(2_000),
        Some(3_000),
        &[],
    ))]);
    draft.when(plan(schedule(Some(1_000), None, &[])), &TODAY).then_refused(R::OpeningTimePast);
    draft.when(plan(schedule(None, Some(1_000), &[])), &TODAY).then_refused(R::ClosingTimePast);
    draft.when(ElectionCommand::Schedule(None), &TODAY).then_nothing();
}

#[test]
fn a_draft_can_be_planned_anew_and_not_at_all() {
    let events = [draft(), vec![scheduled(schedule(Some(2_000), None, &[]))]].concat();
    let draft = given::<Election>(events);
    draft.when(plan(schedule(Some(2_000), None, &[])), &TODAY).then_nothing();
    let other = Schedule { rules: "1999z".into(), ..schedule(Some(2_000), None, &[]) };
    draft.when(plan(other), &TODAY).then_nothing();
    draft.when(plan(schedule(Some(1_500), None, &[])), &TODAY).then([scheduled(schedule(Some(1_500), None, &[]))]);
    draft.when(ElectionCommand::Schedule(None), &TODAY).then([ElectionEvent::ElectionUnscheduled {}]);
}

#[test]
fn an_opening_that_is_prevented_keeps_its_time() {
    let events = [inviting(), vec![scheduled(schedule(Some(2_000), Some(9_000), &[]))]].concat();
    let (late, draft) = (context(at(2_500)), given::<Election>(events));
    let reminding = schedule(Some(2_000), Some(9_000), &[8_000]);
    draft.when(plan(reminding.clone()), &late).then([scheduled(reminding)]);
    draft.when(plan(schedule(Some(2_400), Some(9_000), &[])), &late).then_refused(R::OpeningTimePast);
}

#[test]
fn reminders_are_for_elections_that_invite() {
    let reminding = || plan(schedule(None, Some(3_000), &[2_000]));
    given::<Election>(draft()).when(reminding(), &TODAY).then_refused(R::RemindersNeedInvitations);
    let draft = given::<Election>(inviting());
    draft.when(reminding(), &TODAY).then([scheduled(schedule(None, Some(3_000), &[2_000]))]);
    draft.when(plan(schedule(None, Some(3_000), &[1_000])), &TODAY).then_refused(R::ReminderPast);
    let planned = [inviting(), vec![scheduled(schedule(None, Some(3_000), &[2_000]))]].concat();
    let hand_out = ElectionChange { links: Some(Links::HandOut), ..ElectionChange::default() };
    let change = ElectionCommand::Change(hand_out);
    given::<Election>(planned).when(change, &TODAY).then_refused(R::RemindersNeedInvitations);
}

#[test]
fn the_clock_opens_what_is_due_and_nothing_else() {
    let open = || ElectionCommand::OpenIfDue;
    given::<Election>(draft()).when(open(), &TODAY).then_refused(R::NotDueToOpen);
    let due = [draft(), vec![scheduled(schedule(Some(2_000), Some(3_000), &[]))]].concat();
    let due = given::<Election>(due);
    due.when(open(), &context(at(1_999))).then_refused(R::NotDueToOpen);
    due.when(open(), &context(at(2_000))).then([opened_until(Some(at(3_000)))]);
    due.when(open(), &context(at(2_999))).then([opened_until(Some(at(3_000)))]);
    due.when(open(), &context(at(3_000))).then_refused(R::ClosingTimePast);
    let empty = given::<Election>([created(), scheduled(schedule(Some(2_000), None, &[]))]);
    empty.when(open(), &context(at(2_000))).then_refused(R::NoCompetition);
}

#[test]
fn opening_leaves_out_reminders_that_were_missed() {
    let planned = schedule(Some(2_000), Some(9_000), &[3_000, 8_000]);
    let late = [inviting(), vec![scheduled(planned)]].concat();
    let remaining = scheduled(schedule(Some(2_000), Some(9_000), &[8_000]));
    let opened = opened_until(Some(at(9_000)));
    given::<Election>(late).when(ElectionCommand::OpenIfDue, &context(at(4_000))).then([opened, remaining]);
}

#[test]
fn opening_by_hand_closes_as_planned_or_as_said() {
    let events = [draft(), vec![scheduled(schedule(Some(2_000), Some(9_000), &[]))]].concat();
    let draft = given::<Election>(events);
    draft.when(ElectionCommand::Open { closes_at: None }, &TODAY).then([opened_until(Some(at(9_000)))]);
    let early = draft.when(ElectionCommand::Open { closes_at: Some(at(60_000)) }, &TODAY).get().unwrap();
    assert_eq!(early[0], opened_until(Some(at(60_000))));
    let ElectionEvent::ElectionScheduled { schedule } = &early[1] else { panic!("{early:?}") };
    assert_eq!(schedule.closes_at, Some(Planned { at: at(60_000), local: "1970-01-01T00:01".into() }));
}

#[test]
fn an_open_election_can_only_end_later() {
    let open = given::<Election>(open(schedule(Some(500), Some(3_000), &[2_000])));
    let extended = ElectionEvent::ElectionExtended { closes_at: at(4_000) };
    let later = schedule(Some(500), Some(4_000), &[3_500]);
    open.when(plan(later.clone()), &TODAY).then([extended.clone(), scheduled(later.clone())]);
    // The opening can be left out: it is what it was.
    let without = Schedule { opens_at: None, ..later.clone() };
    open.when(plan(without), &TODAY).then([extended, scheduled(later)]);
    open.when(plan(schedule(Some(600), Some(4_000), &[])), &TODAY).then_refused(R::Opened);
    open.when(plan(schedule(Some(500), Some(2_500), &[])), &TODAY).then_refused(R::ClosingTimeNotLater);
    open.when(ElectionCommand::Schedule(None), &TODAY).then_refused(R::ClosingTimeNotLater);
    let same = schedule(Some(500), Some(3_000), &[2_000]);
    open.when(plan(same), &context(at(2_500))).then_nothing();
    open.when(plan(schedule(Some(500), Some(3_000), &[2_000, 2_600])), &context(at(2_700)))
        .then_refused(R::ReminderPast);
}

#[test]
fn moving_the_close_reminds_nobody_at_once() {
    let open = given::<Election>(open(schedule(Some(500), Some(3_000), &[2_000])));
    let events = open.when(plan(schedule(Some(500), Some(4_000), &[2_400])), &context(at(2_500))).get().unwrap();
    assert_eq!(events[1], scheduled(schedule(Some(500), Some(4_000), &[])));
    let events = open.when(ElectionCommand::Extend { closes_at: at(61_000) }, &context(at(2_500))).get().unwrap();
    let ElectionEvent::ElectionScheduled { schedule } = &events[1] else { panic!("{events:?}") };
    assert_eq!(schedule.reminders, []);
}

#[test]
fn an_election_without_an_end_cannot_get_one() {
    let events = [draft(), vec![opened_until(None)]].concat();
    let open = given::<Election>(events);
    open.when(plan(schedule(None, Some(3_000), &[])), &TODAY).then_refused(R::NoClosingTime);
    open.when(ElectionCommand::Schedule(None), &TODAY).then_refused(R::NoClosingTime);
}

#[test]
fn a_reminder_is_due_while_the_election_is_open() {
    let events = open(schedule(Some(500), Some(3_000), &[2_000]));
    let due = |events: &[ElectionEvent], now: i64| fold::<Election>(events).due_reminder(at(now));
    assert_eq!(due(&events, 1_999), None);
    assert_eq!(due(&events, 2_000), Some(at(2_000)));
    assert_eq!(due(&events, 3_000), None);
    let closing = [events, vec![ElectionEvent::ElectionClosing {}]].concat();
    assert_eq!(due(&closing, 2_000), None);
}

#[test]
fn a_draft_is_due_to_open_until_its_close() {
    let events = [draft(), vec![scheduled(schedule(Some(2_000), Some(3_000), &[]))]].concat();
    let election = fold::<Election>(&events);
    let due = |now| election.is_due_to_open(Timestamp::from_millis(now));
    assert_eq!([1_999, 2_000, 2_999, 3_000].map(due), [false, true, true, false]);
    let opened = election.evolve(&opened_until(Some(at(3_000))));
    assert!(!opened.is_due_to_open(at(2_500)));
}

#[test]
fn what_keeps_a_draft_from_opening_is_told() {
    let obstacles = |events: &[ElectionEvent], readiness| fold::<Election>(events).obstacles(readiness);
    let ready = Readiness { registered: 3, ..Readiness::default() };
    assert_eq!(obstacles(&draft(), ready), []);
    assert_eq!(obstacles(&[created()], ready), [Obstacle::NoCompetition]);
    let removed =
        ElectionEvent::CandidateRemoved { candidate: crate::photos::candidate(1), competition: competition(1) };
    let few = [draft(), vec![removed]].concat();
    let nothing = Readiness { registered: 0, unlinked: 2, processing: 4 };
    let expected = [
        Obstacle::TooFewCandidates,
        Obstacle::PhotographsProcessing { count: 4 },
        Obstacle::NoVoters,
        Obstacle::LinksNotShown { count: 2 },
    ];
    assert_eq!(obstacles(&few, nothing), expected);
}

#[test]
fn a_schedule_is_nothing_for_what_has_ended() {
    use photovote_domain::election::Status as S;
    for status in [S::Closing, S::Closed, S::Released] {
        let decided = at_status(status).decide(plan(schedule(None, Some(3_000), &[])), &context(NOW));
        assert_eq!(decided, Err(R::WrongStatus(status)));
    }
}
