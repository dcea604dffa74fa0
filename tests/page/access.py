"""For everybody: axe in every state, the whole ballot by keyboard alone, a phone of 360 × 740, 320 px, 200 % zoom, right-to-left, forced
colours."""

from axe_playwright_python.sync_playwright import Axe

import shots
from loss import open_ballot, shown, stored
from story import saved, sign_in

AXE = Axe()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def violations(page):
    """What axe finds; the page must allow no script from outside, so axe is evaluated past the policy by the debugger."""
    found = AXE.run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}" for one in found for node in one["nodes"]]


def no_state_has_a_violation_by_axe(browser, server):
    made = shots.elections(server)
    wrong = []
    for options in [{**shots.SIZES["desktop"], "color_scheme": "light"}, {**shots.SIZES["phone"], "color_scheme": "dark"}]:
        with browser.person(server, **options) as page:
            for name in shots.states(page, server, made):
                wrong += [f"{name}, {options['color_scheme']}: {one}" for one in violations(page)]
    assert not wrong, "\n".join(wrong)


def no_state_is_wider_than_its_window(browser, server):
    made = shots.elections(server)
    wide = []
    sizes = {"320 px": {"viewport": {"width": 320, "height": 640}}, "200 %": {"viewport": {"width": 640, "height": 400}},
             "phone": shots.SIZES["phone"]}
    for size, options in sizes.items():
        with browser.person(server, **options) as page:
            for name in shots.states(page, server, made):
                for direction in ["ltr", "rtl"]:
                    page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
                    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    if over > 0:
                        what = page.evaluate("""[...document.querySelectorAll('body *')].filter(e => { const r = e.getBoundingClientRect();
                            return r.right > innerWidth + 1 || r.left < -1; }).slice(0, 3).map(e => e.outerHTML.slice(0, 90))""")
                        wide.append(f"{name} at {size}, {direction}: {over} px: {what}")
                page.evaluate("document.documentElement.dir = 'ltr'")
    assert not wide, "\n".join(wide)


def a_ballot_is_rated_and_cast_by_keyboard_alone(browser, server):
    _, [token] = server.election((("Nature", 3), ("People", 2)))
    with browser.person(server) as page:
        open_ballot(page, server, token)
        keys = page.keyboard
        tab_to(page, "radio", "Your rating")
        # Arrow keys move, and record nothing.
        for _ in range(3):
            keys.press("ArrowRight")
        page.wait_for_timeout(600)  # longer than changes are gathered: nothing may be on its way
        assert not any(shown(page).values()) and not any(stored(server, token).values())
        keys.press("Enter")
        saved(page)
        assert sorted(shown(page).values()) == [0, 0, 4]
        tab_to(page, "button", "Enlarge")
        keys.press("Enter")
        page.get_by_role("dialog", name="Large view").wait_for()
        for key in ["5", "ArrowRight", "2", "ArrowRight", "3", "0", "c", "Escape"]:
            keys.press(key)
        page.get_by_role("dialog", name="Large view").wait_for()
        keys.press("?")
        page.get_by_role("dialog", name="Keys (?)").wait_for()
        keys.press("Escape")
        keys.press("Escape")
        page.get_by_role("dialog", name="Large view").wait_for(state="hidden")
        tab_to(page, "button", "Review")
        keys.press("Enter")
        page.get_by_role("heading", name="Review your ballot").wait_for()
        # The skip link leads to the photographs, and leaves the view as it is.
        tab_to(page, "a", "Skip")
        keys.press("Enter")
        page.get_by_role("heading", name="Review your ballot").wait_for()
        tab_to(page, "button", "Cast the ballot")
        keys.press("Enter")
        tab_to(page, "button", "Cast now")
        keys.press("Enter")
        page.get_by_role("heading", name="Your ballot is cast").wait_for()


def tab_to(page, role, name):
    """Presses Tab until the focus is on this."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("""([role, name]) => { const at = document.activeElement; const group = at.closest('[role="radiogroup"]');
                const label = at.getAttribute('aria-label') ?? group?.getAttribute('aria-label') ?? at.textContent;
                return (at.getAttribute('role') ?? at.localName) === role && label.includes(name); }""", [role, name]):
            return
    raise AssertionError(f"no Tab leads to {name}")


def a_phone_is_enough(browser, server):
    _, [token] = server.election((("Nature", 4),))
    with browser.person(server, **shots.SIZES["phone"]) as page:
        open_ballot(page, server, token)
        before = page.locator(".entry").first.locator(".grades").bounding_box()
        page.locator(".entry").first.get_by_role("radio", name="3", exact=True).tap()
        saved(page)
        assert page.locator(".entry").first.locator(".grades").bounding_box() == before, "a button has moved"
        small = page.locator("button:visible, a:visible").evaluate_all(
            "all => all.filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.width < 24 || r.height < 24); }).map(e => e.outerHTML.slice(0, 80))")
        small = [one for one in small if "skip" not in one]
        assert not small, small
        page.locator(".frame").first.tap()
        page.get_by_role("dialog").wait_for()
        swipe(page, 300, 60)
        page.get_by_text("2 of 4").first.wait_for()
        page.go_back()
        page.get_by_role("dialog").wait_for(state="hidden")


def swipe(page, start, end):
    """A finger that moves over the photograph."""
    client = page.context.new_cdp_session(page)
    client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": start, "y": 350}]})
    for step in range(1, 6):
        client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": start + (end - start) * step / 5, "y": 350}]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def what_is_chosen_is_seen_in_forced_colours(browser, server):
    _, [token] = server.election((("Nature", 3),))
    with browser.person(server, forced_colors="active") as page:
        open_ballot(page, server, token)
        page.locator(".entry").first.get_by_role("radio", name="3", exact=True).click()
        saved(page)
        grades = page.locator(".entry").first.get_by_role("radio")
        colours = grades.evaluate_all("all => all.map(one => getComputedStyle(one).backgroundColor)")
        assert colours.count(colours[2]) == 1, colours


TESTS = [
    no_state_has_a_violation_by_axe,
    no_state_is_wider_than_its_window,
    a_ballot_is_rated_and_cast_by_keyboard_alone,
    a_phone_is_enough,
    what_is_chosen_is_seen_in_forced_colours,
]
