//! The policy of an upload: who signed it, and what it allows.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html> says what a policy can hold.

use std::collections::BTreeMap;

use aws_credential_types::Credentials;
use base64::{Engine, engine::general_purpose::STANDARD};
use photovote_uploads::{ALGORITHM, Scope, signature};
use serde::Deserialize;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::{ORIGINALS, REGION, answer::Refusal};

/// The most bytes that S3 takes in one form, if the policy does not say less.
const LARGEST_FILE: u64 = 5 << 30;

/// The fields of a form, in lower case.
pub(super) type Fields = BTreeMap<String, String>;

/// How many bytes a file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) least: u64,
    pub(super) most: u64,
}

#[derive(Deserialize)]
struct Policy {
    expiration: String,
    conditions: Vec<Value>,
}

/// What a policy demands.
#[derive(Debug, PartialEq, Eq)]
enum Condition {
    Equal { field: String, value: String },
    Begins { field: String, with: String },
    Length(Range),
}

/// Checks who signed the policy of a form, and whether it allows all fields now. Answers how long the file may be.
pub(super) fn check(fields: &Fields, credentials: &Credentials, now: jiff::Timestamp) -> Result<Range, Refusal> {
    let field = |name: &str| {
        let missing = || denied(format!("The form has no field {name}."));
        fields.get(name).map(String::as_str).ok_or_else(missing)
    };
    let encoded = field("policy")?;
    check_signature(encoded, &field, credentials)?;
    let policy = STANDARD.decode(encoded).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let Policy { expiration, conditions } = policy.ok_or_else(not_a_policy)?;
    let expiration: jiff::Timestamp = expiration.parse().map_err(|_no_time| not_a_policy())?;
    if expiration <= now {
        return Err(denied("Invalid according to Policy: Policy expired."));
    }
    let conditions = conditions.iter().map(Condition::parse).collect::<Result<Vec<_>, _>>()?;
    let covered = |field: &str| conditions.iter().any(|condition| condition.is_of(field));
    let free = |field: &str| matches!(field, "policy" | "x-amz-signature") || field.starts_with("x-ignore-");
    if let Some(extra) = fields.keys().find(|field| !free(field) && !covered(field)) {
        return Err(denied(format!("Invalid according to Policy: Extra input fields: {extra}")));
    }
    let mut range = Range { least: 0, most: LARGEST_FILE };
    for condition in &conditions {
        condition.check(fields, &mut range)?;
    }
    Ok(range)
}

fn check_signature<'a>(
    policy: &str,
    field: &impl Fn(&str) -> Result<&'a str, Refusal>,
    credentials: &Credentials,
) -> Result<(), Refusal> {
    if field("x-amz-algorithm")? != ALGORITHM {
        return Err(Refusal::new(400, "InvalidArgument", format!("X-Amz-Algorithm must be {ALGORITHM}.")));
    }
    let malformed = |_| Refusal::new(400, "InvalidArgument", "X-Amz-Credential is not valid.");
    let scope: Scope = field("x-amz-credential")?.parse().map_err(malformed)?;
    let day = scope.day.strftime("%Y%m%d").to_string();
    if scope.region != REGION || !field("x-amz-date")?.starts_with(&day) {
        return Err(Refusal::new(400, "InvalidArgument", "X-Amz-Credential has another region or day."));
    }
    if scope.access_key_id != credentials.access_key_id() {
        let unknown = "The AWS Access Key Id you provided does not exist in our records.";
        return Err(Refusal::new(403, "InvalidAccessKeyId", unknown));
    }
    let ours = signature(credentials.secret_access_key(), &scope, policy);
    if ours.as_bytes().ct_eq(field("x-amz-signature")?.as_bytes()).into() {
        Ok(())
    } else {
        let other = "The request signature we calculated does not match the signature you provided.";
        Err(Refusal::new(403, "SignatureDoesNotMatch", other))
    }
}

fn denied(message: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(403, "AccessDenied", message)
}

fn not_a_policy() -> Refusal {
    Refusal::new(400, "InvalidPolicyDocument", "The content of the form does not meet the conditions of a policy.")
}

impl Condition {
    fn parse(value: &Value) -> Result<Self, Refusal> {
        match value {
            Value::Object(pairs) => Self::of_pair(pairs),
            Value::Array(items) => match items.as_slice() {
                [Value::String(kind), least, most] if kind.eq_ignore_ascii_case("content-length-range") => {
                    let (least, most) = (least.as_u64(), most.as_u64());
                    least.zip(most).map(|(least, most)| Self::Length(Range { least, most }))
                }
                [Value::String(kind), Value::String(field), Value::String(value)] => {
                    let field = field.strip_prefix('$').map(str::to_ascii_lowercase);
                    field.and_then(|field| match kind.to_ascii_lowercase().as_str() {
                        "eq" => Some(Self::Equal { field, value: value.clone() }),
                        "starts-with" => Some(Self::Begins { field, with: value.clone() }),
                        _ => None,
                    })
                }
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(not_a_policy)
    }

    fn of_pair(pairs: &Map<String, Value>) -> Option<Self> {
        let (Some((field, Value::String(value))), 1) = (pairs.iter().next(), pairs.len()) else { return None };
        Some(Self::Equal { field: field.to_ascii_lowercase(), value: value.clone() })
    }

    fn is_of(&self, name: &str) -> bool {
        matches!(self, Self::Equal { field, .. } | Self::Begins { field, .. } if field == name)
    }

    fn check(&self, fields: &Fields, range: &mut Range) -> Result<(), Refusal> {
        // Forms come to one bucket, and do not name it.
        let sent = |field: &str| match field {
            "bucket" => ORIGINALS,
            field => fields.get(field).map(String::as_str).unwrap_or_default(),
        };
        let (holds, field) = match self {
            Self::Equal { field, value } => (sent(field) == value, field),
            Self::Begins { field, with } => (sent(field).starts_with(with), field),
            Self::Length(more) => {
                *range = Range { least: range.least.max(more.least), most: range.most.min(more.most) };
                return Ok(());
            }
        };
        if holds {
            Ok(())
        } else {
            Err(denied(format!("Invalid according to Policy: Policy Condition failed: {field}")))
        }
    }
}
