"""Nothing is lost, and the page says in words what is true: by reloads, without a network, with a server that is killed, in two tabs, by a
close in the moment of casting."""

import datetime
import re

from story import cast, saved


def open_ballot(page, server, token):
    page.goto(f"{server.url}/vote#{token}")
    page.locator(".entry").first.wait_for()


def rate(page, index, grade):
    page.locator(".entry").nth(index).get_by_role("radio", name=str(grade), exact=True).click()


def shown(page):
    """The grades that the page shows, by the names of the photographs."""
    return page.locator(".entry").evaluate_all(
        """entries => Object.fromEntries(entries.map(entry => [entry.querySelector('.title b').textContent,
            Number(entry.querySelector('[aria-checked="true"]')?.textContent ?? 0)]))""")


def stored(server, token):
    """What the server knows, by the names of the photographs."""
    answer = server.api("GET", "/ballot", token=token)
    ratings = answer["ballot"].get("ratings", {})
    return {c["name"]: ratings.get(c["id"], 0) for competition in answer["election"]["competitions"] for c in competition["candidates"]}


def ratings_survive_a_reload_before_they_are_sent(browser, server):
    _, [token] = server.election((("Nature", 4),))
    with browser.person(server) as page:
        open_ballot(page, server, token)
        assert page.url == f"{server.url}/vote", page.url
        # The reload comes before the first request.
        page.locator(".entry").first.get_by_role("radio", name="5", exact=True).evaluate("button => { button.click(); location.reload(); }")
        page.locator(".entry").first.wait_for()
        saved(page)
        assert shown(page) == stored(server, token) and 5 in shown(page).values(), shown(page)
        assert page.evaluate("JSON.stringify({...localStorage})").count("pvb_") == 0
        assert page.evaluate("Object.keys(localStorage).length") == 0


def a_ballot_is_rated_without_a_network(browser, server):
    _, [token] = server.election((("Nature", 4),))
    with browser.person(server) as page:
        open_ballot(page, server, token)
        rate(page, 0, 5)
        saved(page)
        page.context.set_offline(True)
        rate(page, 1, 2)
        rate(page, 2, 3)
        page.get_by_role("button", name="Clear the rating of").first.click()
        page.locator(".saved", has_text="Will be saved when the connection is back").wait_for()
        assert sum(grade > 0 for grade in stored(server, token).values()) == 1
        page.context.set_offline(False)
        saved(page)
        assert shown(page) == stored(server, token) and sorted(shown(page).values()) == [0, 0, 2, 3], shown(page)


def a_lost_answer_is_retried_under_the_same_key(browser, server):
    _, [token] = server.election((("Nature", 4),))
    with browser.person(server) as page:
        keys, lose = [], [True]

        def answer(route):
            keys.append(route.request.headers["idempotency-key"])
            answered = route.fetch()
            if lose:
                lose.pop()
                route.abort()
            else:
                route.fulfill(response=answered)

        page.route("**/v1/ballot/ratings", answer)
        open_ballot(page, server, token)
        rate(page, 0, 4)
        saved(page)
        assert len(keys) == 2 and keys[0] == keys[1], keys
        page.unroute("**/v1/ballot/ratings")
        keys.clear()
        lose.append(True)
        page.route("**/v1/ballot/cast", answer)
        receipt = cast(page)
        assert len(keys) == 2 and keys[0] == keys[1], keys
        assert server.api("GET", "/ballot", token=token)["ballot"]["receipt"] == receipt


def a_cast_without_an_answer_is_found_after_a_reload(browser, server):
    _, [token] = server.election((("Nature", 4),))
    with browser.person(server) as page:
        open_ballot(page, server, token)
        rate(page, 0, 4)
        saved(page)
        page.route("**/v1/ballot/cast", lambda route: (route.fetch(), route.abort()))
        page.get_by_role("button", name="Review").click()
        page.get_by_role("button", name="Cast the ballot").click()
        page.get_by_role("button", name="Cast now").click()
        page.get_by_text("There is no answer").wait_for()
        page.reload()
        page.get_by_role("heading", name="Your ballot is cast").wait_for()
        assert server.api("GET", "/ballot", token=token)["ballot"]["receipt"] == page.locator("#receipt").inner_text()


def the_server_is_killed_and_comes_back(browser, server):
    _, [token] = server.election((("Nature", 4),))
    with browser.person(server) as page:
        open_ballot(page, server, token)
        rate(page, 0, 5)
        saved(page)
        server.kill()
        rate(page, 1, 1)
        page.locator(".saved", has_text="Will be saved when the connection is back").wait_for()
        server.start()
        saved(page)
        assert shown(page) == stored(server, token) and sorted(shown(page).values()) == [0, 0, 1, 5], shown(page)


def a_busy_server_is_waited_for(browser, server):
    _, [token] = server.election((("Nature", 4),))
    with browser.person(server) as page:
        refusals = [503, 429, 503]

        def answer(route):
            if refusals:
                route.fulfill(status=refusals.pop(), body="<html>busy</html>", headers={"Content-Type": "text/html", "Retry-After": "1"})
            else:
                route.continue_()

        page.route("**/v1/ballot/ratings", answer)
        open_ballot(page, server, token)
        rate(page, 0, 5)
        page.locator(".saved", has_text="Not saved yet").wait_for()
        saved(page)
        assert shown(page) == stored(server, token)


def an_answer_that_is_not_of_the_api_says_nothing(browser, server):
    _, [token] = server.election((("Nature", 4),))
    with browser.person(server) as page:
        strange = {}

        def answer(route):
            kind = route.request.method
            if strange.get(kind):
                route.fulfill(status=strange[kind].pop(), body="<html>not allowed</html>", headers={"Content-Type": "text/html"})
            else:
                route.continue_()

        page.route("**/v1/ballot**", answer)
        # None of these means that the link was replaced, or that the election is gone.
        strange["GET"] = [404, 401, 403, 200]
        open_ballot(page, server, token)
        assert not strange["GET"]
        strange["PUT"] = [404, 401, 403, 200]
        rate(page, 0, 5)
        page.locator(".saved", has_text="Not saved yet").wait_for()
        saved(page)
        assert not strange["PUT"] and sorted(shown(page).values()) == [0, 0, 0, 5], shown(page)
        assert shown(page) == stored(server, token)

        page.route("**/v1/public/**", lambda route: route.fulfill(status=404, body="<html></html>", headers={"Content-Type": "text/html"}))
        page.goto(f"{server.url}/verify")
        for box in page.get_by_role("textbox").all():
            box.fill("01ARZ3NDEKTSV4RRFFQ69G5FAV")
        page.get_by_role("main").get_by_role("button").first.click()
        page.get_by_text("There is no answer").wait_for()


def two_tabs_show_one_ballot(browser, server):
    _, [token] = server.election((("Nature", 4),))
    with browser.person(server) as page:
        open_ballot(page, server, token)
        other = page.context.new_page()
        open_ballot(other, server, token)
        rate(page, 0, 5)
        rate(other, 1, 2)
        for tab in [page, other]:
            tab.locator("#rated", has_text="2 of 4").wait_for()
            saved(tab)
        assert shown(page) == shown(other) == stored(server, token), (shown(page), shown(other), stored(server, token))


def two_devices_come_to_the_same(browser, server):
    _, [token] = server.election((("Nature", 4),))
    with browser.person(server) as phone, browser.person(server) as desk:
        open_ballot(phone, server, token)
        open_ballot(desk, server, token)
        order = [page.locator(".title b").all_inner_texts() for page in [phone, desk]]
        assert order[0] == order[1]
        rate(phone, 0, 5)
        saved(phone)
        desk.reload()
        desk.locator("#rated", has_text="1 of 4").wait_for()
        cast(desk)
        # The phone rates a ballot that is cast: it says so.
        rate(phone, 1, 1)
        phone.get_by_role("heading", name="Your ballot is cast").wait_for()


def a_close_in_the_moment_of_casting_is_said(browser, server):
    election, [token] = server.election((("Nature", 4),))
    with browser.person(server) as page:
        open_ballot(page, server, token)
        rate(page, 0, 5)
        saved(page)
        page.get_by_role("button", name="Review").click()
        page.get_by_role("button", name="Cast the ballot").click()
        server.api("POST", f"/elections/{election}/close", {})
        with page.expect_response(re.compile("/ballot/cast$")) as refused:
            page.get_by_role("button", name="Cast now").click()
        page.get_by_role("heading", name="Voting ended before your ballot arrived").wait_for()
        page.get_by_text("was not cast and is not counted").wait_for()
        page.get_by_text(f"name this number: {refused.value.headers['x-request-id']}").wait_for()
        assert page.evaluate("Object.keys(localStorage).length") == 0


def a_close_while_offline_names_what_did_not_arrive(browser, server):
    election, [token] = server.election((("Nature", 4),))
    with browser.person(server) as page:
        open_ballot(page, server, token)
        page.context.set_offline(True)
        rate(page, 0, 5)
        rate(page, 1, 4)
        page.locator(".saved", has_text="Will be saved").wait_for()
        server.api("POST", f"/elections/{election}/close", {})
        page.context.set_offline(False)
        page.get_by_role("heading", name="is closed").wait_for()
        page.get_by_text("2 ratings had not reached the server").wait_for()


def links_that_do_not_work_say_what_to_do(browser, server):
    election, [token] = server.election((("Nature", 4),))
    with browser.person(server) as page:
        page.goto(f"{server.url}/vote")
        page.get_by_role("heading", name="Open your own link").wait_for()
        page.goto(f"{server.url}/vote#{token[:-1]}")
        page.get_by_role("heading", name="This link is not complete").wait_for()
        assert "#" not in page.url
        voter = server.api("GET", f"/elections/{election}/voters")["items"][0]["id"]
        newer = server.api("POST", f"/elections/{election}/voters/{voter}/token", {})["ballot_token"]
        page.goto(f"{server.url}/vote#{token}")
        page.get_by_role("heading", name="This link is no longer valid").wait_for()
        open_ballot(page, server, newer)


def the_time_left_is_that_of_the_servers_clock(browser, server):
    closes = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=30)
    _, [token] = server.election((("Nature", 4),), closes_at=closes.isoformat())
    with browser.person(server) as page:
        page.add_init_script("{ const real = Date.now; Date.now = () => real() - 7 * 3600 * 1000; }")
        open_ballot(page, server, token)
        page.get_by_text("closes in 30 minutes").or_(page.get_by_text("closes in 29 minutes")).wait_for()


TESTS = [
    ratings_survive_a_reload_before_they_are_sent,
    a_ballot_is_rated_without_a_network,
    a_lost_answer_is_retried_under_the_same_key,
    a_cast_without_an_answer_is_found_after_a_reload,
    the_server_is_killed_and_comes_back,
    a_busy_server_is_waited_for,
    an_answer_that_is_not_of_the_api_says_nothing,
    two_tabs_show_one_ballot,
    two_devices_come_to_the_same,
    a_close_in_the_moment_of_casting_is_said,
    a_close_while_offline_names_what_did_not_arrive,
    links_that_do_not_work_say_what_to_do,
    the_time_left_is_that_of_the_servers_clock,
]
