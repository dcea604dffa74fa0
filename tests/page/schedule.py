"""Elections that the clock opens and closes: planned on the page, in zones; what prevents the opening; and the voter who waits for it."""

import datetime
import json
import re
import time
import zoneinfo

from harness import ROOT
from photographs import add, all_ready, choose, some, tab_to, until
from story import cast, saved, sign_in

# Clocks there are never put forward or back.
TOKYO = "Asia/Tokyo"


def local(moment):
    """What clocks in Tokyo show, to the second."""
    return moment.astimezone(zoneinfo.ZoneInfo(TOKYO)).strftime("%Y-%m-%dT%H:%M:%S")


def ahead(seconds):
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(seconds=seconds)


def an_election_is_planned_opens_reminds_and_closes(browser, server):
    """By the page alone. Nobody touches it between the plan and the results but one voter, who votes."""
    with browser.person(server) as page, browser.person(server) as voter:
        sign_in(page, server)
        page.goto(f"{server.url}/admin#/new")
        page.get_by_label("Name", exact=True).fill("Spring contest")
        page.get_by_label("Where voters’ replies go").fill("club@example.org")
        page.get_by_role("button", name="Create the election").click()
        page.get_by_role("heading", name="Upload photographs").wait_for()
        choose(page, some(3))
        all_ready(page, 3)
        add(page, "Sea")
        page.get_by_role("link", name="Voters", exact=True).click()
        for name in ["Ada", "Bea"]:
            page.get_by_label("Voter’s name").fill(name)
            page.get_by_label("Email address").fill(f"{name.lower()}@example.org")
            page.get_by_role("button", name="Register", exact=True).click()
            page.locator(".voters li", has_text=name).wait_for()
        page.get_by_role("link", name="Schedule").click()
        page.get_by_label("Time zone").fill(TOKYO)
        page.get_by_role("button", name="3 hours before").click()
        page.get_by_label("How long before the end").fill("1")
        page.get_by_label("Unit").select_option("minutes")
        # A reminder comes a minute before the end at the latest, and after the opening. Ada has half a minute to vote before it.
        opens = ahead(15)
        reminds = opens + datetime.timedelta(seconds=30)
        page.get_by_label("Voting opens").fill(local(opens))
        page.get_by_label("Voting ends").fill(local(reminds + datetime.timedelta(minutes=1)))
        page.locator(".time-line", has_text="PhotoVote mails 2 voters their links").get_by_text("1 minute before the end").wait_for()
        save(page)
        page.get_by_text("Nothing prevents the opening").wait_for()
        page.locator(".time-line [aria-current=step]", has_text="Voting opens").get_by_text(re.compile(r"^in \d+ seconds?$")).wait_for()
        assert not server.mails(), "a plan mails nobody"

        page.locator(".status", has_text="open").wait_for(timeout=60_000)
        page.locator(".time-line [data-state=past]", has_text="Voting opened").wait_for()
        until(lambda: len(server.mails()) == 2)
        invited = {mail["to"]: mail["token"] for mail in server.mails()}
        assert invited.keys() == {"ada@example.org", "bea@example.org"}
        voter.goto(f"{server.url}/vote#{invited['ada@example.org']}")
        for index, grade in enumerate([5, 4, 2]):
            voter.locator(".entry").nth(index).get_by_role("radio", name=str(grade), exact=True).click()
        saved(voter)
        cast(voter)
        assert datetime.datetime.now(datetime.timezone.utc) < reminds, "this machine is too slow: the reminder came before the vote"

        page.locator(".time-line [data-state=past]", has_text="Reminder").wait_for(timeout=90_000)
        until(lambda: [mail for mail in server.mails() if mail["kind"] == "reminder"])
        page.locator(".time-line [aria-current=step]", has_text="Voting ends").wait_for()
        # The page shows what follows the end.
        page.get_by_role("heading", name="Sea").wait_for(timeout=120_000)
        page.locator(".status", has_text="closed").wait_for()
        page.locator(".admin > nav a", has_text="Spring contest").get_by_text("closed").wait_for(timeout=2_000)
        assert [mail["to"] for mail in server.mails() if mail["kind"] == "reminder"] == ["bea@example.org"], "a reminder goes to whoever has not voted"
        page.get_by_text("1 ballot").first.wait_for()
        election = re.search("/e/([0-9A-Z]+)", page.url)[1]
        results = server.api("GET", f"/elections/{election}/results")
        assert [candidate["sum"] for candidate in results["competitions"][0]["candidates"]] == [5, 4, 2], results
        page.get_by_role("link", name="Trail").click()
        page.locator(".trail li", has_text="admin planned that voting opens").wait_for()
        for said in ["opened voting until", "asked for a mailing: Reminder", "closed voting with 1 ballot"]:
            page.locator(".trail li", has_text="PhotoVote’s clock").filter(has_text=said).wait_for()


def save(page, *changes):
    """Saves a plan, after looking at what it moves."""
    page.get_by_role("button", name="Save the plan").click()
    dialog = page.get_by_role("dialog", name="Save this plan?")
    for change in changes:
        dialog.get_by_text(change, exact=True).wait_for()
    dialog.get_by_role("button", name="Save the plan").click()
    page.get_by_role("button", name="Change the plan").wait_for()


def drafted(page, server, links="invite", voters=("Ada",), candidates=2):
    """A draft by the API, and its schedule on the page; answers its id."""
    election = server.api("POST", "/elections", {"name": "Club year", "links": links, "contact": "club@example.org"})["id"]
    path = f"/elections/{election}"
    if candidates:
        competition = server.api("POST", f"{path}/competitions", {"name": "Nature"})["id"]
        for n in range(candidates):
            server.api("POST", f"{path}/competitions/{competition}/candidates", {"name": f"Photograph {n}"})
    for name in voters:
        server.api("POST", f"{path}/voters", {"name": name, "email": f"{name.lower()}@example.org"})
    sign_in(page, server)
    page.goto(f"{server.url}/admin#/e/{election}/schedule")
    page.get_by_role("heading", name="When voting opens and ends").wait_for()
    return election


def a_part_that_was_not_loaded_is_loaded_again(browser, server):
    with browser.person(server) as page:
        page.route("**/admin/schedule.js", lambda route: route.abort(), times=1)
        drafted(page, server)
        page.faults[:] = [fault for fault in page.faults if "ERR_FAILED" not in fault]


def planned(server, election, version=1):
    return server.api("GET", f"/elections/{election}/schedule?min_version={version}")


def put(server, election, **plan):
    """Plans an election by the API; answers what is planned."""
    version = server.api("PUT", f"/elections/{election}/schedule", {"time_zone": TOKYO, **plan})["version"]
    return planned(server, election, version)


def a_skipped_and_a_repeated_time_are_chosen_anew(browser, server):
    with browser.person(server, timezone_id="America/New_York") as page:
        election = drafted(page, server)
        # The reader's own zone is proposed, and a city is enough to choose another one.
        assert page.get_by_label("Time zone").input_value() == "America/New_York"
        page.get_by_label("Time zone").fill("Moon/Tycho")
        page.get_by_label("Voting opens").fill("2031-03-30T02:30")
        page.get_by_role("button", name="Save the plan").click()
        page.get_by_text("There is no such time zone.").wait_for()
        page.get_by_label("Time zone").fill("berlin")
        page.get_by_text("Clocks in Europe/Berlin now show").wait_for()
        opens, closes = page.get_by_label("Voting opens"), page.get_by_label("Voting ends")
        opens.fill("2031-03-30T02:30")
        page.get_by_text("No clock in Europe/Berlin shows this time.").wait_for()
        closes.fill("2031-10-26T02:30")
        page.get_by_role("button", name="Save the plan").click()
        page.get_by_text("because clocks are put forward then. Choose Sunday, 30 March 2031 at 1:30 or Sunday, 30 March 2031 at 3:30").wait_for()
        # The sentence belongs to its field, and the focus goes there.
        assert page.evaluate("document.activeElement.name") == "opens_at"
        assert opens.get_attribute("aria-invalid") == "true" and closes.get_attribute("aria-invalid") is None
        assert "put forward" in page.locator(f"[id='{opens.get_attribute('aria-describedby').split()[-1]}']").inner_text()
        page.get_by_role("button", name="Sunday, 30 March 2031 at 3:30").click()
        assert opens.input_value() == "2031-03-30T03:30"
        page.get_by_role("button", name="Save the plan").click()
        # Both have the same time, and the one that is chosen is the later one.
        page.get_by_role("radio", name="2:30 (UTC+02:00)").wait_for()
        page.get_by_role("radio", name="2:30 (UTC+01:00)").check()
        line = page.locator(".time-line li", has_text="Voting ends")
        line.get_by_text("Sunday, 26 October 2031 at 2:30").wait_for()
        line.get_by_text("Saturday, 25 October 2031 at 21:30 where you are (America/New_York)").wait_for()
        assert planned(server, election)["time_zone"] is None, "it is not saved yet"
        save(page, "PhotoVote opens voting", "PhotoVote ends voting")
        plan = planned(server, election)
        assert (plan["opens_at"]["local"], plan["opens_at"]["at"]) == ("2031-03-30T03:30", "2031-03-30T01:30:00Z"), plan
        assert (plan["closes_at"]["local"], plan["closes_at"]["at"]) == ("2031-10-26T02:30+01:00", "2031-10-26T01:30:00Z"), plan


def what_prevents_an_opening_is_shown_until_gone(browser, server):
    with browser.person(server) as page:
        election = drafted(page, server, links="hand_out", voters=(), candidates=0)
        page.get_by_text("There are no reminders, because you hand out the links yourself").wait_for()
        page.get_by_label("Time zone").fill("aoe")
        page.get_by_label("Voting opens").fill("2031-06-01T12:00")
        save(page, "PhotoVote opens voting")
        assert planned(server, election)["opens_at"]["at"] == "2031-06-02T00:00:00Z"
        page.get_by_text("2 things prevent the opening").wait_for()
        page.get_by_text("There is nothing to vote on").wait_for()
        # It stands above every part, and leads to where it is mended.
        page.locator(".standing-plan").get_by_role("link", name="Voters").click()
        page.get_by_label("Voter’s name").wait_for()
        page.get_by_text("Nobody is registered, so nobody could vote.").wait_for()
        page.get_by_label("Voter’s name").fill("Ada")
        page.get_by_label("Email address").fill("ada@example.org")
        page.get_by_role("button", name="Register", exact=True).click()
        page.get_by_text("Something prevents the opening", exact=True).wait_for()
        # The time comes, and it is still prevented.
        page.get_by_role("link", name="Schedule").first.click()
        page.get_by_role("button", name="Change the plan").click()
        page.get_by_label("Time zone").fill(TOKYO)
        page.get_by_label("Voting opens").fill(local(ahead(4)))
        save(page, "Times are those of Asia/Tokyo")
        page.get_by_text("The opening time has passed").wait_for()
        page.get_by_text("Voting opens as soon as nothing prevents it.").wait_for()
        path = f"/elections/{election}/competitions"
        competition = server.api("POST", path, {"name": "Nature"})["id"]
        server.api("POST", f"{path}/{competition}/candidates", {"name": "Heron"})
        page.get_by_text("A competition has fewer than two photographs.").wait_for()
        server.api("POST", f"{path}/{competition}/candidates", {"name": "Frost"})
        page.locator(".status", has_text="open").wait_for(timeout=30_000)
        page.locator(".standing-plan").wait_for(state="detached")


def a_plan_that_was_missed_asks_for_another(browser, server):
    with browser.person(server) as page:
        election = drafted(page, server, voters=())
        put(server, election, opens_at=local(ahead(3)), closes_at=local(ahead(5)))
        page.reload()
        page.get_by_text("The planned time has passed").wait_for()
        page.get_by_text("Plan other times, or clear the plan and open it by hand.").wait_for()
        server.api("POST", f"/elections/{election}/voters", {"name": "Ada", "email": "ada@example.org"})
        page.get_by_role("button", name="Change the plan").click()
        page.get_by_label("Voting opens").fill(local(ahead(4)))
        page.get_by_label("Voting ends").fill("2031-06-10T18:00")
        save(page)
        assert page.evaluate("document.activeElement.textContent") == "Change the plan"
        page.locator(".status", has_text="open").wait_for(timeout=30_000)


def a_voter_sees_when_to_return_and_the_page_goes_on(browser, server):
    election, [token] = server.election((("Nature", 3),), opened=False)
    put(server, election, opens_at="2031-12-01T09:00", closes_at="2031-12-15T18:00")
    with browser.person(server, timezone_id="America/New_York") as page:
        page.goto(f"{server.url}/vote#{token}")
        page.get_by_role("heading", name="Spring contest is not open yet").wait_for()
        page.get_by_text("Monday, 1 December 2031 at 9:00").wait_for()
        page.get_by_text("Japan Standard Time (Asia/Tokyo)").first.wait_for()
        page.get_by_text("Sunday, 30 November 2031 at 19:00 where you are (America/New_York)").wait_for()
        page.get_by_text("Monday, 15 December 2031 at 18:00").wait_for()
        page.get_by_role("timer").get_by_text(re.compile(r"^in [\d,]+ days")).wait_for()
        soon = put(server, election, opens_at=local(ahead(20)))["opens_at"]["at"]
        # The ballot's election is that of some seconds ago.
        until(lambda: server.api("GET", "/ballot", token=token)["election"]["opens_at"] == soon)
        page.reload()
        page.get_by_role("timer").get_by_text(re.compile(r"^in \d+ seconds?$")).wait_for()
        page.locator(".entry").first.wait_for(timeout=60_000)
        assert server.api("GET", f"/elections/{election}")["status"] == "open"


def in_the_voters_own_zone_one_time_is_enough(browser, server):
    election, [token] = server.election((("Nature", 3),), opened=False)
    put(server, election, opens_at="2031-12-01T09:00")
    with browser.person(server, timezone_id="Asia/Seoul") as page:
        page.goto(f"{server.url}/vote#{token}")
        page.get_by_text("Monday, 1 December 2031 at 9:00").wait_for()
        assert page.get_by_text("where you are").count() == 0, "clocks in Seoul show what clocks in Tokyo show"


def count_downs_follow_the_servers_clock(browser, server):
    election, [token] = server.election((("Nature", 3),), opened=False)
    put(server, election, opens_at=local(ahead(3 * 3600 - 60)), closes_at=local(ahead(50 * 3600 - 60)))
    with browser.person(server) as page:
        page.add_init_script("{ const real = Date.now; Date.now = () => real() - 7 * 3600 * 1000; }")
        page.goto(f"{server.url}/vote#{token}")
        page.get_by_role("timer").get_by_text(re.compile("^in 2 hours, 5[0-9] minutes$")).wait_for()
        sign_in(page, server)
        page.goto(f"{server.url}/admin#/e/{election}/check")
        page.get_by_role("timer").get_by_text(re.compile("^Voting opens in 2 hours, 5[0-9] minutes$")).wait_for()
        server.api("POST", f"/elections/{election}/open", {})
        page.goto(f"{server.url}/admin#/e/{election}/running")
        page.reload()
        page.get_by_role("timer").get_by_text("Voting ends in 2 days, 1 hour").wait_for()


def what_a_change_moves_is_said_before_it_is_saved(browser, server):
    with browser.person(server) as page:
        election = drafted(page, server)
        page.get_by_label("Time zone").fill(TOKYO)
        page.get_by_label("Voting opens").fill("2031-06-01T18:00")
        page.get_by_label("Voting ends").fill("2031-06-10T18:00")
        page.get_by_role("button", name="2 days before").click()
        page.get_by_role("button", name="1 day before").click()
        save(page, "PhotoVote opens voting", "PhotoVote ends voting", "2 reminders are added")
        page.get_by_role("button", name="Change the plan").click()
        page.get_by_label("Voting opens").fill("2031-06-01T20:00")
        page.get_by_label("Voting ends").fill("2031-06-10T17:15")
        page.get_by_role("button", name="Remove Reminder 2 days before the end").click()
        save(page, "Opens 2 hours later", "Ends 45 minutes earlier", "1 reminder moves", "1 reminder is removed")
        assert planned(server, election)["reminders"] == [{"at": "2031-06-09T08:15:00Z", "before": "P1D"}]
        # What is refused stands at its field, and what was written stays.
        page.get_by_role("button", name="Change the plan").click()
        for opens, closes, told in [("2020-01-01T10:00", "2031-06-10T17:15", "The opening has to lie in the future"),
                                    ("2031-06-11T10:00", "2031-06-10T17:15", "Voting has to end after it opens")]:
            page.get_by_label("Voting opens").fill(opens)
            page.get_by_label("Voting ends").fill(closes)
            page.locator(".time-line [data-state=unfit]").first.wait_for()
            page.get_by_role("button", name="Save the plan").click()
            page.get_by_text(told).wait_for()
            assert page.get_by_role("dialog").count() == 0
        # A reminder that cannot be is marked before anything is saved, and stands where it would come.
        page.get_by_label("Voting opens").fill("2031-06-10T10:00")
        page.get_by_label("Voting ends").fill("2031-06-10T17:15")
        page.locator(".time-line [data-state=unfit]", has_text="1 day before the end").get_by_text("It would come before voting opens").wait_for()
        assert [one.split(",")[0] for one in page.locator(".time-line h3").all_inner_texts()] == ["Reminder", "Voting opens", "Voting ends"]
        page.get_by_role("button", name="Save the plan").click()
        page.locator(".reminders .note.bad", has_text="A reminder would come before voting opens. Remove it, or let it come later. Code: invalid_value").wait_for()
        assert page.get_by_role("dialog").count() == 0
        page.get_by_label("Voting opens").fill("2031-06-01T10:00")
        page.locator(".time-line [data-state=unfit]").wait_for(state="detached")
        # A reason without words is shown in the API's English.
        page.route("**/schedule", lambda route: route.fulfill(status=422, content_type="application/problem+json", body=json.dumps({"code": "moon_phase", "detail": "the moon is not full then", "field": "closes_at"})))
        page.get_by_label("Voting opens").fill("2031-06-02T10:00")
        page.get_by_role("button", name="Save the plan").click()
        page.get_by_role("dialog").get_by_role("button", name="Save the plan").click()
        page.get_by_text("This was refused. the moon is not full then").wait_for()
        page.unroute("**/schedule")
        page.get_by_role("button", name="Cancel", exact=True).click()
        page.get_by_role("button", name="Clear the plan").click()
        page.get_by_role("dialog").get_by_role("button", name="Clear the plan").click()
        page.get_by_role("heading", name="When voting opens and ends").wait_for()
        assert planned(server, election)["time_zone"] is None
        assert page.get_by_label("Voting opens").input_value() == "" and page.locator(".time-line").count() == 0, "the plan is gone, and still shown"
        # What another administrator plans is seen.
        put(server, election, opens_at="2031-12-01T09:00")
        page.locator(".time-line", has_text="Monday, 1 December 2031").wait_for(timeout=30_000)
        page.get_by_role("link", name="Trail").click()
        page.get_by_text("cleared the plan of the election").wait_for()


def an_open_election_ends_later_and_reminds_again(browser, server):
    with browser.person(server) as page:
        election = drafted(page, server)
        put(server, election, closes_at="2031-06-10T18:00")
        server.api("POST", f"/elections/{election}/open", {})
        page.reload()
        page.locator(".time-line [data-state=past]", has_text="Voting was opened by hand").wait_for()
        page.get_by_role("button", name="Change the plan").click()
        assert page.get_by_label("Voting opens").count() == 0 and page.get_by_role("button", name="Clear the plan").count() == 0
        page.get_by_label("Voting ends").fill("2031-06-10T17:00")
        page.locator(".time-line [data-state=unfit]", has_text="The end can only be moved to a later time").wait_for()
        page.get_by_role("button", name="Save the plan").click()
        page.get_by_text("The end of voting can only be moved to a later time.").wait_for()
        page.get_by_label("Voting ends").fill("2031-06-11T18:00")
        page.get_by_role("button", name="1 day before").click()
        save(page, "Ends 1 day later", "1 reminder is added")
        plan = planned(server, election)
        assert plan["closes_at"]["at"] == "2031-06-11T09:00:00Z" and [one["before"] for one in plan["reminders"]] == ["P1D"], plan
        assert server.api("GET", f"/elections/{election}")["closes_at"] == "2031-06-11T09:00:00Z"


def new_rules_for_zones_are_warned_of(browser, server):
    with browser.person(server) as page:
        election = drafted(page, server)
        plan = put(server, election, opens_at="2031-06-10T18:00")
        plan["opens_at"]["shown"], plan["current_rules"] = "2031-06-10T19:00", "2031c"
        page.route("**/schedule?*", lambda route: route.fulfill(status=200, content_type="application/json", body=json.dumps(plan)))
        page.reload()
        page.get_by_text("This was planned for Tuesday, 10 June 2031 at 18:00 in Asia/Tokyo. At that moment, clocks there will now show Tuesday, 10 June 2031 at 19:00.").wait_for()
        page.get_by_text(f"in its release {plan['rules']}. In use now: 2031c.").wait_for()


def a_plan_is_made_by_keyboard_alone(browser, server):
    with browser.person(server, locale="en-US") as page:
        election = drafted(page, server)
        keys = page.keyboard
        tab_to(page, "Time zone")
        keys.type("tokyo")
        for name, date in [("Voting opens", "06012031"), ("Voting ends", "06102031")]:
            tab_to(page, name)
            keys.type(date)
            keys.press("Tab")
            keys.type("0600PM")
        tab_to(page, "2 days before")
        keys.press("Enter")
        page.get_by_role("button", name="Remove Reminder 2 days before the end").wait_for()
        tab_to(page, "Save the plan")
        keys.press("Enter")
        page.get_by_role("dialog", name="Save this plan?").wait_for()
        tab_to(page, "Save the plan")
        keys.press("Enter")
        page.get_by_role("button", name="Change the plan").wait_for()
        plan = planned(server, election)
        assert (plan["time_zone"], plan["opens_at"]["local"], plan["closes_at"]["local"]) == (TOKYO, "2031-06-01T18:00", "2031-06-10T18:00"), plan


def an_observer_sees_the_plan_and_changes_nothing(browser, server):
    with browser.person(server) as page:
        election = drafted(page, server)
        put(server, election, opens_at="2031-06-10T18:00")
        page.route("**/v1/elections?*", lambda route: route.fulfill(status=200, content_type="application/json", body=json.dumps(
            {"items": [{"id": election, "name": "Club year", "status": "draft", "role": "observer"}], "next_cursor": None})))
        page.reload()
        page.locator(".time-line", has_text="Tuesday, 10 June 2031 at 18:00").wait_for()
        assert page.get_by_role("button", name="Change the plan").count() == 0 and page.get_by_role("button", name="Clear the plan").count() == 0


def every_obstacle_and_refusal_of_a_plan_has_its_words(browser, server):
    words = (ROOT / "page/admin/words/en.js").read_text() + (ROOT / "page/words/en.js").read_text()
    obstacles = re.findall(r'Obstacle::\w+(?: \{ count \})? => \("(\w+)"', (ROOT / "api/election-queries/src/schedule.rs").read_text())
    refusals = re.findall(r'=> "(\w+)"', re.search(r"fn code.*?\n    }", (ROOT / "domain/src/schedule.rs").read_text(), re.S)[0])
    life = re.findall(r"ElectionRejection::(\w+)", (ROOT / "domain/src/election/life.rs").read_text())
    rejection = (ROOT / "domain/src/election/rejection.rs").read_text()
    codes = dict(re.findall(r'Self::(\w+)(?:\(_\))? => "(\w+)"', re.search(r"fn code.*?\n    }", rejection, re.S)[0]))
    refusals += [codes[name] for name in life if name not in ("NotDueToOpen", "NotDue")]
    missing = [key for key in [*(f"obstacle.{code}" for code in obstacles), *(f"problem.{code}" for code in refusals)] if f"'{key}':" not in words]
    assert len(obstacles) == 5 and len(refusals) > 12 and not missing, missing


TESTS = [
    an_election_is_planned_opens_reminds_and_closes,
    a_part_that_was_not_loaded_is_loaded_again, a_skipped_and_a_repeated_time_are_chosen_anew,
    what_prevents_an_opening_is_shown_until_gone,
    a_plan_that_was_missed_asks_for_another,
    a_voter_sees_when_to_return_and_the_page_goes_on,
    in_the_voters_own_zone_one_time_is_enough,
    count_downs_follow_the_servers_clock,
    what_a_change_moves_is_said_before_it_is_saved,
    an_open_election_ends_later_and_reminds_again,
    new_rules_for_zones_are_warned_of,
    a_plan_is_made_by_keyboard_alone,
    an_observer_sees_the_plan_and_changes_nothing,
    every_obstacle_and_refusal_of_a_plan_has_its_words,
]
