"""Measures the page on a phone's screen: the first photograph over a slow line, and how soon it answers among 500 photographs."""

import time

import harness
import shots

# 1.6 Mbit/s down, 0.75 Mbit/s up, 150 ms.
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
WATCH = """window.tasks = []; window.events = [];
    new PerformanceObserver(list => list.getEntries().forEach(e => tasks.push(e.duration))).observe({type: 'longtask', buffered: true});
    new PerformanceObserver(list => list.getEntries().forEach(e => events.push([e.name, e.duration])))
        .observe({type: 'event', durationThreshold: 16, buffered: true});"""


def first_photograph(browser, server, token):
    with browser.person(server, **shots.SIZES["phone"]) as page:
        line = page.context.new_cdp_session(page)
        line.send("Network.enable")
        line.send("Network.emulateNetworkConditions", SLOW)
        begun = time.monotonic()
        page.goto(f"{server.url}/vote#{token}", wait_until="commit")
        while not page.evaluate("document.querySelector('.entry img')?.naturalWidth > 0 && document.querySelector('.entry img').complete"):
            time.sleep(0.01)
        return time.monotonic() - begun


def answers(browser, server, token):
    """The longest task while scrolling, and the longest times from a tap and a key to what they show, in milliseconds."""
    with browser.person(server, **shots.SIZES["phone"]) as page:
        page.add_init_script(WATCH)
        page.goto(f"{server.url}/vote#{token}")
        page.locator(".entry").nth(499).wait_for(state="attached")
        page.wait_for_timeout(1_000)
        page.evaluate("tasks.splice(0)")
        for place in range(0, 120_000, 1_500):
            page.evaluate("place => scrollTo(0, place)", place)
            page.wait_for_timeout(16)
        scrolling = max(page.evaluate("tasks.splice(0)"), default=0)
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(300)
        tap = longest(page, lambda: page.locator(".entry").first.get_by_role("radio", name="4", exact=True).tap())
        page.locator(".frame").first.tap()
        page.wait_for_timeout(500)
        key = longest(page, lambda: page.keyboard.press("5"))
        return scrolling, tap, key


def longest(page, act):
    page.evaluate("events.splice(0)")
    act()
    page.wait_for_timeout(500)
    return max((duration for _, duration in page.evaluate("events.splice(0)")), default=0)


def main():
    browser, server = harness.Browser(), harness.Server()
    harness.PHOTOGRAPHS[:] = [("moon.png", "Moon", "512x512")]
    _, [usual] = server.election((("Nature", 40),), name="Usual")
    _, [large] = server.election((("Nature", 500),), name="Large")
    seconds = sorted(first_photograph(browser, server, usual) for _ in range(3))[1]
    scrolling, tap, key = answers(browser, server, large)
    print(f"first photograph of 40 (50 KB) at 1.6 Mbit/s and 150 ms: {seconds:.2f} s\nlongest task while scrolling 500 photographs: {scrolling:.0f} ms\n"
          f"from a tap to the rating: {tap:.0f} ms\nfrom a key to the rating: {key:.0f} ms")
    browser.end()
    server.end()


if __name__ == "__main__":
    main()
