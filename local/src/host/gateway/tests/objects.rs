use photovote_objects::Objects;
use photovote_uploads::{Upload, UploadForm, Uploads};

use super::*;
use crate::host::objects::{ORIGINALS, RENDITIONS};

impl Fixture {
    /// A form that uploads at most 1 MB.
    async fn form(&self) -> UploadForm {
        let uploads = Uploads::new(&self.objects.config(), ObjectStore::target()).unwrap();
        let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
        uploads.sign(Upload { key: "incoming/<1>", at_most: 1 << 20 }, now).await.unwrap()
    }

    /// The status of a path as it is written: a client would resolve its dots.
    async fn status_of(&self, path: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(self.gateway.address()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer[9..12].to_vec()).unwrap()
    }

    /// Sends the form with this file. Answers the status, the media type, and the body.
    async fn upload(&self, form: &UploadForm, file: &[u8]) -> (u16, String, String) {
        let mut body = Vec::new();
        for (name, value) in &form.fields {
            let part = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        body.extend_from_slice(b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n");
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let request = self.send(Method::POST, &form.url).header(CONTENT_TYPE, "multipart/form-data; boundary=b");
        let response = request.body(body).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        (status, headers[CONTENT_TYPE].to_str().unwrap().to_owned(), response.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_form_uploads_a_file_and_s3_answers() {
    let fixture = fixture(Cors::Nobody).await;
    let form = fixture.form().await;
    let file = vec![0xff; 1 << 20];
    let (status, kind, body) = fixture.upload(&form, &file).await;
    assert_eq!((status, kind.as_str()), (201, "application/xml"), "{body}");
    for part in [
        "<Location>/photovote-originals/incoming/%3C1%3E</Location>",
        "<Bucket>photovote-originals</Bucket>",
        "<Key>incoming/&lt;1&gt;</Key>",
        "<ETag>&quot;",
    ] {
        assert!(body.contains(part), "{body}");
    }
    let objects = Objects::new(&fixture.objects.config(), ORIGINALS);
    assert_eq!(objects.get("incoming/<1>", 1 << 20).await.unwrap().unwrap(), file);
}

#[tokio::test]
async fn a_refused_form_is_answered_as_s3_does() {
    let mut fixture = fixture(Cors::Nobody).await;
    let mut form = fixture.form().await;
    let http_2 = Client::builder().http2_prior_knowledge().build().unwrap();
    for client in [fixture.client.clone(), http_2] {
        fixture.client = client;
        // The client sends all of it before it reads the answer.
        let (status, kind, body) = fixture.upload(&form, &vec![0; 20 << 20]).await;
        assert_eq!((status, kind.as_str()), (400, "application/xml"), "{body}");
        assert!(body.contains("<Code>EntityTooLarge</Code>"), "{body}");
    }
    form.fields.insert("x-amz-signature", "0".repeat(64));
    let (status, _, body) = fixture.upload(&form, b"x").await;
    assert_eq!(status, 403, "{body}");
    assert!(body.contains("<Error><Code>SignatureDoesNotMatch</Code><Message>"), "{body}");
    let no_form = fixture.send(Method::POST, "/uploads").body("x").send().await.unwrap();
    assert_eq!(no_form.status().as_u16(), 400);
    assert_eq!(refusal(fixture.send(Method::PUT, "/uploads")).await.0, 405);
    assert!(!Objects::new(&fixture.objects.config(), ORIGINALS).exists("incoming/<1>").await.unwrap());
}

#[tokio::test]
async fn renditions_are_served_for_a_year() {
    let fixture = fixture(Cors::Nobody).await;
    let renditions = Objects::new(&fixture.objects.config(), RENDITIONS);
    renditions.put("photos/e1/0a_b-c.webp", "RIFF", "image/webp", "no-store").await.unwrap();
    let get = || fixture.send(Method::GET, "/photos/e1/0a_b-c.webp");
    let response = get().send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let headers = response.headers().clone();
    assert_eq!(response.text().await.unwrap(), "RIFF");
    for (name, value) in [
        ("content-type", "image/webp"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(headers[name], value);
    }
    let tag = headers[ETAG].to_str().unwrap();
    for (known, status) in [
        (tag.to_owned(), 304),
        (format!("\"a\", W/{tag}"), 304),
        ("*".to_owned(), 304),
        ("\"a\"".to_owned(), 200),
        (tag.trim_matches('"').to_owned(), 200),
    ] {
        let response = get().header("If-None-Match", &known).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{known}");
        assert_eq!(response.headers()[ETAG], tag);
    }
    let head = fixture.send(Method::HEAD, "/photos/e1/0a_b-c.webp").send().await.unwrap();
    assert_eq!(head.status().as_u16(), 404);
}

#[tokio::test]
async fn samples_come_first_and_originals_never() {
    let fixture = fixture(Cors::Nobody).await;
    let config = fixture.objects.config();
    for key in ["photos/moon.png", "photos/a", "photos/.a", "photos/a//b", "photos/..", "photos/a b", "photos/\u{e9}"] {
        Objects::new(&config, ORIGINALS).put(&format!("{key}-original"), "x", "image/png", "no-store").await.unwrap();
        Objects::new(&config, RENDITIONS).put(key, "x", "image/png", "no-store").await.unwrap();
    }
    Objects::new(&config, RENDITIONS).put("secret", "x", "image/png", "no-store").await.unwrap();
    let moon = fixture.send(Method::GET, "/photos/moon.png").send().await.unwrap().bytes().await.unwrap();
    assert!(moon.len() > 1_000);
    for path in [
        "/photos/a-original",
        "/photos/",
        "/photos",
        "/photos/.a",
        "/photos/a//b",
        "/photos/a/",
        "/photos//a",
        "/photos/..",
        "/photos/%2e%2e",
        "/photos/../secret",
        "/photos/%2e%2e/secret",
        "/photos/..%2fsecret",
        "/photos/%2e%2e/issuer.key",
        "/photos/a%20b",
        "/photos/a%00",
        "/photos/%c3%a9",
        "/photos/%ff",
    ] {
        assert_eq!(fixture.status_of(path).await, "404", "{path}");
    }
    assert_eq!(fixture.status_of("/photos/a").await, "200");
}
