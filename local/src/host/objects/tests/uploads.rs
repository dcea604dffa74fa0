use axum::body::Bytes;
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::stream;
use photovote_domain::Timestamp;
use photovote_uploads::{Scope, Upload, UploadForm, Uploads, signature};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_700_000_000_000;
const UPLOAD: Upload<'static> = Upload { key: "incoming/01A", at_most: 100_000 };
const BOUNDARY: &str = "----boundary";

/// A form as a browser sends it.
#[derive(Clone)]
struct Form(Vec<(String, Vec<u8>)>);

impl Form {
    async fn signed(store: &ObjectStore) -> Self {
        let uploads = Uploads::new(&store.config(), ObjectStore::target()).unwrap();
        let UploadForm { fields, .. } = uploads.sign(UPLOAD, Timestamp::from_millis(NOW)).await.unwrap();
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect())
    }

    /// A form with these conditions and fields, well signed.
    fn of(store: &ObjectStore, conditions: &Value, fields: &[(&str, &str)]) -> Self {
        let credentials = &store.0.credentials;
        let scope = format!("{}/20231114/us-east-1/s3/aws4_request", credentials.access_key_id());
        let mut all = vec![json!({"x-amz-credential": scope}), json!({"x-amz-algorithm": "AWS4-HMAC-SHA256"})];
        all.push(json!({"x-amz-date": "20231114T221320Z"}));
        all.extend(conditions.as_array().unwrap().iter().cloned());
        let policy = json!({"expiration": "2023-11-14T22:14:20Z", "conditions": all});
        let policy = STANDARD.encode(policy.to_string());
        let signed = signature(credentials.secret_access_key(), &scope.parse::<Scope>().unwrap(), &policy);
        let form = Self(Vec::new()).with("x-amz-credential", scope).with("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
        let form = form.with("x-amz-date", "20231114T221320Z").with("Policy", policy).with("x-amz-signature", signed);
        fields.iter().fold(form, |form, (name, value)| form.with(name, *value))
    }

    fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(field, _)| field != name);
        self
    }

    fn field(&self, name: &str) -> String {
        let (_, value) = self.0.iter().find(|(field, _)| field == name).unwrap();
        String::from_utf8(value.clone()).unwrap()
    }

    fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in &self.0 {
            let file = if name == "file" { "; filename=\"a.png\"\r\nContent-Type: image/png" } else { "" };
            let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        body
    }

    async fn send(&self, store: &ObjectStore) -> Result<(Created, bool), Refusal> {
        send(store, &self.body(), NOW).await
    }
}

async fn send(store: &ObjectStore, body: &[u8], now: i64) -> Result<(Created, bool), Refusal> {
    let parts: Vec<_> = body.chunks(1_000).map(|part| Ok::<_, io::Error>(Bytes::copy_from_slice(part))).collect();
    let now = jiff::Timestamp::from_millisecond(now).unwrap();
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    store.upload(&content_type, &mut stream::iter(parts), now).await
}

impl Fixture {
    /// Sends a form that is to be refused with this code, and sees that nothing is there.
    async fn refuses(&self, code: &str, form: &Form) {
        let refused = form.send(&self.store).await.unwrap_err();
        assert_eq!(refused.code, code, "{refused}");
        self.holds_nothing();
    }

    fn holds_nothing(&self) {
        assert!(self.files().is_empty(), "{:?}", self.files());
        assert!(self.told.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_signed_form_uploads_its_file() {
    let fixture = Fixture::new();
    let form = Form::signed(&fixture.store).await;
    for bytes in [vec![b'x'; 100_000], b"\r\n----boundary is no end\r\n--\r\n".to_vec(), b"x".to_vec()] {
        let (created, wants_xml) = form.clone().with("file", bytes.clone()).send(&fixture.store).await.unwrap();
        assert!(wants_xml);
        assert_eq!((created.bucket.as_str(), created.key.as_str()), (ORIGINALS, UPLOAD.key));
        assert_eq!(created.size, bytes.len() as u64);
        assert_eq!(fixture.told.lock().unwrap().pop(), Some(created));
        assert_eq!(fixture.objects(ORIGINALS).get(UPLOAD.key, 100_000).await.unwrap().unwrap(), bytes);
        assert_eq!(fixture.files().len(), 1);
    }
}

#[tokio::test]
async fn a_form_that_comes_in_one_part_is_taken() {
    let fixture = Fixture::new();
    let body = Form::signed(&fixture.store).await.with("file", vec![b'x'; 100_000]).body();
    let mut parts = stream::iter([Ok::<_, io::Error>(Bytes::from(body))]);
    let now = jiff::Timestamp::from_millisecond(NOW).unwrap();
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let (created, _) = fixture.store.upload(&content_type, &mut parts, now).await.unwrap();
    assert_eq!(created.size, 100_000);
}

#[tokio::test]
async fn a_policy_of_another_key_or_place_writes_nothing() {
    let fixture = Fixture::new();
    let foreign = Form::signed(&Fixture::new().store).await.with("file", "x");
    fixture.refuses("InvalidAccessKeyId", &foreign).await;
    let form = Form::signed(&fixture.store).await;
    let ours = form.field("x-amz-credential");
    let under_our_name = foreign.without("x-amz-credential").with("x-amz-credential", ours.clone());
    let mut under_our_name = under_our_name.0;
    // The file is the last field.
    under_our_name.sort_by_key(|(name, _)| name == "file");
    fixture.refuses("SignatureDoesNotMatch", &Form(under_our_name)).await;
    for other in ["eu-west-1", "us-east-2"] {
        let elsewhere = form.clone().without("x-amz-credential");
        let elsewhere = elsewhere.with("x-amz-credential", ours.replace("us-east-1", other)).with("file", "x");
        fixture.refuses("InvalidArgument", &elsewhere).await;
    }
    let other_bucket = json!([{"bucket": RENDITIONS}, {"key": "a"}]);
    let other_bucket = Form::of(&fixture.store, &other_bucket, &[("key", "a"), ("file", "x")]);
    fixture.refuses("AccessDenied", &other_bucket).await;
}

#[tokio::test]
async fn an_altered_form_writes_nothing() {
    let fixture = Fixture::new();
    let form = Form::signed(&fixture.store).await;
    for (name, value, code) in [
        ("key", "incoming/01B", "AccessDenied"),
        ("key", "", "AccessDenied"),
        ("success_action_status", "200", "AccessDenied"),
        ("x-amz-date", "20231114T221321Z", "AccessDenied"),
        ("x-amz-date", "20231115T221320Z", "InvalidArgument"),
        ("x-amz-algorithm", "AWS4-HMAC-SHA1", "InvalidArgument"),
        ("x-amz-credential", "nobody", "InvalidArgument"),
        ("x-amz-signature", "", "SignatureDoesNotMatch"),
        ("policy", "", "SignatureDoesNotMatch"),
    ] {
        let altered = form.clone().without(name).with(name, value).with("file", "x");
        fixture.refuses(code, &altered).await;
        let missing = form.clone().without(name).with("file", "x");
        fixture.refuses("AccessDenied", &missing).await;
    }
    let mut policy: Value = serde_json::from_slice(&STANDARD.decode(form.field("policy")).unwrap()).unwrap();
    policy["expiration"] = "2033-11-14T22:13:20Z".into();
    let policy = STANDARD.encode(policy.to_string());
    let extended = form.clone().without("policy").with("policy", policy).with("file", "x");
    fixture.refuses("SignatureDoesNotMatch", &extended).await;
    let extra = form.clone().with("acl", "public-read").with("file", "x");
    fixture.refuses("AccessDenied", &extra).await;
    let twice = form.with("key", "incoming/01A").with("file", "x");
    fixture.refuses("InvalidArgument", &twice).await;
}

#[tokio::test]
async fn an_expired_policy_writes_nothing() {
    let fixture = Fixture::new();
    let form = Form::signed(&fixture.store).await.with("file", "x");
    let refused = send(&fixture.store, &form.body(), NOW + 600_000).await.unwrap_err();
    assert_eq!((refused.status, refused.code), (403, "AccessDenied"));
    assert!(refused.message.contains("Policy expired"), "{refused}");
    fixture.holds_nothing();
    send(&fixture.store, &form.body(), NOW + 599_999).await.unwrap();
}

#[tokio::test]
async fn a_file_outside_the_range_writes_nothing() {
    let fixture = Fixture::new();
    let form = Form::signed(&fixture.store).await;
    for length in [100_001, 300_000, 2_000_000] {
        fixture.refuses("EntityTooLarge", &form.clone().with("file", vec![b'x'; length])).await;
    }
    fixture.refuses("EntityTooSmall", &form.with("file", "")).await;
}

#[tokio::test]
async fn a_form_has_one_file_as_its_last_field() {
    let fixture = Fixture::new();
    let form = Form::signed(&fixture.store).await;
    fixture.refuses("InvalidArgument", &form).await;
    fixture.refuses("InvalidArgument", &form.clone().with("file", "x").with("file", "y")).await;
    fixture.refuses("MalformedPOSTRequest", &form.clone().with("file", "x").with("acl", "public-read")).await;
    let (name, value) = form.0[0].clone();
    fixture.refuses("AccessDenied", &form.without(&name).with("file", "x").with(&name, value)).await;
}

#[tokio::test]
async fn a_form_that_breaks_off_writes_nothing() {
    let fixture = Fixture::new();
    let body = Form::signed(&fixture.store).await.with("file", vec![b'x'; 50_000]).body();
    for length in [0, 1, 500, 3_000, 40_000, body.len() - 5] {
        let refused = send(&fixture.store, &body[..length], NOW).await.unwrap_err();
        assert_eq!(refused.code, if length == 0 { "MalformedPOSTRequest" } else { refused.code }, "{length}");
        assert_eq!(refused.status, 400, "{length}");
        fixture.holds_nothing();
    }
    let now = jiff::Timestamp::from_millisecond(NOW).unwrap();
    let mut parts = stream::iter([Ok(Bytes::copy_from_slice(&body[..40_000])), Err(io::Error::other("gone"))]);
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let refused = fixture.store.upload(&content_type, &mut parts, now).await.unwrap_err();
    assert_eq!(refused.code, "MalformedPOSTRequest");
    let mut parts = stream::iter([Ok::<_, io::Error>(Bytes::from(body))]);
    let refused = fixture.store.upload("application/json", &mut parts, now).await.unwrap_err();
    assert_eq!(refused.code, "MalformedPOSTRequest");
    fixture.holds_nothing();
}

#[tokio::test]
async fn fields_and_preambles_have_a_limit() {
    let fixture = Fixture::new();
    let form = Form::signed(&fixture.store).await;
    let long = Form(vec![("x-ignore-me".to_owned(), vec![b'x'; 21_000])]);
    fixture.refuses("MaxPostPreDataLengthExceeded", &long).await;
    let many = (0..3_000).fold(Form(Vec::new()), |form, n| form.with(&format!("x-ignore-{n}"), "1"));
    fixture.refuses("MalformedPOSTRequest", &many).await;
    form.clone().with("x-ignore-me", vec![b'x'; 10_000]).with("file", "x").send(&fixture.store).await.unwrap();
    let read = Arc::new(Mutex::new(0));
    let counter = read.clone();
    let mut endless = stream::repeat_with(move || {
        *counter.lock().unwrap() += 1;
        Ok::<_, io::Error>(Bytes::from_static(&[b'x'; 1_024]))
    });
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let refused = fixture.store.upload(&content_type, &mut endless, jiff::Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert_eq!(refused.code, "MalformedPOSTRequest");
    assert!(*read.lock().unwrap() < 80, "{read:?}");
}

#[tokio::test]
async fn each_condition_of_a_policy_is_checked() {
    let fixture = Fixture::new();
    for (conditions, key, code) in [
        (json!([["starts-with", "$key", "a/"]]), "b/1", "AccessDenied"),
        (json!([["eq", "$key", "a/1"]]), "a/2", "AccessDenied"),
        (json!([{"key": "a/1"}, ["starts-with", "$key", "b/"]]), "a/1", "AccessDenied"),
        (json!([{"key": "a/1"}, ["content-length-range", 0, 0]]), "a/1", "EntityTooLarge"),
        (
            json!([{"key": "a/1"}, ["content-length-range", 0, 9], ["content-length-range", 2, 9]]),
            "a/1",
            "EntityTooSmall",
        ),
        (json!([{"key": "a/1"}, ["content-length-range", "0", "9"]]), "a/1", "InvalidPolicyDocument"),
        (json!([{"key": "a/1"}, ["ends-with", "$key", "1"]]), "a/1", "InvalidPolicyDocument"),
        (json!([{"key": "a/1"}, ["eq", "key", "a/1"]]), "a/1", "InvalidPolicyDocument"),
        (json!([{"key": "a/1", "bucket": ORIGINALS}]), "a/1", "InvalidPolicyDocument"),
        (json!([{"key": "a/1"}, 7]), "a/1", "InvalidPolicyDocument"),
        (json!([["starts-with", "$key", ""]]), "", "InvalidArgument"),
        (json!([["starts-with", "$key", ""]]), "a\u{1}", "InvalidArgument"),
    ] {
        fixture.refuses(code, &Form::of(&fixture.store, &conditions, &[("key", key), ("file", "x")])).await;
    }
    let conditions = json!([{"key": "a"}, {"content-type": "a\nb"}]);
    let fields = [("key", "a"), ("content-type", "a\nb"), ("file", "x")];
    fixture.refuses("InvalidArgument", &Form::of(&fixture.store, &conditions, &fields)).await;
    let conditions = json!([["Starts-With", "$Key", "a/"], ["eq", "$content-type", "image/png"]]);
    let fields = [("KEY", "a/../1"), ("Content-Type", "image/png"), ("x-ignore-a", ""), ("file", "x")];
    let (created, wants_xml) = Form::of(&fixture.store, &conditions, &fields).send(&fixture.store).await.unwrap();
    assert_eq!((created.key.as_str(), wants_xml), ("a/../1", false));
    let head = sdk(&fixture.store).head_object().bucket(ORIGINALS).key("a/../1").send().await.unwrap();
    assert_eq!(head.content_type(), Some("image/png"));
}

#[tokio::test]
async fn an_upload_that_was_not_told_is_told_at_start() {
    let fixture = Fixture::new();
    let deaf = ObjectStore::open(&fixture.dir, Durability::PowerLoss, Arc::new(|_| Err("the disk is full".into())));
    let form = Form::signed(&fixture.store).await.with("file", "x");
    let refused = form.send(&deaf.unwrap()).await.unwrap_err();
    assert_eq!((refused.status, refused.code), (500, "InternalError"));
    assert!(!refused.message.contains("disk"), "{refused}");
    assert_eq!(fixture.told.lock().unwrap().len(), 0);
    let fixture = fixture.again();
    assert_eq!(fixture.told.lock().unwrap().len(), 1);
    assert_eq!(fixture.told.lock().unwrap()[0].key, UPLOAD.key);
    let fixture = fixture.again();
    assert_eq!(fixture.told.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_note_without_its_object_is_not_told() {
    let fixture = Fixture::new();
    let other = Created { bucket: ORIGINALS.into(), key: UPLOAD.key.into(), size: 1, etag: "other".into() };
    std::mem::forget(fixture.store.0.untold.write(&other).unwrap());
    fs::write(fixture.dir.file("objects/untold/cut"), "{\"bucket\":").unwrap();
    let fixture = fixture.again();
    fixture.holds_nothing();
}
