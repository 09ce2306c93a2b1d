"""Addresses people can follow: only absolute http and https ones become links anywhere.

Discord refuses a whole message for one button that leads to anything else (50035), and a Markdown
link that leads nowhere is worse than its words alone.
"""

import re
from urllib.parse import urlsplit

LONGEST = 512  # what Discord takes for a link button
ADDRESS_WANTED = "give a whole address, such as https://theseus.example.org"
_PRINTED = re.compile(r"https?://[^\s<>()\"'`\\\x00-\x1f\x7f]+", re.IGNORECASE)


def parse_web_address(text: str) -> str:
    """Return the address as it is, or nothing where it is no absolute http or https one.

    Spaces, brackets and quotes have to be quoted in it, so that it can stand in Markdown.
    """
    if len(text) > LONGEST or not _PRINTED.fullmatch(text):
        return ""
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number, half an IPv6 address
        return ""
    return text if named and parts.username is None else ""


def format_link(text: str, address: str) -> str:
    """Return the words as a Markdown link; without an address that can be followed, alone."""
    found = parse_web_address(address)
    return f"[{text}]({found})" if found else text
