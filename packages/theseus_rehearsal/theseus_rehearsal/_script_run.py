"""One run of a script: its world, its bot, and the resulting transcript."""

import os
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

from local_discord import LocalPerson
from local_discord.world import NO_ANSWER, RESPONSE_SECONDS, Refused

from theseus_rehearsal._control import BotGoneError, BotReports, ControlChannel, EndOfTurn
from theseus_rehearsal._driver import BotDriver
from theseus_rehearsal._event_recorder import EventRecorder
from theseus_rehearsal._names import TranscriptNames
from theseus_rehearsal._requests import RequestQueue
from theseus_rehearsal._server import OWNER, create_server
from theseus_rehearsal._steps import PersonSteps
from theseus_rehearsal._web_answers import WebAnswers
from theseus_rehearsal.own_time import limit_own_time
from theseus_rehearsal.probe import RunProbe, measure_step
from theseus_rehearsal.records import (
    JoinStep,
    LeaveStep,
    PersonStep,
    PlayedError,
    PlayedStep,
    ReloadStep,
    RestartStep,
    Script,
    ScriptStep,
    SingleStep,
    TogetherStep,
    Transcript,
    WaitStep,
)

_READY_SECONDS = 60.0  # in script time
_CLOSING_SECONDS = 60.0  # in script time
_START_SECONDS = 30.0  # in the bot's own processor time, to start or end
_FOLLOW_UP_SECONDS = 15 * 60.0  # how long Discord accepts the answer to "thinking..."
_START = RestartStep(restart=True)
_ROUTES = re.compile(r"(; )?(ids are in )?\(?GET /local/[^\s)]*\)?")

WorkArguments = Callable[["_StepRequests"], Awaitable[None]]


class BotRunner(Protocol):
    """Starts a script's bot: the process sees `sockets`, and writes below `state`."""

    sockets: Path
    state: Path
    tree: Path
    pid: int
    has_own_start: bool

    async def fork(self, name: str, cogs: Sequence[str]) -> None:
        """Start a bot that connects to the sockets of that name."""
        ...

    async def end(self, name: str) -> None:
        """Kill its processes; return when none is left."""
        ...

    async def explain_end(self, name: str, reason: str) -> str:
        """Return why the bot ended: `reason`, and what its output adds to it."""
        ...


class ScriptRun:
    """Runs one script with a runner's bot; `name` is unique among the runner's scripts.

    Each step may take `step_seconds` of its own time (`limit_own_time`). With `keep_files`, the
    transcript contains the final contents of the cogs' files.
    """

    def __init__(
        self,
        runner: BotRunner,
        name: str,
        script: Script,
        step_seconds: float,
        *,
        keep_files: bool = False,
        probe: RunProbe | None = None,
    ) -> None:
        self._runner = runner
        self._step_seconds = step_seconds
        self._name = name
        self._script = script
        world = script.world
        self._requests = RequestQueue()
        self._driver = BotDriver(world.starts, self._requests, self._count_written)
        self._prefix = runner.sockets / name
        self._local = create_server(world, self._prefix, self._driver, self._requests)
        self._world = self._local.world
        folders = {str(runner.state / name): "state", str(runner.tree): "tree"}
        self._names = TranscriptNames(self._world, folders)
        self._seen = EventRecorder(self._world, self._names)
        self._people = PersonSteps(self._world, self._names)
        self._web = WebAnswers(world.web, self._prefix, self._requests)
        self._channel = AsyncExitStack()
        self._reports = BotReports()
        self._files: dict[str, str] = {}
        self._keep_files, self._probe = keep_files, probe
        self._stored_files: dict[str, str] = {}
        self._step_results: list[PlayedStep] = []
        self._start_count = 0
        self._problem = ""
        self._is_gone = False
        responded = self._world.rest.on_callback

        def note_answer(interaction_id: int) -> None:
            responded(interaction_id)
            self._seen.record_answer(interaction_id)

        self._world.rest.on_callback = note_answer

    async def run(self) -> Transcript:
        """Run the script to its end, or until its bot fails."""
        async with self._local, self._web, self._channel:
            try:
                started = await self._run_step(_START, self._begin)
                for step in self._script.steps:
                    if self._is_gone:
                        break
                    with measure_step(
                        self._probe,
                        bot=self._get_bot_pid,
                        pids=self._list_pids,
                        script_seconds=lambda: self._driver.seconds,
                    ):
                        played = await self._run_step(step, self._build_action(step))
                    self._step_results.append(played)
                if not self._is_gone:
                    await self._run_step(_START, self._close)
            finally:
                await self._runner.end(self._life)
        return Transcript(
            started=started,
            steps=tuple(self._step_results),
            commands=tuple(self._world.interactions.list_registered_names()),
            files=self._files,
            file_contents=self._stored_files,
            trouble=self._names.make_readable(self._problem),
            offers=self._reports.commands,
            intents=tuple(sorted(self._local.gateway.privileged_intents)),
            journal=tuple(self._reports.journal),
        )

    @property
    def _life(self) -> str:
        return f"{self._name}-{self._start_count}"

    def _count_written(self) -> int:
        return self._local.gateway.frame_count

    # -------------------------------------------------------------------- steps

    async def _run_step(self, step: ScriptStep, work: WorkArguments) -> PlayedStep:
        """Do a step, and collect its results even if it fails."""
        reports = self._reports
        marks = len(self._seen.events), len(reports.errors), len(self._web.requests)
        marks_of_bot = len(reports.wanted), len(reports.ran)
        requests = _StepRequests()
        seconds = self._step_seconds
        if isinstance(step, RestartStep):  # a full bot is imported then, also on a busy machine
            seconds = max(seconds, _START_SECONDS)
        try:
            async with limit_own_time(seconds, self._list_pids):
                await work(requests)
        except TimeoutError:
            self._note_loss(f"the bot did not finish the step within {seconds:g} s")
        except BotGoneError as error:
            self._note_loss(await self._runner.explain_end(self._life, str(error)))
        unanswered = [record for record in requests.interactions if _is_unanswered(record)]
        for record in unanswered:
            self._seen.record_missing_answer(record.channel_id, record.user_id, NO_ANSWER)
        return PlayedStep(
            step=step,
            seen=tuple(self._seen.events[marks[0] :]),
            errors=tuple(map(self._make_readable, reports.errors[marks[1] :])),
            wanted=(
                *self._web.requests[marks[2] :],
                *dict.fromkeys(reports.wanted[marks_of_bot[0] :]),
            ),
            ran=tuple(reports.ran[marks_of_bot[1] :]),
            lines=reports.take_lines(),
            refused=self._names.make_readable("; ".join(requests.refused)),
            unanswered=bool(unanswered),
        )

    def _list_pids(self) -> tuple[int, ...]:
        """Return the processes that take turns in a step: if one has no processor, all wait."""
        return tuple(filter(None, (os.getpid(), self._runner.pid, self._get_bot_pid())))

    def _get_bot_pid(self) -> int:
        return self._driver.channel.pid if self._driver.channel else 0

    def _make_readable(self, error: PlayedError) -> PlayedError:
        return error.model_copy(update={"message": self._names.make_readable(error.message)})

    def _note_loss(self, why: str) -> None:
        self._is_gone = True
        self._problem = self._problem or why

    def _build_action(self, step: ScriptStep) -> WorkArguments:
        if isinstance(step, TogetherStep):
            return lambda asked: self._act(step.together, step.order, asked)
        return lambda asked: self._act((step,), (), asked)

    async def _act(
        self, steps: Sequence[SingleStep], order: Sequence[int], requests: "_StepRequests"
    ) -> None:
        """Do single steps at the same time, and let the bot react to all of them."""
        began = self._driver.seconds
        priorities: dict[int, int] = {}
        for index, step in enumerate(steps):
            try:
                if not isinstance(step, PersonStep):
                    await self._pass(step)
                    continue
                record = self._people.perform(step)
            except Refused as refusal:
                requests.refused.append(_simplify_refusal(str(refusal)))
                continue
            if record is not None:
                requests.interactions.append(record)
                priorities[record.id] = order.index(index) if index in order else len(order) + index
        self._requests.order = priorities if order else {}
        await self._wait_for_answers(await self._driver.settle(), began, requests.interactions)

    async def _wait_for_answers(
        self, turn_end: EndOfTurn, start: float, interactions: Sequence[Any]
    ) -> None:
        """Let time pass while a person waits for an answer that Discord would still accept."""
        pass_time = self._driver.pass_time

        def has_responded(_turn_end: EndOfTurn) -> bool:
            return all(record.responded for record in interactions)

        def has_answered(_turn_end: EndOfTurn) -> bool:
            return not any(record.loading for record in interactions)

        waits = ((RESPONSE_SECONDS, has_responded), (_FOLLOW_UP_SECONDS, has_answered))
        for seconds, enough in waits:
            until = start + seconds
            turn_end = await pass_time(turn_end, until, enough)
            if not enough(turn_end):
                self._driver.seconds = max(self._driver.seconds, until)

    async def _pass(self, step: SingleStep) -> None:
        """Do a step that no person does."""
        if isinstance(step, WaitStep):
            await self._driver.wait(step.wait)
        elif isinstance(step, ReloadStep):
            await self._driver.settle(reload=step.reload)
        elif isinstance(step, JoinStep):
            self._local.join(LocalPerson(name=step.join, listed=False, roles=step.roles))
        elif isinstance(step, LeaveStep):
            self._local.leave(self._world.lookup.find_person(step.leave, "leave").name)
        elif isinstance(step, RestartStep):
            await self._close(_StepRequests())
            self._driver.seconds += step.away
            await self._begin(_StepRequests())

    def _note_lines(self) -> None:
        """Add the lines that ran; the tested code may report any file and any number."""
        if self._probe is not None:
            for name in self._probe.files:
                found = self._reports.lines.get(name, ())
                self._probe.lines.setdefault(name, set()).update(found)

    # ------------------------------------------------------------- a bot's life

    async def _begin(self, _requests: "_StepRequests") -> None:
        """Start a bot with the script's files, and wait until it is ready."""
        self._start_count += 1
        self._local.gateway.forget_disconnected()
        channel = ControlChannel(
            Path(f"{self._runner.sockets / self._life}.control"), self._reports
        )
        await self._channel.enter_async_context(channel)
        await self._runner.fork(self._life, self._script.world.cogs)
        self._driver.channel = channel
        error_count = len(self._reports.errors)
        await channel.begin(self._build_orders())
        turn_end = await self._driver.settle()
        until = self._driver.seconds + _READY_SECONDS
        turn_end = await self._driver.pass_time(turn_end, until, lambda turn_end: turn_end.ready)
        if not turn_end.ready:
            raise BotGoneError(f"the bot was not ready within {_READY_SECONDS:.0f} s")
        if self._runner.has_own_start:
            await self._driver.settle(register=True)
        for error in self._reports.errors[error_count:]:
            if error.event.startswith("reload."):
                name = error.event.removeprefix("reload.")
                problem = f"{name} cannot be loaded: {error.error}: {error.message}"
                self._problem = self._problem or problem

    def _build_orders(self) -> dict[str, Any]:
        world = self._script.world
        return {
            "seconds": self._driver.seconds,
            "starts": world.starts.isoformat(),
            "seed": world.seed + self._start_count - 1,
            "cogs": world.cogs,
            "flags": world.flags,
            "prefixes": world.prefixes,
            "files": world.files if self._start_count == 1 else {},
            "keep": self._keep_files,
            "trace": sorted(self._probe.files) if self._probe else [],
            "traces_steps": self._probe is not None and self._probe.traces_steps,
            "guild": self._local.guild_id,
            "dev_channel": self._local.dev_channel_id,
            "owner": self._local.people[OWNER],
            "roles": self._collect_listed_roles(),
            "state": str(self._runner.state / self._name),
            "sockets": str(self._prefix),
        }

    def _collect_listed_roles(self) -> dict[str, list[int]]:
        """Return the role ids for the roles that a full bot's settings list."""
        listed = ("developers", "approvers")
        return {name: sorted(self._local.find_role_ids(name)) for name in listed}

    async def _close(self, _requests: "_StepRequests") -> None:
        """Stop the bot as a supervisor would, and read its final files."""
        channel, until = self._driver.channel, self._driver.seconds + _CLOSING_SECONDS
        try:
            turn_end = await self._driver.settle(end=True)
            await self._driver.pass_time(turn_end, until, lambda _: False)
        except BotGoneError:
            if channel is None or channel.files is None:
                raise
            self._files, self._stored_files = channel.files, channel.stored_files
            self._note_lines()
        else:
            raise BotGoneError("the bot did not stop when it was asked to")
        await self._runner.end(self._life)


class _StepRequests:
    """The requests of a step to the bot, and what Discord refused."""

    def __init__(self) -> None:
        self.interactions: list[Any] = []
        self.refused: list[str] = []


def _is_unanswered(record: Any) -> bool:
    return not record.responded or bool(record.loading)


def _simplify_refusal(refusal: str) -> str:
    """Return a refusal without hints at the local server's own routes."""
    return _ROUTES.sub("", refusal).rstrip("; ")
