//! Administrators' tokens that are no good.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use photovote::host::issuer::Issuer;
use serde_json::{Value, json};

/// Makes bad tokens of a good one.
pub(crate) struct Forge {
    header: Value,
    claims: Value,
    signature: String,
}

impl Forge {
    /// Starts from this good token.
    pub(crate) fn new(token: &str) -> Self {
        let parts: Vec<_> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("no JWT: {} parts", parts.len()) };
        let decode = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON");
        Self { header: decode(header), claims: decode(claims), signature: signature.to_owned() }
    }

    /// What anybody can make who has a good one. Each with a name for messages.
    pub(crate) fn altered(&self) -> BTreeMap<&'static str, String> {
        let Self { header, claims, signature } = self;
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let token = |header: &Value, claims: &Value, signature: &str| {
            format!("{}.{}.{signature}", encode(header), encode(claims))
        };
        let other = with(claims, "sub", json!("somebody-else"));
        let longer = with(claims, "exp", json!(4_000_000_000_u64));
        let unsigned = with(header, "alg", json!("none"));
        BTreeMap::from([
            ("a JWT without its signature", token(header, claims, "")),
            ("a JWT for another subject under this signature", token(header, &other, signature)),
            ("a JWT that was made to last", token(header, &longer, signature)),
            ("a JWT of no algorithm", token(&unsigned, claims, "")),
            ("a JWT of no algorithm with a signature", token(&unsigned, claims, signature)),
            ("a JWT of a symmetric algorithm", token(&with(header, "alg", json!("HS256")), claims, signature)),
        ])
    }

    /// What only an issuer could make: `ours`, whose key is trusted, and `another`.
    pub(crate) fn signed(&self, ours: &Issuer, another: &Issuer) -> BTreeMap<&'static str, String> {
        let sign = |issuer: &Issuer, claims: &Value| issuer.sign(&self.header, claims).expect("a signature");
        let changed = |name: &str, value: Value| sign(ours, &with(&self.claims, name, value));
        BTreeMap::from([
            ("an expired JWT", changed("exp", json!(1_700_000_000))),
            ("a JWT that is not good yet", changed("nbf", json!(4_000_000_000_u64))),
            ("a JWT of another issuer", changed("iss", json!("https://issuer.example"))),
            ("a JWT for another audience", changed("aud", json!("another application"))),
            ("a JWT for nobody", changed("sub", json!(""))),
            ("a JWT without an end", changed("exp", Value::Null)),
            ("a JWT signed with another key", sign(another, &self.claims)),
        ])
    }
}

/// The object with this member.
fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}
