//! Characters that cannot be seen: which of them mislead, and where a script needs one.

use unicode_normalization::char::is_combining_mark;

/// The flags of England, Scotland and Wales: a black flag and tags. Unicode recommends no other flags of tags, and programs draw
/// others as the black flag alone.
const FLAGS: [&str; 3] = [
    "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "\u{1F3F4}\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
    "\u{1F3F4}\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}",
];

/// Explicit embeddings, overrides and isolates (Unicode Standard Annex 9): they can make a name read as another.
const fn overrides_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Format characters that are drawn as nothing: two names that differ by these alone read the same. Joiners, direction marks and
/// most variation selectors are not among them: texts in many scripts, and many emoji, have those anywhere.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Characters that only change how their neighbours look, or that are drawn as nothing: white space, joiners, direction marks,
/// variation selectors, Hangul fillers, the empty Braille pattern.
pub(crate) const fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{61C}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200C}'..='\u{200F}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FFA0}'
        )
}

/// Whether a character cannot be seen, or changes how the text around it reads.
pub(crate) const fn is_unseen(c: char) -> bool {
    is_blank(c) || is_invisible(c) || overrides_direction(c)
}

const fn is_mongolian(c: char) -> bool {
    matches!(c, '\u{1820}'..='\u{18AA}')
}

/// Chooses another form of the Mongolian letter before it.
const fn is_mongolian_selector(c: char) -> bool {
    matches!(c, '\u{180B}'..='\u{180D}' | '\u{180F}')
}

const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
}

/// Scripts of South-East Asia that put no space between words: Thai, Lao, Myanmar, Khmer, Tai, Balinese, Javanese.
const fn has_no_spaces(c: char) -> bool {
    matches!(
        c,
        '\u{E01}'..='\u{EFF}'
            | '\u{1000}'..='\u{109F}'
            | '\u{1780}'..='\u{17FF}'
            | '\u{1950}'..='\u{1AAF}'
            | '\u{1B00}'..='\u{1B7F}'
            | '\u{A980}'..='\u{AADF}'
    )
}

/// Scripts whose letters join or form ligatures: Arabic and its kin, those of India and South-East Asia, Mongolian.
const fn joins(c: char) -> bool {
    matches!(
        c,
        '\u{600}'..='\u{DFF}'
            | '\u{1000}'..='\u{109F}'
            | '\u{1780}'..='\u{18AF}'
            | '\u{1900}'..='\u{1C4F}'
            | '\u{A800}'..='\u{AADF}'
            | '\u{ABC0}'..='\u{ABFF}'
            | '\u{10A00}'..='\u{11FFF}'
    ) && !is_mongolian_selector(c)
        && !matches!(c, '\u{61C}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}')
}

/// Whether the script of its neighbours needs this unseen character where it stands.
pub(crate) fn is_needed(before: Option<char>, c: char, after: Option<char>) -> bool {
    let follows = |is: fn(char) -> bool| before.is_some_and(is);
    let precedes = |is: fn(char) -> bool| after.is_some_and(is);
    match c {
        // Separates a vowel from its word, and gives it another form.
        '\u{180E}' => follows(|c| is_mongolian(c) || is_mongolian_selector(c)) && precedes(is_mongolian),
        '\u{180B}'..='\u{180D}' | '\u{180F}' => follows(is_mongolian),
        '\u{200C}' | '\u{200D}' => follows(joins),
        // Where a line may be broken.
        '\u{200B}' => follows(has_no_spaces) && precedes(has_no_spaces),
        // Keeps two marks in their order, as pointed Hebrew does.
        '\u{34F}' => follows(is_combining_mark) && precedes(is_combining_mark),
        // Chooses the form of an ideograph with which a name is written.
        '\u{E0100}'..='\u{E01EF}' => follows(is_ideograph),
        _ => false,
    }
}

/// The first character that changes how the text reads and cannot be seen, but for those that its script needs.
pub(crate) fn misleading(text: &str) -> Option<char> {
    let (mut before, mut rest) = (None, text);
    while let Some(c) = rest.chars().next() {
        let flag = FLAGS.iter().find(|flag| rest.starts_with(**flag));
        rest = &rest[flag.map_or(c.len_utf8(), |flag| flag.len())..];
        let unneeded = || is_invisible(c) && !is_needed(before, c, rest.chars().next());
        if overrides_direction(c) || unneeded() {
            return Some(c);
        }
        before = Some(c);
    }
    None
}
