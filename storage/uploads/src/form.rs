//! A form that uploads one object.

use std::{collections::BTreeMap, time::Duration};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use aws_types::SdkConfig;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::tz::TimeZone;
use photovote_domain::Timestamp;
use serde_json::json;

use crate::signature::{Scope, signature};

/// How long a form is good for.
pub const LIFETIME: Duration = Duration::from_mins(10);
/// The value of the field `x-amz-algorithm`.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Why a form cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The function has no credentials.
    #[error("there are no credentials to sign uploads with")]
    NoCredentials,
    /// The provider of credentials has none at present.
    #[error("there are no credentials to sign uploads with: {0}")]
    Credentials(#[from] CredentialsError),
    /// The credentials have expired.
    #[error("the credentials to sign uploads with have expired")]
    Expired,
    /// The clock is wrong by thousands of years.
    #[error("a form cannot be signed at this time: {0}")]
    Time(#[from] jiff::Error),
}

/// Where objects are uploaded to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The URL that takes the form. A relative one is resolved against the page's own address.
    pub url: String,
    /// The bucket that the URL leads to.
    pub bucket: String,
    /// The bucket's region.
    pub region: String,
}

/// An object that may be uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upload<'a> {
    /// Its key, which the form cannot change.
    pub key: &'a str,
    /// The most bytes that it can have. It has at least one.
    pub at_most: u64,
}

/// A form that uploads one object. Its last field is `file`, with the bytes; S3 ignores fields after it.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadForm {
    /// The method of the request.
    pub method: &'static str,
    /// Where it is sent.
    pub url: String,
    /// The fields before `file`, by name.
    pub fields: BTreeMap<&'static str, String>,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for UploadForm {
    /// Leaves the fields out: whoever has them can upload.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UploadForm")
            .field("url", &self.url)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl UploadForm {
    /// Signs a form that is good from now for ten minutes, or until the credentials expire.
    pub fn sign(
        target: &Target,
        credentials: &Credentials,
        upload: Upload<'_>,
        now: Timestamp,
    ) -> Result<Self, SignError> {
        let expires_at = expiry(credentials, now).ok_or(SignError::Expired)?;
        let signed_at = jiff::Timestamp::from_millisecond(now.millis())?.to_zoned(TimeZone::UTC);
        let expiration = jiff::Timestamp::from_millisecond(expires_at.millis())?;
        let scope = Scope {
            access_key_id: credentials.access_key_id().to_owned(),
            day: signed_at.date(),
            region: target.region.clone(),
        };
        let mut fields = BTreeMap::from([
            ("key", upload.key.to_owned()),
            ("success_action_status", "201".to_owned()),
            ("x-amz-algorithm", ALGORITHM.to_owned()),
            ("x-amz-credential", scope.to_string()),
            ("x-amz-date", signed_at.strftime("%Y%m%dT%H%M%SZ").to_string()),
        ]);
        fields.extend(credentials.session_token().map(|token| ("x-amz-security-token", token.to_owned())));
        let mut conditions = vec![json!({"bucket": target.bucket}), json!(["content-length-range", 1, upload.at_most])];
        conditions.extend(fields.iter().map(|(name, value)| json!({*name: value})));
        let policy = json!({"expiration": format!("{expiration:.3}"), "conditions": conditions});
        let policy = STANDARD.encode(policy.to_string());
        fields.insert("x-amz-signature", signature(credentials.secret_access_key(), &scope, &policy));
        fields.insert("policy", policy);
        Ok(Self { method: "POST", url: target.url.clone(), fields, expires_at })
    }
}

/// When a form expires that is signed now. None if the credentials have expired.
fn expiry(credentials: &Credentials, now: Timestamp) -> Option<Timestamp> {
    let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let end = now.millis().saturating_add(millis(LIFETIME));
    let Some(theirs) = credentials.expiry() else { return Some(Timestamp::from_millis(end)) };
    let theirs = millis(theirs.duration_since(std::time::UNIX_EPOCH).ok()?);
    (now.millis() < theirs).then(|| Timestamp::from_millis(end.min(theirs)))
}

/// Signs forms with the credentials of a function.
#[derive(Debug, Clone)]
pub struct Uploads {
    target: Target,
    credentials: SharedCredentialsProvider,
}

impl Uploads {
    /// Signs forms for this target with the credentials that the SDK would use.
    pub fn new(config: &SdkConfig, target: Target) -> Result<Self, SignError> {
        let credentials = config.credentials_provider().ok_or(SignError::NoCredentials)?;
        Ok(Self { target, credentials })
    }

    /// A form that is good from now for ten minutes, or until the credentials expire.
    pub async fn sign(&self, upload: Upload<'_>, now: Timestamp) -> Result<UploadForm, SignError> {
        let credentials = self.credentials.provide_credentials().await?;
        UploadForm::sign(&self.target, &credentials, upload, now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::Value;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);
    const UPLOAD: Upload<'static> = Upload { key: "incoming/\"é\"/1", at_most: 40_000_000 };

    fn target() -> Target {
        Target { url: "/uploads".into(), bucket: "originals".into(), region: "eu-west-1".into() }
    }

    /// Credentials that expire so many seconds from now.
    fn temporary(secs: u64) -> Credentials {
        let expiry = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + secs);
        Credentials::new("id", "secret", Some("token".into()), Some(expiry), "test")
    }

    fn policy(form: &UploadForm) -> Value {
        serde_json::from_slice(&STANDARD.decode(&form.fields["policy"]).unwrap()).unwrap()
    }

    #[test]
    fn a_policy_covers_every_field_and_the_length() {
        let form = UploadForm::sign(&target(), &temporary(3_600), UPLOAD, NOW).unwrap();
        let policy = policy(&form);
        let conditions = policy["conditions"].as_array().unwrap();
        assert!(conditions.contains(&json!({"bucket": "originals"})));
        assert!(conditions.contains(&json!(["content-length-range", 1, 40_000_000])));
        for (name, value) in &form.fields {
            let covered = conditions.contains(&json!({*name: value}));
            assert_eq!(covered, !["policy", "x-amz-signature"].contains(name), "{name}");
        }
        assert_eq!(form.fields["key"], UPLOAD.key);
        assert_eq!(form.fields["success_action_status"], "201");
        assert_eq!(form.fields["x-amz-credential"], "id/20231114/eu-west-1/s3/aws4_request");
        assert_eq!(form.fields["x-amz-date"], "20231114T221320Z");
        assert_eq!(form.fields["x-amz-security-token"], "token");
        let scope: Scope = form.fields["x-amz-credential"].parse().unwrap();
        assert_eq!(form.fields["x-amz-signature"], signature("secret", &scope, &form.fields["policy"]));
    }

    #[test]
    fn a_form_expires_with_its_credentials() {
        for (secs, expected) in [(3_600, "2023-11-14T22:23:20.123Z"), (60, "2023-11-14T22:14:20.000Z")] {
            let form = UploadForm::sign(&target(), &temporary(secs), UPLOAD, NOW).unwrap();
            assert_eq!(policy(&form)["expiration"], expected);
            let expires_at = jiff::Timestamp::from_millisecond(form.expires_at.millis()).unwrap();
            assert_eq!(format!("{expires_at:.3}"), expected);
        }
        let late = UploadForm::sign(&target(), &temporary(0), UPLOAD, NOW);
        assert!(matches!(late, Err(SignError::Expired)));
    }

    #[tokio::test]
    async fn permanent_credentials_need_no_token() {
        let credentials = Credentials::new("id", "secret", None, None, "test");
        let config = SdkConfig::builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build();
        let form = Uploads::new(&config, target()).unwrap().sign(UPLOAD, NOW).await.unwrap();
        assert!(!form.fields.contains_key("x-amz-security-token"));
        assert_eq!((form.method, form.url.as_str()), ("POST", "/uploads"));
        assert!(!format!("{form:?}").contains(&form.fields["x-amz-signature"]));
        let without = Uploads::new(&SdkConfig::builder().build(), target());
        assert!(matches!(without, Err(SignError::NoCredentials)));
    }
}
