"""`theseus setup`: asks, checks each answer where it can, writes everything at the end."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bot.app._doctor import examine
from bot.app._remotes import add_remote
from bot.app._setup._asking import Asking
from bot.app._setup._desk import Desk
from bot.app._setup._discord import set_up_discord
from bot.app._setup._files import write
from bot.app._setup._forge import set_up_forge
from bot.app._setup._machine import set_up_model, set_up_sandbox
from bot.domain.errors import TheseusError
from bot.settings import load

_WELCOME = """\
This sets the bot up, in four parts: Discord, where proposals go, the model, the sandbox.
Each answer is checked. Nothing is written before the end; Ctrl-C leaves everything as it is."""
_LEFT = "\nLeft: nothing was written."


def run_setup(root: Path, variables: Mapping[str, str], asking: Asking) -> int:
    """Ask, check, write, examine. Return the exit code: 0, or 1 where something is still bad.

    Whoever leaves before the end gets 130, and nothing was written. Raises `TheseusError`.
    """
    desk = Desk(load(root, variables), variables, asking)
    try:
        asking.say(_WELCOME)
        set_up_discord(desk)
        set_up_forge(desk)
        set_up_model(desk)
        set_up_sandbox(desk)
        if not _agreed(desk):
            asking.say(_LEFT)
            return 130
        _write(desk)
    except KeyboardInterrupt:
        asking.say(_LEFT)
        return 130
    return _examine(desk)


def _agreed(desk: Desk) -> bool:
    """Show what would be written; return whether it shall be."""
    desk.edits()  # nothing that cannot be written is shown
    desk.trial()
    lines = desk.summary()
    if not lines:
        desk.asking.say("\nEverything stays as it is: there is nothing to write.")
        return True
    desk.asking.say("\nThis would be written:")
    for line in lines:
        desk.asking.say(f"  {line}")
    return desk.asking.confirm("yes", "Write it?", default=True)


def _write(desk: Desk) -> None:
    kept = write(desk.edits(), desk.settings.state / "backups")
    for file in kept:
        desk.asking.say(f"  What was there before is in {file}")
    if desk.remote is not None:
        asyncio.run(add_remote(desk.settings.root, *desk.remote))


def _examine(desk: Desk) -> int:
    """End in the doctor, and say what comes next."""
    desk.asking.say("\ntheseus doctor:")
    settings = load(desk.settings.root, desk.variables)
    try:
        fine = desk.show(asyncio.run(examine(settings)))
    except KeyboardInterrupt:
        desk.asking.say("\nLeft: everything is written; `theseus doctor` looks at it again.")
        return 130
    except TheseusError as error:
        desk.asking.say(f"  {error}")
        fine = False
    if not fine:
        desk.asking.say("\nMend what is BAD, then: theseus doctor")
        return 1
    desk.asking.say("\nBefore the first change ships, `theseus doctor` also runs the full checks.")
    desk.asking.say("Next: theseus run   (under systemd: docs/going-live.md)")
    return 0
