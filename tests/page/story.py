"""A whole election by three people in three browsers, from the sign-in link to the presenter: the story of the README."""

from harness import log


def sign_in(page, server):
    """Opens a sign-in link, as an administrator does."""
    page.goto(server.sign_in_link())
    page.get_by_role("button", name="Sign out").wait_for()
    assert page.url == f"{server.url}/admin", page.url


def a_link_that_is_followed_at_once_is_shown(browser, server):
    with browser.person(server) as page:
        sign_in(page, server)
        # As soon as the page is there, before it has done anything else.
        page.add_init_script("""new MutationObserver((_, observer) => {
            if (!document.querySelector('.admin nav')) return;
            observer.disconnect();
            location.hash = '/new';
        }).observe(document, { childList: true, subtree: true });""")
        page.reload()
        page.get_by_label("How many voters, about?").wait_for()


def the_example_election_is_held_by_three_people(browser, server):
    with browser.person(server) as admin, browser.person(server) as ada, browser.person(server) as bob:
        sign_in(admin, server)
        admin.get_by_role("button", name="Make the example election").click()
        admin.get_by_role("heading", name="Links to hand out").wait_for()
        admin.get_by_label("Voter’s name").fill("Bob")
        admin.get_by_label("Email address").fill("bob@example.org")
        admin.get_by_role("button", name="Register").click()
        admin.locator(".links li").nth(1).wait_for()
        links = [copied(admin, row) for row in range(2)]
        # The same address again is refused, beside its field.
        admin.get_by_label("Voter’s name").fill("Bob again")
        admin.get_by_label("Email address").fill("bob@example.org")
        admin.get_by_role("button", name="Register").click()
        admin.locator(".field .wrong", has_text="registered already").or_(admin.locator(".note.bad", has_text="registered already")).wait_for()
        for row in range(2):
            admin.locator(".links li").first.get_by_role("button", name="Handed out").click()

        ada.goto(links[0])
        ada.get_by_role("heading", name="is not open yet").wait_for()
        admin.get_by_role("link", name="Check list", exact=True).click()
        admin.get_by_text("10 photographs").wait_for()
        admin.get_by_text("2 voters").wait_for()
        admin.get_by_role("button", name="Try it").click()
        admin.get_by_text("Rehearsal: this is what your voters see").wait_for()
        admin.get_by_role("radio", name="4").first.click()
        admin.locator("#rated", has_text="1 of 10 rated").wait_for()
        admin.get_by_role("link", name="Back to the check list").click()
        admin.get_by_role("button", name="Open voting").click()
        admin.get_by_role("dialog").get_by_role("button", name="Open voting").click()
        admin.locator("#registered", has_text="2").wait_for()

        # Ada's page finds out by itself.
        ada.locator(".entry").first.wait_for()
        for index, grade in enumerate([5, 4, 3]):
            ada.locator(".entry").nth(index).get_by_role("radio", name=str(grade), exact=True).click()
        ada.locator("#rated", has_text="3 of 10 rated").wait_for()
        saved(ada)
        receipt = cast(ada)
        bob.goto(links[1])
        bob.locator(".entry").first.get_by_role("radio", name="2", exact=True).click()
        cast(bob)
        admin.locator("#cast", has_text="2").wait_for()

        admin.get_by_role("button", name="Close voting").click()
        admin.get_by_role("dialog").get_by_role("button", name="Close voting").click()
        admin.get_by_role("button", name="Release the results").wait_for()
        admin.get_by_role("heading", name="Nature").wait_for()
        present(admin)
        admin.get_by_role("button", name="Release the results").click()
        admin.get_by_role("dialog").get_by_role("button", name="Release the results").click()
        admin.get_by_text("The results are public.").wait_for()
        public = admin.locator(".secret a").get_attribute("href")
        admin.get_by_role("link", name="Trail").click()
        admin.get_by_text("released the results").wait_for()
        admin.get_by_role("button", name="Check the chain").click()
        admin.get_by_text("entries are unchanged, and none is missing").wait_for()

        ada.get_by_role("button", name="Check", exact=True).click()
        ada.get_by_text("The ballot with this receipt is counted").wait_for()
        ada.reload()
        ada.get_by_role("link", name="See the results").click()
        ada.get_by_role("heading", name="Nature").wait_for()
        ada.locator(".podium img").first.wait_for()
        bob.goto(public.replace("localhost", "127.0.0.1"))
        bob.get_by_text("2 ballots").wait_for()
        with browser.person(server) as stranger:
            stranger.goto(f"{server.url}/verify#{public.rsplit('/', 1)[1]}/{receipt}")
            stranger.get_by_role("button", name="Check a receipt").click()
            stranger.get_by_text("The ballot with this receipt is counted").wait_for()
            stranger.goto(public)
            stranger.get_by_text("2 ballots").wait_for()


def copied(admin, row):
    """The link of a row, copied by one click."""
    admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    admin.locator(".links li").nth(row).get_by_role("button", name="Copy the link").click()
    admin.locator(".links li").nth(row).get_by_text("Copied.").wait_for()
    return admin.evaluate("navigator.clipboard.readText()")


def saved(voter):
    voter.locator(".saved", has_text="All saved").first.wait_for()


def cast(voter):
    """Reviews and casts the ballot; answers the receipt."""
    voter.get_by_role("button", name="Review").click()
    voter.get_by_role("button", name="Cast the ballot").click()
    voter.get_by_role("button", name="Cast now").click()
    voter.get_by_role("heading", name="Your ballot is cast").wait_for()
    return voter.locator("#receipt").inner_text()


def present(admin):
    """From the last place to the first, by a key."""
    admin.get_by_role("button", name="Present").first.click()
    show = admin.get_by_role("dialog", name="Present")
    show.wait_for()
    places = []
    for _ in range(8):
        admin.keyboard.press("Space")
        places.append(int(show.locator(".place").inner_text()))
    assert places[-1] == 1 and places == sorted(places, reverse=True), places
    admin.keyboard.press("Escape")
    show.wait_for(state="hidden")


TESTS = [a_link_that_is_followed_at_once_is_shown, the_example_election_is_held_by_three_people]
