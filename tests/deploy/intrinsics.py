"""What CloudFormation's functions in a template come to, as far as the API's description uses them."""

import re

from project import REGION
from stack import NAME, Stack

ACCOUNT = "000000000000"
PSEUDO = {
    "AWS::Region": REGION,
    "AWS::StackName": NAME,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


class Values:
    """The values of a stack."""

    def __init__(self, stack: Stack):
        self.stack = stack

    def of(self, value):
        """A value without functions."""
        match value:
            case {"Ref": name}:
                return self.ref(name)
            case {"Fn::If": [condition, yes, no]}:
                return self.of(yes if self.holds({"Condition": condition}) else no)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([^}!]+)\}", lambda found: self.named(found[1]), text)
            case {"Fn::Join": [between, parts]}:
                return between.join(self.of(self.of(parts)))
            case {"Fn::GetAtt": [name, attribute]}:
                return self.attribute(name, attribute)
            case dict():
                inner = {name: self.of(member) for name, member in value.items()}
                return {name: member for name, member in inner.items() if member is not None}
            case list():
                return [self.of(member) for member in value]
        return value

    def holds(self, condition) -> bool:
        """Whether a condition is met."""
        match condition:
            case {"Condition": name}:
                return self.holds(self.stack.template["Conditions"][name])
            case {"Fn::Equals": [one, other]}:
                return self.of(one) == self.of(other)
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::And": every}:
                return all(self.holds(one) for one in every)
        raise ValueError(f"a condition of another kind: {condition}")

    def named(self, name: str) -> str:
        """A name within a text: `Thing` or `Thing.Attribute`."""
        thing, _, attribute = name.partition(".")
        return self.attribute(thing, attribute) if attribute else self.ref(thing)

    def ref(self, name: str):
        """A parameter's value or a resource's id."""
        if name == "AWS::NoValue":
            return None
        return {**PSEUDO, **self.stack.parameters, **self.stack.resources}[name]

    def attribute(self, name: str, attribute: str) -> str:
        """An attribute of a resource: the ARN of a function."""
        if (self.stack.template["Resources"][name]["Type"], attribute) != ("AWS::Lambda::Function", "Arn"):
            raise ValueError(f"an attribute of another kind: {name}.{attribute}")
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.stack.resources[name]}"
