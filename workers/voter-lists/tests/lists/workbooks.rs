//! Workbooks: XLSX, ODS, FODS and the XML of Excel 2003.

use std::{
    fmt::Write as _,
    io::{Cursor, Write as _},
};

use photovote_voter_lists::{Chosen, read};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::opened::{becomes, lines};

const BOTH: [&str; 2] = ["2 Ada Byron <ada@example.org>", "3 Bob Smith <bob@example.org>"];

/// Packs parts into an archive.
pub(crate) fn packed(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// An XLSX workbook.
#[derive(Default)]
pub(crate) struct Book {
    sheets: Vec<(String, bool, String)>,
    strings: String,
}

impl Book {
    /// Adds a visible sheet of inline texts.
    pub(crate) fn sheet(self, name: &str, rows: &[&[&str]]) -> Self {
        let mut data = String::new();
        for row in rows {
            data.push_str("<row>");
            for cell in *row {
                write!(data, "<c t=\"inlineStr\"><is><t>{cell}</t></is></c>").unwrap();
            }
            data.push_str("</row>");
        }
        self.raw(name, false, &data)
    }

    /// Adds a sheet whose rows are given as XML.
    pub(crate) fn raw(mut self, name: &str, hidden: bool, data: &str) -> Self {
        let xml = format!("<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData>{data}</sheetData></worksheet>");
        self.sheets.push((name.to_owned(), hidden, xml));
        self
    }

    /// Sets the shared texts.
    pub(crate) fn strings(mut self, items: &str) -> Self {
        self.strings = format!("<sst>{items}</sst>");
        self
    }

    /// Packs the workbook.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let (mut book, mut parts) = (String::new(), String::new());
        for (index, (name, hidden, _)) in self.sheets.iter().enumerate() {
            let state = if *hidden { "hidden" } else { "visible" };
            write!(book, "<sheet name=\"{name}\" state=\"{state}\" r:id=\"rId{index}\"/>").unwrap();
            write!(
                parts,
                "<Relationship Id=\"rId{index}\" Type=\"{kind}/worksheet\" Target=\"worksheets/sheet{index}.xml\"/>"
            )
            .unwrap();
        }
        write!(parts, "<Relationship Id=\"s\" Type=\"{kind}/sharedStrings\" Target=\"/xl/sharedStrings.xml\"/>")
            .unwrap();
        let root = format!(
            "<Relationships><Relationship Id=\"r\" Type=\"{kind}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
        );
        let book = format!("<workbook><sheets>{book}</sheets></workbook>");
        let parts = format!("<Relationships>{parts}</Relationships>");
        let names: Vec<_> = (0..self.sheets.len()).map(|index| format!("xl/worksheets/sheet{index}.xml")).collect();
        let mut all = vec![
            ("[Content_Types].xml", "<Types/>"),
            ("_rels/.rels", root.as_str()),
            ("xl/workbook.xml", book.as_str()),
            ("xl/_rels/workbook.xml.rels", parts.as_str()),
            ("xl/sharedStrings.xml", if self.strings.is_empty() { "<sst/>" } else { &self.strings }),
        ];
        all.extend(names.iter().zip(&self.sheets).map(|(name, (.., xml))| (name.as_str(), xml.as_str())));
        packed(&all)
    }
}

/// An ODS file with the rows of one sheet as XML.
pub(crate) fn ods(rows: &str) -> Vec<u8> {
    packed(&[("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", &content(rows))])
}

fn content(rows: &str) -> String {
    let names = "xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' xmlns:table='t' xmlns:text='x' \
                 office:mimetype='application/vnd.oasis.opendocument.spreadsheet'";
    format!(
        "<?xml version='1.0'?><office:document {names}><office:body><office:spreadsheet>\
         <table:table table:name='Voters'>{rows}</table:table></office:spreadsheet></office:body></office:document>"
    )
}

fn cell(text: &str) -> String {
    format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>")
}

#[test]
fn a_workbook_is_read() {
    let rows: [&[&str]; 3] =
        [&["Name", "E-Mail"], &["Ada Byron", "ada@example.org"], &["Bob Smith", "bob@example.org"]];
    becomes(Book::default().sheet("Voters", &rows).bytes(), &BOTH);
}

#[test]
fn every_kind_of_cell_is_read() {
    let strings = "<si><t>Name</t></si><si><t>Mail</t></si>\
        <si><r><rPr><b/></rPr><t xml:space=\"preserve\">山田</t></r><r><t>太郎</t></r><rPh sb=\"0\" eb=\"2\"><t>ヤマダ</t></rPh></si>\
        <si><t>R&amp;B &lt;x&gt; &#233;_x000D_\n!</t></si>";
    let data = "<row r=\"2\"><c r=\"B2\" t=\"s\"><v>0</v></c><c r=\"D2\" t=\"s\"><v>1</v></c></row>\
        <row r=\"5\"><c r=\"B5\" t=\"s\"><v>2</v></c><c r=\"D5\" t=\"inlineStr\"><is><r><t>a@</t></r><r><t>example.org</t></r></is></c></row>\
        <row r=\"6\"><c r=\"B6\" t=\"s\"><v>3</v></c><c r=\"D6\" t=\"str\"><f>B1&amp;\"x\"</f><v>b@example.org</v></c></row>\
        <row r=\"7\"><c r=\"B7\"><v>42</v></c><c r=\"D7\" t=\"inlineStr\"><is><t>c@example.org</t></is></c></row>\
        <row r=\"8\"><c r=\"B8\" t=\"b\"><v>1</v></c><c r=\"D8\" t=\"e\"><v>#N/A</v></c></row>\
        <row r=\"9\"><c r=\"B9\" t=\"inlineStr\"><is><t>=1+1</t></is></c><c r=\"D9\" t=\"inlineStr\"><is><t>d@example.org</t></is></c></row>\
        <row r=\"10\"/><row r=\"11\"><c r=\"A11\" s=\"1\"/><c r=\"D11\" t=\"s\"><v>99</v></c></row>\
        <row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>";
    becomes(
        Book::default().raw("Voters", false, data).strings(strings).bytes(),
        &[
            "5 山田太郎 <a@example.org>",
            "6 R&B <x> é ! <b@example.org>",
            "7 42 <c@example.org>",
            "8 not_an_address",
            "9 =1+1 <d@example.org>",
        ],
    );
}

#[test]
fn the_sheet_with_the_voters_is_chosen() {
    let members: [&[&str]; 3] =
        [&["Name", "E-Mail"], &["Ada Byron", "ada@example.org"], &["Bob Smith", "bob@example.org"]];
    let book = Book::default()
        .raw("Secret", true, "<row><c t=\"inlineStr\"><is><t>secret@example.org</t></is></c></row>")
        .sheet("Overview", &[&["Photo club"], &["Contact", "office@example.org"]])
        .sheet("Members", &members)
        .sheet(
            "Former",
            &[
                &["Name", "E-Mail"],
                &["Old", "old@example.org"],
                &["Gone", "gone@example.org"],
                &["Left", "left@example.org"],
            ],
        )
        .bytes();
    let list = read(&book, None).unwrap();
    assert_eq!(list.sheets, ["Overview", "Members", "Former"]);
    assert_eq!(list.chosen.sheet, Some(1));
    assert_eq!(lines(&list), BOTH);
    assert_eq!(read(&book, Some(&list.chosen)).unwrap(), list);
    let former = Chosen { sheet: Some(2), ..list.chosen };
    assert_eq!(read(&book, Some(&former)).unwrap().rows.len(), 3);
    let nowhere = Chosen { sheet: Some(3), ..former };
    assert_eq!(read(&book, Some(&nowhere)).unwrap_err().code(), "no_such_sheet");
}

#[test]
fn other_names_for_the_parts_are_followed() {
    let bytes = packed(&[
        ("[Content_Types].xml", "<Types/>"),
        (
            "_rels\\.rels",
            "<p:Relationships xmlns:p='p'><p:Relationship Id='a' Type='x/officeDocument' Target='/Main/Book.xml'/></p:Relationships>",
        ),
        ("main\\book.xml", "<x:workbook xmlns:x='x'><x:sheets><x:sheet name='S' r:id='q'/></x:sheets></x:workbook>"),
        (
            "Main/_rels/Book.xml.rels",
            "<Relationships><Relationship Id='q' Type='http://purl.oclc.org/ooxml/officeDocument/relationships/worksheet' Target='../Data/One.xml'/></Relationships>",
        ),
        (
            "Data/One.xml",
            "<x:worksheet xmlns:x='x'><x:sheetData><x:row><x:c t='inlineStr'><x:is><x:t>ada@example.org</x:t></x:is></x:c></x:row></x:sheetData></x:worksheet>",
        ),
    ]);
    becomes(bytes, &["1 ada@example.org <ada@example.org>"]);
}

#[test]
fn opendocument_is_read_packed_and_flat() {
    let rows = format!(
        "<table:table-column table:number-columns-repeated='1024'/>\
         <table:table-header-rows><table:table-row>{}{}</table:table-row></table:table-header-rows>\
         <table:table-row>{}<table:table-cell><office:annotation><text:p>x@example.org</text:p></office:annotation>\
         <text:p><text:a>ada@example.org</text:a></text:p></table:table-cell>\
         <table:table-cell table:number-columns-repeated='16382'/></table:table-row>\
         <table:table-row table:number-rows-repeated='3'><table:table-cell table:number-columns-repeated='16384'/></table:table-row>\
         <table:table-row><table:table-cell><text:p>Bob<text:s/><text:span>Smith</text:span></text:p></table:table-cell>{}</table:table-row>\
         <table:table-row table:number-rows-repeated='1048570'><table:table-cell table:number-columns-repeated='16384'/></table:table-row>",
        cell("Name"),
        cell("E-Mail"),
        cell("Ada<text:line-break/>Byron"),
        cell("bob@example.org"),
    );
    let expected = ["2 Ada Byron <ada@example.org>", "6 Bob Smith <bob@example.org>"];
    becomes(ods(&rows), &expected);
    becomes(content(&rows), &expected);
}

#[test]
fn workbooks_of_excel_2003_are_read() {
    let xml = "<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?>\n\
        <Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\">\
        <Worksheet ss:Name=\"Voters\"><Table ss:ExpandedColumnCount=\"99999999\">\
        <Row><Cell ss:MergeAcross=\"1\"><Data ss:Type=\"String\">Name</Data></Cell><Cell><Data ss:Type=\"String\">E-Mail</Data></Cell></Row>\
        <Row ss:Index=\"4\"><Cell ss:Index=\"1\"><Data ss:Type=\"String\">Ada &amp; Byron</Data><Comment><Data>x</Data></Comment></Cell>\
        <Cell ss:Index=\"3\"><Data ss:Type=\"String\">ada@example.org</Data></Cell></Row></Table></Worksheet></Workbook>";
    becomes(xml, &["4 Ada & Byron <ada@example.org>"]);
}
