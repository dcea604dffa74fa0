"""The routes of the API.

AWS makes them of the API's description, which SAM writes into the processed template. The emulator makes the API and
its stage only, so the rest is made here, of the same description.
"""

from intrinsics import Values
from stack import Stack

INTEGRATION = "x-amazon-apigateway-integration"
AUTHORIZER = "x-amazon-apigateway-authorizer"
METHODS = ("get", "put", "post", "patch", "delete")


def open_gateway(stack: Stack) -> str:
    """Makes authorizers, integrations and routes. Returns where the API answers."""
    gateway = stack.emulator.client("apigatewayv2")
    values = Values(stack)
    api = stack.resources["Api"]
    description = values.of(stack.template["Resources"]["Api"]["Properties"]["Body"])
    authorizers = {
        name: authorizer(gateway, api, name, scheme[AUTHORIZER])
        for name, scheme in description["components"]["securitySchemes"].items()
    }
    integrations: dict[str, str] = {}
    routes = 0
    for path, operations in description["paths"].items():
        for method in METHODS:
            if method not in operations:
                continue
            operation = operations[method]
            uri = operation[INTEGRATION]["uri"]
            if uri not in integrations:
                integrations[uri] = integration(gateway, api, operation[INTEGRATION])
            route = {"RouteKey": f"{method.upper()} {path}", "Target": f"integrations/{integrations[uri]}"}
            for scheme in operation.get("security", []):
                [name] = scheme
                route |= {"AuthorizationType": "JWT", "AuthorizerId": authorizers[name]}
            gateway.create_route(ApiId=api, **route)
            routes += 1
    print(f"{routes} routes lead to {len(integrations)} functions", flush=True)
    # The stage stands in the path here, where AWS has the host's name for the API.
    return f"{stack.emulator.endpoint}/_aws/execute-api/{api}/$default"


def authorizer(gateway, api: str, name: str, description: dict) -> str:
    """Makes an authorizer that checks JWTs."""
    jwt = description["jwtConfiguration"]
    made = gateway.create_authorizer(
        ApiId=api,
        Name=name,
        AuthorizerType="JWT",
        IdentitySource=[description["identitySource"]],
        JwtConfiguration={"Issuer": jwt["issuer"], "Audience": jwt["audience"]},
    )
    return made["AuthorizerId"]


def integration(gateway, api: str, description: dict) -> str:
    """Makes an integration that calls a function."""
    made = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationMethod="POST",
        IntegrationUri=description["uri"],
        PayloadFormatVersion=description["payloadFormatVersion"],
    )
    return made["IntegrationId"]
