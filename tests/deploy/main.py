"""Deploys the template to an emulator of AWS, and tests what is deployed.

Without an argument all of it; with `events`, the events of tests/events only.
"""

import signal
import sys
import tempfile
from pathlib import Path

import invitations
import lists
import page
import photographs
import stack
from administrators import sign_in
from emulator import emulator
from events import send_events
from gateway import open_gateway
from mending import mend
from processes import Failed, run
from project import BUILD, ROOT, environment
from restoring import restore
from rie import functions
from secrets_of_suite import look_for


# The tests that also go through the page's distribution. Its answers are the API's, which the others ask directly.
THROUGH_PAGE = ["casting", "story"]


def main(events_only: bool) -> None:
    """Checks, builds, deploys, tests; what it started is stopped when it ends, however it ends."""
    if not events_only:
        stack.check()
    stack.build(BUILD, stack.QUICK)
    with tempfile.TemporaryDirectory(prefix="photovote-") as directory, emulator(Path(directory)) as aws:
        deployed = stack.deploy(aws)
        with functions(deployed, Path(directory)) as invoke:
            send_events(deployed.functions(), invoke)
        if events_only:
            return
        url = open_gateway(deployed)
        page.without(url)
        invitations.verify(deployed)
        owner = sign_in(deployed, "owner@example.org", "AccessToken")
        other = sign_in(deployed, "other@example.org", "IdToken")
        mend(deployed, url, owner)
        renditions = photographs.upload(deployed, url, owner)
        lists.register(deployed, url, owner)
        secrets = Path(directory) / "secrets"
        suite = {
            "PHOTOVOTE_URL": url,
            "PHOTOVOTE_TOKEN": owner,
            "PHOTOVOTE_OTHER_TOKEN": other,
            "PHOTOVOTE_SECRETS": str(secrets),
        }
        # With the features of the whole workspace nothing has to be built that `make unit` has built.
        command = ["cargo", "test", "--workspace", "--all-features", "--locked", "--test=system", "--", "--skip=template::"]
        run(*command, *(f"{name}::" for name in suites()), env=environment() | suite, cwd=ROOT)
        restore(deployed, url, owner)
        with page.with_page(deployed) as (deployed, through):
            page.fetch(through)
            photographs.show(through, renditions)
            owner = page.sign_in(deployed, through, "owner@example.org")
            with secrets.open("a") as known:
                known.write(f"{invitations.invite(deployed, through, owner)}\n")
            page.guard(deployed, through, url)
            suite |= {"PHOTOVOTE_URL": through, "PHOTOVOTE_TOKEN": owner}
            run(*command, *(f"{name}::" for name in THROUGH_PAGE), env=environment() | suite, cwd=ROOT)
        look_for(secrets, deployed, Path(directory))


def suites() -> list[str]:
    """The modules whose tests speak to a host, and so to the deployed one as well."""
    files = (ROOT / "tests" / "system" / "tests").rglob("*.rs")
    over_http = {file for file in files if is_over_http(file.read_text())}
    return sorted({file.parent.name if file.parent.name != "tests" else file.stem for file in over_http})


def is_over_http(test: str) -> bool:
    """Whether a test speaks to a host alone. One that reads mails, or uploads lists, needs a local host."""
    return "Host::start()" in test and ".mails()" not in test and "async fn upload(" not in test


if __name__ == "__main__":
    # So that what was started is stopped then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main(events_only=sys.argv[1:] == ["events"])
    except Failed as failure:
        sys.exit(f"\n{failure}")
