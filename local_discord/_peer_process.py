"""Whose program is at the other end of a connection, by the table of connections that Linux keeps.

A copy of `bot/web/_peer_process.py`: this package imports nothing of the bot.
"""

import ipaddress
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ESTABLISHED = "01"  # after that the kernel names no owner any more, but 0
_ROOT = 0

Address = Sequence[Any]
"""One end of a socket: the host, the port, and for IPv6 more."""


def is_same_user(peer: Address, here: Address) -> bool:
    """Return whether the peer's program runs as our own user, or as root, who may do all anyway.

    Systems other than Linux do not tell: there every user of the machine counts.
    """
    tables = [table for table in _TABLES if table.exists()]
    if not tables:
        return True
    owners = (find_owner(table.read_text("ascii"), peer, here) for table in tables)
    return any(user in (_ROOT, os.geteuid()) for user in owners)


def find_owner(table: str, peer: Address, here: Address) -> int | None:
    """Return the user id of the peer's end, from the kernel's table of connections."""
    ends = {(_format_cell(peer, mapped), _format_cell(here, mapped)) for mapped in (False, True)}
    for line in table.splitlines()[1:]:
        cells = line.split()
        if cells[3] == _ESTABLISHED and (cells[1], cells[2]) in ends:
            return int(cells[7])
    return None


def _format_cell(end: Address, mapped: bool) -> str:
    """Return an address as the table has it: words of four bytes, each in the machine's order."""
    raw = ipaddress.ip_address(str(end[0]).partition("%")[0]).packed
    if mapped and len(raw) == 4:
        raw = bytes(10) + b"\xff\xff" + raw
    words = (int.from_bytes(raw[at : at + 4], sys.byteorder) for at in range(0, len(raw), 4))
    return "".join(f"{word:08X}" for word in words) + f":{end[1]:04X}"
