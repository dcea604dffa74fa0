"""Photographs: uploaded through the emulator's S3, processed by the deployed function, shown by the distribution."""

import hashlib
import json
import time
import uuid

from page import ask, expect
from processes import Failed
from project import ROOT
from stack import Stack

PICTURE = (ROOT / "tests" / "fuzz" / "corpus" / "photograph" / "rgb.png").read_bytes()
# For how long the function may take to be told and to be done, in seconds.
PATIENCE = 90


def api(url: str, token: str, path: str, body: dict | None = None) -> tuple:
    """What the API answers an administrator."""
    data = None if body is None else json.dumps(body).encode()
    return ask(f"{url}/v1{path}", data, authorization=f"Bearer {token}", content_type="application/json")


def send(stack: Stack, fields: dict[str, str], file: bytes) -> int:
    """The status with which the bucket answers a form."""
    boundary = uuid.uuid4().hex
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts.append(b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + file)
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    # The emulator has all buckets at its own address.
    url = f"{stack.emulator.endpoint}/{stack.resources['OriginalsBucket']}"
    return ask(url, body, content_type=f"multipart/form-data; boundary={boundary}")[0]


def upload(stack: Stack, url: str, token: str) -> dict[str, str]:
    """Uploads a picture, and what is none. Returns the paths of the renditions, each with its hash."""
    election = json.loads(expect(api(url, token, "/elections", {"name": "Photographs"}), 201, "an election"))["id"]
    path = f"/elections/{election}/photographs"

    def request(name: str, size: int) -> tuple[str, dict[str, str]]:
        answer = json.loads(expect(api(url, token, path, {"name": name, "bytes": size}), 201, "a photograph"))
        return answer["id"], answer["upload"]["fields"]

    def wait(photograph: str) -> dict:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            status, _, body = api(url, token, f"{path}/{photograph}")
            if status == 200 and json.loads(body)["status"] in ("ready", "refused"):
                return json.loads(body)
            time.sleep(0.5)
        raise Failed(f"{photograph} never comes to anything")

    picture, form = request("a.png", len(PICTURE))
    other, other_form = request("b.png", 10)
    # The emulator does not check signatures of the key that it gives functions. local/src/host/objects/tests/uploads.rs does.
    for what, fields, file in [
        ("another key", form | {"key": form["key"][:-1] + "0"}, PICTURE),
        ("the key of another form", form | {"key": other_form["key"]}, PICTURE),
        ("a file that is larger than announced", other_form, PICTURE),
    ]:
        if (status := send(stack, fields, file)) < 400:
            raise Failed(f"the bucket takes {what}: {status}")
    for fields, file in [(form, PICTURE), (other_form, b"no picture")]:
        if (status := send(stack, fields, file)) >= 300:
            raise Failed(f"an upload is answered with {status}")
    if (refused := wait(other))["problem"] is None or refused["status"] != "refused":
        raise Failed(f"what is no picture is {refused}")
    ready = wait(picture)
    if ready["status"] != "ready" or (ready["width"], ready["sha256"]) != (40, hashlib.sha256(PICTURE).hexdigest()):
        raise Failed(f"the picture is {ready}")
    print("photographs are uploaded and processed", flush=True)
    return {rendition["url"]: rendition["sha256"] for rendition in ready["renditions"]}


def show(through: str, renditions: dict[str, str]) -> None:
    """The distribution shows renditions, and nothing beside them."""
    for path, sha256 in renditions.items():
        answer = ask(through + path)
        if hashlib.sha256(expect(answer, 200, path)).hexdigest() != sha256:
            raise Failed(f"{path} is another file")
        if "immutable" not in answer[1]["cache-control"]:
            raise Failed(f"{path} comes with {answer[1]}")
    [path, *_] = renditions
    for other in [path[:-5] + "0.jpg", "/photos/", path.rpartition("/")[0] + "/", path.replace("/photos/", "/originals/")]:
        if (status := ask(through + other)[0]) < 400:
            raise Failed(f"{other} is answered with {status}")
    print(f"{len(renditions)} renditions are shown by the distribution", flush=True)
