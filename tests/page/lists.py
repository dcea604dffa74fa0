"""Importing lists of voters by the page alone: what is in a file, columns by hand, refusals, undoing, reloads, a network that goes."""

import io
import pathlib
import re
import tempfile
import zipfile

import photographs
from harness import ROOT
from photographs import Gate, tab_to, until
from story import sign_in


def members(count, first=0):
    """A membership list as a German club has it: Windows-1252, semicolons, a column of numbers."""
    rows = [f"{number};Müller {number};Jörg;mitglied{number}@example.org" for number in range(first, first + count)]
    return "\r\n".join(["Mitgliedsnummer;Nachname;Vorname;E-Mail", *rows]).encode("cp1252")


def amiss(file):
    """The list with two rows that name nobody, and one that is there twice."""
    rows = file.decode("cp1252").split("\r\n")
    rows[8:8] = ["9001;Ohne;Adresse;", "9002;Falsch;Adresse;keine"]
    return "\r\n".join([*rows, "9003;Doppelt;Person;MITGLIED3@example.org"]).encode("cp1252")


def workbook(sheets):
    """A workbook with these sheets: their names, and rows of texts."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbered = list(enumerate(sheets.items(), 1))
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        + "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n, _ in numbered) + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>' + "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, (name, _) in numbered) + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(f'<Relationship Id="rId{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered) + "</Relationships>",
    }
    for n, (_, rows) in numbered:
        cells = ["".join(f'<c r="{"ABC"[x]}{y}" t="inlineStr"><is><t>{text}</t></is></c>' for x, text in enumerate(row)) for y, row in enumerate(rows, 1)]
        files[f"xl/worksheets/sheet{n}.xml"] = f'<worksheet xmlns="{main}"><sheetData>' + "".join(f'<row r="{y}">{row}</row>' for y, row in enumerate(cells, 1)) + "</sheetData></worksheet>"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return made.getvalue()


def draft(page, server, links="invite", name="Spring contest"):
    """A new draft, and its voters."""
    election = server.api("POST", "/elections", {"name": name, "links": links, "contact": "club@example.org"})["id"]
    sign_in(page, server)
    page.goto(f"{server.url}/admin#/e/{election}/voters")
    page.get_by_role("heading", name="Import a list of voters").wait_for()
    return election


def choose(page, name, held):
    page.locator("input[type=file]").set_input_files([{"name": name, "mimeType": "", "buffer": held}])


def import_all(page, count):
    page.get_by_role("button", name=f"Import {count} voter").click()
    page.locator(".came", has_text=f"{count} voter{'s were' if count > 1 else ' was'} added").wait_for(timeout=60_000)


def voters(server, election):
    found, cursor = [], ""
    while cursor is not None:
        page = server.api("GET", f"/elections/{election}/voters?limit=100" + (f"&cursor={cursor}" if cursor else ""))
        found, cursor = found + page["items"], page["next_cursor"]
    return {voter["email"]: voter for voter in found}


def imports(server, election):
    return server.api("GET", f"/elections/{election}/imports?limit=100")["items"]


def a_list_is_dropped_looked_at_and_imported(browser, server):
    with browser.person(server) as page, tempfile.TemporaryDirectory() as folder:
        election = draft(page, server)
        file = pathlib.Path(folder, "Mitglieder.csv")
        file.write_bytes(amiss(members(40)))
        photographs.drop(page, file)
        page.get_by_role("heading", name="Mitglieder.csv").wait_for()
        page.get_by_role("cell", name="Jörg Müller 7", exact=True).wait_for()
        page.get_by_text("and 32 more").wait_for()
        page.locator(".figures li", has_text="3 rows cannot be used").wait_for()
        for row, reason in [(9, "no email address"), (10, "not hold a valid email address"), (44, "Row 5 has the same email address")]:
            page.locator(".amiss li", has_text=re.compile(rf"Row {row}(?!\d).*{reason}", re.S)).wait_for()
        page.locator(".amiss li", has_text="Falsch").get_by_text("keine").wait_for()
        with page.expect_download() as table:
            page.get_by_role("button", name="Download as a table").click()
        rows = pathlib.Path(table.value.path()).read_text("utf-8-sig").splitlines()
        assert rows[:2] == ['"Row","Reason"', '"9","The row has no email address."'] and [row.split(",")[0] for row in rows[2:]] == ['"10"', '"44"'], rows
        assert not voters(server, election), "somebody is registered before the confirmation"
        import_all(page, 40)
        page.locator(".came", has_text="3 rows were not taken").wait_for()
        page.get_by_role("heading", name="40 voters").wait_for()
        assert len(voters(server, election)) == 40
        # The same list adds nobody.
        choose(page, "Mitglieder.csv", members(41))
        page.locator(".figures li", has_text="40 are registered already").wait_for()
        import_all(page, 1)
        page.locator(".came", has_text="40 were there already").wait_for()
        page.get_by_role("heading", name="41 voters").wait_for()


def refused_rows_are_a_table_in_the_readers_language(browser, server):
    """A German spreadsheet opens no table whose cells are parted by commas."""
    with browser.person(server, locale="de-DE") as page:
        election = server.api("POST", "/elections", {"name": "Frühjahr", "links": "invite"})["id"]
        page.goto(server.sign_in_link())
        page.get_by_role("button", name="Abmelden").wait_for()
        page.goto(f"{server.url}/admin#/e/{election}/voters")
        page.locator("input[type=file]").wait_for(state="attached")
        choose(page, "members.csv", amiss(members(9)))
        with page.expect_download() as table:
            page.get_by_role("button", name="Als Tabelle herunterladen").click()
        rows = pathlib.Path(table.value.path()).read_bytes().decode("utf-8")
        assert rows.startswith('\ufeff"Zeile";"Grund"\r\n"9";"') and "keine E-Mail-Adresse" in rows, rows


def voters_whom_others_register_are_seen(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        page.get_by_text("Nobody is registered yet").wait_for()
        server.api("POST", f"/elections/{election}/voters", {"name": "Bea", "email": "bea@example.org"})
        page.locator(".voters li", has_text="bea@example.org").wait_for()
        assert page.get_by_text("Nobody is registered yet").count() == 0


def a_voter_is_found_by_name_or_address(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        for name in ["Zoë", "José", *(f"Jörg {n}" for n in [10, 9, *range(1, 9)])]:
            server.api("POST", f"/elections/{election}/voters", {"name": name, "email": f"{name.split()[0].encode('ascii', 'ignore').decode()}{name.split()[-1].encode('ascii', 'ignore').decode()}@example.org"})
        page.get_by_role("heading", name="12 voters").wait_for()
        names = lambda: page.locator(".voters li b").all_inner_texts()
        until(lambda: names() == [*(f"Jörg {n}" for n in range(1, 11)), "José", "Zoë"])
        page.get_by_label("Find a voter").fill("jose")
        until(lambda: names() == ["José"])
        page.get_by_label("Find a voter").fill("example jorg 9")
        until(lambda: names() == ["Jörg 9"])
        page.get_by_label("Find a voter").fill("nobody at all")
        page.get_by_text("No voter has this name or address").wait_for()
        assert names() == []


def a_server_that_is_gone_is_told_at_once(browser, server):
    with browser.person(server) as page:
        draft(page, server)
        page.context.set_offline(True)
        page.get_by_label("Voter’s name").fill("Bea")
        page.get_by_label("Email address").fill("bea@example.org")
        page.get_by_role("button", name="Register").click()
        page.get_by_role("alert").get_by_text("PhotoVote cannot be reached").wait_for()
        page.context.set_offline(False)
        page.get_by_text("PhotoVote cannot be reached").wait_for(state="detached")
        # What was sent is sent again.
        page.locator(".voters li", has_text="bea@example.org").wait_for()
        page.locator(".said", has_text="Bea is registered").wait_for()


def columns_are_chosen_by_hand(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        choose(page, "members.csv", b"Name,Club,Email\nAda,Chess,ada@example.org\nBea,Go,bea@example.org\n")
        page.get_by_role("cell", name="Ada", exact=True).wait_for()
        page.get_by_label("Whole names").select_option(label="Club (Chess …)")
        assert page.get_by_role("button", name="Import 2 voters").is_disabled(), "other columns are imported than those that are shown"
        page.get_by_role("button", name="Read the list by these columns").click()
        page.get_by_role("cell", name="Chess", exact=True).wait_for()
        page.get_by_label("First names").select_option(label="Name (Ada …)")
        page.get_by_role("button", name="Cancel", exact=True).click()
        page.get_by_label("First names").locator("option:checked", has_text="none").wait_for(state="attached")
        import_all(page, 2)
        until(lambda: {voter["name"] for voter in voters(server, election).values()} == {"Chess", "Go"})


def another_sheet_is_chosen(browser, server):
    """It has fewer columns, and the addresses in another one."""
    with browser.person(server) as page:
        election = draft(page, server)
        sheets = {"Members": [["First", "Last", "Email"], ["Ada", "Lovelace", "ada@example.org"]], "Guests": [["Who", "Email"], ["Bea", "bea@example.org"], ["Eve", "eve@example.org"]]}
        choose(page, "club.xlsx", workbook(sheets))
        page.get_by_role("button", name="Import 1 voter").wait_for()
        page.get_by_label("Sheet").select_option(label="Guests")
        page.get_by_role("button", name="Read the list by these columns").click()
        # The page proposes the column that holds addresses.
        page.get_by_label("Column of addresses").locator("option:checked", has_text="bea@example.org").wait_for(state="attached")
        page.get_by_label("Whole names").select_option(label="Who (Bea …)")
        page.get_by_role("button", name="Read the list by these columns").click()
        page.get_by_role("cell", name="Bea", exact=True).wait_for()
        import_all(page, 2)
        until(lambda: {voter["name"] for voter in voters(server, election).values()} == {"Bea", "Eve"})


def a_file_that_cannot_be_used_says_why(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        choose(page, "empty.csv", b"")
        page.locator(".note.bad", has_text="The file is empty").wait_for()
        choose(page, "notes.txt", b"Ask Anna\nAsk Bob\n")
        page.locator(".note.bad", has_text="found no column with email addresses").wait_for()
        page.locator(".note.bad", has_text="notes.txt").wait_for()
        # Another file can be chosen at once.
        choose(page, "members.csv", members(3))
        page.get_by_role("button", name="Import 3 voters").wait_for()
        assert page.locator(".note.bad").count() == 0
        page.get_by_role("button", name="Cancel the import").click()
        page.get_by_text("Choose the file").wait_for()
        problems = lambda: sorted((entry["problem"] or {}).get("code", "") for entry in imports(server, election))
        until(lambda: problems() == ["cancelled", "no_addresses"])
        page.reload()
        page.get_by_role("heading", name="Import a list of voters").wait_for()
        page.wait_for_timeout(300)
        assert page.get_by_role("button", name="Import 3 voters").count() == 0, "what was cancelled comes back"


def an_import_is_undone_in_a_draft(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        page.get_by_label("Voter’s name").fill("Bea")
        page.get_by_label("Email address").fill("bea@example.org")
        page.get_by_role("button", name="Register").click()
        page.get_by_role("heading", name="1 voter", exact=True).wait_for()
        choose(page, "members.csv", members(30))
        import_all(page, 30)
        page.get_by_role("heading", name="31 voters").wait_for()
        # Also after a reload.
        page.reload()
        page.get_by_role("button", name="Undo the import of members.csv").click()
        page.get_by_role("dialog").get_by_text("The 30 voters whom this import added are removed").wait_for()
        page.get_by_role("dialog").get_by_role("button", name="Undo").click()
        page.locator(".came", has_text="The import is undone").wait_for(timeout=60_000)
        page.get_by_role("heading", name="1 voter", exact=True).wait_for()
        until(lambda: voters(server, election).keys() == {"bea@example.org"})


def a_reload_in_the_middle_of_an_import_loses_nothing(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        choose(page, "members.csv", amiss(members(500)))
        page.get_by_role("button", name="Import 500 voters").wait_for()
        # What was read is there after a reload.
        page.reload()
        page.get_by_role("button", name="Import 500 voters").click()
        page.get_by_text(re.compile("[0-9]+ of 500 voters registered")).wait_for()
        page.reload()
        page.locator(".far, .rows", has_text="500 voters were added").first.wait_for(timeout=60_000)
        page.get_by_role("heading", name="500 voters").wait_for()
        assert len(voters(server, election)) == 500


def a_network_that_goes_is_waited_for(browser, server):
    with browser.person(server) as page:
        draft(page, server)
        gate = Gate(page)
        choose(page, "members.csv", members(5))
        page.get_by_text("The list is being uploaded").wait_for()
        page.wait_for_timeout(300)
        assert gate.held
        page.context.set_offline(True)
        gate.cut()
        page.get_by_text("There is no connection. The upload goes on when it is back.").wait_for()
        page.context.set_offline(False)
        page.get_by_role("button", name="Import 5 voters").wait_for()


def an_upload_that_is_given_up_leaves_no_import(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        gate = Gate(page)
        choose(page, "members.csv", members(5))
        page.get_by_text("The list is being uploaded").wait_for()
        page.wait_for_timeout(300)
        assert gate.held
        page.get_by_role("button", name="Cancel").click()
        page.get_by_text("Choose the file").wait_for()
        until(lambda: [(entry["problem"] or {}).get("code") for entry in imports(server, election)] == ["cancelled"])


def handed_out_links_are_shown_when_asked_for(browser, server):
    with browser.person(server) as page:
        draft(page, server, links="hand_out")
        choose(page, "members.csv", members(2))
        page.locator(".note", has_text="The links of imported voters are not shown").wait_for()
        import_all(page, 2)
        assert page.locator(".links li").count() == 0
        page.get_by_role("button", name="New link for Jörg Müller 1").click()
        page.get_by_role("dialog").get_by_role("button", name="New link").click()
        page.locator(".links li", has_text="Jörg Müller 1").wait_for()
        page.get_by_role("button", name="Handed out: Jörg Müller 1").click()


def a_list_is_imported_by_keyboard_alone(browser, server):
    with browser.person(server) as page:
        draft(page, server)
        page.on("filechooser", lambda chooser: chooser.set_files([{"name": "members.csv", "mimeType": "", "buffer": members(4)}]))
        tab_to(page, "Choose the file")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Import 4 voters").wait_for()
        # The focus is where it goes on.
        assert page.evaluate("document.activeElement.textContent") == "members.csv"
        tab_to(page, "Import 4 voters")
        page.keyboard.press("Enter")
        page.locator(".came", has_text="4 voters were added").wait_for()
        tab_to(page, "Undo the import of members.csv")
        page.keyboard.press("Enter")
        page.get_by_role("dialog").wait_for()
        page.keyboard.press("Escape")
        tab_to(page, "Change Jörg Müller 0")


def every_reason_has_its_words(browser, server):
    reader = "\n".join(file.read_text() for file in (ROOT / "workers/voter-lists/src").rglob("*.rs"))
    importer = "\n".join(file.read_text() for file in (ROOT / "workers/imports/src").rglob("*.rs"))
    rows, files = (set(re.findall(r'=> "(\w+)"', re.search(rf"impl {kind} {{.*?fn code.*?\n    }}", reader, re.S)[0])) for kind in ["Rejected", "Unreadable"])
    files |= set(re.findall(r'problem\(\s*"(\w+)"', importer))
    assert len(rows) >= 3 and len(files) >= 7, (rows, files)
    for language in ["en", "de", "fr", "es"]:
        words = (ROOT / f"page/admin/words/{language}.js").read_text()
        missing = [key for key in [*(f"rejected.{code}" for code in rows), *(f"unreadable.{code}" for code in files)] if f"'{key}':" not in words]
        assert not missing, f"{language}: {missing}"


TESTS = [
    a_list_is_dropped_looked_at_and_imported,
    refused_rows_are_a_table_in_the_readers_language,
    voters_whom_others_register_are_seen,
    a_voter_is_found_by_name_or_address,
    a_server_that_is_gone_is_told_at_once,
    columns_are_chosen_by_hand,
    another_sheet_is_chosen,
    a_file_that_cannot_be_used_says_why,
    an_import_is_undone_in_a_draft,
    a_reload_in_the_middle_of_an_import_loses_nothing,
    a_network_that_goes_is_waited_for,
    an_upload_that_is_given_up_leaves_no_import,
    handed_out_links_are_shown_when_asked_for,
    a_list_is_imported_by_keyboard_alone,
    every_reason_has_its_words,
]
