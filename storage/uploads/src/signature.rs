//! The signature of a policy.

use std::{fmt, str::FromStr, time::SystemTime};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use jiff::civil::Date;

/// The service that a signature is good for.
const SERVICE: &str = "s3";
/// The end of each scope.
const TERMINATOR: &str = "aws4_request";
/// How a scope writes its day.
const DAY: &str = "%Y%m%d";

/// Whose key signs, and where and on which day the signature is good: the value of the field `x-amz-credential`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The public name of the key.
    pub access_key_id: String,
    /// The day of the signature, in UTC.
    pub day: Date,
    /// The region of the bucket.
    pub region: String,
}

/// A text that is not a scope of S3.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a credential looks like KEY/20151229/us-east-1/s3/aws4_request")]
pub struct ScopeError;

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { access_key_id, day, region } = self;
        write!(f, "{access_key_id}/{}/{region}/{SERVICE}/{TERMINATOR}", day.strftime(DAY))
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let mut parts = text.split('/');
        let (Some(access_key_id), Some(day), Some(region), Some(SERVICE), Some(TERMINATOR), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ScopeError);
        };
        let day = Date::strptime(DAY, day).map_err(|_not_a_day| ScopeError)?;
        let scope = Self { access_key_id: access_key_id.to_owned(), day, region: region.to_owned() };
        // A day can be written with fewer digits.
        if scope.to_string() == text { Ok(scope) } else { Err(ScopeError) }
    }
}

/// The signature of a policy in Base64, as hexadecimal digits: the value of the field `x-amz-signature`.
pub fn signature(secret_access_key: &str, scope: &Scope, policy: &str) -> String {
    // The key is one of a day. A day without midnight in UTC is out of jiff's range, and has no signature that is good.
    let midnight = scope.day.to_zoned(jiff::tz::TimeZone::UTC).map_or(SystemTime::UNIX_EPOCH, SystemTime::from);
    calculate_signature(generate_signing_key(secret_access_key, midnight, &scope.region, SERVICE), policy.as_bytes())
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    /// The example of <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html>.
    const POLICY: &str = r#"{ "expiration": "2015-12-30T12:00:00.000Z",
  "conditions": [
    {"bucket": "sigv4examplebucket"},
    ["starts-with", "$key", "user/user1/"],
    {"acl": "public-read"},
    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},
    ["starts-with", "$Content-Type", "image/"],
    {"x-amz-meta-uuid": "14365123651274"},
    {"x-amz-server-side-encryption": "AES256"},
    ["starts-with", "$x-amz-meta-tag", ""],

    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},
    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
    {"x-amz-date": "20151229T000000Z" }
  ]
}"#;
    const CREDENTIAL: &str = "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    #[test]
    fn the_example_of_aws_has_its_signature() {
        // The lines of the example end as on Windows.
        let policy = STANDARD.encode(POLICY.replace('\n', "\r\n"));
        let signature = signature(SECRET, &CREDENTIAL.parse().unwrap(), &policy);
        assert_eq!(signature, "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
    }

    #[test]
    fn a_scope_is_read_as_it_is_written() {
        let scope: Scope = CREDENTIAL.parse().unwrap();
        assert_eq!((scope.region.as_str(), scope.to_string().as_str()), ("us-east-1", CREDENTIAL));
        for text in [
            "",
            "key",
            "key/20151229/us-east-1/s3",
            "key/20151229/us-east-1/sqs/aws4_request",
            "key/20151229/us-east-1/s3/aws4_request/",
            "key/20151329/us-east-1/s3/aws4_request",
            "key/2015129/us-east-1/s3/aws4_request",
            "key/+20151229/us-east-1/s3/aws4_request",
            "key//us-east-1/s3/aws4_request",
        ] {
            assert_eq!(text.parse::<Scope>(), Err(ScopeError), "{text}");
        }
    }
}
