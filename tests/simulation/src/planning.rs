//! An administrator plans an election, and the clock opens it, reminds its voters and closes it.

use photovote_domain::Links;
use serde_json::json;

use crate::{
    administrator::{Administrator, GaveUp, Held, Outcome},
    journal::What,
};

/// The shortest time before the close at which voters are reminded, in milliseconds.
const MINUTE: i64 = 60_000;

impl Administrator {
    /// Plans when an election opens and closes, and waits until the clock has opened it; now and then, does not wait. Answers when it
    /// closes.
    pub(crate) async fn open_by_the_clock(&self, held: Held<'_>) -> Outcome<i64> {
        let dice = &self.client.dice;
        let within = |least, most| i64::try_from(dice.within(least, most)).unwrap_or(i64::MAX);
        let mut opens_at = self.now() + within(3_000, 40_000);
        // A reminder comes a minute before the close, and after the opening.
        let open_for = MINUTE + within(5_000, 60_000);
        self.plan(held, opens_at, opens_at + open_for).await?;
        if dice.permille(200) {
            // Two devices know better, and only one of them wins. It may be too late as well.
            let other = opens_at + within(5_000, 20_000);
            let (one, two) = tokio::join!(
                self.plan(held, other, other + open_for),
                self.plan(held, other + 1_000, other + 1_000 + open_for)
            );
            opens_at = if one.is_ok() || two.is_ok() { other + 1_000 } else { opens_at };
        }
        if dice.permille(150) {
            // Somebody has no patience: by hand, it opens before its time, or at the very moment of the clock.
            self.until(opens_at - within(0, 2_000)).await;
            let _ = self.ask(What::Change, "POST", format!("{}/open", held.path), None).await;
        }
        self.until(opens_at).await;
        // The clock comes every ten seconds, and may die as often as anything else.
        for _ in 0..30 {
            self.pause(5_000, 10_000).await;
            let shown = self.query(What::ShowElection, held.path).await;
            let shown = shown.filter(|shown| shown.status == 200);
            match shown.as_ref().and_then(|shown| shown.json["status"].as_str()) {
                Some("draft") | None => {}
                Some(_) => {
                    let closes_at =
                        shown.and_then(|shown| shown.json["closes_at"].as_str()?.parse::<jiff::Timestamp>().ok());
                    return closes_at.map(jiff::Timestamp::as_millisecond).ok_or(GaveUp);
                }
            }
        }
        Err(GaveUp)
    }

    async fn plan(&self, held: Held<'_>, opens_at: i64, closes_at: i64) -> Outcome<()> {
        let local = |at| {
            let at = jiff::Timestamp::from_millisecond(at).map_err(|_beyond| GaveUp)?;
            Ok(at.strftime("%Y-%m-%dT%H:%M:%S").to_string())
        };
        let mut plan = json!({"opens_at": local(opens_at)?, "closes_at": local(closes_at)?, "time_zone": "UTC"});
        if held.links == Links::Invite && self.client.dice.permille(700) {
            plan["reminders"] = json!(["PT1M"]);
        }
        self.command(What::Change, "PUT", &format!("{}/schedule", held.path), Some(plan)).await.map(drop)
    }
}
