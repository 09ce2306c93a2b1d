"""Record what a discord.py bot does and why it fails, redacted, as one JSON line each.

`await bot.load_extension("theseus_observe")`, or `theseus_observe.attach(client)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import discord

    from theseus_observe.observer import Observer

__all__ = ["attach", "detach", "setup", "teardown"]
__version__ = "0.2.0"

# Theseus imports parts of this package where discord.py is not needed, or not installed.


def attach(client: discord.Client, **settings: Any) -> Observer | None:
    """Observe a client from now on; keywords are those of `theseus_observe.settings.Settings`.

    It never raises: what is wrong with the settings is written to stderr, and `None` is returned.
    """
    from theseus_observe import observer

    return observer.attach(client, **settings)


def detach(client: discord.Client) -> None:
    """Observe a client no longer, and write what waits."""
    from theseus_observe import observer

    observer.detach(client)


async def setup(bot: Any) -> None:
    """Observe the bot that loads this extension."""
    attach(bot)


async def teardown(bot: Any) -> None:
    """Observe the bot no longer, as the extension is unloaded."""
    detach(bot)
