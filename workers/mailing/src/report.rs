//! Reports about mails: what Amazon SES says about a mail that came back, or that its recipient complained about.
//!
//! The mail's tags name voter and mailing. Of the report itself only its kind is read: the rest holds addresses.

use photovote_coordination::Count;
use photovote_coordination_write::{Claim, Reported};
use photovote_domain::LinkNumber;
use serde::Deserialize;
use std::collections::BTreeMap;

use crate::{Mailer, Trouble};

/// The tags by which a report finds its mail.
pub(crate) fn tags(claim: &Claim, link: Option<LinkNumber>) -> Vec<(&'static str, String)> {
    let mut tags = vec![
        ("election", claim.election.to_string()),
        ("shard", claim.shard.to_string()),
        ("voter", claim.mail.voter.to_string()),
    ];
    tags.extend(claim.counted.map(|mailing| ("mailing", mailing.to_string())));
    tags.extend(link.map(|link| ("link", link.to_string())));
    tags
}

/// What SNS wraps a report in, unless it is told to deliver it as it is.
#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Message")]
    message: String,
}

/// An event of SES. <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_type: String,
    mail: Mail,
}

#[derive(Deserialize)]
struct Mail {
    #[serde(default)]
    tags: BTreeMap<String, Vec<String>>,
}

/// The report that the body of a message holds, if it holds one.
pub(crate) fn parse(body: &str) -> Option<(Reported, Count)> {
    let unwrapped = serde_json::from_str::<Notification>(body);
    let event: Event = serde_json::from_str(unwrapped.as_ref().map_or(body, |wrapped| &wrapped.message)).ok()?;
    let report = match event.event_type.as_str() {
        "Bounce" => Count::Bounced,
        "Complaint" => Count::Complained,
        _ => return None,
    };
    let tag = |name: &str| event.mail.tags.get(name).and_then(|values| values.first()).map(String::as_str);
    let reported = Reported {
        election: tag("election")?.parse().ok()?,
        shard: tag("shard")?.parse().ok().and_then(photovote_domain::Shard::new)?,
        voter: tag("voter")?.parse().ok()?,
        mailing: tag("mailing").and_then(|mailing| mailing.parse().ok()),
        link: tag("link").and_then(|link| link.parse().ok()).map(LinkNumber::new),
    };
    Some((reported, report))
}

/// Whether the body of a message is a report, and not a message to the mailer.
pub(crate) fn is_report(body: &str) -> bool {
    serde_json::from_str::<Notification>(body).is_ok() || serde_json::from_str::<Event>(body).is_ok()
}

impl Mailer {
    /// Counts a report. One about a mail that names no voter says nothing.
    pub(crate) async fn take_report(&self, body: &str) -> Result<(), Trouble> {
        let Some((reported, report)) = parse(body) else { return Ok(()) };
        self.control.report(reported, report).await?;
        let report = report.as_str();
        metrics::counter!("MailReports", "Report" => report).increment(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
    use photovote_domain::{ElectionId, MailingId, VoterId};
    use serde_json::json;

    use super::*;

    fn event(kind: &str) -> String {
        let (election, voter) = (ElectionId::from_bits(7).to_string(), VoterId::from_bits(8).to_string());
        let tags = json!({
            "election": [election], "shard": ["3"], "voter": [voter],
            "mailing": [MailingId::from_bits(9).to_string()], "link": ["2"], "ses:from-domain": ["example.org"],
        });
        let bounced = json!({"bouncedRecipients": [{"emailAddress": "ada@example.org"}]});
        json!({"eventType": kind, "mail": {"tags": tags, "messageId": "1"}, "bounce": bounced}).to_string()
    }

    #[test]
    fn a_report_names_its_mail_wrapped_or_not() {
        for body in [event("Bounce"), json!({"Type": "Notification", "Message": event("Bounce")}).to_string()] {
            assert!(is_report(&body));
            let (reported, report) = parse(&body).unwrap();
            assert_eq!((reported.voter, reported.shard.get()), (VoterId::from_bits(8), 3));
            assert_eq!((reported.link, report), (Some(LinkNumber::new(2)), Count::Bounced));
        }
    }

    #[test]
    fn other_events_are_no_reports_that_count() {
        for kind in ["Delivery", "Send", "Open"] {
            assert!(is_report(&event(kind)));
            assert!(parse(&event(kind)).is_none(), "{kind}");
        }
        assert!(!is_report(r#"{"election": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#));
    }
}
