"""Administrators in the user pool of the stack, who sign in as docs/operate/deploy.md tells."""

from stack import Stack

PASSWORD = "Correct-horse-battery-9"


def sign_in(stack: Stack, email: str, token: str) -> str:
    """Makes an administrator, and returns their `AccessToken` or `IdToken`: the API takes either."""
    pool, client = stack.outputs["UserPoolId"], stack.outputs["UserPoolScriptClientId"]
    cognito = stack.emulator.client("cognito-idp")
    attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        UserAttributes=attributes,
        # The emulator makes up passwords that are too short for the pool.
        TemporaryPassword=PASSWORD,
        MessageAction="SUPPRESS",
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)
    signed_in = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
    )
    return signed_in["AuthenticationResult"][token]
