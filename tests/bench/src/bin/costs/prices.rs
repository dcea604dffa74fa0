//! What AWS asks.

/// The day for which the prices are given. AWS's own pages have the last word.
pub(crate) const DATE: &str = "2026-11-21";
/// Where they hold.
pub(crate) const REGION: &str = "us-east-1 (Northern Virginia)";

/// A price: dollars for so many of something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Price {
    /// The service.
    pub(crate) service: &'static str,
    /// What is paid for.
    pub(crate) unit: &'static str,
    /// Dollars.
    pub(crate) dollars: f64,
    /// For so many units.
    pub(crate) each: f64,
    /// Where AWS says so.
    pub(crate) page: &'static str,
}

impl Price {
    /// What so many units cost, in dollars.
    pub(crate) fn of(&self, units: f64) -> f64 {
        units / self.each * self.dollars
    }
}

const MILLION: f64 = 1_000_000.0;
const DYNAMODB: &str = "https://aws.amazon.com/dynamodb/pricing/on-demand/";
const LAMBDA: &str = "https://aws.amazon.com/lambda/pricing/";
const S3: &str = "https://aws.amazon.com/s3/pricing/";
const CLOUDFRONT: &str = "https://aws.amazon.com/cloudfront/pricing/";
const CLOUDWATCH: &str = "https://aws.amazon.com/cloudwatch/pricing/";

const fn price(service: &'static str, unit: &'static str, dollars: f64, each: f64, page: &'static str) -> Price {
    Price { service, unit, dollars, each, page }
}

pub(crate) const WRITE: Price = price("DynamoDB", "write request units, on demand", 0.625, MILLION, DYNAMODB);
pub(crate) const READ: Price = price("DynamoDB", "read request units, on demand", 0.125, MILLION, DYNAMODB);
pub(crate) const STORAGE: Price = price("DynamoDB", "GB stored for a month", 0.25, 1.0, DYNAMODB);
pub(crate) const RECOVERY: Price = price("DynamoDB", "GB recoverable to any second, for a month", 0.20, 1.0, DYNAMODB);
pub(crate) const STREAM: Price = price("DynamoDB", "stream reads by Lambda", 0.0, MILLION, DYNAMODB);
pub(crate) const INVOCATION: Price = price("Lambda", "requests", 0.20, MILLION, LAMBDA);
pub(crate) const COMPUTE: Price = price("Lambda", "GB-seconds, arm64", 13.333_4, MILLION, LAMBDA);
pub(crate) const REQUEST: Price =
    price("API Gateway", "requests to an HTTP API", 1.00, MILLION, "https://aws.amazon.com/api-gateway/pricing/");
pub(crate) const TRANSFER: Price =
    price("Data transfer", "GB out to the internet", 0.09, 1.0, "https://aws.amazon.com/ec2/pricing/on-demand/");
pub(crate) const LOGS: Price = price("CloudWatch", "GB of logs taken in", 0.50, 1.0, CLOUDWATCH);
pub(crate) const METRIC: Price = price("CloudWatch", "metrics of one's own, for a month", 0.30, 1.0, CLOUDWATCH);
pub(crate) const ALARM: Price = price("CloudWatch", "metrics of alarms, for a month", 0.10, 1.0, CLOUDWATCH);
pub(crate) const TRACE: Price =
    price("X-Ray", "traces recorded", 5.00, MILLION, "https://aws.amazon.com/xray/pricing/");
pub(crate) const MESSAGE: Price = price("SQS", "requests", 0.40, MILLION, "https://aws.amazon.com/sqs/pricing/");
pub(crate) const KEY_ITSELF: Price =
    price("KMS", "key of links, for a month", 1.0, 1.0, "https://aws.amazon.com/kms/pricing/");
pub(crate) const KEY: Price = price("KMS", "requests", 0.03, 10_000.0, "https://aws.amazon.com/kms/pricing/");
pub(crate) const MAIL: Price =
    price("SES", "mails without attachments", 0.10, 1_000.0, "https://aws.amazon.com/ses/pricing/");
pub(crate) const PUT: Price = price("S3", "PUT, POST and LIST requests", 0.005, 1_000.0, S3);
pub(crate) const OBJECTS: Price = price("S3", "GB stored for a month", 0.023, 1.0, S3);
pub(crate) const SHOWN: Price = price("CloudFront", "HTTPS requests", 0.01, 10_000.0, CLOUDFRONT);
pub(crate) const SENT: Price = price("CloudFront", "GB out to the internet", 0.085, 1.0, CLOUDFRONT);

/// All of them.
pub(crate) const PRICES: [Price; 21] = [
    WRITE, READ, STORAGE, RECOVERY, STREAM, INVOCATION, COMPUTE, REQUEST, TRANSFER, LOGS, METRIC, ALARM, TRACE,
    MESSAGE, KEY_ITSELF, KEY, MAIL, PUT, OBJECTS, SHOWN, SENT,
];
