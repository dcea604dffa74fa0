#!/usr/bin/env python3
"""Checks the audit trail of an election and its uploaded photographs, from nothing but what the server answers.

    TOKEN=<administrator's JWT> python3 examples/verify_audit.py http://127.0.0.1:3000/v1 <election>

docs/trust/audit.md says what is checked, and what that proves. Needs Python 3 and nothing else.
"""

import hashlib
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request


class Wrong(Exception):
    """The trail or the results are not what they claim to be."""


def h(*parts):
    """SHA-256 over parts, each after its length as 8 bytes, the highest first."""
    sha = hashlib.sha256()
    for part in parts:
        part = part.encode() if isinstance(part, str) else part
        sha.update(len(part).to_bytes(8, "big") + part)
    return sha.hexdigest()


def canonical(value):
    """JSON with sorted keys and no spaces: RFC 8785, for what the API answers (no fractions, keys in ASCII)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(part, where):
    """A part's digest as bytes; checked, if the part itself is shown."""
    if "data" in part and h("photovote/part", bytes.fromhex(part["salt"]), part["data"]) != part["digest"]:
        raise Wrong(f"{where}: a part is not what was hashed")
    return bytes.fromhex(part["digest"])


def check_commit(entry, prev, version):
    """Checks that a commit follows the one before it, and is what was hashed."""
    where = f"{entry['stream']} at version {entry['version']}"
    if entry["prev"] != prev or entry["version"] != version:
        raise Wrong(f"{where} does not follow the commit before it")
    types = [f"{event['type']}/{event['schema_version']}" for event in entry["events"]]
    header = {"command": entry["command"], "events": types, "stream": entry["stream"], "version": version}
    parts = [entry["private"], *entry["events"]]
    if entry["form"] == 2:
        header["form"] = 2
        parts.insert(1, entry["request"])
    elif entry["form"] != 1:
        raise Wrong(f"{where} has a form that this script does not know")
    digests = [digest_of(part, where) for part in parts]
    if h("photovote/commit", bytes.fromhex(prev), canonical(header), *digests) != entry["hash"]:
        raise Wrong(f"{where} is not what was hashed")


def check_trail(election, entries):
    """Checks every stream of commits from its first one on; answers the last hash of each stream, ballots that were cast included."""
    heads, versions = {}, {}
    for entry in entries:
        stream = entry["stream"]
        if entry["kind"] == "ballot":
            if stream in heads or not stream.startswith("ballot#"):
                raise Wrong(f"{stream} cannot be a ballot here")
            if entry["cast"] != ("hash" in entry):
                raise Wrong(f"{stream} must have a hash exactly if it was cast")
            heads[stream] = entry["hash"] if entry["cast"] else "uncast"
            continue
        if entry["kind"] != "commit":
            raise Wrong(f"{entry['kind']} is no kind of entry")
        prev = heads.get(stream) or h("photovote/stream", election, stream)
        check_commit(entry, prev, versions.get(stream, 1))
        heads[stream] = entry["hash"]
        versions[stream] = entry["version"] + len(entry["events"])
    if f"election#{election}" not in heads:
        raise Wrong("the election's own stream is missing")
    return heads


def digest_of_trail(heads):
    """The digest of a whole trail: over the last hash of each stream."""
    lines = "".join(f"{stream} {heads[stream]}\n" for stream in sorted(heads))
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


def check_casts(entries):
    """Checks that as many ballots were cast as the close says; answers how many, or None before the close."""
    said = said_at_the_close(entries)
    ballots = [entry for entry in entries if entry["kind"] == "ballot"]
    if not said and ballots:
        # Or it was deleted as a draft, when there was nothing to cast yet.
        if not is_deleted(entries):
            raise Wrong("the election was closed while its trail was fetched: try again")
        return None
    if not said:
        return None
    casts = sum(ballot["cast"] for ballot in ballots)
    if [close["casts"] for close in said] != [casts]:
        raise Wrong(f"the close says {said}, but {casts} ballots were cast")
    # A ballot is made for each voter, and stays when the voter is removed; whoever has cast is not removed.
    registered, removed = count(entries, "VoterRegistered"), count(entries, "VoterRemoved")
    if len(ballots) != registered or casts > registered - removed:
        raise Wrong(f"{registered} voters were registered and {removed} removed, but there are {len(ballots)} ballots, {casts} of them cast")
    if said[0].get("registered") not in (None, registered - removed):
        raise Wrong(f"the close says {said}, but {registered} voters were registered and {removed} removed")
    return casts


def said_at_the_close(entries):
    """What the close says in numbers: `casts`, and in its second version `registered`."""
    return [json.loads(event["data"]) for entry in entries if entry["kind"] == "commit"
            for event in entry["events"] if event["type"] == "ElectionClosed"]


def count(entries, kind):
    """How many events of a type the commits have."""
    return sum(event["type"] == kind for entry in entries if entry["kind"] == "commit" for event in entry["events"])


def is_deleted(entries):
    """Was the election deleted?"""
    return count(entries, "ElectionDeleted") > 0


def pictures(entries):
    """The uploaded photographs that candidates show: photograph and pixels, as the last event of each candidate has them."""
    shown, ready = {}, {}
    for entry in entries:
        for event in entry["events"] if entry["kind"] == "commit" and not entry["stream"].startswith("voter#") else []:
            kind, data = event["type"], json.loads(event["data"])
            if kind in ("CandidateAdded", "CandidateImageChanged"):
                shown[data["competition"], data["candidate"]] = data.get("image") or {}
            elif kind == "CandidateRemoved":
                shown.pop((data["competition"], data["candidate"]), None)
            elif kind == "CompetitionRemoved":
                shown = {place: image for place, image in shown.items() if place[0] != data["competition"]}
            elif kind == "PhotographReady":
                ready[entry["stream"]] = data["pixels"]
    for (_, candidate), image in shown.items():
        if photograph := image.get("photograph"):
            if ready.get(f"photograph#{photograph}") != image["pixels"]:
                raise Wrong(f"candidate {candidate} does not show what photograph {photograph} came to")
            yield photograph, image["pixels"]


def check_picture(api, election, photograph, pixels):
    """Downloads each file that shows a photograph, and checks its size and hash. Answers how many there are."""
    for rendition in pixels["renditions"]:
        size, length, sha256 = rendition.split()
        path = f"/photos/{election}/{photograph}/{sha256}.{size.split('.')[1]}"
        with urllib.request.urlopen(urllib.parse.urljoin(api, path), timeout=60) as answer:
            file = answer.read()
        if len(file) != int(length) or hashlib.sha256(file).hexdigest() != sha256:
            raise Wrong(f"{path} is another file: it has {len(file)} bytes and the hash {hashlib.sha256(file).hexdigest()}")
    return len(pixels["renditions"])


def said_of_the_results(entries):
    """The digest that history says the results have; None for elections that release 0.1.0 closed."""
    digest = None
    for entry in entries:
        if entry["kind"] == "commit" and entry["stream"].startswith("election#"):
            for event in entry["events"]:
                if event["type"] == "ResultsCounted":
                    digest = json.loads(event["data"])["digest"]
                elif event["type"] == "ResultsReleased":
                    digest = json.loads(event["data"]).get("digest") or digest
    return digest


def check_results(results, casts, close, recorded):
    """Checks that final results count every cast, say what their digest, the close and history say, and add up."""
    rest = {name: value for name, value in results.items() if name != "digest"}
    if results["digest"] != "sha256:" + hashlib.sha256(canonical(rest).encode()).hexdigest():
        raise Wrong("the results are not what their digest says")
    if recorded is not None and results["digest"] != f"sha256:{recorded}":
        raise Wrong(f"history says {recorded} of the results, and they are {results['digest']}")
    if not results["cast"] == results["counted"] == casts:
        raise Wrong(f"{casts} ballots were cast, and the results count {results['counted']}")
    if results.get("registered") != close.get("registered"):
        raise Wrong(f"the close says {close}, and the results {results.get('registered')} voters")
    for row in (row for competition in results["competitions"] for row in competition["candidates"]):
        histogram = {int(grade): ballots for grade, ballots in row["histogram"].items()}
        count, total = sum(histogram.values()), sum(grade * ballots for grade, ballots in histogram.items())
        mean = row["mean_exact"]
        if count != row["ratings"] or total != row["sum"] or count > casts:
            raise Wrong(f"the ratings of {row['name']} do not add up")
        if total * mean["denominator"] != count * mean["numerator"]:
            raise Wrong(f"the mean of {row['name']} is not that of its ratings")


def get(url):
    """What the API answers to a GET."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {os.environ.get('TOKEN', '')}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def fetch_trail(api, election):
    """The whole trail, page after page."""
    url = f"{api}/elections/{election}/audit?limit=100"
    page = get(url)
    while True:
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        page = get(f"{url}&cursor={page['next_cursor']}")


def main(api, election):
    entries = list(fetch_trail(api, election))
    heads = check_trail(election, entries)
    commits = sum(entry["kind"] == "commit" for entry in entries)
    ballots = len(entries) - commits
    print(f"Commits: {commits}, in {len(heads) - ballots} streams; each follows the one before it and is what was hashed.")
    print(f"Ballots: {ballots}, each with the last hash of its own stream.")
    print(f"The trail's digest, to be kept and compared: {digest_of_trail(heads)}")
    if not is_deleted(entries):
        files = [check_picture(api, election, *picture) for picture in pictures(entries)]
        print(f"Uploaded photographs: {len(files)}, in {sum(files)} files; each file is what the trail says.")
    casts = check_casts(entries)
    if casts is None:
        print("The election is not closed: its ballots are not to be checked yet.")
    elif is_deleted(entries):
        print(f"Ballots cast: {casts}. The election was deleted, and its results with it.")
    else:
        results = get(f"{api}/elections/{election}/results")
        if results["status"] != "final":
            raise Wrong("the ballots are still being counted: try again")
        check_results(results, casts, said_at_the_close(entries)[0], said_of_the_results(entries))
        print(f"Ballots cast: {casts}; counted: {results['counted']}. The results' digest: {results['digest']}")
    print("OK")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(sys.argv[1].rstrip("/"), sys.argv[2])
    except Wrong as wrong:
        sys.exit(f"WRONG: {wrong}")
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.url} answered {error.code}: {error.read().decode(errors='replace')}")
    except OSError as error:
        sys.exit(f"the API cannot be reached: {error}")
