"""The code of cogs, loaded before there is a client."""

import importlib
from pathlib import Path

import structlog

from bot.infra.cog_files import find_extensions

_log = structlog.stdlib.get_logger(__name__)


def import_cogs(root: Path) -> None:
    """Import the code of every cog in advance, so that the start of the client is fast.

    Errors are ignored here: the start reports them. The cogs are not added to a client.
    """
    for extension in find_extensions(root / "cogs"):
        try:
            importlib.import_module(extension)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # a cog may raise anything
            _log.debug("%s cannot be imported beforehand: %r", extension, error)
