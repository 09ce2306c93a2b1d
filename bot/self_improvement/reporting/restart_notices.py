"""Announces the results of restarts, in the thread of the run that asked and in the dev channel."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import ValidationError

from bot.domain.errors import PortError, StoreError, UnknownRun, WorkspaceError
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.posts import Post
from bot.domain.restart import RestartReport
from bot.ports.chat import Chat
from bot.ports.recorder import ActionRecorder
from bot.ports.store import Store
from bot.presentation.restarts import (
    render_crash,
    render_failed_restart,
    render_restart,
    render_rollback,
)

NAME = "restart"
"""The name of restarts in the journal: `reload.restart`."""

_log = structlog.stdlib.get_logger(__name__)
_RenderPost = Callable[[RestartReport], Post]
_BAD: Mapping[str, _RenderPost] = {"rolled_back": render_rollback, "crashed": render_crash}

OpenIncident = Callable[[RestartReport], Awaitable[None]]
"""Opens the incident of a code rollback, which is announced in the dev channel. Raises
`StoreError`."""


LeaveRefused = Callable[[], Awaitable[None]]
"""Records that the checkout is back at the running code. Raises `WorkspaceError`."""


@dataclass(frozen=True, eq=False)
class RestartNotices:
    """Announces restarts: `news` is known at the start, and `refused` delivers later failures.

    A code rollback is announced as an incident in the dev channel.
    """

    store: Store
    chat: Chat
    recorder: ActionRecorder
    dev_channel_id: int
    news: Mapping[str, Any]
    refused: "asyncio.Queue[Mapping[str, Any]]"
    open_incident: OpenIncident
    leave_refused: LeaveRefused

    async def run_forever(self) -> None:
        """Announce what is new, each once, until cancelled."""
        if (report := _read(self.news.get("restarted"))) is not None:
            await self._announce_success(report)
        for name, build_post in _BAD.items():
            if (report := _read(self.news.get(name))) is not None:
                await self._announce_failure(report, name, build_post)
        while True:
            report = _read(await self.refused.get())
            if report is not None:
                await self._note_put_back(report)
                await self._announce_failure(report, "not_restarted", render_failed_restart)

    async def _note_put_back(self, report: RestartReport) -> None:
        if report.not_back:
            return
        try:
            await self.leave_refused()
        except WorkspaceError as error:
            _log.warning("the running commit is unknown after a refused restart: %s", error)

    async def _announce_success(self, report: RestartReport) -> None:
        self.recorder.record(Kind.RELOAD, NAME, ActionOutcome.OK, run_id=report.run_id)
        post = render_restart(report)
        if not await self._say_in_thread(report, post, "live"):
            await self._say(self.dev_channel_id, post, f"restart:live:{_build_key(report)}")

    async def _announce_failure(
        self, report: RestartReport, name: str, build_post: _RenderPost
    ) -> None:
        error = PortError(report.why, detail=report.tail)
        self.recorder.record(
            Kind.RELOAD, NAME, ActionOutcome.ERROR, run_id=report.run_id, error=error
        )
        post = build_post(report)
        # An incident announces itself; if it cannot be stored, the message is sent directly.
        if name != "rolled_back" or not await self._is_incident(report):
            await self._say(self.dev_channel_id, post, f"restart:{name}:{_build_key(report)}")
        await self._say_in_thread(report, post, name)

    async def _is_incident(self, report: RestartReport) -> bool:
        try:
            await self.open_incident(report)
        except StoreError as error:
            _log.warning("no incident could be opened for %s: %s", report.commit[:12], error)
            return False
        return True

    async def _say_in_thread(self, report: RestartReport, post: Post, name: str) -> bool:
        """Post in the run's thread; return `False` if there is none."""
        if report.run_id is None:
            return False
        try:
            run = await self.store.get(report.run_id)
        except (UnknownRun, StoreError) as error:
            _log.warning(
                "the restart could not be announced in the thread of run %s: %s",
                report.run_id,
                error,
            )
            return False
        if run.thread_id is None:
            return False
        return await self._say(run.thread_id, post, f"{run.id}:restart:{name}:{_build_key(report)}")

    async def _say(self, channel_id: int, post: Post, key: str) -> bool:
        try:
            await self.chat.post(channel_id, post, key=key)
        except PortError as error:
            _log.warning("a restart could not be announced (%s): %s", key, error)
            return False
        return True


def _read(value: object) -> RestartReport | None:
    if value is None:
        return None
    try:
        return RestartReport.model_validate(value)
    except ValidationError as error:
        _log.warning("the supervisor's report of a restart cannot be read: %s", error)
        return None


def _build_key(report: RestartReport) -> str:
    return f"{report.commit[:12]}:{report.at}"
