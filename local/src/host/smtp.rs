//! Mails through an SMTP server, instead of files.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc, time::Duration};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    address::Envelope,
    transport::smtp::{AsyncSmtpTransportBuilder, Error, response::Severity},
};
use photovote_mail::{MailService, Outgoing, SendError};
use thiserror::Error;
use url::Url;

/// How long a connection waits for the server before the mail is tried again later.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many mails are on their way at once, each on a connection of its own: a server takes its time for each, and few servers let one
/// client have more connections.
const AT_ONCE: usize = 3;
/// Replies that say that this recipient or message is never taken (RFC 5321, 4.2.3). Others can be mended, such as a wrong password.
const NEVER: [u16; 6] = [501, 550, 551, 553, 554, 555];

/// The address of an SMTP server: `smtps://user:password@mail.example.org`, or `smtp://127.0.0.1:1025`.
#[derive(Clone)]
pub struct Smtp(AsyncSmtpTransportBuilder);

/// A text that is no address of an SMTP server. It does not show the text, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "is not like smtps://user:password@mail.example.org, smtp://user:password@mail.example.org:587?tls=required or \
     smtp://127.0.0.1:1025"
)]
pub struct SmtpError;

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smtp([REDACTED])")
    }
}

impl FromStr for Smtp {
    type Err = SmtpError;

    fn from_str(text: &str) -> Result<Self, SmtpError> {
        let url = Url::parse(text).map_err(|_no_url| SmtpError)?;
        let is_encrypted = url.scheme() == "smtps" || url.query() == Some("tls=required");
        // A URL of this scheme keeps an address of IPv4 as it is written.
        let host = url.host_str().ok_or(SmtpError)?.trim_matches(['[', ']']);
        let is_here = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        // Mails hold voters' links: they leave the machine encrypted.
        if !matches!(url.scheme(), "smtp" | "smtps") || !(is_encrypted || is_here) {
            return Err(SmtpError);
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(text).map_err(|_not_understood| SmtpError)?;
        Ok(Self(transport.timeout(Some(PATIENCE))))
    }
}

impl Smtp {
    /// The service that sends mails through this server. It keeps connections for the next mails: to connect, to encrypt and to
    /// sign in takes longer than a mail. Needs the runtime of Tokio.
    pub fn service(self) -> MailService {
        let transport: Arc<AsyncSmtpTransport<Tokio1Executor>> = Arc::new(self.0.build());
        MailService::in_process(AT_ONCE, move |mail: &Outgoing<'_>| {
            let transport = Arc::clone(&transport);
            let envelope = envelope(mail);
            let message = mail.message.to_vec();
            async move {
                let sent = transport.send_raw(&envelope?, &message).await;
                sent.map(drop).map_err(|error| failure(&error))
            }
        })
    }
}

fn envelope(mail: &Outgoing<'_>) -> Result<Envelope, SendError> {
    let address = |text: &str| text.parse::<Address>().map_err(|error| SendError::Refused(error.to_string()));
    Envelope::new(Some(address(mail.from)?), vec![address(mail.to)?])
        .map_err(|error| SendError::Refused(error.to_string()))
}

/// What a failed mail means. What the server says about it is left out: it may name addresses, which no log may hold.
fn failure(error: &Error) -> SendError {
    match error.status() {
        Some(code) if NEVER.contains(&u16::from(code)) => SendError::Refused(format!("the server answers {code}")),
        Some(code) if code.severity == Severity::TransientNegativeCompletion => {
            SendError::Throttled(format!("the server answers {code}"))
        }
        Some(code) => SendError::Unavailable(format!("the server answers {code}")),
        None if error.is_timeout() => SendError::Unavailable("the server does not answer".to_owned()),
        None if error.is_tls() => SendError::Unavailable("no TLS connection to the server".to_owned()),
        None => SendError::Unavailable("no connection to the server".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
    use std::io;

    use tokio::{
        io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[tokio::test]
    async fn an_smtp_server_is_named_by_its_address() {
        for text in [
            "smtp://127.0.0.1:1025",
            "smtp://localhost",
            "smtps://u:p@mail.example.org",
            "smtp://u:p@mail.example.org:587?tls=required",
        ] {
            let smtp: Smtp = text.parse().unwrap();
            assert_eq!(format!("{smtp:?}"), "Smtp([REDACTED])");
        }
        for text in [
            "",
            "mail.example.org",
            "http://127.0.0.1",
            "smtp://mail.example.org",
            "smtp://u:secret@mail.example.org:587",
        ] {
            let refused = text.parse::<Smtp>().unwrap_err();
            assert!(!refused.to_string().contains("secret"));
        }
    }

    /// A server that takes one connection, answers RCPT like this, and returns what it was sent.
    async fn sink(listener: TcpListener, rcpt: &'static str) -> io::Result<String> {
        let (stream, _) = listener.accept().await?;
        let mut stream = BufReader::new(stream);
        let (mut all, mut line, mut in_data) = (String::new(), String::new(), false);
        let say =
            async |stream: &mut BufReader<TcpStream>, what: &str| stream.get_mut().write_all(what.as_bytes()).await;
        say(&mut stream, "220 sink\r\n").await?;
        while stream.read_line(&mut line).await? > 0 {
            let answer = match line.split([' ', '\r']).next().unwrap_or_default() {
                "." if in_data => {
                    in_data = false;
                    "250 taken\r\n"
                }
                _ if in_data => "",
                "EHLO" => "250 sink\r\n",
                "RCPT" => rcpt,
                "DATA" => {
                    in_data = true;
                    "354 go on\r\n"
                }
                "QUIT" => break,
                _ => "250 ok\r\n",
            };
            all.push_str(&line);
            line.clear();
            say(&mut stream, answer).await?;
        }
        Ok(all)
    }

    async fn send(rcpt: &'static str) -> (Result<(), SendError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp: Smtp = format!("smtp://{}", listener.local_addr().unwrap()).parse().unwrap();
        let sink = tokio::spawn(sink(listener, rcpt));
        let message = b"To: ada@example.net\r\n\r\nHello\r\n";
        let mail = Outgoing { name: "test-1", from: "club@example.org", to: "ada@example.net", message, tags: &[] };
        let service = smtp.service();
        let sent = service.send(&mail).await;
        drop(service);
        (sent, sink.await.unwrap().unwrap())
    }

    #[tokio::test]
    async fn a_mail_goes_to_the_server() {
        let (sent, seen) = send("250 ok\r\n").await;
        sent.unwrap();
        assert!(seen.contains("MAIL FROM:<club@example.org>") && seen.contains("RCPT TO:<ada@example.net>"), "{seen}");
        assert!(seen.contains("\r\nHello\r\n"), "{seen}");
    }

    #[tokio::test]
    async fn a_connection_serves_the_next_mail() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp: Smtp = format!("smtp://{}", listener.local_addr().unwrap()).parse().unwrap();
        // A second connection would find nobody.
        let sink = tokio::spawn(sink(listener, "250 ok\r\n"));
        let service = smtp.service();
        for to in ["ada@example.net", "ben@example.net"] {
            let message = b"Hello\r\n";
            service.send(&Outgoing { name: to, from: "club@example.org", to, message, tags: &[] }).await.unwrap();
            // A task of its own puts the connection back.
            tokio::task::yield_now().await;
        }
        drop(service);
        let seen = sink.await.unwrap().unwrap();
        assert_eq!(seen.matches("MAIL FROM").count(), 2, "{seen}");
    }

    #[tokio::test]
    async fn a_servers_refusal_has_a_meaning_and_no_address() {
        let (never, _) = send("550 no ada@example.net here\r\n").await;
        let never = never.unwrap_err();
        assert!(never.is_permanent() && !never.to_string().contains("ada"), "{never}");
        let (later, _) = send("451 greylisted\r\n").await;
        assert!(matches!(later.unwrap_err(), SendError::Throttled(_)));
        let (wrong, _) = send("530 authenticate first\r\n").await;
        assert!(matches!(wrong.unwrap_err(), SendError::Unavailable(_)));
    }
}
