"""Exchanges two folders atomically, so that both paths exist at every moment."""

import ctypes
import errno
import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


class ExchangeUnsupported(OSError):
    """The system, or this file system, cannot do it in one step."""


def exchange(one: Path, other: Path) -> None:
    """Exchange two paths on the same file system. Raises `OSError`, and changes nothing then."""
    ctypes.set_errno(0)
    try:
        failed = _exchange(os.fsencode(one), os.fsencode(other))
    except AttributeError as error:  # an older library, or another system
        raise ExchangeUnsupported(errno.ENOSYS, os.strerror(errno.ENOSYS), str(one)) from error
    if failed:
        number = ctypes.get_errno()
        kind = ExchangeUnsupported if number in _UNSUPPORTED else OSError
        raise kind(number, os.strerror(number), str(one), None, str(other))


def _exchange(one: bytes, other: bytes) -> bool:
    system = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        return bool(system.renamex_np(one, other, _EXCHANGE))
    return bool(system.renameat2(_AT_FDCWD, one, _AT_FDCWD, other, _EXCHANGE))
