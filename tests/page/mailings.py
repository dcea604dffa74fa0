"""Mails to voters by the page alone: invitations, reminders, results; what did not arrive; and the outbox of the local server."""

import json
import os
import pathlib
import re

from harness import ROOT
from lists import amiss, choose, draft, import_all, members
from photographs import add, all_ready, some, until
from photographs import choose as choose_photographs
from story import cast, saved, sign_in

HALF = 150


def a_membership_list_becomes_an_election(browser, server):
    """From the list to the results: everybody is invited, half of them vote, the others are reminded, and all are told the results."""
    with browser.person(server) as page:
        sign_in(page, server)
        page.goto(f"{server.url}/admin#/new")
        page.get_by_label("Name", exact=True).fill("Spring contest")
        assert page.get_by_role("radio", name="By mail").is_checked()
        page.get_by_label("Where voters’ replies go").fill("club@example.org")
        page.get_by_role("button", name="Create the election").click()
        page.get_by_role("heading", name="Upload photographs").wait_for()
        choose_photographs(page, some(3))
        all_ready(page, 3)
        add(page, "Sea")
        page.get_by_role("link", name="Next: Voters").click()
        choose(page, "Mitglieder.csv", amiss(members(2 * HALF)))
        page.get_by_role("heading", name="3 rows cannot be used").wait_for()
        import_all(page, 2 * HALF)
        page.get_by_role("link", name="Check list", exact=True).click()
        page.get_by_text("Replies go to club@example.org").wait_for()
        page.get_by_role("button", name=f"Open voting and invite {2 * HALF} voters").click()
        page.get_by_role("dialog").get_by_role("button", name="Open voting").click()
        page.locator("#registered", has_text=str(2 * HALF)).wait_for()
        page.get_by_role("link", name="Mails").click()
        page.locator(".figures li", has_text=f"{2 * HALF} sent").wait_for(timeout=60_000)

        invited = {mail["to"]: mail["token"] for mail in server.mails()}
        assert len(invited) == 2 * HALF and None not in invited.values() and len(set(invited.values())) == 2 * HALF
        page.get_by_role("link", name="See the mails of this server").click()
        # Everybody is in it.
        page.get_by_label(f"Find one of {2 * HALF} mails").wait_for()
        while page.locator(".mails li").count() < 2 * HALF:
            page.get_by_role("button", name="Show more").click()
            page.wait_for_timeout(500)
        rows = page.locator(".mails li button").all_inner_texts()
        assert {re.search(r"\S+@\S+", row)[0] for row in rows} == invited.keys() and rows[0].startswith("Jörg Müller"), rows[0]
        voters = vote(page, server, invited)

        page.get_by_role("link", name="To the elections").click()
        page.get_by_role("link", name="Spring contest").first.click()
        page.locator("#cast", has_text=str(HALF)).wait_for()
        page.get_by_role("link", name="Mails").click()
        page.get_by_label("Your own introduction").fill("Voting ends tonight.")
        page.locator(".letter", has_text="Voting ends tonight.").wait_for()
        page.get_by_role("button", name=f"Send to {HALF} voters").click()
        page.get_by_role("dialog", name=f"Send a reminder to {HALF} voters who have not cast their ballots?").get_by_role("button", name="Send").click()
        page.locator(".mailing", has_text=f"{HALF} sent").locator("[data-complete=true]").wait_for(timeout=60_000)
        reminders = [mail for mail in server.mails() if mail["kind"] == "reminder"]
        assert all("Voting ends tonight." in mail["text"] for mail in reminders)
        assert {mail["to"] for mail in reminders} == invited.keys() - voters, "a reminder reaches whoever has not voted"
        assert len(reminders) == HALF and all(mail["token"] == invited[mail["to"]] for mail in reminders)

        page.get_by_role("link", name="Turnout").click()
        page.get_by_role("button", name="Close voting").click()
        page.get_by_role("dialog").get_by_role("button", name="Close voting").click()
        page.get_by_role("button", name="Release the results").click()
        page.get_by_role("dialog").get_by_role("button", name="Release the results").click()
        page.get_by_text("The results are public.").wait_for()
        election = page.locator(".secret a").get_attribute("href").rsplit("/", 1)[1]
        page.get_by_role("link", name="Mails").click()
        page.get_by_role("button", name=f"Send to {2 * HALF} voters").click()
        page.get_by_role("dialog", name=f"Send the results to all {2 * HALF} voters?").get_by_role("button", name="Send").click()
        page.locator(".mailing", has_text=f"{2 * HALF} sent").locator("[data-complete=true]").wait_for(timeout=60_000)
        # To whom the reminder went is not told, and why.
        page.get_by_text("To whom a reminder went would say who has not voted").wait_for()
        told = [mail for mail in server.mails() if mail["kind"] == "results"]
        assert len(told) == 2 * HALF and {mail["to"] for mail in told} == invited.keys(), len(told)
        assert all(f"/results/{election}" in mail["text"] for mail in told), told[0]
        page.get_by_role("link", name="Trail").click()
        page.get_by_text("asked for a mailing: Reminder").wait_for()


def vote(page, server, invited):
    """One votes by the link that the outbox shows, the others by the API. Answers the addresses of them all."""
    first = page.locator(".mails li button").first
    address = re.search(r"\S+@example\.org", first.inner_text().replace("<", " ").replace(">", " "))[0]
    first.click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the link in a new tab").click()
    ballot = opened.value
    ballot.locator(".entry").first.get_by_role("radio", name="4", exact=True).click()
    saved(ballot)
    cast(ballot)
    ballot.close()
    voters = [address, *[other for other in invited if other != address]][:HALF]
    candidates = [c["id"] for competition in server.api("GET", "/ballot", token=invited[address])["election"]["competitions"] for c in competition["candidates"]]
    for voter in voters[1:]:
        server.api("POST", "/ballot/cast", {"ratings": {candidate: 3 for candidate in candidates}}, token=invited[voter])
    return set(voters)


def inviting(page, server, names=("Ada", "Bea", "Eve")):
    """An open election whose voters have their links, and its mails on the page; answers its id, and the voters' ids."""
    election = server.api("POST", "/elections", {"name": "Autumn walk", "links": "invite", "contact": "club@example.org"})["id"]
    path = f"/elections/{election}"
    competition = server.api("POST", f"{path}/competitions", {"name": "Nature"})["id"]
    for n in range(2):
        server.api("POST", f"{path}/competitions/{competition}/candidates", {"name": f"Photograph {n}"})
    ids = {name: server.api("POST", f"{path}/voters", {"name": name, "email": f"{name.lower()}@example.org"})["id"] for name in names}
    server.api("POST", f"{path}/open", {})
    until(lambda: len(server.mails()) == len(names))
    sign_in(page, server)
    page.goto(f"{server.url}/admin#/e/{election}/mailings")
    page.locator(".letter h3").wait_for()
    return election, ids


def whoever_is_imported_while_open_gets_a_link_at_once(browser, server):
    with browser.person(server) as page:
        inviting(page, server)
        page.get_by_role("link", name="Voters", exact=True).click()
        choose(page, "late.csv", members(2))
        page.get_by_role("button", name="Import 2 voters").click()
        page.get_by_role("dialog", name="Import 2 voters?").get_by_text("each of them gets a link by mail at once").wait_for()
        page.get_by_role("dialog").get_by_role("button", name="Import 2 voters").click()
        page.locator(".came", has_text="2 voters were added").wait_for()
        assert page.get_by_role("button", name="Undo the import").count() == 0, "an open election undoes nothing"
        until(lambda: to(server, "mitglied1@example.org"))


def to(server, address):
    return [mail for mail in server.mails() if mail["to"] == address]


def an_address_is_corrected_and_a_link_goes_there(browser, server):
    with browser.person(server) as page:
        inviting(page, server)
        page.get_by_role("link", name="Voters", exact=True).click()
        page.get_by_role("button", name="Change Ada").click()
        page.get_by_role("dialog").get_by_label("Email address").fill("bea@example.org")
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        page.get_by_role("dialog").get_by_text("registered already").wait_for()
        page.get_by_role("dialog").get_by_label("Email address").fill("ada@example.com")
        page.get_by_role("dialog").get_by_label("Voter’s name").fill("Ada Lovelace")
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        page.locator(".voters li", has_text="ada@example.com").get_by_text("Ada Lovelace").wait_for()
        until(lambda: to(server, "ada@example.com"))
        [new], [old] = to(server, "ada@example.com"), to(server, "ada@example.org")
        assert new["token"] and new["token"] != old["token"]
        # An invitation goes out once more, with the same link.
        page.get_by_role("button", name="Send the invitation to Eve again").click()
        page.get_by_role("dialog").get_by_role("button", name="Send again").click()
        page.get_by_text("On its way to eve@example.org").wait_for()
        until(lambda: len(to(server, "eve@example.org")) == 2)
        first, second = to(server, "eve@example.org")
        assert first["token"] == second["token"]
        page.get_by_role("link", name="Mails").click()
        page.locator(".mailing", has_text="to 1 voter whom you chose").wait_for()


def lost_invitations_are_corrected_and_sent_again(browser, server):
    with browser.person(server) as page:
        # No mail of a local server comes back.
        found = []
        page.route("**/bounced?*", lambda route: route.fulfill(status=200, content_type="application/json", body=json.dumps({"items": found, "next_cursor": None})))
        election, ids = inviting(page, server)
        found += [{"voter": ids[name], "name": name, "email": f"{name.lower()}@example.org", "reason": reason} for name, reason in [("Ada", "bounced"), ("Bea", "complained")]]
        page.reload()
        page.get_by_role("heading", name="2 invitations did not arrive").wait_for()
        page.get_by_text("The mail was reported as spam.").wait_for()
        page.get_by_label("Email address of Ada").fill("ada@example.com")
        page.get_by_role("button", name="Correct and send").first.click()
        page.get_by_text("Ada gets a new link at ada@example.com.").wait_for()
        until(lambda: to(server, "ada@example.com"))
        sent = []

        def send(route):
            sent.append(route.request.post_data_json)
            route.fulfill(status=201, content_type="application/json", body='{"id": "1", "version": 1}')

        page.route("**/mailings", lambda route: send(route) if route.request.method == "POST" else route.continue_())
        page.get_by_role("button", name="Send again to those that came back").click()
        page.get_by_role("dialog").get_by_role("button", name="Send again to those that came back").click()
        page.get_by_role("dialog").wait_for(state="detached")
        assert sent == [{"kind": "invitation", "to": "bounced"}], sent


def a_draft_shows_its_invitation_and_sends_a_test(browser, server):
    with browser.person(server) as page:
        election = draft(page, server)
        page.get_by_role("link", name="Mails").click()
        page.locator(".letter", has_text="Spring contest").wait_for()
        assert page.get_by_label("A test to").input_value() == "club@example.org"
        assert page.get_by_role("button", name=re.compile("^Send to")).count() == 0, "a draft sends nothing"
        page.get_by_role("button", name="Send a test").click()
        page.get_by_text("On its way to club@example.org").wait_for()
        until(lambda: to(server, "club@example.org"))
        # What voters answer to, and in which language they are written to, is changed in the settings.
        page.get_by_role("link", name="Settings", exact=True).click()
        page.get_by_label("Language of the mails").select_option("de")
        page.get_by_label("Where voters’ replies go").fill("verein@example.org")
        page.get_by_label("Your own subject of invitations").fill("Der zehnte Wettbewerb")
        page.get_by_label("Your own introduction in invitations").fill("Wir freuen uns auf Ihre Stimme.")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("All saved").wait_for()
        # Documents follow the events.
        until(lambda: {"language": "de", "contact": "verein@example.org", "links": "invite"}.items() <= server.api("GET", f"/elections/{election}").items())
        page.get_by_role("link", name="Mails").click()
        page.locator(".letter", has_text="Guten Tag").wait_for()
        page.locator(".letter", has_text="Der zehnte Wettbewerb").get_by_text("Wir freuen uns auf Ihre Stimme.").wait_for()
        # They are kept, and taken back.
        page.get_by_role("link", name="Settings", exact=True).click()
        assert page.get_by_label("Your own subject of invitations").input_value() == "Der zehnte Wettbewerb"
        page.get_by_label("Your own introduction in invitations").fill("")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("All saved").wait_for()
        until(lambda: server.api("GET", f"/elections/{election}")["invitation"] == {"subject": "Der zehnte Wettbewerb", "text": None})


def a_service_without_mail_hands_out_links(browser, server):
    with browser.person(server) as page:
        refused = []

        def create(route):
            if route.request.method == "POST" and route.request.post_data_json.get("links") == "invite":
                refused.append(1)
                route.fulfill(status=409, content_type="application/problem+json", body='{"code": "no_mail", "detail": "no mail can be sent from here"}')
            else:
                route.continue_()

        page.route("**/v1/elections", create)
        sign_in(page, server)
        page.goto(f"{server.url}/admin#/new")
        page.get_by_label("Name", exact=True).fill("Spring contest")
        page.get_by_role("button", name="Create the election").click()
        page.get_by_text("This service sends no mail, so you hand out the links yourself").wait_for()
        page.get_by_role("button", name="Create the election").click()
        page.get_by_role("heading", name="Upload photographs").wait_for()
        election = re.search("/e/([0-9A-Z]+)", page.url)[1]
        assert refused and server.api("GET", f"/elections/{election}")["links"] == "hand_out"
        assert page.get_by_role("link", name="Mails").count() == 0, "an election without mails has no part for them"


def the_outbox_has_every_mail(browser, server):
    """However many there are: further ones on demand, and one by its recipient."""
    outbox = pathlib.Path(server.data, "outbox")
    for n in range(230):
        file = outbox / f"invitation-{n}.eml"
        file.write_text(f"To: <member{n}@example.org>\r\nSubject: Your ballot\r\n\r\nHello {n}\r\n", newline="")
        os.utime(file, (1_000_000_000 + n, 1_000_000_000 + n))
    with browser.person(server) as page:
        sign_in(page, server)
        page.goto(f"{server.url}/outbox")
        page.get_by_label("Find one of 230 mails").wait_for()
        rows = page.locator(".mails li")
        assert rows.count() == 100 and rows.first.inner_text().startswith("member229@example.org"), rows.first.inner_text()
        for count in [200, 230]:
            page.get_by_role("button", name="Show more").click()
            until(lambda: rows.count() == count)
        assert page.get_by_role("button", name="Show more").count() == 0
        page.get_by_label("Find one of 230 mails").fill("MEMBER7@")
        until(lambda: rows.count() == 1)
        page.locator(".letter", has_text="Hello 7").wait_for()
        page.get_by_label("Find one of 230 mails").fill("somebody else")
        page.get_by_text("No mail has this recipient or subject").wait_for()


def the_outbox_asks_for_a_sign_in_and_comes_back(browser, server):
    with browser.person(server) as page:
        page.goto(f"{server.url}/outbox")
        page.get_by_role("heading", name="Outbox").wait_for()
        page.get_by_role("button", name="Sign in").wait_for()
        assert page.locator(".mails").count() == 0
        sign_in(page, server)
        page.goto(f"{server.url}/outbox")
        page.get_by_text("No mail was written yet").wait_for()


def every_kind_of_mailing_has_its_words(browser, server):
    words = (ROOT / "page/admin/words/en.js").read_text()
    domain = (ROOT / "domain/src/mailing.rs").read_text()
    kinds = re.findall(r'Self::\w+ => "(\w+)"', re.search(r"impl Kind {.*?\n}", domain, re.S)[0])
    assert len(kinds) == 3, kinds
    recipients = re.findall(r'"(\w+)"', re.search(r"WORDS: [^=]*= (\[.*?\]);", domain, re.S)[1])
    missing = [key for key in [*(f"mail.{kind}" for kind in kinds), *(f"mailings.to.{word}" for word in recipients)] if f"'{key}':" not in words]
    assert len(recipients) == 4 and not missing, missing


TESTS = [
    a_membership_list_becomes_an_election,
    an_address_is_corrected_and_a_link_goes_there,
    whoever_is_imported_while_open_gets_a_link_at_once,
    lost_invitations_are_corrected_and_sent_again,
    a_draft_shows_its_invitation_and_sends_a_test,
    a_service_without_mail_hands_out_links,
    the_outbox_has_every_mail,
    the_outbox_asks_for_a_sign_in_and_comes_back,
    every_kind_of_mailing_has_its_words,
]
