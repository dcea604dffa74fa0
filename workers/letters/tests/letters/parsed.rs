//! Whatever a letter is made of, mail programs read it as it was meant.

use photovote_domain::{Description, Language, Name};
use photovote_letters::Kind;
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    outside::{HOSTILE, links},
    sample::{Sample, words_of},
};

/// A name of any script, or one that was meant to do harm.
fn name() -> impl Strategy<Value = Name> {
    let hostile = vec(select(HOSTILE), 1..4).prop_map(|parts| parts.join(" "));
    prop_oneof!["[ -~]{1,200}", "[a-zà-žа-я一-三😀-😃 .:@]{1,200}", "\\PC{1,80}", hostile]
        .prop_filter_map("a name", |text| text.parse().ok())
}

/// An organiser's words: names with line breaks of all kinds.
fn words() -> impl Strategy<Value = Description> {
    let line = prop_oneof!["[ -~]{0,300}", "[a-zа-я一-三 .:/@\t=]{0,1100}", name().prop_map(String::from)];
    vec((line, select(&["\n", "\r\n", "\r", "\n\n", "\u{2028}"][..])), 0..6)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect::<String>())
        .prop_filter_map("a description", |text| text.parse().ok())
}

fn link() -> impl Strategy<Value = String> {
    "https?://[a-z]{1,20}(\\.[a-z]{2,9}){1,3}(:[1-9][0-9]{0,3})?/vote#pvb_[0-9A-Z]{26}_[0-9A-Z]{26}_[0-9a-f]{64}"
}

fn zone() -> impl Strategy<Value = (photovote_letters::ZoneName, i32)> {
    ("[A-Z][a-z]{1,10}/[A-Z][a-z_]{1,20}", -43_200..50_400_i32).prop_map(|(name, secs)| (name.parse().unwrap(), secs))
}

prop_compose! {
    fn sample()(
        kind in select(&Kind::ALL[..]),
        language in select(&Language::ALL[..]),
        (election, voter, sender) in (name(), name(), name()),
        (subject, text) in (option::of(name()), option::of(words())),
        link in link(),
        (closes_at, zone) in (option::of(0..253_000_000_000_000_i64), option::of(zone())),
        date in 0..253_402_300_800_000_i64,
        (contact, unsubscribe) in (any::<bool>(), any::<bool>()),
    ) -> Sample {
        let mut sample = Sample::new(kind, language);
        sample.contact = sample.contact.filter(|_| contact);
        sample.unsubscribe = sample.unsubscribe.filter(|_| unsubscribe);
        Sample { election, voter, sender, subject, text, closes_at, zone, date, link: link.parse().unwrap(), ..sample }
    }
}

/// A text as its reader sees it: without hair spaces, and with one kind of line break.
fn seen(text: &str) -> String {
    text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\u{200a}', "")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_message_parses_back(sample in sample()) {
        let read = sample.read();
        let preview = sample.preview();
        prop_assert_eq!(&read.subject, &preview.subject);
        if let Some(subject) = &sample.subject {
            prop_assert_eq!(seen(&read.subject), seen(subject.as_str()));
        } else {
            prop_assert!(seen(&read.subject).contains(&seen(sample.election.as_str())));
        }
        for (person, name) in read.people.iter().zip([&sample.sender, &sample.voter]) {
            prop_assert_eq!(person.0.as_deref().map(seen), Some(seen(name.as_str())));
        }
        prop_assert_eq!(&read.people[1].1, sample.to.as_str());
        prop_assert_eq!(read.people.len() == 3, sample.contact.is_some());

        let (text, html) = (seen(&read.text), seen(&words_of(&read.html)));
        for outside in [sample.election.as_str(), sample.voter.as_str()] {
            prop_assert!(text.contains(&seen(outside)) && html.contains(&seen(outside)), "{}", outside);
        }
        let own = sample.text.as_ref().map_or("", Description::as_str);
        prop_assert!(text.contains(seen(own).trim()) && html.contains(seen(own).trim()), "{}\n\n{}", own, text);
    }

    #[test]
    fn a_message_has_one_link(sample in sample()) {
        let (read, link) = (sample.read(), sample.link.reveal());
        prop_assert_eq!(links(&read.text), [link]);
        prop_assert_eq!(read.text.lines().filter(|line| *line == link).count(), 1, "on a line of its own");
        prop_assert_eq!(links(&words_of(&read.html)), [link]);
        let href = format!(" href=\"{}\"", link.replace('&', "&amp;"));
        prop_assert_eq!(read.html.matches(&href).count(), 1);
        // A name may hold this, and a link cannot: it has no blank.
        let others = sample.preview().html.matches(" href").count();
        prop_assert_eq!(read.html.matches(" href").count(), 1 + others);
    }

    #[test]
    fn a_message_has_no_header_more(sample in sample()) {
        let mut plain = Sample::new(sample.kind, sample.language);
        plain.contact.clone_from(&sample.contact);
        plain.unsubscribe.clone_from(&sample.unsubscribe);
        prop_assert_eq!(sample.read().headers, plain.read().headers);
    }

    #[test]
    fn a_message_has_short_lines_of_ascii(sample in sample()) {
        let bytes = sample.write().bytes;
        prop_assert!(bytes.is_ascii());
        let text = String::from_utf8(bytes).unwrap();
        prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']));
        prop_assert!(text.split("\r\n").all(|line| line.len() <= 998));
    }

    #[test]
    fn html_has_no_markup_but_ours(sample in sample()) {
        let html = sample.read().html;
        for tag in html.split('<').skip(1) {
            let name = tag.split([' ', '>']).next().unwrap().trim_start_matches('/');
            let ours = ["!DOCTYPE", "html", "head", "meta", "title", "body", "p", "br", "a"];
            prop_assert!(ours.contains(&name), "<{}", tag);
        }
    }
}

#[test]
fn a_message_is_small() {
    for kind in Kind::ALL {
        for language in Language::ALL {
            let mut sample = Sample::new(kind, language);
            let size = |sample: &Sample| sample.write().bytes.len();
            assert!(size(&sample) < 6_000, "{language}: {}", size(&sample));
            for longest in ["x", "é", "字", "😀", "a."] {
                let longest: Name = longest.repeat(Name::LONGEST / longest.chars().count()).parse().unwrap();
                (sample.election, sample.voter) = (longest.clone(), longest);
                assert!(size(&sample) < 12_000, "{language}, {}: {}", sample.election, size(&sample));
            }
            sample.text = Some("字".repeat(Description::LONGEST).parse().unwrap());
            assert!(size(&sample) < 48_000, "{language}: {}", size(&sample));
        }
    }
}
