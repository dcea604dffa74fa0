"""What the tests of the page share: a local server, a browser, people in it, and what must hold in every test."""

import atexit
import contextlib
import email
import email.policy
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("PHOTOVOTE_PROGRAM", ROOT / "target/debug/photovote"))
NAMES = ["chromium", "chromium-browser", "google-chrome"]
CHROMIUM = os.environ.get("PHOTOVOTE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-quic",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
PAGE = ROOT / "page"
SHOTS = ROOT / "target/page-shots"
TOKEN = re.compile(r"pvb_|eyJ")


class Server:
    """A local server with its own data directory. It does not outlive the tests. It serves the page from disk, unless it is told not to."""

    def __init__(self, embedded=False):
        self.data = tempfile.mkdtemp(prefix="photovote-page-")
        os.chmod(self.data, 0o700)
        self.options = [] if embedded else ["--page", PAGE]
        self.port = 0
        self.start()
        atexit.register(self.end)

    def start(self):
        """Starts the server; after a kill, on the same port."""
        command = [PROGRAM, "--data-dir", self.data, "--port", str(self.port), "--fast", *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if found := re.search(r"Page +(http://[^/]+:(\d+))/", line):
                self.url, self.port = found[1], int(found[2])
            if line.startswith("`photovote sign-in"):
                break
        else:
            raise AssertionError("the server has not started")
        self.token = self.said("token")

    def said(self, *command):
        """What a command prints."""
        return subprocess.run([PROGRAM, *command, "--data-dir", self.data], capture_output=True, text=True, check=True).stdout.strip()

    def sign_in_link(self):
        return self.said("sign-in").removeprefix("Sign in: ")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.data, ignore_errors=True)

    def api(self, method, path, body=None, token=None):
        """What the API answers an administrator, or the bearer of a token."""
        request = urllib.request.Request(f"{self.url}/v1{path}", method=method, headers={"Authorization": f"Bearer {token or self.token}"})
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        for _ in range(200):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                # The documents follow the events.
                if error.code != 503:
                    raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error
        raise AssertionError(f"{method} {path} is never answered")

    def upload(self, election, name, file):
        """Uploads a photograph by the API; answers its id."""
        made = self.api("POST", f"/elections/{election}/photographs", {"name": name, "bytes": len(file)})
        form = [f'--limit\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode() for field, value in made["upload"]["fields"].items()]
        form += [b'--limit\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n', file, b"\r\n--limit--\r\n"]
        request = urllib.request.Request(self.url + made["upload"]["url"], data=b"".join(form), headers={"Content-Type": "multipart/form-data; boundary=limit"})
        urllib.request.urlopen(request, timeout=30).close()
        return made["id"]

    def mails(self):
        """The mails that were sent: their kinds, recipients, subjects, texts, and the tokens in their links."""
        found = []
        for file in pathlib.Path(self.data, "outbox").glob("*.eml"):
            mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            text = mail.get_body(("plain",)).get_content()
            token = re.search(r"/vote#(pvb_\w+)", text)
            found.append({"kind": file.name.split("-")[0], "to": mail["To"].addresses[0].addr_spec, "subject": mail["Subject"], "text": text, "token": token and token[1]})
        return found

    def photographs(self, election):
        """All photographs of an election, by their names."""
        found, cursor = [], ""
        while cursor is not None:
            page = self.api("GET", f"/elections/{election}/photographs?limit=100" + (f"&cursor={cursor}" if cursor else ""))
            found, cursor = found + page["items"], page["next_cursor"]
        return {photograph["name"]: photograph for photograph in found}

    def election(self, competitions=(("Nature", 3),), voters=1, scale=(1, 5), name="Spring contest", opened=True, closes_at=None, sized=True):
        """An election by the API; answers its id and its voters' tokens."""
        made = self.api("POST", "/elections", {"name": name, "scale": {"min": scale[0], "max": scale[1]}, "description": "Photographs of this spring."})
        path = f"/elections/{made['id']}"
        number = 0
        for competition, count in competitions:
            parent = self.api("POST", f"{path}/competitions", {"name": competition})["id"]
            for _ in range(count):
                file, title, size = PHOTOGRAPHS[number % len(PHOTOGRAPHS)]
                image = {"url": f"{self.url}/photos/{file}" + (f"#{size}" if sized else ""), "caption": f"{title}, a photograph"}
                suffix = f" {number // len(PHOTOGRAPHS) + 1}" if number >= len(PHOTOGRAPHS) else ""
                self.api("POST", f"{path}/competitions/{parent}/candidates", {"name": title + suffix, "image": image})
                number += 1
        tokens = [self.api("POST", f"{path}/voters", {"name": f"Voter {i}", "email": f"voter{i}@example.org"})["ballot_token"] for i in range(voters)]
        if opened:
            self.api("POST", f"{path}/open", {"closes_at": closes_at} if closes_at else {})
        return made["id"], tokens


PHOTOGRAPHS = [
    ("hubble_deep_field.jpg", "Deep field", "1000x872"), ("moon.png", "Craters", "512x512"), ("chelsea.png", "Four in the morning", "451x300"),
    ("coffee.png", "First break", "600x400"), ("grass.png", "Meadow", "512x512"), ("rocket.jpg", "Lift-off", "640x427"),
    ("astronaut.png", "Before the flight", "512x512"), ("camera.png", "The photographer", "512x512"), ("brick.png", "East wall", "512x512"),
    ("gravel.png", "Path", "512x512"),
]


class Browser:
    """A browser, and what must hold of every page in it."""

    def __init__(self):
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)

    def end(self):
        self.browser.close()
        self.playwright.stop()

    @contextlib.contextmanager
    def person(self, server, **options):
        """One person's browser profile, which is watched: no request to another origin, no token in a URL or in storage that outlives the tab,
        no violation of the content security policy, and no error."""
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options}
        context = self.browser.new_context(**options)
        context.set_default_timeout(15_000)
        faults = []
        page = context.new_page()
        watch(page, server, faults)
        page.faults = faults
        try:
            yield page
            if page.url.startswith(server.url) and TOKEN.search(page.evaluate("JSON.stringify({...localStorage})")):
                faults.append("a token in storage that outlives the tab")
            assert not faults, "\n".join(faults)
        except Exception:
            SHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SHOTS / f"failed-{len(list(SHOTS.glob('failed-*')))}.png")
            log(f"it looked like this: {SHOTS}", *faults)
            raise
        finally:
            context.close()


def watch(page, server, faults):
    def requested(request):
        if not request.url.startswith((server.url + "/", "blob:")):
            faults.append(f"a request to another origin: {request.url}")
        if TOKEN.search(request.url):
            faults.append(f"a token in a URL: {request.url}")

    def said(message):
        if message.type == "error" and not ("Failed to load resource" in message.text and (re.search("/v1/|/uploads$|/local/mails", (message.location or {}).get("url", "")) or page.url == message.location.get("url"))):
            faults.append(f"{page.url}: {message.text}")

    page.on("request", requested)
    page.on("console", said)
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))


PRINT = print
def log(*words):
    PRINT(*words, file=sys.stderr, flush=True)
