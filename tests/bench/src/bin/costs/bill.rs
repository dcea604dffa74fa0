//! What a million voters come to.

use photovote_tests::budget::Journey;

use crate::prices::{
    COMPUTE, INVOCATION, LOGS, MESSAGE, Price, READ, RECOVERY, REQUEST, STORAGE, STREAM, TRACE, TRANSFER, WRITE,
};

/// How many voters the bill is for.
pub(crate) const VOTERS: f64 = 1_000_000.0;

/// What no test can tell: guesses, on the high side. Nothing was run on AWS.
pub(crate) mod guesses {
    /// Milliseconds for a request of two calls to DynamoDB, in a function that is warm.
    pub(crate) const REQUEST_MS: f64 = 25.0;
    /// Milliseconds for a batch of the stream.
    pub(crate) const BATCH_MS: f64 = 40.0;
    /// Milliseconds for a voter who is imported. The importer registers eight at a time.
    pub(crate) const ROW_MS: f64 = 25.0;
    /// Milliseconds for a mail: ten requests to other services, one after the other.
    pub(crate) const MAIL_MS: f64 = 150.0;
    /// Bytes that a request adds to the logs: the gateway's line, the function's line and its metrics.
    pub(crate) const LOG_BYTES: f64 = 1_500.0;
    /// Bytes of an answer's headers.
    pub(crate) const HEADER_BYTES: f64 = 500.0;
    /// X-Ray's own rule records the first request of each second, and this part of the others.
    pub(crate) const TRACED: f64 = 0.05;
}

/// What `template.yaml` gives the functions that answer requests, and the projector, in GB.
const MEMORY: [f64; 2] = [0.5, 1.0];
const GB: f64 = 1e9;

/// How many ballots it is measured with what counting takes.
const COUNTED: f64 = 1_000.0;

/// A line of the bill.
pub(crate) struct Line {
    pub(crate) price: Price,
    pub(crate) units: f64,
}

impl Line {
    pub(crate) fn dollars(&self) -> f64 {
        self.price.of(self.units)
    }
}

/// A number of something as it is multiplied with prices. No number here is too large for that.
fn float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// What counting takes for each ballot.
pub(crate) fn per_ballot(units: usize) -> f64 {
    float(units) / COUNTED
}

/// The write units of one voter.
pub(crate) fn write_units(journey: &Journey) -> f64 {
    let steps: usize = journey.steps.iter().map(|step| step.write_units).sum();
    float(steps + journey.projected) + per_ballot(journey.counted[0])
}

/// The read units of one voter.
pub(crate) fn read_units(journey: &Journey) -> f64 {
    let steps: usize = journey.steps.iter().map(|step| step.read_units).sum();
    float(steps) + per_ballot(journey.counted[1])
}

/// The bill for a million voters who all do this in one month, calculated the dearest way: each commit wakes the projector by
/// itself, and each write unit is taken for a full kilobyte that is kept.
pub(crate) fn bill(journey: &Journey) -> Vec<Line> {
    let requests = VOTERS * float(journey.steps.len());
    // A registration is two commits, the voter's and the ballot's.
    let commits = VOTERS * float(journey.steps.iter().filter(|step| step.write_units > 0).count() + 1);
    // What is written in a transaction costs two units for each kilobyte.
    let kilobytes = |step: &photovote_tests::budget::Step| {
        if step.calls.contains("Transact") { step.write_units / 2 } else { step.write_units }
    };
    let kept: usize = journey.steps.iter().map(kilobytes).sum::<usize>() + journey.projected;
    let gigabytes = VOTERS * float(kept) * 1_024.0 / GB;
    let answers: usize = journey.steps.iter().map(|step| step.answer).sum();
    let out = (VOTERS * float(answers) + requests * guesses::HEADER_BYTES) / GB;
    let seconds = requests * guesses::REQUEST_MS / 1e3 * MEMORY[0] + commits * guesses::BATCH_MS / 1e3 * MEMORY[1];
    let line = |price, units| Line { price, units };
    vec![
        line(WRITE, VOTERS * write_units(journey)),
        line(READ, VOTERS * read_units(journey)),
        line(STREAM, commits),
        line(STORAGE, gigabytes),
        line(RECOVERY, gigabytes),
        line(REQUEST, requests),
        line(INVOCATION, requests + commits),
        line(COMPUTE, seconds),
        line(LOGS, (requests + commits) * guesses::LOG_BYTES / GB),
        line(TRACE, (requests + commits) * guesses::TRACED),
        line(TRANSFER, out),
        line(MESSAGE, 0.0),
    ]
}

/// What voters come to who are imported or mailed.
pub(crate) mod crowds {
    use photovote_tests::budget::{CROWD, Crowd};

    use super::{GB, Line, VOTERS, float, guesses};
    use crate::prices::{COMPUTE, INVOCATION, KEY, LOGS, MAIL, MESSAGE, READ, RECOVERY, STORAGE, STREAM, TRACE, WRITE};

    /// What the template gives the importer and the mailer, in GB.
    const MEMORY: [f64; 2] = [2.0, 0.5];
    /// What it gives the projector and the invitations.
    const OF_STREAM: f64 = 1.0;
    const ROWS_AT_ONCE: f64 = 8.0;

    /// A number of the crowd, for one voter.
    pub(crate) fn each(number: usize) -> f64 {
        float(number) / f64::from(CROWD)
    }

    /// The bill for a million voters, calculated the dearest way: each commit wakes the projector by itself, and the invitations as
    /// well if it concerns them. Nearly everything is written in transactions, which take two units for each kilobyte.
    pub(crate) fn bill(crowd: &Crowd) -> Vec<Line> {
        let of_all = |number: usize| VOTERS * each(number);
        let [records, messages] = [of_all(crowd.commits + crowd.followed), of_all(crowd.messages)];
        let gigabytes = of_all(crowd.write_units) / 2.0 * 1_024.0 / GB;
        // A voter is imported or mailed.
        let work = if crowd.mails == 0 {
            VOTERS * guesses::ROW_MS / ROWS_AT_ONCE / 1e3 * MEMORY[0]
        } else {
            of_all(crowd.mails) * guesses::MAIL_MS / 1e3 * MEMORY[1]
        };
        let seconds = work + records * guesses::BATCH_MS / 1e3 * OF_STREAM;
        let line = |price, units| Line { price, units };
        vec![
            line(WRITE, of_all(crowd.write_units)),
            line(READ, of_all(crowd.read_units)),
            line(STREAM, records),
            line(STORAGE, gigabytes),
            line(RECOVERY, gigabytes),
            line(INVOCATION, records + messages),
            line(COMPUTE, seconds),
            line(LOGS, (records + messages) * guesses::LOG_BYTES / GB),
            line(TRACE, (records + messages) * guesses::TRACED),
            // Sent, received, deleted.
            line(MESSAGE, messages * 3.0),
            line(KEY, of_all(crowd.macs)),
            line(MAIL, of_all(crowd.mails)),
        ]
    }
}

/// What uploaded photographs come to.
pub(crate) mod photographs {
    use super::{GB, Line};
    use crate::prices::{COMPUTE, INVOCATION, MESSAGE, OBJECTS, PUT, SENT, SHOWN, WRITE};

    /// How many are uploaded.
    pub(crate) const UPLOADED: f64 = 1_000.0;
    /// How many renditions are shown.
    pub(crate) const VIEWS: f64 = 1_000_000.0;
    /// Seconds for one of 24 megapixels, in a function of two gigabytes. Measured on one machine, and doubled.
    pub(crate) const SECONDS: f64 = 2.5;
    /// Bytes of an original and its renditions.
    pub(crate) const BYTES: f64 = 12e6;
    /// Bytes of a rendition as it is shown: most are small, a few large.
    pub(crate) const SHOWN_BYTES: f64 = 80e3;

    /// A thousand uploads, kept for a month.
    pub(crate) fn uploads() -> Vec<Line> {
        vec![
            // The upload, its original, six renditions, and two lists by whoever looks after them.
            Line { price: PUT, units: UPLOADED * 10.0 },
            Line { price: OBJECTS, units: UPLOADED * BYTES / GB },
            // Request with its gate in a transaction, arrival, result, and three times the document.
            Line { price: WRITE, units: UPLOADED * 13.0 },
            // The upload's own, the stream's and the API's.
            Line { price: INVOCATION, units: UPLOADED * 6.0 },
            Line { price: COMPUTE, units: UPLOADED * SECONDS * 2.0 },
            // Sent, received, deleted.
            Line { price: MESSAGE, units: UPLOADED * 3.0 },
        ]
    }

    /// A million views by phones, none of which has seen the rendition before.
    pub(crate) fn views() -> Vec<Line> {
        vec![Line { price: SHOWN, units: VIEWS }, Line { price: SENT, units: VIEWS * SHOWN_BYTES / GB }]
    }
}

/// What is paid for every month, whether anybody votes or not.
pub(crate) mod standing {
    use super::Line;
    use crate::prices::{ALARM, COMPUTE, INVOCATION, KEY, KEY_ITSELF, METRIC, READ};

    /// What is deployed.
    const TEMPLATE: &str = include_str!("../../../../../template.yaml");
    /// The clock runs every minute of a month of 730 hours, and reads the schedule.
    const RUNS: f64 = 730.0 * 60.0;
    /// Names of metrics and their dimensions in a month with an election, and six for each of some ten routes that are used.
    const METRICS: f64 = 40.0 + 60.0;
    /// DynamoDB asks for the key of a table about every five minutes for each client; three tables, ten clients.
    const KEYS: f64 = 730.0 * 12.0 * 3.0 * 10.0;

    /// Counts the metrics that the alarms of the template look at.
    fn metrics_of_alarms() -> f64 {
        // An indentation of two spaces is the name of a resource.
        let name = |line: &str| line.starts_with("  ") && !line.starts_with("   ") && !line.starts_with("  #");
        let mut of_alarm = false;
        let counted = TEMPLATE.lines().filter(|line| {
            of_alarm = !name(line) && (of_alarm || line.trim() == "Type: AWS::CloudWatch::Alarm");
            of_alarm && line.trim_start_matches([' ', '-']).starts_with("MetricName:")
        });
        super::float(counted.count())
    }

    pub(crate) fn lines() -> Vec<Line> {
        vec![
            Line { price: ALARM, units: metrics_of_alarms() },
            Line { price: METRIC, units: METRICS },
            Line { price: KEY_ITSELF, units: 1.0 },
            Line { price: KEY, units: KEYS },
            Line { price: INVOCATION, units: RUNS },
            Line { price: COMPUTE, units: RUNS * super::guesses::REQUEST_MS / 1e3 * 0.5 },
            Line { price: READ, units: RUNS },
        ]
    }
}
