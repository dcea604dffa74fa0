"""Uploading photographs by the page alone: a folder that is dropped, reloads, kills, a network that goes, and what voters get of it."""

import contextlib
import pathlib
import re
import tempfile
import time

from playwright.sync_api import Error

from harness import ROOT
from pictures import REFUSED, png
from story import cast, saved, sign_in

AUTHOR = "Anna Author"
"""Sums up how far the page moves on its own."""
SHIFTS = """window.shifts = []; new PerformanceObserver(list => shifts.push(...list.getEntries().map(e => [e.value, e.sources.map(s => s.node?.outerHTML?.slice(0, 80))])))
    .observe({type: 'layout-shift', buffered: true});"""


def draft(page, server):
    """A new draft, in its first part."""
    election = server.api("POST", "/elections", {"name": "Spring contest"})["id"]
    sign_in(page, server)
    page.goto(f"{server.url}/admin#/e/{election}/photographs")
    page.get_by_role("heading", name="Upload photographs").wait_for()
    return election


def choose(page, files):
    """Chooses files as a person does, by their names and what they hold."""
    page.locator("input[type=file]").set_input_files([{"name": name, "mimeType": "", "buffer": held} for name, held in files.items()])


def some(count, first=0):
    return {f"Sea {n}.png": png(n) for n in range(first, first + count)}


def drop(page, path):
    """Drops a folder on the page, as the system's file manager does."""
    client = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ["dragEnter", "dragOver", "drop"]:
        client.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 500, "data": data})
        if kind == "dragOver":
            page.get_by_text("Let go").wait_for()


def row(page, name):
    return page.locator(".titles tbody tr", has=page.locator(".name", has_text=re.compile(f"^{re.escape(name)}$")))


def all_ready(page, count):
    page.locator(".far", has_text=f"{count} photograph{'s are' if count > 1 else ' is'} ready").wait_for(timeout=60_000)


def add(page, into=None):
    page.get_by_label("I have checked the titles").check()
    if into:
        page.get_by_label("Name of the new competition").fill(into)
    page.get_by_role("button", name=re.compile("^Add [0-9]+ photograph")).click()
    page.locator(".titles").wait_for(state="detached")


def a_folder_becomes_a_ballot(browser, server):
    """Sixty files and more, some of them broken; titles are checked; a voter on a telephone sees renditions, and no file's name."""
    good = {f"{AUTHOR}_Heron_{n:02}.png": png(n) for n in range(50)} | {"DSC_0042.png": png(99, 2600, 1740)}
    with tempfile.TemporaryDirectory() as folder, browser.person(server) as page:
        inside = pathlib.Path(folder, "Contest", "More")
        inside.mkdir(parents=True)
        for place, files in [(inside, list(good.items())[:20]), (inside.parent, list(good.items())[20:] + [file[:2] for file in REFUSED] + [(".hidden.png", b"x")])]:
            for name, held in files:
                (place / name).write_bytes(held)
        election = draft(page, server)
        drop(page, inside.parent)
        all_ready(page, len(good))
        # Each of the others says why not.
        page.get_by_text(f"{len(REFUSED)} files cannot be used").wait_for()
        for name, _, reason in REFUSED:
            page.locator(".refused li", has_text=name).get_by_text(reason).wait_for()
        assert page.locator(".refused li, .titles tbody tr").count() == len(good) + len(REFUSED)
        # The administrator takes the author's name out of each title, writes a caption and what is seen, and removes what is refused.
        page.get_by_role("button", name="Remove all refused").click()
        page.locator(".refused").wait_for(state="detached")
        assert page.get_by_label("Title of DSC_0042.png").input_value() == "", "a camera's name is no title"
        for n in range(50):
            title = page.get_by_label(f"Title of {AUTHOR}_Heron_{n:02}.png")
            assert title.input_value() == f"{AUTHOR} Heron {n:02}"
            title.fill(f"Heron {n}")
        page.get_by_label(f"Caption of {AUTHOR}_Heron_07.png").fill("Early in May")
        page.get_by_label(f"What the picture shows: {AUTHOR}_Heron_07.png").fill("A heron in the reeds")
        assert page.get_by_role("button", name="Add 51 photographs").is_disabled(), "titles are used before they are checked"
        add(page, "Birds")
        page.get_by_text("51 photographs", exact=True).wait_for()
        assert page.locator(".sheet li:not(.add)").count() == 51
        assert server.photographs(election).keys() == good.keys()
    token = server.api("POST", f"/elections/{election}/voters", {"name": "Ada", "email": "ada@example.org"})["ballot_token"]
    server.api("POST", f"/elections/{election}/open", {})
    vote(browser, server, token)


def vote(browser, server, token):
    with browser.person(server, viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, has_touch=True) as page:
        received, pictures = [], set()

        def arrived(answer):
            received.append(answer.url)
            if "/photos/" in answer.url:
                pictures.add(answer.headers["content-type"])
            elif answer.ok:
                received.append(answer.text())

        page.on("response", arrived)
        page.add_init_script(SHIFTS)
        page.goto(f"{server.url}/vote#{token}")
        page.locator(".entry").nth(50).wait_for(state="attached")
        until(lambda: page.evaluate("[...document.querySelectorAll('.entry img')].slice(0, 2).every(img => img.naturalWidth > 0)"))
        # 358 CSS pixels on this screen are 716: of 480 and 640, the larger one; of 480, 1280 and 2560, the middle one.
        first = page.locator(".entry").first
        asked = 1280 if "Photograph 1" in first.inner_text() else 640
        assert width_of(first.locator("img")) == asked, first.inner_html()
        heron = page.locator(".entry", has_text="Early in May")
        heron.get_by_role("button", name="Enlarge A heron in the reeds").wait_for()
        heron.scroll_into_view_if_needed()
        until(lambda: heron.locator("img").evaluate("img => img.naturalWidth > 0"))
        moved = page.evaluate("shifts")
        assert sum(value for value, _ in moved) == 0, moved
        heron.get_by_role("radio", name="4", exact=True).tap()
        saved(page)
        large_view(page)
        cast(page)
        assert pictures == {"image/webp"}, pictures
        everything = "\n".join(received)
        assert "Heron 7" in everything, "the ballot was not read"
        for name in [AUTHOR, "Anna", "DSC_0042"]:
            assert name not in everything, name


def large_view(page):
    """As much as the screen needs, and all there is for who zooms."""
    page.get_by_role("button", name="Enlarge Photograph 1", exact=True).click()
    image = page.locator(".stage img")
    until(lambda: image.evaluate("img => img.naturalWidth > 0"))
    # `naturalWidth` is divided by the density that the browser has chosen the file for: the file itself tells.
    until(lambda: width_of(image) == 1280)
    page.mouse.move(190, 400)
    page.mouse.wheel(0, -400)
    until(lambda: width_of(image) == 2560)
    page.keyboard.press("Escape")


def until(true):
    """Asks again and again, from outside: the page takes no script made of text."""
    end = time.monotonic() + 15
    while not true():
        assert time.monotonic() < end, "this does not become true"
        time.sleep(0.03)


def width_of(image):
    """The width of the file that is shown; 0 while the browser is about to show another one."""
    return image.evaluate("""img => fetch(img.currentSrc).then(answer => answer.blob()).then(file => createImageBitmap(file))
        .then(({ width }) => width, () => 0)""")


class Gate:
    """Holds requests back, after some, until it is opened."""

    def __init__(self, page, of="**/uploads", letting=0):
        self.held, self.letting = [], letting
        page.route(of, self.came)

    def came(self, route):
        self.letting -= 1
        if self.letting >= 0:
            route.continue_()
        else:
            self.held.append(route)

    def cut(self):
        """What is held fails; what comes is let through."""
        self.letting = 1_000_000
        for route in self.held:
            route.abort("internetdisconnected")
        self.held = []

    def open(self):
        self.letting = 1_000_000
        for route in self.held:
            with contextlib.suppress(Error):  # the page has given it up
                route.continue_()


def a_reload_in_the_middle_loses_nothing(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        gate = Gate(page, letting=3)
        files = some(9)
        choose(page, files)
        page.get_by_text("3 of 9 photographs uploaded").wait_for()
        row(page, "Sea 0.png").get_by_label("Title").fill("First light")
        page.locator("tr[data-state=ready]").nth(2).wait_for()
        page.reload()
        gate.open()
        page.get_by_text("4 photographs have not arrived").wait_for()
        assert page.get_by_label("Title of Sea 0.png").input_value() == "First light"
        row(page, "Sea 4.png").get_by_text("choose the file again").wait_for()
        before = server.photographs(election)
        assert len(before) == 7, before.keys()
        # The whole folder once more: what was requested goes on under its id, and what is there is not sent twice.
        choose(page, files)
        page.get_by_text("3 files were here already").wait_for()
        all_ready(page, 9)
        after = server.photographs(election)
        assert len(after) == 9 and all(after[name]["id"] == before[name]["id"] for name in before)


def a_killed_server_loses_nothing(browser, server):
    """It is killed while files are sent, and again while photographs are prepared."""
    with browser.person(server) as page:
        election = draft(page, server)
        gate = Gate(page, letting=4)
        choose(page, some(14) | {"letter.jpg": b"Dear Anna,\n" * 99})
        page.locator("tr[data-state=sent], tr[data-state=processing], tr[data-state=ready]").nth(2).wait_for()
        server.kill()
        gate.open()
        page.get_by_text("There is no connection").wait_for()
        server.start()
        page.locator("tr[data-state=processing], tr[data-state=sent]").first.wait_for()
        server.kill()
        page.wait_for_timeout(300)
        server.start()
        page.get_by_text("1 file cannot be used").wait_for(timeout=60_000)
        all_ready(page, 14)
        # Thumbnails that could not be shown meanwhile are asked for again.
        until(lambda: page.locator(".titles .thumb img").count() == 14)
        page.faults[:] = [fault for fault in page.faults if "ERR_CONNECTION" not in fault and "ERR_INCOMPLETE" not in fault and "ERR_EMPTY" not in fault]
        states = {name: photograph["status"] for name, photograph in server.photographs(election).items()}
        assert sorted(states.values()) == ["ready"] * 14 + ["refused"], states


def a_network_that_goes_is_waited_for(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        gate = Gate(page, letting=2)
        choose(page, some(6))
        page.get_by_text("2 of 6 photographs uploaded").wait_for()
        page.context.set_offline(True)
        gate.cut()
        page.get_by_text("There is no connection. The upload goes on when it is back.").wait_for()
        page.get_by_text("Not uploaded yet, tries again").first.wait_for()
        page.context.set_offline(False)
        all_ready(page, 6)
        assert len(server.photographs(election)) == 6


def an_upload_can_be_cancelled(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        gate = Gate(page)
        choose(page, some(6))
        page.locator("tr[data-state=sending]").nth(3).wait_for()
        until(lambda: len(server.photographs(election)) == 4)
        for name in ["Sea 1.png", "Sea 5.png"]:
            page.get_by_role("button", name=f"Cancel the upload of {name}").click()
        gate.open()
        all_ready(page, 4)
        assert server.photographs(election).keys() == some(6).keys() - {"Sea 1.png", "Sea 5.png"}
        # All the rest at once.
        gate.letting, gate.held = 0, []
        choose(page, some(8, first=10))
        page.get_by_text("4 of 12 photographs uploaded").wait_for()
        page.get_by_role("button", name="Cancel the uploads").click()
        all_ready(page, 4)
        gate.open()
        until(lambda: len(server.photographs(election)) == 4)


def an_expired_form_is_signed_anew(browser, server):
    with browser.person(server) as page:
        draft(page, server)
        refusals = [403, 400]

        def upload(route):
            if refusals:
                route.fulfill(status=refusals.pop(), body="<Error><Code>AccessDenied</Code><Message>Policy expired.</Message></Error>", content_type="application/xml")
            else:
                route.continue_()

        page.route("**/uploads", upload)
        choose(page, some(2))
        all_ready(page, 2)


def likely_duplicates_are_told(browser, server):
    with browser.person(server) as page:
        draft(page, server)
        choose(page, {"Sea.png": png(1), "Sea, smaller.png": png(1, 600, 400), "Hills.png": png(2)})
        all_ready(page, 3)
        told = page.locator(".twin")
        assert told.count() == 1 and "Probably the same as “Sea" in told.inner_text(), told.all_inner_texts()
        assert "Hills" not in told.inner_text()


def adding_can_be_stopped_and_continued(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        choose(page, some(5))
        all_ready(page, 5)
        gate = Gate(page, "**/candidates", letting=2)
        page.get_by_label("I have checked the titles").check()
        page.get_by_label("Name of the new competition").fill("Sea")
        page.get_by_role("button", name="Add 5 photographs").click()
        page.get_by_text("2 of 5 photographs added").wait_for()
        page.get_by_role("button", name="Stop").click()
        gate.open()
        page.get_by_role("button", name="Add 2 photographs").wait_for()
        page.get_by_text("3 photographs", exact=True).wait_for()
        page.reload()
        page.get_by_role("button", name="Add 2 photographs").wait_for()
        add(page)
        page.get_by_text("5 photographs", exact=True).wait_for()
        # A candidate gets another photograph, and its words can be changed.
        choose(page, {"Sea 9.png": png(9)})
        all_ready(page, 1)
        page.get_by_role("button", name="Change Sea 0", exact=True).click()
        page.locator("dialog select").select_option(label="Sea 9.png")
        page.get_by_label("Caption", exact=True).fill("At noon")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("dialog").wait_for(state="detached")
        # What it showed before is there to be used.
        row(page, "Sea 0.png").wait_for()
        shown = server.api("GET", f"/elections/{election}")["competitions"][0]["candidates"][0]["image"]
        assert shown["photograph"] == server.photographs(election)["Sea 9.png"]["id"] and shown["caption"] == "At noon"


def photographs_are_uploaded_by_keyboard_alone(browser, server):
    with browser.person(server) as page:
        draft(page, server)
        keys = page.keyboard
        files = [{"name": name, "mimeType": "image/png", "buffer": held} for name, held in some(2).items()]
        page.on("filechooser", lambda chooser: chooser.set_files(files))
        tab_to(page, "Choose files")
        keys.press("Enter")
        all_ready(page, 2)
        tab_to(page, "Title of Sea 0.png")
        keys.press("Control+A")
        keys.type("Morning")
        keys.press("Enter")
        keys.press("Control+A")
        keys.type("Evening")
        tab_to(page, "I have checked the titles")
        keys.press("Space")
        tab_to(page, "Name of the new competition")
        keys.type("Sea")
        keys.press("Enter")
        page.locator(".sheet li", has_text="Evening").wait_for()
        assert page.locator(".sheet li b").all_inner_texts() == ["Morning", "Evening"]


def tab_to(page, name):
    """Presses Tab until the focus is on what has this name."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if name in page.evaluate("(at => at.getAttribute('aria-label') ?? at.closest('label')?.textContent ?? at.labels?.[0]?.textContent ?? at.textContent)(document.activeElement)"):
            return
    raise AssertionError(f"no Tab leads to {name}")


def two_hundred_files_do_not_hold_up_the_page(browser, server):
    with browser.person(server) as page:
        draft(page, server)
        page.evaluate("window.tasks = []; new PerformanceObserver(list => tasks.push(...list.getEntries().map(e => e.duration))).observe({type: 'longtask'})")
        asked = []
        page.on("request", lambda request: "/photographs?" in request.url and asked.append(request.url))
        gate = Gate(page)
        choose(page, {f"Wave {n}.png": png(n % 7, 90, 60) + bytes([n]) for n in range(200)})
        page.get_by_text("0 of 200 photographs uploaded").wait_for()
        page.get_by_label("Title of Wave 199.png").fill("The last one")
        page.wait_for_timeout(1_000)
        longest = max(page.evaluate("tasks"), default=0)
        print(f"      the longest task with 200 files: {longest:.0f} ms; the list was asked for {len(asked)} times")
        gate.open()
        assert longest < 500 and len(asked) < 5, (longest, asked)


def every_refusal_has_its_words(browser, server):
    codes = re.findall(r'=> "([a-z_]+)",', (ROOT / "workers/renditions/src/unusable.rs").read_text())
    assert len(codes) >= 9, codes
    for language in ["en", "de", "fr", "es"]:
        words = (ROOT / f"page/admin/words/{language}.js").read_text()
        missing = [code for code in codes if f"'unusable.{code}':" not in words]
        assert not missing, f"{language}: {missing}"


def one_number_says_what_is_alike(browser, server):
    """The page warns from the same number on that the API's document names."""
    [page] = re.findall(r"ALIKE = (\d+)", (ROOT / "page/admin/alike.js").read_text())
    [api] = re.findall(r"differ in at most (\d+) of 64 bits", (ROOT / "api/election-queries/src/photographs.rs").read_text())
    assert page == api, (page, api)


TESTS = [
    a_folder_becomes_a_ballot,
    a_reload_in_the_middle_loses_nothing,
    a_killed_server_loses_nothing,
    a_network_that_goes_is_waited_for,
    an_upload_can_be_cancelled,
    an_expired_form_is_signed_anew,
    likely_duplicates_are_told,
    adding_can_be_stopped_and_continued,
    photographs_are_uploaded_by_keyboard_alone,
    two_hundred_files_do_not_hold_up_the_page,
    every_refusal_has_its_words,
    one_number_says_what_is_alike,
]
