//! Signing in at the local issuer, as a browser does.

use super::*;

/// The request with these fields as a form.
fn form(request: RequestBuilder, fields: &[(&'static str, impl AsRef<str>)]) -> RequestBuilder {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.finish())
}

/// A verifier and its challenge: the example of RFC 7636.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

impl Fixture {
    /// The fields of a request to sign in.
    fn signing_in(&self) -> Vec<(&'static str, String)> {
        vec![
            ("response_type", "code".into()),
            ("client_id", "photovote".into()),
            ("redirect_uri", format!("http://{}/admin", self.gateway.address())),
            ("state", "s".into()),
            ("code_challenge", CHALLENGE.into()),
            ("code_challenge_method", "S256".into()),
        ]
    }

    fn link(&self) -> String {
        let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
        let link = self.links.make(self.gateway.address(), now).unwrap();
        link.split_once("#sign-in=").unwrap().1.to_owned()
    }

    /// Where the browser is sent.
    async fn sent_to(&self, fields: &[(&'static str, String)]) -> String {
        let (status, headers, _) = answer(form(self.send(Method::POST, "/authorize"), fields)).await;
        assert_eq!(status, 303);
        headers[LOCATION].to_str().unwrap().to_owned()
    }

    async fn exchange(&self, code: &str, verifier: &str) -> (u16, Value) {
        let redirect_uri = format!("http://{}/admin", self.gateway.address());
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri.as_str()),
            ("client_id", "photovote"),
            ("code_verifier", verifier),
        ];
        let (status, _, body) = answer(form(self.send(Method::POST, "/token"), &fields)).await;
        (status, body)
    }
}

#[tokio::test]
async fn a_sign_in_link_and_its_code_each_work_once() {
    let fixture = fixture(Cors::Nobody).await;
    let mut fields = fixture.signing_in();
    fields.push(("link", fixture.link()));
    let back = fixture.sent_to(&fields).await;
    let code = back.split_once("?code=").unwrap().1.strip_suffix("&state=s").unwrap().to_owned();
    let (status, body) = fixture.exchange(&code, VERIFIER).await;
    assert_eq!(status, 200, "{body}");
    let request = fixture.send(Method::GET, "/v1/things/1").bearer_auth(body["access_token"].as_str().unwrap());
    assert_eq!(answer(request).await.0, 200);
    assert_eq!(fixture.exchange(&code, VERIFIER).await.0, 400);
    assert!(fixture.sent_to(&fields).await.contains("?error=access_denied"));
}

#[tokio::test]
async fn sign_in_takes_the_link_and_the_right_verifier() {
    let fixture = fixture(Cors::Nobody).await;
    let mut fields = fixture.signing_in();
    assert!(fixture.sent_to(&fields).await.contains("?error=access_denied"));
    fields.push(("link", "guessed".into()));
    assert!(fixture.sent_to(&fields).await.contains("?error=access_denied"));
    // A link in a URL stands in histories: it is not taken.
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fixture.signing_in().iter().map(|(name, value)| (*name, value.as_str())))
        .append_pair("link", &fixture.link())
        .finish();
    let (status, headers, _) = answer(fixture.send(Method::GET, &format!("/authorize?{query}"))).await;
    assert!(status == 303 && headers[LOCATION].to_str().unwrap().contains("?error=access_denied"));
    fields.pop();
    fields.push(("link", fixture.link()));
    let back = fixture.sent_to(&fields).await;
    let code = back.split_once("?code=").unwrap().1.strip_suffix("&state=s").unwrap().to_owned();
    assert_eq!(fixture.exchange(&code, "another").await.0, 400);
    assert_eq!(fixture.exchange(&code, VERIFIER).await.0, 400);
}

#[tokio::test]
async fn a_browser_is_sent_back_to_this_page_only() {
    let fixture = fixture(Cors::Nobody).await;
    for (name, value) in [
        ("redirect_uri", "https://evil.example/admin"),
        ("client_id", "other"),
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("code_challenge", "short"),
    ] {
        let mut fields = fixture.signing_in();
        fields.retain(|(field, _)| *field != name);
        fields.extend([(name, value.to_owned()), ("link", fixture.link())]);
        let (status, code) = refusal(form(fixture.send(Method::POST, "/authorize"), &fields)).await;
        assert_eq!((status, code.as_str()), (400, "malformed_parameter"), "{name}");
    }
}
