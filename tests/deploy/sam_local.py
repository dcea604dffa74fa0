"""`sam local`: the functions as SAM runs them, in containers."""

import json
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

from emulator import Emulator
from engine import Engine
from processes import Failed, output, tail
from project import BUILD, TOOLS, environment
from stack import ELSEWHERE, PARAMETERS, SENDER
from tables import make_tables, renamed


class Sam:
    """SAM with the built template, the tables of the events and an engine."""

    def __init__(self, emulator: Emulator, engine: Engine, directory: Path):
        self.directory = directory
        self.env = environment() | {"TMPDIR": str(directory)} | engine.variables

        template = yaml_parse((BUILD / "template.yaml").read_text())
        resources = template["Resources"]
        make_tables(emulator, resources)
        queue = emulator.client("sqs").create_queue(QueueName="repair-of-events")["QueueUrl"]
        there = {"REPAIR_QUEUE_URL": queue, "REBUILD_QUEUE_URL": queue, "PHOTOGRAPHS_QUEUE_URL": queue}
        there |= {"IMPORT_QUEUE_URL": queue, "MAIL_QUEUE_URL": queue}
        there |= {"LINK_KEY_ID": "links-of-events", "MAIL_CONFIGURATION_SET": "mails-of-events"}
        there |= {"MAIL_FROM": SENDER, "MAIL_SENDER": "PhotoVote", "PAGE_URL": ELSEWHERE}
        there["AWS_ENDPOINT_URL"] = emulator.endpoint
        for variable in ("ORIGINALS_BUCKET", "RENDITIONS_BUCKET"):
            there[variable] = f"{variable.lower().replace('_', '-')}-of-events"
            emulator.client("s3").create_bucket(Bucket=there[variable])
        self.functions = {
            name: renamed(resource["Properties"]["Environment"]["Variables"] | there)
            for name, resource in resources.items()
            if resource["Type"] == "AWS::Serverless::Function"
        }
        self.variables = directory / "variables.json"
        self.variables.write_text(json.dumps(self.functions))

        # SAM sets only those variables that the template names.
        template["Globals"]["Function"]["Environment"] = {"Variables": {"AWS_ENDPOINT_URL": emulator.endpoint}}
        self.template = directory / "template.yaml"
        self.template.write_text(yaml_dump(template))

    def local(self, command: str, *options: str | Path) -> list[str | Path]:
        """A command of `sam local`."""
        common = ["--template", self.template, "--docker-volume-basedir", BUILD, "--env-vars", self.variables]
        # The image is there.
        common += ["--parameter-overrides", PARAMETERS, "--skip-pull-image"]
        return [TOOLS / "sam", "local", command, *options, *common]

    def invoke(self, name: str, event: Path) -> tuple[dict, Path]:
        """A function's answer to an event, and where to read what it logged."""
        log = self.directory / f"{name}.log"
        written = output(*self.local("invoke", name, "--event", event), env=self.env, log=log)
        try:
            return json.loads(written), log
        except ValueError as error:
            raise Failed(f"{name} answers {event.stem} with {written}:\n{tail(log)}") from error
