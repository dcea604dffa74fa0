//! The shapes of values in the API document. They follow from the parsers and their limits, so that the document promises what
//! is read: a pattern is made by asking the parser about every character of Unicode's first plane. (Beyond it, not all regular
//! expressions read a class alike.)
//!
//! That takes a moment, and a server that only wants to know its routes must not wait for it: as types of utoipa these are
//! names, and `schemas` says what stands behind them.

use std::{collections::BTreeMap, fmt::Write as _, sync::LazyLock};

use photovote_domain::{
    AlternativeText as AlternativeTextText, Caption, Description as DescriptionText, Email as EmailAddress,
    ImageUrl as Url, Language as DomainLanguage, Links as DomainLinks, MAX_GRADE, Name as NameText,
    Reason as ReasonText, ShardCount, Subject as SubjectText, VoterId,
    ballot::MAX_RATINGS_IN_REQUEST,
    election::{Role as DomainRole, Status as DomainStatus},
    mailing::{Kind, Recipients},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, Object, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type, schema::AdditionalProperties,
    },
};

use crate::{etag, idempotency, page};

macro_rules! schemas {
    ($($(#[doc = $doc:literal])+ $name:ident => $schema:expr;)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug)]
            pub struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    Schema::default().into()
                }
            }

            impl ToSchema for $name {}
        )+

        /// All of them, by their names.
        pub(crate) fn schemas() -> &'static BTreeMap<&'static str, Object> {
            static ALL: LazyLock<BTreeMap<&'static str, Object>> = LazyLock::new(|| {
                BTreeMap::from([$((stringify!($name), described($schema, concat!($($doc, "\n"),+)))),+])
            });
            &ALL
        }
    };
}

/// An id, as examples have it.
const ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
/// A SHA-256 in hexadecimal digits.
const HEX: &str = "[0-9a-f]{64}";
const DIGITS: &str = "5f3c2a0b9d1e4c6f8a7b5d3e1f0c2a4b6d8e0f1a3c5e7b9d2f4a6c8e0b1d3f5a";
/// The shortest time: `2026-05-17T18:30:00Z`.
const SHORTEST_MOMENT: usize = 20;

schemas! {
    /// An id: a ULID, 26 characters of Crockford's base 32. Answers write it in capitals.
    Id => text(&id()).min_length(Some(ID.len())).max_length(Some(ID.len())).examples([ID]);
    /// A name: one line of text with at least one visible character. White space around it is dropped, and it is brought
    /// into Unicode's normalisation form C. Control characters and characters that hide or reorder text are refused.
    Name => line::<NameText>(NameText::LONGEST).examples(["Moon over the sea"]);
    /// What stands under a picture: one line of text, as a name is.
    ImageCaption => line::<Caption>(Caption::LONGEST).examples(["Taken on the pier"]);
    /// What a picture shows, for readers who do not see it: one line of text, as a name is.
    AlternativeText => line::<AlternativeTextText>(AlternativeTextText::LONGEST).examples(["The full moon over a calm sea"]);
    /// A reason, which everybody sees: one line of text, as a name is.
    Reason => line::<ReasonText>(ReasonText::LONGEST).examples(["Taken after the deadline"]);
    /// A description: text of several lines. It may be empty.
    Description => text(&format!("^[^{}]*$", class(|c| refuses::<DescriptionText>(&format!("a{c}b")))))
        .max_length(Some(DescriptionText::LONGEST)).examples(["Photographs of this summer"]);
    /// An email address, also an internationalised one (RFC 6531): at most 254 bytes, without quotes or a display name.
    Email => string().format(Some(SchemaFormat::Custom("idn-email".into())))
        .min_length(Some(5)).max_length(Some(EmailAddress::LONGEST)).examples(["grace@example.org"]);
    /// The address of a picture: an https URL without credentials. http is accepted to a loopback host, for trying things
    /// out. International host names are accepted in Punycode.
    ImageUrl => text(&image_url()).max_length(Some(Url::LONGEST)).examples(["https://example.org/photos/moon.png"]);
    /// A time (RFC 3339) with an offset.
    Moment => string().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .min_length(Some(SHORTEST_MOMENT)).examples(["2030-05-17T18:30:00Z"]);
    /// A time as the clocks of a place show it, without seconds or with them. An offset says which one is meant of two that clocks show
    /// when they are put back.
    LocalTime => text("^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2})?([+-]\\d{2}:\\d{2})?$")
        .examples(["2030-05-17T20:30", "2030-10-27T02:30+01:00"]);
    /// A time zone: `AoE` (anywhere on Earth, UTC-12), or a name of the IANA database. Names of zones that were renamed are read as well.
    TimeZone => text("^[A-Za-z][A-Za-z0-9+_/-]*$").max_length(Some(64)).examples(["Europe/Berlin", "AoE"]);
    /// How long before the close: weeks, days, hours and minutes (ISO 8601). A day is one of the calendar. It is 366 days at most.
    Period => text("^P(\\d{1,2}W)?(\\d{1,3}D)?(T(\\d{1,4}H)?(\\d{1,6}M)?)?$").min_length(Some(3)).examples(["P2D", "PT3H"]);
    /// A grade. Each election has a scale, which is usually narrower.
    Grade => integer(0, u64::from(MAX_GRADE)).examples([4]);
    /// How many events the stream has, and so the number of its last change.
    Version => integer(0, u64::MAX).examples([17]);
    /// Names what a draft says. It is opaque.
    DraftTag => text("^[0-9a-f]{32}$").examples([&DIGITS[..32]]);
    /// A count.
    Count => integer(0, u64::MAX).examples([150]);
    /// The grade of each candidate, by the candidate's id.
    Grades => ObjectBuilder::new().schema_type(Type::Object)
        .property_names(Some(ObjectBuilder::new().schema_type(Type::String).pattern(Some(id())).build()))
        .additional_properties(Some(AdditionalProperties::RefOr(Ref::from_schema_name(Grade::name()).into())))
        .max_properties(Some(MAX_RATINGS_IN_REQUEST))
        .examples([serde_json::json!({ID: 4})]);
    /// The `sub` of an administrator's JWT. In a path it is percent-encoded, and cannot have a `/`, `\`, `?` or `#` in it.
    Subject => text(&format!("^[^{}]+$", class(|c| refuses::<SubjectText>(&c.to_string()) || "/\\?#".contains(c))))
        .min_length(Some(1)).max_length(Some(SubjectText::LONGEST)).examples(["auth0|123"]);
    /// The administrator who did something, as a commit names them.
    Actor => ObjectBuilder::new().schema_type(Type::Object)
        .property("administrator", Ref::from_schema_name(Subject::name())).required("administrator")
        .examples([serde_json::json!({"administrator": "auth0|123"})]);
    /// What an administrator may do: an observer sees everything, an editor changes everything but the administrators and
    /// cannot delete the election, an owner does everything.
    Role => one_of(DomainRole::ALL.map(DomainRole::as_str));
    /// Who hands out the voters' links: an administrator, to whom registering a voter shows the ballot token, or PhotoVote
    /// itself, by mail. Then nobody else sees a token.
    Links => one_of(DomainLinks::ALL.map(DomainLinks::as_str));
    /// Why voters are written to: they are invited and get their link, are reminded of it, or are told where the results are.
    MailKind => one_of(Kind::ALL.map(Kind::as_str));
    /// Which voters are written to: all of them, or those who lack their present link, who have not cast, or whose invitation did not
    /// arrive.
    RecipientsWord => one_of(Recipients::WORDS);
    /// Where an import of a list of voters is in its life.
    ImportStatus => one_of(["awaiting_upload", "reading", "ready", "refused", "importing", "done", "undoing", "undone"]);
    /// What ends the mails to a voter.
    UnsubscribeToken => text("^pvu_[0-9A-Z]{26}_[0-9]{1,2}_[0-9A-Z]{26}_[0-9a-f]{64}$");
    /// In which language PhotoVote writes to voters.
    Language => one_of(DomainLanguage::ALL.map(DomainLanguage::tag));
    /// Where an election is in its life.
    Status => one_of(STATUSES.iter().map(|status| word(*status)));
    /// A receipt: it proves that a ballot was counted, and does not tell how it was cast.
    Receipt => text(&format!("^(?:{})-{HEX}$", shards())).examples([format!("7-{DIGITS}")]);
    /// A SHA-256 in hexadecimal digits.
    Sha256 => text(&format!("^{HEX}$")).examples([DIGITS]);
    /// A place in a list. It is opaque: send back what an answer had as `next_cursor`.
    Cursor => text(page::CURSOR).min_length(Some(1)).examples(["ZWxlY3Rpb25zADAxQVJaM05ERUtUU1Y0UlJGRlE2OUc1RkFW"]);
    /// A ballot token: it opens one ballot. It is a secret of the voter.
    BallotToken => text(&format!("^pvb_{0}_{0}_{HEX}$", capital_id())).examples([format!("pvb_{ID}_{ID}_{}", "0".repeat(64))]);
    /// How many items a page can have.
    Limit => integer(1, u64::from(page::LONGEST_PAGE)).default(Some(page::USUAL_PAGE.into())).examples([20]);
    /// Names one attempt at something: 1 to 255 printable ASCII characters, no space at either end.
    Key => text(idempotency::KEY).max_length(Some(idempotency::LONGEST_KEY)).examples(["6f1c8a3e-register-grace"]);
    /// `*`, or one or more values of `ETag`.
    Tags => text(etag::LIST).min_length(Some(1)).examples(["\"17\""]);
}

/// The statuses that an answer can show.
const STATUSES: [DomainStatus; 6] = [
    DomainStatus::Draft,
    DomainStatus::Open,
    DomainStatus::Closing,
    DomainStatus::Closed,
    DomainStatus::Released,
    DomainStatus::Deleted,
];

fn described(schema: ObjectBuilder, description: &str) -> Object {
    let description = description.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    schema.description(Some(description)).build()
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn text(pattern: &str) -> ObjectBuilder {
    string().pattern(Some(pattern))
}

fn integer(least: u64, most: u64) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most))
}

fn one_of<T: Into<serde_json::Value>>(values: impl IntoIterator<Item = T>) -> ObjectBuilder {
    string().enum_values(Some(values))
}

fn word(status: DomainStatus) -> serde_json::Value {
    // A status is written as a word.
    serde_json::to_value(status).unwrap_or_default()
}

fn refuses<T: std::str::FromStr>(text: &str) -> bool {
    text.parse::<T>().is_err()
}

/// One line of text with something to be seen.
fn line<T: std::str::FromStr>(longest: usize) -> ObjectBuilder {
    let refused = class(|c| refuses::<T>(&format!("a{c}b")));
    let unseen = class(|c| refuses::<T>(&c.to_string()));
    text(&format!("^[^{refused}]*[^{unseen}][^{refused}]*$")).min_length(Some(1)).max_length(Some(longest))
}

fn id() -> String {
    format!("^{}$", spelling(|_| true))
}

/// An id in capitals, which is how a token holds it.
fn capital_id() -> String {
    spelling(|c| !c.is_ascii_lowercase())
}

fn spelling(allowed: impl Fn(char) -> bool) -> String {
    let (_, rest) = ID.split_at(1);
    let first = class(|c| !refuses::<VoterId>(&format!("{c}{rest}")));
    let others = class(|c| allowed(c) && !refuses::<VoterId>(&format!("0{}", c.to_string().repeat(ID.len() - 1))));
    format!("[{first}][{others}]{{{}}}", ID.len() - 1)
}

fn shards() -> String {
    (0..ShardCount::MAX).map(|shard| shard.to_string()).collect::<Vec<_>>().join("|")
}

fn image_url() -> String {
    let label = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
    let last = "[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
    let port = "(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
    let rest = format!(r"(?::{port})?(?:[/?#][!#-;=?-Z_a-z~]*)?");
    format!(r"^(?:https://(?:{label}\.)*{last}|http://(?:localhost|127\.0\.0\.1|\[::1\])){rest}$")
}

/// The characters for which this holds, as the inside of a class of a regular expression that ECMAScript, Python and Rust read
/// alike.
fn class(holds: impl Fn(char) -> bool) -> String {
    let mut class = String::new();
    let mut start: Option<char> = None;
    let mut last = '\0';
    let mut end = |start: Option<char>, last: char| {
        let Some(start) = start else { return };
        push(&mut class, start);
        if start < last {
            class.push('-');
            push(&mut class, last);
        }
    };
    for c in '\0'..='\u{FFFF}' {
        match (holds(c), start) {
            (true, None) => start = Some(c),
            (false, Some(_)) => {
                end(start, last);
                start = None;
            }
            _ => {}
        }
        last = c;
    }
    end(start, last);
    class
}

fn push(class: &mut String, c: char) {
    if c.is_ascii_alphanumeric() {
        class.push(c);
    } else {
        // Writing to a string never fails.
        let _ = write!(class, "\\u{:04x}", u32::from(c));
    }
}

#[cfg(test)]
mod tests {
    use photovote_domain::{BallotToken as Token, Receipt as DomainReceipt};
    use proptest::{prelude::*, string::string_regex, test_runner::TestRunner};

    use super::*;

    fn schema(name: &str) -> serde_json::Value {
        serde_json::to_value(&schemas()[name]).unwrap()
    }

    /// Every text of the first plane that the pattern and the length of this schema allow is read.
    fn is_read(name: &str, reads: impl Fn(&str) -> bool) {
        let schema = schema(name);
        let pattern = schema["pattern"].as_str().unwrap().trim_start_matches('^').trim_end_matches('$');
        let longest = schema["maxLength"].as_u64().map_or(usize::MAX, |longest| usize::try_from(longest).unwrap());
        let texts = string_regex(pattern).unwrap().prop_filter("beyond what is promised", |text| {
            text.chars().count() <= longest && text.chars().all(|c| c <= '\u{FFFF}')
        });
        let run = TestRunner::deterministic().run(&texts, |text| {
            prop_assert!(reads(&text), "{name}: {text:?}");
            Ok(())
        });
        run.unwrap();
    }

    #[test]
    fn what_agrees_with_the_document_is_read() {
        is_read("Id", |text| !refuses::<VoterId>(text));
        is_read("Name", |text| !refuses::<NameText>(text));
        is_read("ImageCaption", |text| !refuses::<Caption>(text));
        is_read("AlternativeText", |text| !refuses::<AlternativeTextText>(text));
        is_read("Reason", |text| !refuses::<ReasonText>(text));
        is_read("Description", |text| !refuses::<DescriptionText>(text));
        is_read("ImageUrl", |text| !refuses::<Url>(text));
        is_read("Subject", |text| !refuses::<SubjectText>(text));
        is_read("Receipt", |text| !refuses::<DomainReceipt>(text));
        is_read("BallotToken", |text| text.parse::<Token>().is_ok());
    }
}
