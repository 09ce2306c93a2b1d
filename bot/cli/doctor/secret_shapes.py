"""Recognises wrong tokens and keys by their format, without sending them anywhere."""

import re

_PORTAL_PAGE = "the token is on the Bot page"
_NO_BOT_TOKENS = (
    (r"\d{15,20}", f"that is an id, such as the application's; {_PORTAL_PAGE}."),
    (r"[0-9a-f]{64}", f"that is the application's public key; {_PORTAL_PAGE}."),
)
_OF_OTHERS = {
    "GITHUB_TOKEN": (("sk-ant-",), "a key of Anthropic's"),
    "ANTHROPIC_API_KEY": (("ghp_", "gho_", "ghs_", "ghu_", "github_pat_"), "a token of GitHub's"),
}


def find_token_problem(token: str) -> str:
    """Return a sentence why this cannot be a bot token; empty if it can."""
    if problem := find_secret_problem("DISCORD_TOKEN", token):
        return problem
    for pattern, problem in _NO_BOT_TOKENS:
        if re.fullmatch(pattern, token):
            return f"DISCORD_TOKEN: {problem}"
    if token.count(".") == 2 and all(token.split(".")):
        return ""
    return (
        "DISCORD_TOKEN: a bot token has three parts separated by dots. The client secret is "
        f"another value; {_PORTAL_PAGE}."
    )


def find_secret_problem(key: str, value: str) -> str:
    """Return a sentence why this cannot be the secret `key`; empty if it can."""
    if not value or any(each.isspace() or not 32 < ord(each) < 127 for each in value):
        return f"{key}: it must be ASCII letters, digits and signs, without spaces."
    starts, whose = _OF_OTHERS.get(key, ((), ""))
    return f"{key}: that is {whose}." if starts and value.startswith(starts) else ""
