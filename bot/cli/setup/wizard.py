"""`theseus setup`: asks questions, checks the answers, and writes everything at the end."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bot.adapters.forges.registry import get_forge_type
from bot.adapters.system_clock import SystemClock
from bot.cli.doctor.checks import look_at_checks
from bot.cli.doctor.examination import examine
from bot.cli.setup.answers import SetupSession
from bot.cli.setup.discord import set_up_discord
from bot.cli.setup.files import write
from bot.cli.setup.forge import set_up_forge
from bot.cli.setup.machine import set_up_model, set_up_sandbox
from bot.cli.setup.service import ServiceManager, offer_service
from bot.domain.errors import TheseusError
from bot.infra.git_remotes import add_remote
from bot.infra.prompter import Prompter
from bot.settings import Settings, load

_WELCOME = """\
This sets up the bot in four parts: Discord, where proposals go, the model, the sandbox.
Each answer is checked. Nothing is written before the end; Ctrl-C changes nothing."""
_LEFT = "\nCancelled: nothing was written."


def run_setup(root: Path, variables: Mapping[str, str], asking: Prompter) -> int:
    """Run the wizard and return the exit code: 0, or 1 if the doctor still finds a problem.

    If the person leaves before the end, nothing is written and the code is 130. Raises
    `TheseusError`.
    """
    session = SetupSession(load(root, variables), variables, asking)
    try:
        asking.say(_WELCOME)
        set_up_discord(session)
        set_up_forge(session)
        set_up_model(session)
        set_up_sandbox(session)
        if not _confirm(session):
            asking.say(_LEFT)
            return 130
        _write(session)
    except KeyboardInterrupt:
        asking.say(_LEFT)
        return 130
    return _examine(session)


def _confirm(session: SetupSession) -> bool:
    """Show what would be written, and return whether to write it."""
    session.build_edits()  # raises before anything is shown if the files cannot be edited
    session.build_settings()
    lines = session.summarize()
    if not lines:
        session.asking.say("\nNo changes: there is nothing to write.")
        return True
    session.asking.say("\nThis would be written:")
    for line in lines:
        session.asking.say(f"  {line}")
    return session.asking.confirm("yes", "Write it?", default=True)


def _write(session: SetupSession) -> None:
    copies = write(session.build_edits(), session.settings.state / "backups")
    for file in copies:
        session.asking.say(f"  The old version is in {file}")
    if session.remote is not None:
        asyncio.run(add_remote(session.settings.root, *session.remote))
    asyncio.run(_make_forge(load(session.settings.root, session.variables)))


async def _make_forge(settings: Settings) -> None:
    """Create the forge if it does not exist, so that its remote works."""
    kind = get_forge_type(settings)
    if not kind.is_created(settings):
        async with await kind.open(settings, SystemClock()):
            pass


def _examine(session: SetupSession) -> int:
    """Run the doctor, then the full checks; return the exit code."""
    session.asking.say("\ntheseus doctor:")
    settings = load(session.settings.root, session.variables)
    try:
        fine = session.show(asyncio.run(examine(settings)))
    except KeyboardInterrupt:
        session.asking.say("\nCancelled: everything is written; `theseus doctor` checks it again.")
        return 130
    except TheseusError as error:
        session.asking.say(f"  {error}")
        fine = False
    if not fine:
        session.asking.say("\nFix the findings marked BAD, then: theseus doctor")
        return 1
    return _check(session, settings)


def _check(session: SetupSession, settings: Settings) -> int:
    """Run the full checks if the person agrees, offer the service, and return the exit code."""
    asking = session.asking
    question = "\nRun the full checks on the commit the bot runs from? They take minutes."
    try:
        if asking.confirm("checks", question, default=True):
            if not session.show(asyncio.run(look_at_checks(settings, report=asking.say))):
                asking.say("\nFix that, then: theseus doctor --checks")
                return 1
        else:
            asking.say("Run `theseus doctor --checks` before the first change ships.")
        offer_service(settings.root, settings.state, asking, ServiceManager())
    except KeyboardInterrupt:
        asking.say(
            "\nCancelled: everything is written; `theseus doctor --checks` runs the full checks."
        )
        return 130
    return 0
