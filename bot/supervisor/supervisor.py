"""`Supervisor`: keeps one bot running, hands over to a new one, and back where that fails."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from typing import Any

from bot.supervisor.checkout import CheckoutRefused, RunningCheckout
from bot.supervisor.child_process import ChildProcess
from bot.supervisor.children import Children, SupervisedBot, why_not_prepared
from bot.supervisor.code_folders import CodeFolders
from bot.supervisor.messages import Message, object_in
from bot.supervisor.records import Handover, RestartFile, RestartRecords, moment
from bot.supervisor.rules import Fault, RestartRules, fault_of, is_over
from bot.supervisor.state_schema import not_opened_by_previous

Say = Callable[[str, str], None]
"""Logs a text; the first argument is the level."""

WRONG_SETTING, STATE_HELD = 2, 1
"""Exit codes: starting it again would not help; another process has the state, so it may help."""

_LOOK_SECONDS, _LATE_SECONDS = 1.0, 5.0
_OWN_FOLDER = "bot/supervisor"


class Supervisor:
    """Runs until it is told to stop, or the bot ends for good. `active` is the bot that works."""

    def __init__(self, bot: SupervisedBot, rules: RestartRules, say: Say) -> None:
        self._bot = bot
        self._rules = rules
        self._say = say
        self._checkout = RunningCheckout(bot.root)
        self._code = CodeFolders(self._checkout, bot.records.parent / "cache" / "code", bot.core)
        self._file = RestartFile(bot.records)
        self._records = RestartRecords()
        self._began_with = ""
        self._crashes = 0
        self._session: Mapping[str, Any] | None = None
        self.active: ChildProcess | None = None
        self._children = Children(bot, rules)
        self._stopping = asyncio.Event()
        self._at_once = asyncio.Event()

    async def run(self) -> int:
        """Keep the bot running; return the exit code for the whole. Raises `OSError`."""
        self._records = self._file.read()
        if self._file.trouble:
            self._say("warning", self._file.trouble)
        self._began_with = await self._checkout.head()
        try:
            return await self._keep_running(self._records.trial_of(self._began_with))
        finally:
            await self._children.end_all()

    def stop(self) -> None:
        """Have the bot stop in good order; asked again, at once."""
        if self._stopping.is_set():
            self._at_once.set()
        self._stopping.set()
        self._children.wake()

    def stop_everything(self) -> None:
        """Pass on the signal that ends all work; what is only finishing is ended."""
        self._children.stop_everything(self.active)

    # The life of a bot

    async def _keep_running(self, trial: Handover | None) -> int:
        child, fault = await self._begun("start", {}), None
        while not self._stopping.is_set():
            self.active = child
            fault = await self._watched(child, trial)
            if fault is None:
                if "restart" in child.said:
                    child, trial = await self._handed_over(child, child.said.pop("restart"))
                continue
            if fault.code is not None and "held" in child.said:  # which tells nothing of its code
                self._say("error", "another process holds the state; see what the bot has said")
                return STATE_HELD
            if trial is None and fault.code in (0, WRONG_SETTING):
                return fault.code
            await self._children.end(child)
            if trial is not None:
                child, trial = await self._rolled_back(child, trial, fault), None
                continue
            if not await self._may_start_again(fault):
                break
            told = {"at": moment(), "why": fault.told, "tail": child.tail}
            child = await self._begun("start", {"crashed": told}, commit=child.commit)
        if self._stopping.is_set():
            return await self._stopped()
        return fault.code if fault is not None and fault.code else 1

    async def _watched(self, child: ChildProcess, trial: Handover | None) -> Fault | None:
        """Watch it until something is wrong with it, or it or a person asks for something."""
        probation, passed = trial is not None, False
        while not self._stopping.is_set():
            looked_at = self._now()
            if child.exit_code is not None:
                return Fault.of_exit(child.exit_code)
            seen = child.reading()
            fault = fault_of(seen, self._rules, looked_at, probation=probation)
            if fault is not None:
                return Fault(fault)
            if not passed and is_over(seen, self._rules, looked_at):
                probation, passed, self._crashes = False, True, 0
                self._say("info", f"{child.commit[:12]} has passed its probation")
                self._keep(self._records.passed(child.commit))
                child.send("passed")
            if "restart" in child.said and child.was_ready and not probation:
                return None
            await self._news_of(child, self._rules.silent_seconds / 4 if probation else 60.0)
            if self._now() - looked_at > _LATE_SECONDS + _LOOK_SECONDS:
                child.forgive()  # this process itself stood still
        return None

    async def _news_of(self, child: ChildProcess, pause: float) -> None:
        """Wait until it says something, or it is time to look."""
        child.changed.clear()
        if child.exit_code is None and not self._stopping.is_set():
            try:
                async with asyncio.timeout(min(pause, _LOOK_SECONDS)):
                    await child.changed.wait()
            except TimeoutError:
                return

    async def _until(self, child: ChildProcess, kind: str, seconds: float) -> Message | None:
        """Return what it says of a kind; `None`: it ended, came not in time, or we are to stop."""
        until = self._now() + seconds
        while kind not in child.said and child.exit_code is None and self._now() < until:
            if self._stopping.is_set():
                return None
            await self._news_of(child, until - self._now())
        return child.said.get(kind)

    # Replacing it

    async def _handed_over(
        self, old: ChildProcess, request: Message
    ) -> tuple[ChildProcess, Handover | None]:
        """Return the new bot and what it is on probation for; the old one where none can be."""
        commit = str(request.get("commit") or await self._checkout.head())
        asked = Handover.of_request(request, commit, old.commit, moment())
        if asked.commit == old.commit:
            return old, None  # it runs that
        if not await self._checkout.contains(commit):
            self._say("warning", f"no hand-over to {commit[:12]}: the checkout has left it")
            return old, None
        if refused := str(request.get("refused") or ""):
            await self._not_handed_over(old, asked, {"why": refused})
            return old, None
        self._say("info", f"handing over from {old.commit[:12]} to {asked.commit[:12]}")
        try:
            new = await self._started(asked.commit)
        except CheckoutRefused as error:
            await self._not_handed_over(old, asked, {"why": str(error)})
            return old, None
        if await self._until(new, "prepared", self._rules.prepare_seconds) is None:
            why = why_not_prepared(new, self._rules)
            await self._children.end(new)
            if not self._stopping.is_set():
                await self._not_handed_over(old, asked, {"why": why, "tail": new.tail})
            return old, None
        self._keep(self._records.trying(asked))
        frozen = await self._frozen(old)
        self._session = object_in(frozen, "session")
        if asked.migrates:  # then nobody else may have the state open
            await self._children.retired(old)
        own = await self._checkout.differ(self._began_with, asked.commit, _OWN_FOLDER)
        news = self._news({"restarted": {**asked.told(), "supervisor_changed": own}})
        # Nobody may be let in again who has left since: a way back goes without these.
        logins = object_in(frozen, "logins")
        new.begin("take_over", session=self._session, logins=logins, news=news, commit=new.commit)
        self.active = new
        if await self._until(new, "ready", self._rules.ready_seconds) is not None:
            self._children.retire(old, new)
        elif not self._stopping.is_set():
            # `_watched` finds out why; the old one has let go of everything.
            await self._children.end(old)
            new.send("predecessor_gone")
        return new, asked

    async def _not_handed_over(
        self, old: ChildProcess, asked: Handover, told: dict[str, Any]
    ) -> None:
        """Tell the old one, which goes on, why there is no new one; its code is put back."""
        self._keep(self._records.failed(asked.commit, told["why"]))
        self._say("error", f"no hand-over to {asked.commit[:12]}: {told['why']}")
        told = await self._taken_back(asked, told)
        old.send("not_handed_over", rolled_back_commits=self._records.bad, **told)

    async def _frozen(self, old: ChildProcess) -> Message:
        """Have the old one let go; return what it leaves, nothing where it has to be ended."""
        old.send("freeze")
        # It parks what is under way first.
        patience = self._rules.drain_seconds + self._rules.kill_seconds
        said = await self._until(old, "frozen", patience)
        if said is None:
            self._say("warning", "the bot did not let go in time; it is ended")
            await self._children.end(old)
            return {}
        return said

    async def _may_start_again(self, fault: Fault) -> bool:
        """Wait before the next start; `False`: there were too many, or we are to stop."""
        self._crashes += 1
        if self._crashes >= self._rules.crashes:
            self._say("error", f"given up after {self._crashes} starts in a row: {fault.told}")
            return False
        pause = self._rules.pause(self._crashes)
        self._say("error", f"the bot is started again in {pause:g} s: {fault.told}")
        try:
            async with asyncio.timeout(pause):
                await self._stopping.wait()
        except TimeoutError:
            return True
        return False

    async def _rolled_back(
        self, child: ChildProcess, trial: Handover, fault: Fault
    ) -> ChildProcess:
        """Go back to the commit that ran before, and say so through the bot of that commit."""
        self._say("error", f"{trial.commit[:12]} is taken back: {fault.told}")
        self._keep(self._records.failed(trial.commit, fault.told))
        failed = {"why": fault.told, "tail": child.tail}
        not_opened = not_opened_by_previous(self._bot.records.parent, trial)
        told = await self._taken_back(trial, failed, not_opened)
        # Who had not begun to use the session has left it as it was.
        session = None if "resuming" in child.said else self._session
        kind = "take_over" if session is not None else "start"
        return await self._begun(kind, {"rolled_back": told}, session)

    async def _taken_back(
        self, asked: Handover, told: dict[str, Any], not_opened: str = ""
    ) -> dict[str, Any]:
        """Put the checkout back; return what is told of it, with what kept it from that.

        `not_opened`: why the code from before could not open the state.
        """
        told = {**asked.told(), **told}
        if not_opened:
            self._say("error", f"the checkout stays at {asked.commit[:12]}: {not_opened}")
            told["not_back"] = not_opened
            return told
        try:
            await self._checkout.go_back(asked.previous, leaving=asked.commit)
        except CheckoutRefused as error:
            self._say("error", f"the checkout stays at {asked.commit[:12]}: {error}")
            told["not_back"] = str(error)
        return told

    # Starting and ending

    async def _started(self, commit: str) -> ChildProcess:
        """Start the code of a commit. Raises `CheckoutRefused` where that cannot be had."""
        code = await self._code.find(commit)
        if self._code.trouble:
            self._say("warning", self._code.trouble)
        self._code.keep_only({commit, self.active.commit if self.active else ""})
        return await self._children.start(commit, code)

    async def _begun(
        self,
        kind: str,
        news: dict[str, Any],
        session: Mapping[str, Any] | None = None,
        commit: str = "",
    ) -> ChildProcess:
        """Start a bot and give it its first order; loading its code is not counted as silence."""
        child = await self._started(await self._code.nearest(commit))
        await self._until(child, "prepared", self._rules.prepare_seconds)
        child.begin(kind, session=session, news=self._news(news), commit=child.commit)
        return child

    def _news(self, news: dict[str, Any]) -> dict[str, Any]:
        """Return what a bot is told at its beginning."""
        on_probation = self._records.trial is not None
        return {**news, "rolled_back_commits": self._records.bad, "on_probation": on_probation}

    async def _stopped(self) -> int:
        """Have every bot stop in good order; return the exit code of that."""
        await self._children.stop(self._at_once)
        if self._at_once.is_set():
            self._say("warning", "stopped at once")
            return 128 + signal.SIGTERM
        return 0 if self.active is None or self.active.exit_code == 0 else 1

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _keep(self, records: RestartRecords) -> None:
        self._records = records
        try:
            self._file.write(records)
        except OSError as error:
            self._say("error", f"{self._file.path} cannot be written: {error}")
