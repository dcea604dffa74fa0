//! Files that are no lists.

use crate::{
    opened::refused,
    workbooks::{Book, packed},
};

#[track_caller]
fn foreign(bytes: impl AsRef<[u8]>, name: &str) {
    let sentence = refused(bytes, "unsupported_format").to_string();
    assert!(sentence.contains(name), "{name}: {sentence}");
}

#[test]
fn empty_files_are_refused() {
    for bytes in [&b""[..], b"\n\r\n", b"  ", b"\xEF\xBB\xBF", b"\xFF\xFE", b"\0\0\0\0", b",,,\n,,,\n"] {
        refused(bytes, "empty");
    }
}

#[test]
fn documents_and_pictures_are_named() {
    foreign(b"%PDF-1.7\n%\xE2\xE3", "PDF");
    foreign(b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", "picture");
    foreign(b"\xFF\xD8\xFF\xE0\0\x10JFIF", "picture");
    foreign(b"\0\0\0\x18ftypheic", "picture");
    foreign(b"{\\rtf1\\ansi ada@example.org}", "RTF");
    foreign(b"\x1F\x8B\x08\0", "gzip");
    foreign(b"<!DOCTYPE html>\n<html><body>ada@example.org</body></html>", "web page");
    foreign(b"<table><tr><td>Name</td><td>ada@example.org</td></tr></table>", "web page");
    foreign(b"\xEF\xBB\xBF<html><table><tr><td>a</td></tr></table></html>", "web page");
    foreign(b"<?xml version=\"1.0\"?><voters><voter email=\"ada@example.org\"/></voters>", "XML");
    foreign(b"[{\"name\": \"Ada\", \"email\": \"ada@example.org\"}]", "JSON");
    foreign(b"{\n  \"voters\": [\"ada@example.org\"]\n}", "JSON");
    foreign(b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nEMAIL:ada@example.org\r\nEND:VCARD\r\n", "vCard");
    foreign(b"BEGIN:VCALENDAR\r\nATTENDEE:mailto:ada@example.org\r\n", "calendar");
    foreign(b"dn: cn=Ada\nmail: ada@example.org\n", "LDIF");
    foreign(b"From: Ada <ada@example.org>\r\nTo: bob@example.org\r\nSubject: Vote\r\n\r\nHello", "email message");
    foreign(b"ID;PWXL;N;E\nP;PGeneral\nC;Y1;X1;K\"Name\"\n", "SYLK");
}

#[test]
fn office_files_are_named() {
    let compound = |stream: &str| {
        let mut bytes = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
        bytes.resize(1024, 0);
        bytes.extend(stream.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    };
    foreign(compound("Workbook"), "Excel 97");
    foreign(compound("WordDocument"), "Word");
    refused(compound("EncryptedPackage"), "password_protected");
    foreign(packed(&[("[Content_Types].xml", ""), ("word/document.xml", "<w/>")]), "Word");
    foreign(packed(&[("[Content_Types].xml", ""), ("xl/workbook.bin", "")]), "XLSB");
    foreign(packed(&[("voters.csv", "name,email\nAda,ada@example.org\n")]), "ZIP");
    foreign(
        packed(&[("content.xml", "<o:document-content xmlns:o='x'><o:body><o:text/></o:body></o:document-content>")]),
        "OpenDocument text",
    );
    let manifest = "<m:manifest xmlns:m='x'><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>";
    refused(packed(&[("META-INF/manifest.xml", manifest), ("content.xml", "\u{1}\u{2}")]), "password_protected");
}

#[test]
fn damaged_workbooks_are_refused() {
    let whole = Book::default().sheet("Voters", &[&["Name", "Email"], &["Ada", "ada@example.org"]]).bytes();
    for length in [4, 30, whole.len() / 2, whole.len() * 6 / 10, whole.len() - 30] {
        refused(&whole[..length], "damaged");
    }
    refused(packed(&[("[Content_Types].xml", ""), ("xl/workbook.xml", "<workbook><sheets>")]), "damaged");
    refused(packed(&[("[Content_Types].xml", "")]), "damaged");
    refused(packed(&[("content.xml", "<a><spreadsheet><table name='x'><table-row>")]), "damaged");
}

#[test]
fn texts_without_addresses_are_refused() {
    refused("name,city\nAda,London\nBob,Paris\n", "no_addresses");
    refused("Just some words.\n", "no_addresses");
    refused("name,email\n", "no_rows");
    refused("Name;E-Mail\r\n\r\n;;\r\n", "no_rows");
    let letter = "Dear members,\n".repeat(40) + "ada@example.org\n";
    refused(letter, "no_addresses");
    let noise: Vec<u8> =
        (0..4_000_u32).map(|index| u8::try_from(index.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    refused(noise, "not_a_list");
}
