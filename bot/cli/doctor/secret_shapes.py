"""What a token or key plainly is not, by its look alone: nobody is asked, nothing is sent."""

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
    """Return why this can be no bot token, a sentence; empty where it may be one."""
    if problem := find_secret_problem("DISCORD_TOKEN", token):
        return problem
    for pattern, told in _NO_BOT_TOKENS:
        if re.fullmatch(pattern, token):
            return f"DISCORD_TOKEN: {told}"
    if token.count(".") == 2 and all(token.split(".")):
        return ""
    return (
        "DISCORD_TOKEN: a bot token has three parts with dots between them; the client secret is "
        f"something else, {_PORTAL_PAGE}."
    )


def find_secret_problem(key: str, value: str) -> str:
    """Return why this can be no such secret, a sentence; empty where it may be one."""
    if not value or any(each.isspace() or not 32 < ord(each) < 127 for each in value):
        return f"{key}: it is one word, of plain letters, digits and signs."
    starts, whose = _OF_OTHERS.get(key, ((), ""))
    return f"{key}: that is {whose}." if starts and value.startswith(starts) else ""
