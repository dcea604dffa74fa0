"""The page behind its distribution, as `make deploy-page` deploys it.

The emulator keeps nothing in a cache, runs the function at the edge only where Node.js is, and has no style of managed login.
tests/system/tests/template/page.rs holds what the template says about these.
"""

import base64
import contextlib
import hashlib
import json
import secrets
import shutil
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage

from administrators import PASSWORD
from forward import forward
from processes import LOOPBACK, Failed, run
from project import ROOT, environment
from stack import NAME, PROVIDER, Stack

PAGE = ROOT / "page"
# Paths of the page, and the files that stand there.
PATHS = {"/": "index.html", "/vote": "vote.html", "/results/01ARZ3NDEKTSV4RRFFQ69G5FAV": "results.html"}


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves redirects to the test."""

    def redirect_request(self, *_):
        return None


def ask(url: str, body: bytes | None = None, **headers: str) -> tuple[int, HTTPMessage, bytes]:
    """The status, the headers and the body of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        opener = urllib.request.build_opener(NoRedirects)
        with opener.open(urllib.request.Request(url, data=body, headers=named), timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers, refusal.read()


def expect(answer: tuple[int, HTTPMessage, bytes], status: int, what: str, code: str | None = None) -> bytes:
    """The body of an answer that must have this status, and this code if it is a problem."""
    answered, headers, body = answer
    if answered != status:
        raise Failed(f"{what} is answered with {answered}, not {status}: {body!r}")
    if code and (headers["content-type"], json.loads(body)["code"]) != ("application/problem+json", code):
        raise Failed(f"{what} is answered with {body!r}, not with {code}")
    return body


def without(url: str) -> None:
    """Without the page, the API's own address takes requests, and tells another page what the parameters say."""
    answer = json.loads(expect(ask(f"{url}/v1/sign-in"), 200, "the sign-in without the page"))
    expected = {"authorize_url": f"{PROVIDER}/authorize", "token_url": f"{PROVIDER}/token", "client_id": "elsewhere"}
    if answer != expected | {"scope": "openid"}:
        raise Failed(f"without the page, administrators sign in at {answer}")


@contextlib.contextmanager
def with_page(stack: Stack) -> Iterator[tuple[Stack, str]]:
    """The stack with the page, and the distribution's address, for the time of the context."""
    emulator, api = stack.emulator, stack.resources["Api"]
    with forward(emulator, prefix=f"/_aws/execute-api/{api}/$default") as port:
        # Without PageUrl, links of mails lead to this page.
        deploy(stack, f"ApiHost={LOOPBACK}", f"ApiPort={port}", "ApiProtocol=http-only", "PageUrl=")
        stack = Stack(emulator)
        # The emulator knows a distribution by its host. A proxy says that the viewer came by TLS.
        host = stack.outputs["PageUrl"].removeprefix("https://")
        with forward(emulator, headers={"host": host, "x-forwarded-proto": "https"}) as viewer:
            yield stack, f"http://{LOOPBACK}:{viewer}"


def deploy(stack: Stack, *settings: str) -> None:
    """Does what `make deploy-page` does."""
    run(sys.executable, ROOT / "deploy-page.py", NAME, *settings, env=environment(stack.emulator.endpoint), cwd=ROOT)


def fetch(url: str) -> None:
    """Every file of the page is there, with its headers, and nothing else."""
    if not shutil.which("node"):
        print("the page is not fetched: the emulator needs Node.js for the function at the edge", flush=True)
        return
    notes = {path for path in PAGE.rglob("*") if path.suffix in (".md", ".html") or path.is_dir()}
    files = {f"/{path.relative_to(PAGE)}": path for path in PAGE.rglob("*") if path not in notes}
    files |= {path: PAGE / file for path, file in PATHS.items()}
    for path, file in files.items():
        answer = ask(url + path)
        if expect(answer, 200, path) != file.read_bytes():
            raise Failed(f"{path} is not {file}")
        headers = answer[1]
        if headers["cache-control"] != "no-cache" or "script-src 'self';" not in headers["content-security-policy"]:
            raise Failed(f"{path} comes with {headers}")
    for path in ["/nowhere", "/vote.html", "/results/", "/README.md", "/v1"]:
        if b"There is no page" not in expect(ask(url + path), 404, path):
            raise Failed(f"{path} is not answered by the function at the edge")
    print(f"{len(files)} paths show the page", flush=True)


def guard(stack: Stack, url: str, direct: str) -> None:
    """Nobody comes past the distribution, whose secret can be replaced. Refusals of the API come through."""
    names = [name for name in stack.functions().values() if "Queries" in name or "Commands" in name]
    client = stack.emulator.client("lambda")
    variables = [client.get_function_configuration(FunctionName=name)["Environment"]["Variables"] for name in names]
    [old] = {each["ORIGIN_SECRETS"] for each in variables}
    new = secrets.token_hex(32)
    for accepted, refused in [([old], new), ([old, new], "x"), ([new, old], "x"), ([new], old)]:
        deploy(stack, f"OriginSecrets={','.join(accepted)}")
        expect(ask(f"{direct}/v1/health"), 403, "a request past the distribution", "wrong_address")
        expect(ask(f"{direct}/v1/health", x_origin_secret=refused), 403, "a wrong secret", "wrong_address")
        for secret in accepted:
            expect(ask(f"{direct}/v1/health", x_origin_secret=secret), 200, "a secret of the distribution")
        expect(ask(f"{url}/v1/health", x_origin_secret="x"), 200, "a request through the distribution")
    expect(ask(f"{url}/v1/ballot", authorization="Bearer x"), 401, "a wrong token", "unauthorized")
    missing = "/v1/public/elections/01ARZ3NDEKTSV4RRFFQ69G5FAV/results"
    expect(ask(url + missing), 404, "results that do not exist", "results_not_found")
    print("functions take requests from the distribution only", flush=True)


def sign_in(stack: Stack, url: str, email: str) -> str:
    """Signs an administrator in as page/admin/sign-in.js does. Returns the token."""
    answer = json.loads(expect(ask(f"{url}/v1/sign-in"), 200, "the sign-in"))
    pool = f"https://{stack.resources['UserPoolDomain']}.auth."
    if not all(answer[name].startswith(pool) for name in ("authorize_url", "token_url")):
        raise Failed(f"administrators sign in elsewhere than at {pool}: {answer}")
    # The emulator has the paths of all pools at its own address.
    at = {name: stack.emulator.endpoint + urllib.parse.urlparse(answer[name]).path for name in ("authorize_url", "token_url")}
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    client = {"client_id": answer["client_id"], "redirect_uri": f"{stack.outputs['PageUrl']}/admin"}
    fields = client | {
        "response_type": "code",
        "scope": answer["scope"],
        "state": "state",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    expect(ask(f"{at['authorize_url']}?{urllib.parse.urlencode(fields)}"), 200, "the request to sign in")
    form = urllib.parse.urlencode(fields | {"username": email, "password": PASSWORD}).encode()
    signed_in = ask(f"{stack.emulator.endpoint}/login", form)
    expect(signed_in, 302, "the password")
    callback = urllib.parse.urlparse(signed_in[1]["location"])
    [code] = urllib.parse.parse_qs(callback.query)["code"]
    exchange = client | {"grant_type": "authorization_code", "code": code}
    wrong = urllib.parse.urlencode(exchange | {"code_verifier": secrets.token_urlsafe(32)}).encode()
    expect(ask(at["token_url"], wrong), 400, "a code without its verifier")
    right = urllib.parse.urlencode(exchange | {"code_verifier": verifier}).encode()
    token = json.loads(expect(ask(at["token_url"], right), 200, "the code"))["access_token"]
    expect(ask(f"{url}/v1/elections", authorization=f"Bearer {token}"), 200, "the token of the sign-in")
    print("an administrator signed in with a code", flush=True)
    return token
