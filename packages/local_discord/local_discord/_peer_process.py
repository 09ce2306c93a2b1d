"""Looks up, in the kernel's tables on Linux, which user owns the other end of a connection.

A copy of `bot/web/_peer_process.py`, because this package imports nothing of the bot.
"""

import ipaddress
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ESTABLISHED = "01"  # in any later state the kernel reports 0 instead of the owner
_ROOT = 0

Address = Sequence[Any]
"""One end of a socket: the host, the port, and two more numbers for IPv6."""


def is_same_user(peer: Address, here: Address) -> bool:
    """Return whether the peer's program runs as our user, or as root, which may do everything.

    Systems other than Linux have no such tables: there every user of the machine is accepted.
    """
    tables = [table for table in _TABLES if table.exists()]
    if not tables:
        return True
    owners = (find_owner(table.read_text("ascii"), peer, here) for table in tables)
    return any(user in (_ROOT, os.geteuid()) for user in owners)


def find_owner(table: str, peer: Address, here: Address) -> int | None:
    """Return the user id of the peer's end from the kernel's table of connections, or `None`."""
    ends = {(_format_cell(peer, mapped), _format_cell(here, mapped)) for mapped in (False, True)}
    for line in table.splitlines()[1:]:
        cells = line.split()
        if cells[3] == _ESTABLISHED and (cells[1], cells[2]) in ends:
            return int(cells[7])
    return None


def _format_cell(end: Address, mapped: bool) -> str:
    """Return an address as the kernel's table prints it: four-byte words in the machine's byte
    order.
    """
    raw = ipaddress.ip_address(str(end[0]).partition("%")[0]).packed
    if mapped and len(raw) == 4:
        raw = bytes(10) + b"\xff\xff" + raw
    words = (int.from_bytes(raw[at : at + 4], sys.byteorder) for at in range(0, len(raw), 4))
    return "".join(f"{word:08X}" for word in words) + f":{end[1]:04X}"
