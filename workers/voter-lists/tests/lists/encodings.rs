//! Encodings, separators and line ends.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GBK, KOI8_R, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253,
    WINDOWS_1254,
};

use crate::opened::{PEOPLE, becomes};

const EXPECTED: [&str; 3] =
    ["2 Zoë Müller <zoe@example.org>", "3 Þór Größe <thor@example.org>", "4 Renée Lefèvre <renee@example.org>"];

/// The three people as text.
fn text(separator: &str, end: &str) -> String {
    let rows = PEOPLE.iter().map(|row| row.join(separator));
    let header = ["Vorname", "Nachname", "E-Mail"].join(separator);
    [header].into_iter().chain(rows).map(|row| row + end).collect()
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn utf_32(text: &str, bytes: fn(u32) -> [u8; 4]) -> Vec<u8> {
    text.chars().flat_map(|c| bytes(c.into())).collect()
}

#[test]
fn every_separator_and_line_end_is_read() {
    for separator in [",", ";", "\t", "|", "^", "\u{1f}"] {
        for end in ["\n", "\r\n", "\r"] {
            becomes(text(separator, end), &EXPECTED);
        }
    }
    becomes(text(";", "\r\n").trim_end(), &EXPECTED);
}

#[test]
fn unicode_is_read_in_every_form() {
    let text = text(";", "\r\n");
    let marked = format!("\u{feff}{text}");
    becomes(&marked, &EXPECTED);
    for text in [&text, &marked] {
        becomes(utf_16(text, u16::to_le_bytes), &EXPECTED);
        becomes(utf_16(text, u16::to_be_bytes), &EXPECTED);
        becomes(utf_32(text, u32::to_le_bytes), &EXPECTED);
        becomes(utf_32(text, u32::to_be_bytes), &EXPECTED);
    }
    let two_marks = format!("\u{feff}{marked}");
    becomes(two_marks, &EXPECTED);
}

#[test]
fn encodings_of_one_language_are_told_by_their_words() {
    let cases: [(&'static Encoding, &[&str]); 11] = [
        (WINDOWS_1252, &["Zoë Müller", "Renée Lefèvre", "Þór Größe"]),
        (WINDOWS_1252, &["João Conceição", "Inês Gonçalves"]),
        (WINDOWS_1250, &["Łukasz Wiśniewski", "Małgorzata Dąbrowska", "Zażółć Gęś"]),
        (WINDOWS_1250, &["Jiří Dvořák", "Tomáš Kučera", "Růžena Šťastná"]),
        (WINDOWS_1251, &["Анна Иванова", "Пётр Щукин", "Сергей Кузнецов"]),
        (KOI8_R, &["Анна Иванова", "Пётр Щукин", "Сергей Кузнецов"]),
        (WINDOWS_1253, &["Γιώργος Παπαδόπουλος", "Ελένη Νικολάου"]),
        (WINDOWS_1254, &["Ayşe Yıldız", "Gökhan Şahin", "İbrahim Çağlar"]),
        (SHIFT_JIS, &["山田太郎", "佐藤花子", "高橋健一"]),
        (GBK, &["张伟明", "王秀英", "李建国"]),
        (EUC_KR, &["김철수", "이영희", "박지성"]),
    ];
    for (encoding, names) in cases {
        let rows = names.iter().enumerate().map(|(index, name)| format!("{name},voter{index}@example.org\r\n"));
        let text: String = ["name,email\r\n".to_owned()].into_iter().chain(rows).collect();
        let (bytes, _, lossy) = encoding.encode(&text);
        assert!(!lossy, "{}", encoding.name());
        let expected =
            names.iter().enumerate().map(|(index, name)| format!("{} {name} <voter{index}@example.org>", index + 2));
        let expected: Vec<_> = expected.collect();
        becomes(bytes, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
    becomes(b"name,email\n\x1B$B;3ED\x1B(B,yamada@example.org\n", &["2 山田 <yamada@example.org>"]);
    let (bytes, ..) = BIG5.encode("姓名,電子郵件\r\n陳大文,chan@example.org\r\n林美玲,lam@example.org\r\n");
    becomes(bytes, &["2 陳大文 <chan@example.org>", "3 林美玲 <lam@example.org>"]);
}

#[test]
fn encodings_of_old_systems_are_read() {
    // Mac OS Roman: "Zoë Müller", "Renée Lefèvre", "Jörg Größe".
    let mac = b"name;email\rZo\x91 M\x9Fller;zoe@example.org\rRen\x8Ee Lef\x8Fvre;renee@example.org\rJ\x9Arg Gr\x9A\xA7e;joerg@example.org\r";
    let expected =
        ["2 Zoë Müller <zoe@example.org>", "3 Renée Lefèvre <renee@example.org>", "4 Jörg Größe <joerg@example.org>"];
    becomes(mac, &expected);
    // Code page 850.
    let dos = b"name;email\r\nZo\x89 M\x81ller;zoe@example.org\r\nRen\x82e Lef\x8Avre;renee@example.org\r\nJ\x94rg Gr\x94\xE1e;joerg@example.org\r\n\x1A";
    becomes(dos, &expected);
}

#[test]
fn lines_of_another_encoding_do_not_spoil_the_others() {
    let mut bytes = text(",", "\n").into_bytes();
    bytes.extend(b"J\xF6rg,Wei\xDF,joerg@example.org\n");
    let mut expected = EXPECTED.to_vec();
    expected.push("5 Jörg Weiß <joerg@example.org>");
    becomes(bytes, &expected);
}

#[test]
fn excel_is_obeyed_where_it_declares_a_separator() {
    for first in ["sep=;", "SEP=;", "\"sep=;\"", "\u{feff}sep=;"] {
        becomes(
            format!("{first}\r\nname;email\r\nByron, Ada;ada@example.org\r\n"),
            &["3 Byron, Ada <ada@example.org>"],
        );
    }
    becomes("sep=\t\nname\temail\nAda\tada@example.org\n", &["3 Ada <ada@example.org>"]);
    becomes("sep=^\nname^email\nAda^ada@example.org\n", &["3 Ada <ada@example.org>"]);
}

#[test]
fn zeros_are_dropped() {
    becomes("name,email\nAda\u{b}Byron,ada@example.org\n", &["2 Ada Byron <ada@example.org>"]);
    becomes("name,email\0\nA\0da,ada@example.org\n\0\0\0\0", &["2 Ada <ada@example.org>"]);
}
