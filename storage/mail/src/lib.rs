//! Sending mails: through Amazon SES, or into a directory. Tests take mails in their own process.

use std::{fmt, io, path::PathBuf, pin::Pin, sync::Arc};

use aws_sdk_sesv2::{
    Client,
    primitives::Blob,
    types::{Destination, EmailContent, MessageTag, RawMessage},
};
use photovote_dynamodb::{StorageError, storage_error};
use thiserror::Error;

/// A mail on its way.
#[derive(Clone, Copy)]
pub struct Outgoing<'a> {
    /// Names the mail among all others, without a secret: letters, digits and `-`. In a directory, it names the file.
    pub name: &'a str,
    /// The sender's address in ASCII.
    pub from: &'a str,
    /// The recipient's address in ASCII.
    pub to: &'a str,
    /// The message (RFC 5322).
    pub message: &'a [u8],
    /// What reports about the mail are to name: names and values of letters, digits, `-` and `_`. Voters do not see it.
    pub tags: &'a [(&'static str, String)],
}

/// Why a mail was not sent.
#[derive(Debug, Error)]
pub enum SendError {
    /// The service takes no more for the moment.
    #[error("the mail service takes no more for the moment: {0}")]
    Throttled(String),
    /// The service has no answer, or cannot take this mail now. It may have been sent nevertheless.
    #[error("the mail service has no answer: {0}")]
    Unavailable(String),
    /// The service will never take this mail.
    #[error("the mail service refuses the mail: {0}")]
    Refused(String),
    /// The file cannot be written.
    #[error("the mail cannot be written: {0}")]
    File(#[from] io::Error),
}

impl SendError {
    /// Will the same mail be refused each time?
    pub const fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

/// Where mails go.
#[derive(Debug, Clone)]
pub struct MailService {
    way: Way,
    at_once: usize,
}

/// What becomes of a mail that a function takes.
type Taken = Pin<Box<dyn Future<Output = Result<(), SendError>> + Send>>;

/// Takes a mail in this process, or says why not.
type Take = dyn Fn(&Outgoing<'_>) -> Taken + Send + Sync;

#[derive(Clone)]
enum Way {
    Ses { client: Client, configuration_set: Option<String> },
    Directory(PathBuf),
    Process(Arc<Take>),
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ses { configuration_set, .. } => f.debug_tuple("Ses").field(configuration_set).finish(),
            Self::Directory(path) => f.debug_tuple("Directory").field(path).finish(),
            Self::Process(_) => f.write_str("Process"),
        }
    }
}

impl MailService {
    /// Amazon SES. The configuration set says what is reported about mails; it must not track clicks, which would rewrite links.
    pub const fn ses(client: Client, configuration_set: Option<String>) -> Self {
        // SES limits how many mails it takes in a second.
        Self { way: Way::Ses { client, configuration_set }, at_once: 1 }
    }

    /// A directory, in which each mail is a file that only its owner can read.
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self { way: Way::Directory(path.into()), at_once: 1 }
    }

    /// A function in this process, which takes so many mails at once, for other services, and for tests that count mails and let sending
    /// fail. It copies what it needs of a mail.
    pub fn in_process<F>(at_once: usize, take: impl Fn(&Outgoing<'_>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), SendError>> + Send + 'static,
    {
        let take: Arc<Take> = Arc::new(move |mail: &Outgoing<'_>| -> Taken { Box::pin(take(mail)) });
        Self { way: Way::Process(take), at_once }
    }

    /// How many mails may be on their way at once.
    pub const fn at_once(&self) -> usize {
        self.at_once
    }

    /// Sends a mail. In a directory, a mail that is sent again replaces itself.
    ///
    /// # Errors
    /// SES does not recognise repetitions: a mail that may have been sent and is sent again arrives twice.
    pub async fn send(&self, mail: &Outgoing<'_>) -> Result<(), SendError> {
        match &self.way {
            Way::Process(take) => take(mail).await,
            Way::Directory(directory) => {
                let (directory, name, message) =
                    (directory.clone(), format!("{}.eml", mail.name), mail.message.to_vec());
                let write = move || write(&directory, &name, &message);
                Ok(tokio::task::spawn_blocking(write).await.map_err(io::Error::other)??)
            }
            Way::Ses { client, configuration_set } => {
                let message = RawMessage::builder().data(Blob::new(mail.message)).build();
                let message = message.map_err(|error| SendError::Refused(error.to_string()))?;
                let tag = |(name, value): &(&str, String)| MessageTag::builder().name(*name).value(value).build();
                let tags: Result<Vec<_>, _> = mail.tags.iter().map(tag).collect();
                let tags = tags.map_err(|error| SendError::Refused(error.to_string()))?;
                let send = client
                    .send_email()
                    .set_email_tags(Some(tags).filter(|tags| !tags.is_empty()))
                    .from_email_address(mail.from)
                    .destination(Destination::builder().to_addresses(mail.to).build())
                    .content(EmailContent::builder().raw(message).build())
                    .set_configuration_set_name(configuration_set.clone());
                send.send().await.map(drop).map_err(|error| failure(storage_error(&error)))
            }
        }
    }
}

/// Writes a file in one step: whoever looks sees all of it, or nothing. Blocks the thread.
fn write(directory: &std::path::Path, name: &str, message: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    // A temporary file has mode 0600, and keeps it.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(message)?;
    file.as_file().sync_all()?;
    file.persist(directory.join(name)).map_err(|error| error.error)?;
    Ok(())
}

/// What a failed `SendEmail` means. What SES says about it is left out: it names addresses, which no log may hold.
fn failure(error: StorageError) -> SendError {
    match error {
        StorageError::Throttled => SendError::Throttled(error.to_string()),
        StorageError::Refused { code, message } => match code.as_str() {
            "TooManyRequestsException" | "LimitExceededException" => SendError::Throttled(code),
            // The operator has to verify an address, or to leave the sandbox: then the mail can be sent.
            "MessageRejected" if message.contains("not verified") => {
                SendError::Unavailable(format!("{code}: an identity is not verified"))
            }
            // What is wrong with the mail or its addresses.
            "MessageRejected" | "BadRequestException" => SendError::Refused(code),
            // An account that is paused, for example: the operator mends it.
            _ => SendError::Unavailable(code),
        },
        error => SendError::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn mail(name: &'static str, message: &'static [u8]) -> Outgoing<'static> {
        Outgoing { name, from: "club@example.org", to: "ada@example.org", message, tags: &[] }
    }

    #[test]
    fn what_ses_refuses_has_a_meaning_and_no_address() {
        let refused = |code: &str, message: &str| {
            failure(StorageError::Refused { code: code.to_owned(), message: message.to_owned() })
        };
        let unverified = refused("MessageRejected", "Email address is not verified: ada@example.org");
        assert!(matches!(unverified, SendError::Unavailable(_)), "it can be mended");
        assert!(matches!(refused("MessageRejected", "ada@example.org"), SendError::Refused(_)));
        assert!(matches!(refused("TooManyRequestsException", ""), SendError::Throttled(_)));
        assert!(matches!(refused("SendingPausedException", ""), SendError::Unavailable(_)));
        for error in [unverified, refused("BadRequestException", "ada@example.org")] {
            assert!(!error.to_string().contains("ada"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_mail_becomes_a_file_that_others_cannot_read() {
        let home = tempfile::tempdir().unwrap();
        let service = MailService::directory(home.path());
        service.send(&mail("invitation-1", b"first")).await.unwrap();
        service.send(&mail("invitation-1", b"again")).await.unwrap();
        service.send(&mail("invitation-2", b"other")).await.unwrap();
        let path = home.path().join("invitation-1.eml");
        assert_eq!(fs::read(&path).unwrap(), b"again");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2, "nothing half written stays");
    }

    #[tokio::test]
    async fn a_function_takes_mails_and_refuses_them() {
        let taken = Arc::new(std::sync::Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        let service = MailService::in_process(1, move |mail: &Outgoing<'_>| {
            let (name, kept) = (mail.name.to_owned(), Arc::clone(&kept));
            async move {
                if name == "invitation-2" {
                    return Err(SendError::Throttled("try again".to_owned()));
                }
                kept.lock().unwrap().push(name);
                Ok(())
            }
        });
        service.send(&mail("invitation-1", b"first")).await.unwrap();
        assert!(!service.send(&mail("invitation-2", b"other")).await.unwrap_err().is_permanent());
        assert_eq!(*taken.lock().unwrap(), ["invitation-1"]);
    }

    #[tokio::test]
    async fn a_directory_that_is_not_there_can_come() {
        let home = tempfile::tempdir().unwrap();
        let service = MailService::directory(home.path().join("outbox"));
        let refused = service.send(&mail("invitation-1", b"first")).await.unwrap_err();
        assert!(!refused.is_permanent(), "{refused}");
    }
}
