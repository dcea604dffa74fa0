//! What stands in cells.

use crate::opened::becomes;

#[test]
fn quotation_marks_keep_separators_and_line_ends() {
    becomes(
        "name,email,address\r\n\"Byron, Ada \"\"Countess\"\"\",ada@example.org,\"Street 1\r\nLondon\"\r\n\"Bob\nSmith\",bob@example.org,\"5\"\" pipe\"\r\n",
        &["2 Byron, Ada \"Countess\" <ada@example.org>", "3 Bob Smith <bob@example.org>"],
    );
    becomes("name , email\n Ada , \"ada@example.org\" \n", &["2 Ada <ada@example.org>"]);
    becomes("name,email\nBob \"The Lens\" Smith,bob@example.org\n", &["2 Bob \"The Lens\" Smith <bob@example.org>"]);
}

#[test]
fn a_mark_that_is_never_closed_swallows_no_rows() {
    let expected = ["2 Ada Byron <ada@example.org>", "3 Bob Smith <bob@example.org>", "4 Cy <cy@example.org>"];
    becomes("name,email\n\"Ada Byron,ada@example.org\nBob Smith,bob@example.org\nCy,cy@example.org\n", &expected);
    becomes("name,email\n\"Ada Byron,ada@example.org\n\"Bob Smith\",bob@example.org\nCy,cy@example.org\n", &expected);
    becomes("name,email\nAda Byron,ada@example.org\nBob Smith,bob@example.org\nCy,\"cy@example.org", &expected);
}

#[test]
fn lines_that_are_quoted_as_a_whole_are_taken_apart() {
    becomes(
        "\"name,email\"\n\"Ada,ada@example.org\"\n\"\"\"Smith, Bob\"\",bob@example.org\"\n",
        &["2 Ada <ada@example.org>", "3 Smith, Bob <bob@example.org>"],
    );
}

#[test]
fn blank_rows_count_and_are_skipped() {
    becomes(
        "\r\n\r\nname,email\r\n\r\nAda,ada@example.org\r\n,\r\n  ,\u{a0}\r\nBob,bob@example.org\r\n\"\"\r\n\"\",\"\"\r\n",
        &["5 Ada <ada@example.org>", "8 Bob <bob@example.org>"],
    );
}

#[test]
fn one_column_of_addresses_is_a_list() {
    becomes(
        "ada@example.org\nBob Smith <bob@example.org>\n\"Cy\" <cy@example.org>\nmailto:dee@example.org\n<eve@example.org>,\n",
        &[
            "1 ada@example.org <ada@example.org>",
            "2 Bob Smith <bob@example.org>",
            "3 Cy <cy@example.org>",
            "4 dee@example.org <dee@example.org>",
            "5 eve@example.org <eve@example.org>",
        ],
    );
    becomes(
        "Members\n\"Byron, Ada\" <ada@example.org>\nbob@example.org (Bob)\nCy [mailto:cy@example.org]\n",
        &["2 Byron, Ada <ada@example.org>", "3 Bob <bob@example.org>", "4 Cy <cy@example.org>"],
    );
    becomes(
        "Byron, Ada <ada@example.org>\nSmith, Bob <bob@example.org>\n",
        &["1 Byron, Ada <ada@example.org>", "2 Smith, Bob <bob@example.org>"],
    );
}

#[test]
fn a_row_without_a_header_has_one_address() {
    becomes("a@example.org, b@example.org; c@example.org\n", &["1 several_addresses"]);
    becomes(
        "a@example.org;b@example.org\nc@example.org;d@example.org\n",
        &["1 several_addresses", "2 several_addresses"],
    );
    becomes("Ada <a@example.org>, Bob <b@example.org>\n", &["1 several_addresses"]);
    becomes("a@example.org,A@example.org,Ada Byron\n", &["1 Ada Byron <a@example.org>"]);
}

#[test]
fn formulas_stay_texts() {
    becomes(
        "name,email\n\"=HYPERLINK(\"\"http://evil.example\"\",\"\"x\"\")\",a@example.org\n+49 170,b@example.org\n-2+3,c@example.org\n@SUM(1),d@example.org\nOk,=cmd|' /C calc'!A0\n",
        &[
            "2 =HYPERLINK(\"http://evil.example\",\"x\") <a@example.org>",
            "3 +49 170 <b@example.org>",
            "4 -2+3 <c@example.org>",
            "5 @SUM(1) <d@example.org>",
            "6 not_an_address",
        ],
    );
}

#[test]
fn bad_rows_have_reasons_and_stop_no_others() {
    let long = "x".repeat(201);
    let text = format!(
        "name,email\nAda,ada@example.org\nBob,\nCy,cy@example\nDee,d@example.org; e@example.org\nEve,ADA@Example.org\n{long},f@example.org\nGus,gus@example.org,more,cells\nHal\n"
    );
    becomes(
        text,
        &[
            "2 Ada <ada@example.org>",
            "3 no_address",
            "4 not_an_address",
            "5 several_addresses",
            "6 duplicate",
            "7 name_too_long",
            "8 Gus <gus@example.org>",
            "9 no_address",
        ],
    );
}

#[test]
fn unseen_characters_are_removed() {
    becomes(
        "\u{feff}name,email\n\u{200b}Ada\u{a0},\u{202a}ada@example.org\u{202c}\nB\u{ad}ob,b\u{ad}ob@example.org\u{200b}\n",
        &["2 Ada <ada@example.org>", "3 Bob <bob@example.org>"],
    );
}

#[test]
fn addresses_of_any_script_are_taken() {
    becomes(
        "name,email\nJörg,jörg@müller.example\n用户,用户@例子.广告\nFull,ｆｕｌｌ＠example.org\n",
        &["2 Jörg <jörg@müller.example>", "3 用户 <用户@例子.广告>", "4 Full <full@example.org>"],
    );
}
