"""The code of cogs, loaded before there is a client."""

import importlib
import logging
from pathlib import Path

from bot.infra.cog_files import find_extensions

_log = logging.getLogger(__name__)


def import_cogs(root: Path) -> None:
    """Load the code of every cog, so that a start has it at hand; what is broken is left to that.

    Whatever a cog does when it is added to a client is not done.
    """
    for extension in find_extensions(root / "cogs"):
        try:
            importlib.import_module(extension)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # a cog may raise anything
            _log.debug("%s cannot be imported beforehand: %r", extension, error)
