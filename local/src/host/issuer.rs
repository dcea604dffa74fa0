//! The development issuer: makes administrators' tokens, and checks them as API Gateway's JWT authorizer would,
//! but for a minute's leeway.

use std::{collections::BTreeMap, io, path::PathBuf};

use aws_lc_rs::{
    digest,
    encoding::{AsDer, Pkcs8V1Der},
    error::Unspecified,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use photovote_domain::{Subject, Timestamp};
use serde_json::{Map, Value, json};

use crate::{
    data_dir::DataDir,
    holder::{Holder, Word},
};

/// Who issues the tokens: this, and nobody on the internet.
pub const ISSUER: &str = "urn:photovote:local";
/// For whom they are issued.
pub const AUDIENCE: &str = "photovote";

/// The file of the key.
const FILE: &str = "issuer.key";

/// How long a token is good for.
pub(crate) const LIFETIME_SECS: i64 = 12 * 3_600;

/// By how much the clock may have been set since a token was made. API Gateway allows nothing.
const LEEWAY_SECS: i64 = 60;

/// Why there is no issuer.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The key's file cannot be read or written.
    #[error("the issuer's key {} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What the file holds is no key.
    #[error("the issuer's key {} is damaged: delete it, and a new one is made; its tokens are then void", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The cryptography failed.
    #[error("the issuer's key cannot be made or used")]
    Cryptography(#[from] Unspecified),
}

/// Why a token is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is no JWT, was signed otherwise, or is meant for others.
    #[error(transparent)]
    Jwt(#[from] jsonwebtoken::errors::Error),
    /// It names a key that is not ours.
    #[error("the token names no key of this issuer")]
    UnknownKey,
    /// It names header parameters that have to be understood (RFC 7515, 4.1.11). This issuer makes none.
    #[error("the token has critical header parameters")]
    Critical,
    /// A claim that has to be one text is something else.
    #[error("the token's {0} is not a text")]
    NotText(&'static str),
    /// It is not good at this moment.
    #[error("the token's {0} does not allow it now")]
    Untimely(&'static str),
}

/// What a token says, as a function is told: each claim as a string.
pub type Claims = BTreeMap<String, String>;

/// Signs tokens with a key of its own, which stands in the data directory, and accepts them.
pub struct Issuer {
    key: RsaKeyPair,
    key_id: String,
    verifying: DecodingKey,
}

impl Issuer {
    /// The issuer of this data directory. Its key is made when it is first asked for, by whoever asks first.
    pub fn open(dir: &DataDir) -> Result<Self, IssuerError> {
        let path = dir.file(FILE);
        let der = dir.keep_first(FILE, || new_key().map_err(io::Error::other));
        let der = der.map_err(|source| IssuerError::File { path: path.clone(), source })?;
        let key = RsaKeyPair::from_pkcs8(&der).map_err(|_rejected| IssuerError::Damaged { path })?;
        let public = key.public_key().as_ref();
        let key_id = hex::encode(&digest::digest(&digest::SHA256, public).as_ref()[..16]);
        let verifying = DecodingKey::from_rsa_der(public);
        Ok(Self { key, key_id, verifying })
    }

    /// A token for an administrator, good for 12 hours from now.
    pub fn token(&self, subject: &Subject, now: Timestamp) -> Result<String, IssuerError> {
        self.token_of(&Holder { subject: subject.clone(), groups: Vec::new(), scopes: Vec::new() }, now)
    }

    /// A token for an administrator with groups and scopes, good for 12 hours from now.
    pub fn token_of(&self, holder: &Holder, now: Timestamp) -> Result<String, IssuerError> {
        let issued = now.millis().div_euclid(1_000);
        let mut claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": holder.subject.as_str(),
            "iat": issued, "nbf": issued, "exp": issued + LIFETIME_SECS,
        });
        let words = |words: &[Word]| words.iter().map(|word| word.as_str().to_owned()).collect::<Vec<_>>();
        if !holder.groups.is_empty() {
            claims["cognito:groups"] = words(&holder.groups).into();
        }
        if !holder.scopes.is_empty() {
            claims["scope"] = words(&holder.scopes).join(" ").into();
        }
        self.sign(&json!({"alg": "RS256", "typ": "JWT", "kid": self.key_id}), &claims)
    }

    /// A token with exactly this header and these claims, good or not.
    pub fn sign(&self, header: &Value, claims: &Value) -> Result<String, IssuerError> {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What a token says, if it is good now: signed by this issuer with RS256, for this audience, begun and not
    /// ended, give or take a minute.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let header = jsonwebtoken::decode_header(token)?;
        if header.kid.as_deref() != Some(&self.key_id) {
            return Err(TokenError::UnknownKey);
        }
        if header.crit.is_some() {
            return Err(TokenError::Critical);
        }
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // The library would ask the clock itself.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &self.verifying, &validation)?.claims;
        // The library takes a list of issuers as well, and any subject.
        for name in ["iss", "sub"] {
            if !claims.get(name).is_some_and(Value::is_string) {
                return Err(TokenError::NotText(name));
            }
        }
        timely(&claims, now.millis().div_euclid(1_000))?;
        Ok(claims.into_iter().map(|(name, value)| (name, as_text(&value))).collect())
    }
}

/// Whether the token has begun and not ended, if the clock is right within the leeway. Times are in seconds, and can have a fraction.
#[expect(clippy::cast_precision_loss, reason = "whole seconds are exact for a hundred million years")]
fn timely(claims: &Map<String, Value>, now: i64) -> Result<(), TokenError> {
    let (earliest, latest) = ((now - LEEWAY_SECS) as f64, (now + LEEWAY_SECS) as f64);
    let time = |name| claims.get(name).map(|time| time.as_f64().ok_or(TokenError::Untimely(name))).transpose();
    if time("exp")?.is_none_or(|end| end <= earliest) {
        return Err(TokenError::Untimely("exp"));
    }
    for name in ["nbf", "iat"] {
        if time(name)?.is_some_and(|begin| begin > latest) {
            return Err(TokenError::Untimely(name));
        }
    }
    Ok(())
}

/// A claim as API Gateway hands it on: a list as `[a b]`, anything else as it is written.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(as_text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

fn new_key() -> Result<Vec<u8>, Unspecified> {
    let key: Pkcs8V1Der<'_> = RsaKeyPair::generate(KeySize::Rsa2048)?.as_der()?;
    Ok(key.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::data_dir::temporary;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn ada() -> Subject {
        "ada".parse().unwrap()
    }

    fn issuer() -> (tempfile::TempDir, DataDir, Issuer) {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let issuer = Issuer::open(&dir).unwrap();
        (home, dir, issuer)
    }

    fn later(secs: i64) -> Timestamp {
        Timestamp::from_millis(NOW.millis() + secs * 1_000)
    }

    fn header(issuer: &Issuer) -> Value {
        json!({"alg": "RS256", "typ": "JWT", "kid": issuer.key_id})
    }

    fn claims() -> Value {
        let now = NOW.millis() / 1_000;
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "nbf": now, "exp": now + 60})
    }

    #[test]
    fn it_accepts_its_own_tokens_for_twelve_hours() {
        let (_home, _dir, issuer) = issuer();
        let token = issuer.token(&ada(), NOW).unwrap();
        let claims = issuer.verify(&token, NOW).unwrap();
        assert_eq!(claims["sub"], "ada");
        assert_eq!(claims["iss"], ISSUER);
        assert_eq!(claims["exp"], (NOW.millis() / 1_000 + LIFETIME_SECS).to_string());
        // The clock may be set back, or forward, by a minute.
        issuer.verify(&token, later(-60)).unwrap();
        issuer.verify(&token, later(LIFETIME_SECS + LEEWAY_SECS - 1)).unwrap();
        let late = issuer.verify(&token, later(LIFETIME_SECS + LEEWAY_SECS));
        assert!(matches!(late, Err(TokenError::Untimely("exp"))));
        assert!(matches!(issuer.verify(&token, later(-LEEWAY_SECS - 1)), Err(TokenError::Untimely("nbf"))));
    }

    #[test]
    fn groups_and_scopes_have_the_form_of_api_gateway() {
        let (_home, _dir, issuer) = issuer();
        let words = |words: &[&str]| words.iter().map(|word| word.parse().unwrap()).collect();
        let holder = Holder { subject: ada(), groups: words(&["a", "b"]), scopes: words(&["x", "y/z"]) };
        let claims = issuer.verify(&issuer.token_of(&holder, NOW).unwrap(), NOW).unwrap();
        assert_eq!((claims["cognito:groups"].as_str(), claims["scope"].as_str()), ("[a b]", "x y/z"));
        let claims = issuer.verify(&issuer.token(&ada(), NOW).unwrap(), NOW).unwrap();
        assert!(!claims.contains_key("cognito:groups") && !claims.contains_key("scope"), "{claims:?}");
    }

    #[test]
    fn its_key_outlives_it() {
        let (_home, dir, issuer) = issuer();
        let token = issuer.token(&ada(), NOW).unwrap();
        Issuer::open(&dir).unwrap().verify(&token, NOW).unwrap();
    }

    #[test]
    fn those_who_open_it_at_once_get_the_same_key() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let open = || Issuer::open(&dir).unwrap().key_id;
        let ids: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["issuer.key"]);
    }

    #[cfg(unix)]
    #[test]
    fn its_key_is_private() {
        use std::os::unix::fs::PermissionsExt;

        let (_home, dir, _issuer) = issuer();
        let mode = fs::metadata(dir.file("issuer.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_refused_in_words() {
        let (_home, dir, _issuer) = issuer();
        let good = fs::read(dir.file("issuer.key")).unwrap();
        for bytes in [&b""[..], b"no key", &good[..good.len() - 1]] {
            fs::write(dir.file("issuer.key"), bytes).unwrap();
            let refused = Issuer::open(&dir).err().unwrap();
            assert!(matches!(refused, IssuerError::Damaged { .. }), "{refused}");
        }
    }

    #[test]
    fn another_issuers_token_is_refused() {
        let (_home, _dir, ours) = issuer();
        let (_other_home, _other_dir, other) = issuer();
        let token = other.token(&ada(), NOW).unwrap();
        assert!(matches!(ours.verify(&token, NOW), Err(TokenError::UnknownKey)));
        let under_our_name = other.sign(&header(&ours), &claims()).unwrap();
        assert!(matches!(ours.verify(&under_our_name, NOW), Err(TokenError::Jwt(_))));
    }

    #[test]
    fn only_rs256_counts() {
        let (_home, _dir, issuer) = issuer();
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let none = json!({"alg": "none", "kid": issuer.key_id});
        for signature in ["", "AAAA"] {
            let token = format!("{}.{}.{signature}", encode(&none), encode(&claims()));
            assert!(issuer.verify(&token, NOW).is_err());
        }
        let mut hs256 = jsonwebtoken::Header::new(Algorithm::HS256);
        hs256.kid = Some(issuer.key_id.clone());
        let public = jsonwebtoken::EncodingKey::from_secret(issuer.key.public_key().as_ref());
        let confused = jsonwebtoken::encode(&hs256, &claims(), &public).unwrap();
        assert!(issuer.verify(&confused, NOW).is_err());
    }

    #[test]
    fn each_claim_is_checked() {
        let (_home, _dir, issuer) = issuer();
        let with = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            issuer.verify(&issuer.sign(&header(&issuer), &claims).unwrap(), NOW)
        };
        let now = NOW.millis() / 1_000;
        with("aud", json!(["others", AUDIENCE])).unwrap();
        with("exp", json!(now + 1 - LEEWAY_SECS)).unwrap();
        with("nbf", json!(now + LEEWAY_SECS)).unwrap();
        with("iat", json!(now + LEEWAY_SECS)).unwrap();
        for (name, value) in [
            ("iss", json!("https://example.com")),
            ("iss", Value::Null),
            ("iss", json!([ISSUER])),
            ("sub", Value::Null),
            ("sub", json!(["ada"])),
            ("sub", json!(7)),
            ("aud", json!("others")),
            ("aud", Value::Null),
            ("exp", json!(now - LEEWAY_SECS)),
            ("exp", json!("never")),
            ("exp", Value::Null),
            ("nbf", json!(now + LEEWAY_SECS + 1)),
            ("nbf", json!("soon")),
            ("iat", json!(now + LEEWAY_SECS + 1)),
        ] {
            assert!(with(name, value.clone()).is_err(), "{name}: {value}");
        }
    }

    #[test]
    fn the_key_has_to_be_named() {
        let (_home, _dir, issuer) = issuer();
        for header in [json!({"alg": "RS256"}), json!({"alg": "RS256", "kid": "x"})] {
            let token = issuer.sign(&header, &claims()).unwrap();
            assert!(matches!(issuer.verify(&token, NOW), Err(TokenError::UnknownKey)));
        }
    }

    #[test]
    fn a_header_that_has_to_be_understood_is_refused() {
        let (_home, _dir, issuer) = issuer();
        for critical in [json!(["exp"]), json!([]), json!("exp")] {
            let mut header = header(&issuer);
            header["crit"] = critical;
            let token = issuer.sign(&header, &claims()).unwrap();
            assert!(issuer.verify(&token, NOW).is_err(), "{header}");
        }
    }

    #[test]
    fn a_tampered_token_is_refused() {
        let (_home, _dir, issuer) = issuer();
        let token = issuer.token(&ada(), NOW).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (head, _claims) = message.split_once('.').unwrap();
        let mut others = claims();
        others["sub"] = json!("eve");
        let forged = format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(others.to_string()));
        for token in [&*forged, "", "a.b.c", "..", &token[1..], &format!("{token}.x"), &format!("{token}A")] {
            assert!(issuer.verify(token, NOW).is_err(), "{token}");
        }
    }
}
