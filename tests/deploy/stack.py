"""The stack: checked, built and deployed from the template that goes to AWS."""

from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

from emulator import Emulator
from processes import run
from project import ARCHITECTURE, BUILD, ROOT, TEMPLATE, TOOLS, environment

NAME = "photovote-test"
# Where a frontend of somebody else's signs administrators in.
PROVIDER = "https://sign-in.example.org"
SIGN_IN = f"SignInAuthorizeUrl={PROVIDER}/authorize SignInTokenUrl={PROVIDER}/token SignInClientId=elsewhere"
# Who mails voters, and a page of somebody else's that their links lead to.
SENDER = "club@example.org"
ELSEWHERE = "https://vote.example.org"
MAILS = f"MailFrom={SENDER} PageUrl={ELSEWHERE}"
# Administrators sign in here with a password alone.
PARAMETERS = f"Architecture={ARCHITECTURE} Mfa=OPTIONAL {SIGN_IN} {MAILS}"
# As docs/operate/deploy.md tells to build.
RELEASE = {"AWS_LC_SYS_NO_JITTER_ENTROPY": "1"}
# Built sooner: not optimised, but for what the manifest names.
QUICK = RELEASE | {
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
}


def check() -> None:
    """Everything that can be said about the template without deploying it."""
    env = environment()
    # Each finds what the others do not.
    run(TOOLS / "sam", "validate", "--template", TEMPLATE, "--config-env", "none", env=env, cwd=ROOT)
    run(TOOLS / "sam", "validate", "--lint", "--template", TEMPLATE, "--config-env", "none", env=env, cwd=ROOT)
    run(TOOLS / "cfn-lint", TEMPLATE, env=env, cwd=ROOT)


def build(directory: Path, settings: dict[str, str]) -> None:
    """Builds all functions with SAM, into a directory and with these settings of cargo."""
    # Never --cached: SAM looks at a function's own folder only.
    command = ["build", "--template", TEMPLATE, "--build-dir", directory, "--parameter-overrides", PARAMETERS]
    run(TOOLS / "sam", *command, env=environment() | settings, cwd=ROOT)


class Stack:
    """The stack on the emulator."""

    def __init__(self, emulator: Emulator):
        self.emulator = emulator
        cloudformation = emulator.client("cloudformation")
        [stack] = cloudformation.describe_stacks(StackName=NAME)["Stacks"]
        self.parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=NAME)
        resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
        self.resources = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        processed = cloudformation.get_template(StackName=NAME, TemplateStage="Processed")
        self.template = processed["TemplateBody"]

    def functions(self) -> dict[str, str]:
        """The functions: what the template calls them, and what they are called where they run."""
        resources = self.template["Resources"]
        names = [name for name, resource in resources.items() if resource["Type"] == "AWS::Lambda::Function"]
        return {name: self.resources[name] for name in names}


def deployable() -> Path:
    """The built template without what the emulator refuses: alarms that compute one metric from several, and styles."""
    template = yaml_parse((BUILD / "template.yaml").read_text())
    resources = template["Resources"]
    refused = [name for name, resource in resources.items() if is_refused(resource)]
    print(f"\nwithout {', '.join(refused)}", flush=True)
    for name in refused:
        del resources[name]
    # Beside the built one, whose paths to the functions are relative.
    path = BUILD / "deployable.yaml"
    path.write_text(yaml_dump(template))
    return path


def is_refused(resource: dict) -> bool:
    """Whether the emulator cannot make this resource."""
    return resource["Type"] == "AWS::Cognito::ManagedLoginBranding" or "Metrics" in resource.get("Properties", {})


def deploy(emulator: Emulator) -> Stack:
    """The built stack, on the emulator."""
    run(
        TOOLS / "sam",
        "deploy",
        "--template-file",
        deployable(),
        "--stack-name",
        NAME,
        "--parameter-overrides",
        PARAMETERS,
        "--resolve-s3",
        "--capabilities",
        "CAPABILITY_NAMED_IAM",
        "--no-confirm-changeset",
        "--no-progressbar",
        env=environment(emulator.endpoint),
        cwd=ROOT,
    )
    return Stack(emulator)
