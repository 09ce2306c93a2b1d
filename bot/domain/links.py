"""Web addresses: only absolute http and https addresses become links.

Discord rejects a whole message if one link button has another kind of address (error 50035), and a
Markdown link that leads nowhere is worse than its text alone.
"""

import re
from urllib.parse import urlsplit

LONGEST = 512  # what Discord takes for a link button
ADDRESS_WANTED = "enter a full address, such as https://theseus.example.org"
_PRINTED = re.compile(r"https?://[^\s<>()\"'`\\\x00-\x1f\x7f]+", re.IGNORECASE)


def parse_web_address(text: str) -> str:
    """Return the address unchanged, or "" if it is not an absolute http or https address.

    Spaces, brackets and quotes must be percent-encoded, so that the address is safe in Markdown.
    """
    if len(text) > LONGEST or not _PRINTED.fullmatch(text):
        return ""
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # the port is not a number, or an IPv6 address is incomplete
        return ""
    return text if named and parts.username is None else ""


def format_link(text: str, address: str) -> str:
    """Return the text as a Markdown link, or the text alone if the address is not valid."""
    found = parse_web_address(address)
    return f"[{text}]({found})" if found else text
