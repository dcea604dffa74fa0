//! Invitations by a server that is killed again and again while it sends them through an SMTP server.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::program::{Server, end_claims, photovote};
use photovote::data_dir::temporary;
use photovote_tests::{Client, Election, until};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
};

/// So many that they take several messages.
const VOTERS: usize = 60;
/// The mails at which the server is killed, by their numbers. With the kill before, a message is received five times at most: then it
/// is not put away.
const KILLS: [usize; 3] = [1, 25, 50];
/// How many mails are on their way at once, and come again if their sender is killed.
const AT_ONCE: usize = 3;
/// After this long without a mail, none is coming.
const PATIENCE: Duration = Duration::from_mins(1);

/// A mail that the SMTP server has been sent, and the way to tell it that it may confirm that.
struct Arrived {
    to: String,
    token: String,
    confirm: oneshot::Sender<()>,
}

/// Takes a connection's mails. It confirms each once it may, and breaks off if it may not.
async fn take(stream: TcpStream, arrived: mpsc::UnboundedSender<Arrived>) -> Option<()> {
    let (mut stream, mut line, mut mail, mut in_data) = (BufReader::new(stream), String::new(), String::new(), false);
    stream.get_mut().write_all(b"220 here\r\n").await.ok()?;
    while stream.read_line(&mut line).await.ok()? > 0 {
        if in_data && line != ".\r\n" {
            mail.push_str(&line);
            line.clear();
            continue;
        }
        let answer = if in_data {
            let (confirm, confirmed) = oneshot::channel();
            arrived.send(read(&std::mem::take(&mut mail), confirm)).ok()?;
            confirmed.await.ok()?;
            "250 taken\r\n"
        } else if line.starts_with("DATA") {
            "354 go on\r\n"
        } else {
            "250 ok\r\n"
        };
        in_data = line.starts_with("DATA");
        line.clear();
        stream.get_mut().write_all(answer.as_bytes()).await.ok()?;
    }
    Some(())
}

fn read(mail: &str, confirm: oneshot::Sender<()>) -> Arrived {
    // Quoted-printable breaks long lines.
    let whole = mail.replace("=\r\n", "");
    let to = whole.lines().find_map(|line| line.strip_prefix("To:")).unwrap();
    let to = to.rsplit('<').next().unwrap().trim().trim_end_matches('>').to_owned();
    let link = whole.split("/vote#").nth(1).unwrap();
    let token = link.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    Arrived { to, token, confirm }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_one_link_from_killed_servers() {
    let home = temporary().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let smtp = format!("smtp://{}", listener.local_addr().unwrap());
    let (to_test, mut arrived) = mpsc::unbounded_channel();
    let mailbox = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(take(stream, to_test.clone()));
        }
    });
    let start = || {
        let mut command = photovote(home.path());
        Server::start_with(command.args(["--fast", "--smtp", &smtp, "--mail-from", "club@example.org"]))
    };
    let mut server = start();
    let token = server.token.clone();
    let election = {
        let owner = Client::new(&server.url, Some(&token));
        Election::draft_of(owner, json!({"name": "Summer", "links": "invite", "expected_voters": VOTERS}), &[2]).await
    };
    for number in 0..VOTERS {
        let voter = json!({"name": "A voter", "email": format!("voter-{number}@example.org")});
        election.post("/voters", voter).await.status(201);
    }
    election.post("/open", json!({})).await.status(200);
    // The first kill comes before the follower has looked, or soon after.
    server.kill();
    end_claims(home.path()).await;
    server = start();

    let mut links: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut mails = 0;
    while links.len() < VOTERS {
        let Arrived { to, token, confirm } = tokio::time::timeout(PATIENCE, arrived.recv()).await.unwrap().unwrap();
        links.entry(to).or_default().push(token);
        mails += 1;
        if KILLS.contains(&mails) {
            // The mail is in the mailbox, and its sender dies without knowing that.
            server.kill();
            drop(confirm);
            end_claims(home.path()).await;
            server = start();
        } else {
            // The sender may have been killed.
            confirm.send(()).ok();
        }
    }
    let owner = Client::new(&server.url, Some(&token));
    let sent = async || owner.get(&election.path("/mailings")).await.status(200).json()["invitations"]["sent"].clone();
    // A mail that is sent once more has to be confirmed.
    let confirming = tokio::spawn(async move {
        let mut late = Vec::new();
        while let Some(Arrived { to, token, confirm }) = arrived.recv().await {
            late.push((to, token));
            confirm.send(()).ok();
        }
        late
    });
    until("the mails are noted", async || sent().await == VOTERS).await;
    let turnout = owner.get(&election.path("/turnout")).await.status(200).json();
    assert_eq!(turnout["registered"], VOTERS);
    for number in 0..VOTERS {
        let mailed = &links[&format!("voter-{number}@example.org")];
        Client::new(&server.url, Some(&mailed[0])).get("/ballot").await.status(200);
    }
    server.stop();
    mailbox.abort();
    // The mailbox is gone, and with it whoever could send something more.
    assert!(mailbox.await.is_err());
    for (to, token) in confirming.await.unwrap() {
        links.entry(to).or_default().push(token);
    }
    let different: BTreeSet<_> = links.values().flatten().collect();
    assert_eq!(different.len(), VOTERS, "one link for each voter");
    let twice = links.values().map(|mailed| mailed.len() - 1).sum::<usize>();
    let most = AT_ONCE * (KILLS.len() + 1);
    assert!((1..=most).contains(&twice), "{twice} mails came again after {} kills", KILLS.len() + 1);
}
