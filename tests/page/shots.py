"""Takes a picture of each state of the page, on a phone and a desktop, light and dark, into target/page-shots."""

import json
import sys
import time

import harness
from pictures import REFUSED, png
from story import cast, sign_in

SIZES = {"phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2},
         "desktop": {"viewport": {"width": 1280, "height": 800}}}


def main(wanted):
    harness.SHOTS.mkdir(parents=True, exist_ok=True)
    browser, server = harness.Browser(), harness.Server()
    made = elections(server)
    for size, options in SIZES.items():
        for scheme in ["light", "dark"]:
            with browser.person(server, color_scheme=scheme, **options) as page:
                for name in states(page, server, made):
                    if not wanted or any(word in name for word in wanted):
                        page.wait_for_timeout(400)  # pictures are decoded
                        page.screenshot(path=harness.SHOTS / f"{name}-{size}-{scheme}.png")
    browser.end()
    server.end()


def elections(server):
    """Elections of each kind."""
    made = {}
    made["draft"] = server.election((("Nature", 6), ("People", 4)), voters=3, name="Autumn walk", opened=False)
    made["open"] = server.election((("Nature", 6), ("People", 12), ("Street", 22)), voters=60, closes_at="2030-05-17T18:30:00Z")
    made["ten"] = server.election((("Portraits", 4),), voters=1, scale=(0, 10), name="Portraits")
    made["unsized"] = server.election((("Nature", 6),), voters=1, name="Pictures without a size", sized=False)
    made["uploads"] = server.api("POST", "/elections", {"name": "Winter walk"})["id"]
    made["uploaded"] = uploaded(server)
    made["closed"] = held(server, "Winter 2026")
    made["released"] = held(server, "Summer 2026")
    server.api("POST", f"/elections/{made['released'][0]}/release", {})
    return made


def uploaded(server):
    """An open election with uploaded photographs, and a draft in which some are ready, refused and missing."""
    draft, opened = [server.api("POST", "/elections", {"name": name})["id"] for name in ["Spring walk", "Birds of the lake"]]
    for name, held in {"Ada_Sunset.png": png(1), "Ada_Sunset_2.png": png(1, 600, 400), "Bob_Heron.png": png(2, 427, 640), "DSC_0042.png": png(3),
                       **{name: held for name, held, _ in REFUSED[1:4]}}.items():
        server.upload(draft, name, held)
    server.api("POST", f"/elections/{draft}/photographs", {"name": "Eve_Fog.jpg", "bytes": 8_123_456})
    ids = [server.upload(opened, f"{n}.png", png(n, *size)) for n, size in enumerate([(1600, 1067), (800, 1200), (1200, 800), (900, 900), (1500, 500)])]
    for election in [draft, opened]:
        while any(photograph["status"] == "processing" or photograph["status"] == "awaiting_upload" and name != "Eve_Fog.jpg"
                  for name, photograph in server.photographs(election).items()):
            time.sleep(0.05)
    birds = server.api("POST", f"/elections/{opened}/competitions", {"name": "Birds"})["id"]
    for n, photograph in enumerate(ids):
        image = {"photograph": photograph, "alt": "A heron in the reeds", "caption": "Early in May" if n % 2 else "From the bridge, before the rain that everybody had been waiting for came at last"}
        server.api("POST", f"/elections/{opened}/competitions/{birds}/candidates", {"name": f"Heron {n + 1}", "image": image})
    token = server.api("POST", f"/elections/{opened}/voters", {"name": "Ada", "email": "ada@example.org"})["ballot_token"]
    server.api("POST", f"/elections/{opened}/open", {})
    return draft, token


def held(server, name):
    election, tokens = server.election((("Nature", 7), ("People", 3)), voters=24, name=name)
    ballot = server.api("GET", "/ballot", token=tokens[0])
    candidates = [c["id"] for competition in ballot["election"]["competitions"] for c in competition["candidates"]]
    for voter, token in enumerate(tokens[:19]):
        grades = {c: 1 + (voter * (3 + i) + 2 * i + voter // 3) % 5 for i, c in enumerate(candidates[:6] + candidates[7:])}
        server.api("POST", "/ballot/cast", {"ratings": grades}, token=token)
    competition = ballot["election"]["competitions"][0]
    server.api("POST", f"/elections/{election}/competitions/{competition['id']}/candidates/{candidates[5]}/disqualify", {"reason": "Taken before this year"})
    version = server.api("POST", f"/elections/{election}/close", {})["version"]
    while server.api("GET", f"/elections/{election}/results?min_version={version}")["status"] != "final":
        pass
    # Who has just been shown an open election is shown it for some seconds more.
    while server.api("GET", "/ballot", token=tokens[-1])["election"]["status"] == "open":
        time.sleep(0.1)
    return election, tokens


def states(page, server, made):
    """Brings the page into one state after the other, and names it."""
    url = server.url
    page.goto(url)
    page.get_by_role("heading", name="PhotoVote").wait_for()
    yield "start"
    page.goto(f"{url}/nothing")
    page.get_by_role("heading", name="no such page").wait_for()
    yield "not-found"
    election, tokens = made["open"]
    token = tokens.pop()
    page.goto(f"{url}/vote#{token}")
    page.locator(".entry").first.wait_for()
    yield "ballot-begun"
    for i, grade in enumerate([5, 2, 3, 4]):
        page.locator(".entry").nth(i).get_by_role("radio", name=str(grade), exact=True).click()
    page.locator(".saved", has_text="All saved").first.wait_for()
    page.evaluate("scrollTo(0, 0)")
    yield "ballot"
    page.locator(".frame").nth(1).click()
    page.get_by_role("dialog").wait_for()
    yield "large"
    page.get_by_role("button", name="Keys (?)").click()
    yield "help"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Compare two").click()
    yield "compare"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("heading", name="Review your ballot").wait_for()
    yield "review"
    page.get_by_role("button", name="Cast the ballot").click()
    yield "cast"
    page.get_by_role("button", name="Cast now").click()
    page.get_by_role("heading", name="Your ballot is cast").wait_for()
    yield "receipt"
    page.goto(f"{url}/vote#{made['ten'][1][0]}")
    page.locator(".entry").first.wait_for()
    yield "ballot-ten"
    page.goto(f"{url}/vote#{made['unsized'][1][0]}")
    page.locator(".entry").first.wait_for()
    yield "ballot-unsized"
    page.goto(f"{url}/vote#{made['closed'][1][-1]}")
    page.get_by_role("heading", name="is closed").wait_for()
    yield "closed"
    page.goto(f"{url}/vote#pvb_wrong")
    page.get_by_role("heading", name="not complete").wait_for()
    yield "wrong-link"
    page.goto(f"{url}/verify")
    yield "verify"
    page.goto(f"{url}/results/{made['released'][0]}")
    page.get_by_role("heading", name="Nature").wait_for()
    yield "results-public"
    page.goto(f"{url}/admin")
    page.get_by_role("heading", name="Run an election").wait_for()
    yield "sign-in"
    sign_in(page, server)
    page.get_by_role("heading", name="Elections").wait_for()
    yield "elections"
    page.goto(f"{url}/admin#/new")
    page.get_by_label("Name", exact=True).wait_for()
    yield "new"
    draft = made["draft"][0]
    for part, wait in [("photographs", ".sheet img"), ("voters", ".rows li"), ("check", ".check li"), ("settings", "form"), ("people", ".rows li"), ("trail", ".trail li")]:
        page.goto(f"{url}/admin#/e/{draft}/{part}")
        page.locator(wait).first.wait_for()
        yield f"admin-{part}"
    page.goto(f"{url}/admin#/e/{draft}/photographs")
    page.get_by_role("button", name="Add a photograph").first.click()
    page.get_by_label("Address of the picture").fill(f"{url}/photos/coffee.png")
    page.locator(".preview img").wait_for()
    yield "admin-add"
    page.keyboard.press("Escape")
    yield from uploads(page, url, *made["uploaded"], made["uploads"])
    yield from lists(page, server)
    yield from mails(page, server)
    yield from plans(page, server)
    page.goto(f"{url}/admin#/e/{election}/running")
    page.locator("#cast").wait_for()
    yield "admin-turnout"
    page.goto(f"{url}/admin#/e/{made['closed'][0]}/results")
    page.get_by_role("heading", name="Nature").wait_for()
    yield "admin-results"
    page.get_by_role("button", name="Present").first.click()
    yield "present-begin"
    for _ in range(6):
        page.keyboard.press("Space")
    yield "present"
    page.keyboard.press("Escape")


def uploads(page, url, draft, token, empty):
    page.goto(f"{url}/admin#/e/{empty}/photographs")
    page.get_by_role("button", name="Add a competition").wait_for()
    yield "uploads-empty"
    waiting = []
    page.route("**/uploads", lambda route: waiting.append(route))
    files = [(name, png(n)) for n, name in enumerate(["Ada_Fog.png", "Bob_Frost on the window.png", "IMG_0815.png", "IMG_0816.png", "Eve_A very long name of a file that does not fit.png", "Tracks.png"])]
    page.locator("input[type=file]").set_input_files([{"name": name, "mimeType": "image/png", "buffer": held} for name, held in files + [("empty.jpg", b"")]])
    page.locator("tr[data-state=sending]").nth(3).wait_for()
    yield "uploads-sending"
    page.context.set_offline(True)
    for route in waiting:
        route.abort()
    page.unroute("**/uploads")
    page.get_by_text("There is no connection").wait_for()
    yield "uploads-offline"
    page.context.set_offline(False)
    page.get_by_text("6 photographs are ready").wait_for()
    page.get_by_role("button", name="Remove Ada_Fog.png").click()
    page.get_by_role("dialog").wait_for()
    yield "uploads-remove"
    page.get_by_role("button", name="Cancel", exact=True).click()
    for entry in page.locator(".titles tr[data-state=ready]").all():
        page.locator(".titles tr[data-state=ready]").first.get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").wait_for(state="detached")
    page.get_by_role("button", name="Remove all refused").click()
    page.locator(".titles, .refused").first.wait_for(state="detached")
    page.goto(f"{url}/admin#/e/{draft}/photographs")
    page.locator("tr[data-state=ready] img").nth(3).wait_for()
    # A thumbnail that was asked for as its photograph was removed has found nothing.
    page.faults[:] = [fault for fault in page.faults if "status of 404" not in fault]
    yield "uploads-mixed"
    page.get_by_role("button", name="Remove all refused").scroll_into_view_if_needed()
    page.get_by_label("I have checked the titles").check()
    page.get_by_label("Name of the new competition").fill("Nature")
    page.get_by_role("button", name="Add 4 photographs").scroll_into_view_if_needed()
    yield "uploads-checked"
    page.goto(f"{url}/vote#{token}")
    page.locator(".entry img").first.wait_for()
    yield "ballot-uploaded"
    page.locator(".frame").first.click()
    page.get_by_role("dialog").wait_for()
    yield "large-uploaded"


def inviting(server, name):
    """A draft that invites its voters."""
    made = server.api("POST", "/elections", {"name": name, "links": "invite", "contact": "club@example.org"})["id"]
    competition = server.api("POST", f"/elections/{made}/competitions", {"name": "Nature"})["id"]
    for title in ["Heron", "Frost"]:
        server.api("POST", f"/elections/{made}/competitions/{competition}/candidates", {"name": title})
    return made


LIST = ["Nr;Nachname;Vorname;E-Mail", "1;Lovelace;Ada;ada@example.org", "2;Hopper;Grace;", "3;Noether;Emmy;emmy(at)example.org",
        *(f"{n};Müller {n};Jörg;a-rather-long-address-of-member-{n}@members.example.org" for n in range(4, 30)), "30;Byron;Ada;ADA@example.org"]


def lists(page, server):
    draft = inviting(server, "Members' walk")
    page.goto(f"{server.url}/admin#/e/{draft}/voters")
    page.get_by_text("Nobody is registered yet").wait_for()
    yield "list-empty"
    file = {"name": "Mitglieder 2026.csv", "mimeType": "", "buffer": "\r\n".join(LIST).encode("cp1252")}
    held = []
    page.route("**/uploads", lambda route: held.append(route))
    page.locator("input[type=file]").set_input_files([file])
    page.get_by_text("The list is being uploaded").wait_for()
    yield "list-sending"
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    page.unroute("**/uploads")
    page.get_by_role("button", name="Import 27 voters").wait_for()
    yield "list-ready"
    page.locator(".amiss .rows li").last.scroll_into_view_if_needed()
    yield "list-problems"
    page.get_by_label("First names").select_option("")
    page.get_by_role("button", name="Read the list by these columns").wait_for()
    yield "list-columns"
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Import 27 voters").click()
    page.locator(".came").wait_for()
    page.get_by_role("heading", name="27 voters").wait_for()
    page.evaluate("scrollTo(0, 0)")
    yield "list-done"
    page.get_by_role("button", name="Undo the import").click()
    page.get_by_role("dialog").wait_for()
    yield "list-undo"
    page.keyboard.press("Escape")
    page.locator("input[type=file]").set_input_files([{"name": "notes.txt", "mimeType": "", "buffer": b"Ask Anna"}])
    page.locator(".note.bad").wait_for()
    yield "list-refused"
    page.get_by_role("button", name="Change Ada Lovelace").click()
    page.get_by_role("dialog").wait_for()
    yield "voter-change"
    page.keyboard.press("Escape")
    page.goto(f"{server.url}/admin#/e/{draft}/mailings")
    page.locator(".letter h3").wait_for()
    yield "mails-draft"
    page.goto(f"{server.url}/admin#/e/{draft}/check")
    page.get_by_role("button", name="Open voting and invite 27 voters").wait_for()
    yield "check-inviting"


def mails(page, server):
    opened = inviting(server, "Club walk")
    ids = [server.api("POST", f"/elections/{opened}/voters", {"name": name, "email": f"{name.lower()}@example.org"})["id"] for name in ["Ada", "Bea", "Eve", "Grace"]]
    server.api("POST", f"/elections/{opened}/open", {})
    before = server.api("POST", f"/elections/{opened}/mailings", {"kind": "reminder", "to": "not_cast", "subject": "Only two days are left"})["id"]
    while not server.api("GET", f"/elections/{opened}/mailings/{before}")["complete"]:
        time.sleep(0.05)
    page.goto(f"{server.url}/admin#/e/{opened}/mailings")
    page.locator(".letter h3").wait_for()
    page.locator(".figures li", has_text="4 sent").wait_for()
    yield "mails"
    page.locator(".mailing").scroll_into_view_if_needed()
    yield "mails-sent"
    page.get_by_role("button", name="Send to 4 voters").click()
    page.get_by_role("dialog").wait_for()
    yield "mails-confirm"
    page.keyboard.press("Escape")
    # No mail of a local server comes back.
    items = [{"voter": ids[0], "name": "Ada", "email": "ada@example.org", "reason": "bounced"}, {"voter": ids[1], "name": "Bea", "email": "bea@example.org", "reason": "complained"}]
    page.route("**/bounced?*", lambda route: route.fulfill(status=200, content_type="application/json", body=json.dumps({"items": items, "next_cursor": None})))
    page.reload()
    page.get_by_role("heading", name="2 invitations did not arrive").wait_for()
    page.locator(".letter h3").wait_for()
    yield "mails-bounced"
    page.unroute("**/bounced?*")
    page.goto(f"{server.url}/outbox")
    page.locator(".letter h2").wait_for()
    yield "outbox"
    page.goto(f"{server.url}/admin#/e/{opened}/voters")
    page.get_by_role("button", name="Send the invitation to Ada again").wait_for()
    yield "voters-inviting"


def plans(page, server):
    """A plan from the empty form to the end of voting. The reader is in UTC, and the election in Berlin."""
    draft, path = inviting(server, "Club year"), ""
    path = f"/elections/{draft}"
    page.goto(f"{server.url}/admin#/e/{draft}/schedule")
    page.get_by_role("heading", name="When voting opens and ends").wait_for()
    yield "plan-empty"
    page.get_by_label("Time zone").fill("berlin")
    page.get_by_label("Voting opens").fill("2031-03-30T02:30")
    page.get_by_label("Voting ends").fill("2031-10-26T02:30")
    page.get_by_role("button", name="2 days before").click()
    page.get_by_role("button", name="3 hours before").click()
    yield "plan-form"
    page.get_by_role("button", name="Save the plan").click()
    page.get_by_role("button", name="3:30").wait_for()
    yield "plan-skipped"
    page.get_by_role("button", name="3:30").click()
    page.get_by_role("button", name="Save the plan").click()
    page.get_by_role("radio").nth(1).wait_for()
    page.get_by_role("radio").first.scroll_into_view_if_needed()
    yield "plan-repeated"
    page.get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="Save the plan").scroll_into_view_if_needed()
    yield "plan-chosen"
    page.get_by_role("button", name="Save the plan").click()
    page.get_by_role("dialog").wait_for()
    yield "plan-confirm"
    page.get_by_role("dialog").get_by_role("button", name="Save the plan").click()
    page.get_by_text("Something prevents the opening", exact=True).wait_for()
    yield "plan-prevented"
    for name in ["Ada", "Bea", "Eve"]:
        server.api("POST", f"{path}/voters", {"name": name, "email": f"{name.lower()}@example.org"})
    page.get_by_text("Nothing prevents the opening").wait_for()
    page.reload()
    page.locator(".time-line li").nth(3).wait_for()
    yield "plan"
    page.get_by_role("button", name="Change the plan").click()
    page.get_by_label("Voting ends").fill("2031-10-28T18:00")
    page.get_by_role("button", name="Remove").first.click()
    page.get_by_role("button", name="Save the plan").click()
    page.get_by_role("dialog").wait_for()
    yield "plan-moves"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.goto(f"{server.url}/admin#/e/{draft}/check")
    page.get_by_text("PhotoVote opens voting then").wait_for()
    yield "plan-check"
    # No rules have changed since the program was built.
    planned = server.api("GET", f"{path}/schedule")
    planned["opens_at"]["shown"], planned["current_rules"] = "2031-03-30T02:30", "2031c"
    page.route("**/schedule?*", lambda route: route.fulfill(status=200, content_type="application/json", body=json.dumps(planned)))
    page.goto(f"{server.url}/admin#/e/{draft}/schedule")
    page.get_by_text("The rules for time zones have changed").wait_for()
    yield "plan-shown"
    page.unroute("**/schedule?*")
    server.api("POST", f"{path}/open", {})
    page.goto(f"{server.url}/admin#/e/{draft}/running")
    page.get_by_text("Voting ends in").wait_for()
    yield "plan-turnout"
    page.get_by_role("link", name="Schedule").first.click()
    page.get_by_role("button", name="Change the plan").wait_for()
    yield "plan-open"
    page.get_by_role("button", name="Change the plan").click()
    page.get_by_role("button", name="1 day before").click()
    yield "plan-form-open"
    hand, [token] = server.election((("Nature", 2),), opened=False, name="Spring of the lakes")
    server.api("PUT", f"/elections/{hand}/schedule", {"opens_at": "2031-12-01T18:00", "closes_at": "2031-12-15T18:00", "time_zone": "Europe/Berlin"})
    page.goto(f"{server.url}/vote#{token}")
    page.get_by_text("Voting begins on").wait_for()
    yield "not-open"


if __name__ == "__main__":
    main(sys.argv[1:])
