"""Checks everything the bot needs, and explains how to fix problems."""

import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from bot.cli.doctor.alerts import look_at_alerts
from bot.cli.doctor.backups import look_at_backups
from bot.cli.doctor.checks import look_at_checks
from bot.cli.doctor.discord import look_at_discord
from bot.cli.doctor.forge import look_at_forge
from bot.cli.doctor.machine import (
    look_at_disk,
    look_at_git,
    look_at_people,
    look_at_prompts,
    look_at_python,
    look_at_sandbox,
    look_at_secrets,
)
from bot.cli.doctor.meanings import look_at_meanings
from bot.cli.doctor.model import look_at_model
from bot.cli.doctor.state import look_at_state
from bot.cli.doctor.supply_chain import look_at_dependencies
from bot.cli.doctor.targets import look_at_targets
from bot.cli.doctor.transcription import look_at_transcription
from bot.cli.doctor.web import look_at_http_server
from bot.cli.doctor.work import look_at_work
from bot.domain.finding import DoctorFinding
from bot.settings import Settings


def _read_free_space(folder: Path) -> int:
    return shutil.disk_usage(folder).free


async def examine(
    settings: Settings,
    *,
    free: Callable[[Path], int] = _read_free_space,
    report: Callable[[str], None] | None = None,
) -> list[DoctorFinding]:
    """Return the findings, in the order in which a newcomer sets up the bot.

    Args:
        free: Returns the free bytes of the disk that contains a folder.
        report: Receives a line about each full check. Without it, the full checks do not run; they
            take minutes.
    """
    looks: list[Callable[[Settings], Awaitable[list[DoctorFinding]]]] = [
        look_at_python, look_at_git, look_at_secrets, look_at_people, look_at_discord,
        look_at_forge, look_at_sandbox, look_at_model, look_at_transcription, look_at_meanings,
        look_at_prompts,
        look_at_http_server, look_at_alerts, look_at_dependencies, partial(look_at_disk, free=free),
        look_at_state, look_at_work, look_at_backups, partial(look_at_targets, report=report),
        partial(look_at_checks, report=report),
    ]  # fmt: skip
    return [finding for look in looks for finding in await look(settings)]
