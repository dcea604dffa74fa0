"""An election that invites its voter: the deployed functions send a mail, and its link opens the ballot."""

import json
import re
import urllib.request

from mending import wait
from page import ask, expect
from photographs import api
from processes import Failed
from stack import SENDER, Stack

VOTER = "ada@example.net"
# The page and the token of a link.
LINK = re.compile(r"(https://[^\s#]+)/vote#(\w+)")
# One shard holds all its voters.
NEW = {"name": "Invitations", "links": "invite", "expected_voters": 1}
# For how long both functions may take to be told and to be done, in seconds.
PATIENCE = 120


def verify(stack: Stack) -> None:
    """Lets the stack send mails from its sender. The emulator verifies an identity at once, and mails any recipient."""
    stack.emulator.client("sesv2").create_email_identity(EmailIdentity=SENDER)


def invite(stack: Stack, url: str, owner: str) -> str:
    """Invites a voter, who shows the ballot and casts it. Returns the secret of the link, which no answer has told."""
    answers = []

    def call(what: str, status: int, path: str, body: dict | None = None, token: str = owner) -> dict:
        """What the API answers an administrator or a voter."""
        answer = api(url, token, path, body)
        answers.append(str(answer[1]).encode() + answer[2])
        return json.loads(expect(answer, status, what))

    election = call("an election that invites", 201, "/elections", NEW)["id"]
    path = f"/elections/{election}"
    competition = call("a competition", 201, f"{path}/competitions", {"name": "Nature"})["id"]
    candidates = f"{path}/competitions/{competition}/candidates"
    ids = [call("a candidate", 201, candidates, {"name": name})["id"] for name in ("Moon", "Cat")]
    voter = call("a voter", 201, f"{path}/voters", {"name": "Ada", "email": VOTER})
    if "ballot_token" in voter:
        raise Failed("a registration is answered with a token, although PhotoVote mails it")
    if mails(stack):
        raise Failed("a voter is mailed before the election opens")
    version = call("the opening", 200, f"{path}/open", {})["version"]
    wait(lambda: mails(stack), "no mail comes", PATIENCE)

    [mail] = mails(stack)
    if mail["Source"] != SENDER:
        raise Failed(f"the mail comes from {mail['Source']}")
    links = set(LINK.findall(mail["BodyText"]))
    if len(links) != 1:
        raise Failed(f"the mail has {len(links)} links to ballots")
    [(page, token)] = links
    if page != stack.outputs["PageUrl"]:
        raise Failed(f"the link leads to {page}, not to {stack.outputs['PageUrl']}")
    shown = call("the ballot", 200, "/ballot", token=token)
    if shown["ballot"]["cast"] is not False:
        raise Failed("the ballot is cast already")
    call("the cast", 200, "/ballot/cast", {"ratings": {ids[0]: 4}}, token)

    for rest in (f"?min_version={version}", "/voters", "/audit", "/turnout"):
        call(f"{path}{rest}", 200, f"{path}{rest}")
    secret = token.rpartition("_")[2]
    if any(secret.encode() in answer for answer in answers):
        raise Failed("an answer of the API holds the secret of a link")
    if len(mails(stack)) != 1:
        raise Failed("the voter is mailed twice")
    expect(ask(f"{url}/v1/ballot", authorization=f"Bearer {token[:-1]}"), 401, "half a token", "unauthorized")

    reminder = {"kind": "reminder", "to": {"voters": [voter["id"]]}}
    mailing = call("a mailing", 201, f"{path}/mailings", reminder)["id"]
    wait(lambda: len(mails(stack)) == 2, "no reminder comes", PATIENCE)
    if LINK.findall(mails(stack)[-1]["BodyText"])[0][1] != token:
        raise Failed("the reminder has another link")
    report(stack, election, voter["id"], {"mailing": mailing})
    report(stack, election, voter["id"], {"link": "1"})
    listed = f"{path}/mailings"
    counted = lambda: json.loads(expect(api(url, owner, f"{listed}/{mailing}"), 200, "the mailing"))["counts"]["bounced"]
    wait(lambda: counted() == 1, "a mail that came back is not counted", PATIENCE)
    returned = lambda: json.loads(expect(api(url, owner, f"{path}/bounced"), 200, "what came back"))["items"]
    wait(lambda: [one["email"] for one in returned()] == [VOTER], "an invitation that came back is not listed", PATIENCE)
    print(f"a voter was mailed a link and voted; none of {len(answers)} answers held its secret", flush=True)
    return secret


def report(stack: Stack, election: str, voter: str, mail: dict[str, str]) -> None:
    """Reports that a mail came back, as SES does to the topic. The emulator keeps event destinations, and reports nothing."""
    sns = stack.emulator.client("sns")
    [topic] = [topic["TopicArn"] for topic in sns.list_topics()["Topics"] if "MailReportTopic" in topic["TopicArn"]]
    tags = {"election": election, "shard": "0", "voter": voter, **mail}
    event = {"eventType": "Bounce", "mail": {"tags": {name: [value] for name, value in tags.items()}}}
    sns.publish(TopicArn=topic, Message=json.dumps(event))


def mails(stack: Stack) -> list[dict]:
    """What the emulator's SES has sent to the voter."""
    with urllib.request.urlopen(f"{stack.emulator.endpoint}/_ministack/ses/messages", timeout=30) as response:
        accounts = json.load(response)["messages"]
    return [mail for sent in accounts.values() for mail in sent if VOTER in mail["To"]]
