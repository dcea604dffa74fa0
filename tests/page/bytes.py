"""How much is loaded: budgets in bytes, compressed; nothing is loaded late; and what the server says with each file."""

import gzip
import re
import urllib.request

import harness
from loss import open_ballot
from story import sign_in

VOTER, ADMINISTRATOR = 45_000, 90_000


def loaded(page):
    """The scripts and styles that a page loads from now on."""
    files = []
    page.on("response", lambda answer: answer.status == 200 and re.search(r"\.(js|css)$", answer.url) and files.append(answer.url))
    return files


def compressed(urls):
    """How many bytes they have, compressed as a server would."""
    return sum(len(gzip.compress(urllib.request.urlopen(url).read(), 6)) for url in set(urls))


def the_voters_page_is_small(browser, server):
    _, [token] = server.election((("Nature", 3),))
    with browser.person(server) as page:
        files = loaded(page)
        open_ballot(page, server, token)
        first = len(files)
        page.locator(".frame").first.click()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Review").click()
        assert len(files) == first, f"loaded late: {files[first:]}"
        size = compressed(files)
        print(f"      the voter's scripts and styles: {size} bytes")
        assert size <= VOTER, size


def the_administrators_page_is_small(browser, server):
    with browser.person(server) as page:
        files = loaded(page)
        sign_in(page, server)
        page.get_by_role("heading", name="no election yet").wait_for()
        size = compressed(files)
        print(f"      the administrator's scripts and styles: {size} bytes")
        assert size <= ADMINISTRATOR, size


def every_module_is_preloaded(browser, server):
    """Modules are not found one after the other: each page names all that it imports."""
    for name in ["", "vote", "admin", "verify", "outbox", "results/01ARZ3NDEKTSV4RRFFQ69G5FAV"]:
        html = urllib.request.urlopen(f"{server.url}/{name}").read().decode()
        named = set(re.findall(r'(?:href|src)="(/[^"]+\.js)"', html))
        with browser.person(server) as page:
            files = loaded(page)
            page.goto(f"{server.url}/{name}", wait_until="networkidle")
            used = {url.removeprefix(server.url) for url in files if url.endswith(".js") and "/words/" not in url}
        assert named == used, f"/{name}: {named ^ used}"


def the_ballot_is_asked_for_once_and_early(browser, server):
    """Also while a module that shows it has not come."""
    _, [token] = server.election((("Nature", 3),))
    with browser.person(server) as page:
        asked, held = [], []
        page.on("request", lambda request: request.url.endswith("/v1/ballot") and asked.append(request.method))
        page.route("**/vote/wall.js", lambda route: held.append(route))
        with page.expect_response("**/v1/ballot"):
            page.goto(f"{server.url}/vote#{token}", wait_until="commit")
        assert page.locator(".entry").count() == 0, "the page is there"
        for route in held:
            route.continue_()
        page.locator(".entry").nth(2).wait_for()
        assert asked == ["GET"], asked


def the_program_has_the_page_in_it(browser, server):
    """The tests are served from disk; users are served by the program."""
    program = harness.Server(embedded=True)
    for file in harness.PAGE.rglob("*.*"):
        name = str(file.relative_to(harness.PAGE)).removesuffix(".html")
        if file.suffix != ".md" and name != "not-found":
            path = {"index": "", "results": "results/1"}.get(name, name)
            assert urllib.request.urlopen(f"{program.url}/{path}").read() == file.read_bytes(), name
    program.end()


def without_scripts_there_is_a_sentence(browser, server):
    with browser.person(server, java_script_enabled=False) as page:
        for name in ["", "vote", "admin", "verify", "outbox", "results/1", "nothing"]:
            page.goto(f"{server.url}/{name}")
            assert "needs JavaScript" in page.content()


TESTS = [the_voters_page_is_small, the_administrators_page_is_small, every_module_is_preloaded, the_program_has_the_page_in_it, the_ballot_is_asked_for_once_and_early,
         without_scripts_there_is_a_sentence]
