"""Tries the page in a real browser. Arguments: parts of the names of tests to run; otherwise all of them.

    make test-page ONLY=keyboard
"""

import os
import sys
import time
import traceback

import harness

MODULES = ["story", "words", "loss", "photographs", "lists", "mailings", "schedule", "access", "bytes"]


def main(wanted):
    if not harness.CHROMIUM:
        print("the page is not tried: it needs Chromium (on Debian: the package chromium; or set PHOTOVOTE_CHROMIUM)")
        sys.exit(1 if os.environ.get("CI") else 0)
    tests = [test for module in MODULES for test in __import__(module).TESTS]
    tests = [test for test in tests if not wanted or any(word in test.__name__ for word in wanted)]
    browser, failed = harness.Browser(), []
    for test in tests:
        begun = time.monotonic()
        server = harness.Server()
        try:
            test(browser, server)
            harness.log(f"ok    {test.__name__} ({time.monotonic() - begun:.1f} s)")
        except Exception:  # noqa: BLE001: each test is told with its own failure
            failed.append(test.__name__)
            harness.log(f"FAIL  {test.__name__}\n{traceback.format_exc()}")
        finally:
            server.end()
    browser.end()
    sys.exit(f"{len(failed)} of {len(tests)} tests failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
