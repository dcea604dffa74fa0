use super::*;

const MAIL: &str = "To: <ada@example.net>\r\nSubject: Your ballot\r\n\r\nhttp://127.0.0.1/vote#pvb_x\r\n";

#[tokio::test]
async fn mails_are_shown_to_the_administrator_alone() {
    let fixture = fixture(Cors::Nobody).await;
    std::fs::write(fixture.home.path().join("invitation-1.eml"), MAIL).unwrap();
    let list = || fixture.send(Method::GET, "/local/mails");
    assert_eq!(answer(list()).await.0, 401);
    assert_eq!(answer(list().bearer_auth("pvb_x")).await.0, 401);
    let (status, _, body) = answer(list().bearer_auth(fixture.token())).await;
    assert_eq!((status, &body["code"]), (404, &json!("route_not_found")), "{body}");
    let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
    let admin = fixture.issuer.token(&"admin".parse().unwrap(), now).unwrap();
    let (status, headers, body) = answer(list().bearer_auth(&admin)).await;
    assert_eq!((status, &body["mails"][0]["to"]), (200, &json!("ada@example.net")));
    assert_eq!(headers["cache-control"], "no-store");
    let many = fixture.send(Method::GET, "/local/mails?limit=many").bearer_auth(admin);
    let (status, _, body) = answer(many).await;
    assert_eq!((status, &body["code"]), (400, &json!("malformed_parameter")), "{body}");
}
