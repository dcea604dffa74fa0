//! Names and words that were meant to do harm.

use linkify::LinkFinder;

use crate::sample::{Sample, words_of};

/// What a mail program turns into links.
pub(crate) fn links(text: &str) -> Vec<String> {
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    finder.links(text).map(|link| link.as_str().to_owned()).collect()
}

/// Texts that look like links, headers, markup, boundaries or encoded words.
pub(crate) const HOSTILE: &[&str] = &[
    "https://evil.example/vote#pvb_x",
    "http://203.0.113.9/x",
    "www.evil.example",
    "evil.com",
    "eve@evil.com",
    "mailto:eve@evil.com",
    "HTTP://EVIL.COM",
    "//evil.com/x",
    "evil。com",
    "<a href=\"https://evil.example\">click</a>",
    "\"><img src=x onerror=alert(1)>",
    "'><script>alert(1)</script>",
    "</title><style>p{display:none}</style>",
    "&lt;b&gt; &#x3c;",
    "Eve\" <eve@evil.com>, \"Ada",
    "Eve <eve@evil.com>",
    "=?utf-8?Q?Eve=0D=0ABcc:_eve@evil.com?=",
    "=?utf-8?B?RXZl?= =?utf-8?B?RXZl?=",
    "Bcc: eve@evil.com",
    "--=_",
    ".",
    "a,b;c:d(e)\\f[g]",
    "{election} {{voter}} %s",
    "שלום עולם",
    "👩\u{200d}🚀 Żółć",
    "From the club",
];

#[test]
fn hostile_texts_stay_texts() {
    for hostile in HOSTILE {
        let mut sample = Sample::invitation();
        sample.election = hostile.parse().unwrap();
        sample.voter = hostile.parse().unwrap();
        sample.sender = hostile.parse().unwrap();
        sample.subject = Some(hostile.parse().unwrap());
        sample.text = Some(format!("{hostile}\n.\n{hostile}").parse().unwrap());
        let (read, plain) = (sample.read(), Sample::invitation().read());
        assert_eq!(read.headers, plain.headers, "{hostile}");
        let shown = hostile.replace("=?", "=\u{200a}?");
        assert_eq!(read.subject, shown);
        assert_eq!(read.people[0], (Some(shown.clone()), "vote@example.org".to_owned()));
        assert_eq!(read.people[1], (Some(shown), "ada@example.net".to_owned()));
        assert_eq!(links(&read.text), [sample.link.reveal()], "{hostile}");
        assert_eq!(links(&words_of(&read.html)), [sample.link.reveal()], "{hostile}");
        let tags = |html: &str| html.matches('<').count();
        // The three lines of the organiser are two line breaks more.
        assert_eq!(tags(&read.html), tags(&plain.html) + 2, "{hostile}: {}", read.html);
    }
}
