"""`Supervisor`: keeps one bot running, hands over to a new one, and back where that fails."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from typing import Any

from bot.supervisor.checkout import CheckoutRefused, RunningCheckout
from bot.supervisor.child_process import ChildProcess
from bot.supervisor.children import Children, SupervisedBot, explain_unprepared
from bot.supervisor.code_folders import CodeFolders
from bot.supervisor.messages import Message, get_object
from bot.supervisor.records import Handover, RestartFile, RestartRecords, get_timestamp
from bot.supervisor.rules import Fault, RestartRules, find_fault, has_passed_probation
from bot.supervisor.state_schema import find_incompatibility

Say = Callable[[str, str], None]
"""Logs a text; the first argument is the level."""

WRONG_SETTING, STATE_HELD = 2, 1
"""Exit codes: starting it again would not help; another process has the state, so it may help."""

_LOOK_SECONDS, _LATE_SECONDS = 1.0, 5.0
_OWN_FOLDER = "bot/supervisor"


class Supervisor:
    """Runs until it is asked to stop, or the bot ends for good. `active` is the working bot."""

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
        """Keep the bot running, and return the exit code of the program. Raises `OSError`."""
        self._records = self._file.read()
        if self._file.trouble:
            self._say("warning", self._file.trouble)
        self._began_with = await self._checkout.get_head()
        try:
            return await self._keep_running(self._records.find_trial(self._began_with))
        finally:
            await self._children.end_all()

    def stop(self) -> None:
        """Stop the bot in order; a second call stops it at once."""
        if self._stopping.is_set():
            self._at_once.set()
        self._stopping.set()
        self._children.wake()

    def stop_all(self) -> None:
        """Pass on the signal that ends all work; what is only finishing is ended."""
        self._children.stop_all(self.active)

    # The life of a bot

    async def _keep_running(self, trial: Handover | None) -> int:
        child, fault = await self._start_child("start", {}), None
        while not self._stopping.is_set():
            self.active = child
            fault = await self._watch(child, trial)
            if fault is None:
                if "restart" in child.messages:
                    child, trial = await self._hand_off(child, child.messages.pop("restart"))
                continue
            if (
                fault.code is not None and "held" in child.messages
            ):  # which tells nothing of its code
                self._say("error", "another process holds the state; see what the bot has said")
                return STATE_HELD
            if trial is None and fault.code in (0, WRONG_SETTING):
                return fault.code
            await self._children.end(child)
            if trial is not None:
                child, trial = await self._roll_back(child, trial, fault), None
                continue
            if not await self._can_restart(fault):
                break
            details = {"at": get_timestamp(), "why": fault.summary, "tail": child.tail}
            child = await self._start_child("start", {"crashed": details}, commit=child.commit)
        if self._stopping.is_set():
            return await self._stop_children()
        return fault.code if fault is not None and fault.code else 1

    async def _watch(self, child: ChildProcess, trial: Handover | None) -> Fault | None:
        """Watch it until something is wrong with it, or it or a person asks for something."""
        probation, passed = trial is not None, False
        while not self._stopping.is_set():
            looked_at = self._get_time()
            if child.exit_code is not None:
                return Fault.from_exit_code(child.exit_code)
            seen = child.get_reading()
            fault = find_fault(seen, self._rules, looked_at, probation=probation)
            if fault is not None:
                return Fault(fault)
            if not passed and has_passed_probation(seen, self._rules, looked_at):
                probation, passed, self._crashes = False, True, 0
                self._say("info", f"{child.commit[:12]} has passed its probation")
                self._keep(self._records.add_good(child.commit))
                child.send("passed")
            if "restart" in child.messages and child.was_ready and not probation:
                return None
            await self._wait_for_news(child, self._rules.silent_seconds / 4 if probation else 60.0)
            if self._get_time() - looked_at > _LATE_SECONDS + _LOOK_SECONDS:
                child.reset_silence()  # this process itself stood still
        return None

    async def _wait_for_news(self, child: ChildProcess, pause: float) -> None:
        """Wait until it says something, or it is time to look."""
        child.changed.clear()
        if child.exit_code is None and not self._stopping.is_set():
            try:
                async with asyncio.timeout(min(pause, _LOOK_SECONDS)):
                    await child.changed.wait()
            except TimeoutError:
                return

    async def _wait_for(self, child: ChildProcess, kind: str, seconds: float) -> Message | None:
        """Return what it says of a kind; `None`: it ended, came not in time, or we are to stop."""
        until = self._get_time() + seconds
        while kind not in child.messages and child.exit_code is None and self._get_time() < until:
            if self._stopping.is_set():
                return None
            await self._wait_for_news(child, until - self._get_time())
        return child.messages.get(kind)

    # Replacing it

    async def _hand_off(
        self, old: ChildProcess, request: Message
    ) -> tuple[ChildProcess, Handover | None]:
        """Return the new bot and what it is on probation for; the old one where none can be."""
        commit = str(request.get("commit") or await self._checkout.get_head())
        if commit == old.commit:
            return old, None  # it runs that
        previous = await self._find_previous(old, str(request.get("live") or ""), commit)
        asked = Handover.from_request(request, commit, previous, get_timestamp())
        if not await self._checkout.has_commit(commit):
            self._say("warning", f"no hand-over to {commit[:12]}: the checkout has left it")
            return old, None
        if refused := str(request.get("refused") or ""):
            await self._reject_handover(old, asked, {"why": refused})
            return old, None
        self._say("info", f"handing over from {old.commit[:12]} to {asked.commit[:12]}")
        try:
            new = await self._start_commit(asked.commit)
        except CheckoutRefused as error:
            await self._reject_handover(old, asked, {"why": str(error)})
            return old, None
        if await self._wait_for(new, "prepared", self._rules.prepare_seconds) is None:
            why = explain_unprepared(new, self._rules)
            await self._children.end(new)
            if not self._stopping.is_set():
                await self._reject_handover(old, asked, {"why": why, "tail": new.tail})
            return old, None
        self._keep(self._records.set_trial(asked))
        frozen = await self._freeze(old)
        self._session = get_object(frozen, "session")
        if asked.migrates:  # a migration needs the state for itself
            await self._children.finish_retirement(old)
        own = await self._checkout.is_different(self._began_with, asked.commit, _OWN_FOLDER)
        news = self._build_news({"restarted": {**asked.to_dict(), "supervisor_changed": own}})
        # Logins are passed on only once: after a rollback, people who logged out in the meantime
        # must not be logged in again.
        logins = get_object(frozen, "logins")
        new.begin("take_over", session=self._session, logins=logins, news=news, commit=new.commit)
        self.active = new
        if await self._wait_for(new, "ready", self._rules.ready_seconds) is not None:
            self._children.retire(old, new)
        elif not self._stopping.is_set():
            # `_watched` finds out why; the old one has let go of everything.
            await self._children.end(old)
            new.send("predecessor_gone")
        return new, asked

    async def _find_previous(self, old: ChildProcess, live: str, commit: str) -> str:
        """Return the commit to go back to: what the bot says is live, if its core is the one of
        the running process, and it is on the way to `commit`. Cogs changed since the start stay.
        """
        is_on_way = await self._checkout.is_between(old.commit, live, commit)
        is_same_core = is_on_way and not await self._code.is_different(old.commit, live)
        return live if is_same_core and live != commit else old.commit

    async def _reject_handover(
        self, old: ChildProcess, asked: Handover, details: dict[str, Any]
    ) -> None:
        """Tell the old process, which continues, why the new one failed; restore the checkout."""
        self._keep(self._records.add_bad(asked.commit, details["why"]))
        self._say("error", f"no hand-over to {asked.commit[:12]}: {details['why']}")
        details = await self._restore_checkout(asked, details)
        old.send("not_handed_over", rolled_back_commits=self._records.bad, **details)

    async def _freeze(self, old: ChildProcess) -> Message:
        """Ask the old process to release session and state, and return what it leaves.

        The result is empty if the process did not react in time and was ended.
        """
        old.send("freeze")
        # It parks what is under way first.
        patience = self._rules.drain_seconds + self._rules.kill_seconds
        frozen = await self._wait_for(old, "frozen", patience)
        if frozen is None:
            self._say("warning", "the bot did not let go in time; it is ended")
            await self._children.end(old)
            return {}
        return frozen

    async def _can_restart(self, fault: Fault) -> bool:
        """Wait before the next start; `False`: there were too many, or we are to stop."""
        self._crashes += 1
        if self._crashes >= self._rules.crashes:
            self._say("error", f"given up after {self._crashes} starts in a row: {fault.summary}")
            return False
        pause = self._rules.pause(self._crashes)
        self._say("error", f"the bot is started again in {pause:g} s: {fault.summary}")
        try:
            async with asyncio.timeout(pause):
                await self._stopping.wait()
        except TimeoutError:
            return True
        return False

    async def _roll_back(self, child: ChildProcess, trial: Handover, fault: Fault) -> ChildProcess:
        """Go back to the commit that ran before, and say so through the bot of that commit."""
        self._say("error", f"{trial.commit[:12]} is taken back: {fault.summary}")
        self._keep(self._records.add_bad(trial.commit, fault.summary))
        failed = {"why": fault.summary, "tail": child.tail}
        not_opened = find_incompatibility(self._bot.records.parent, trial)
        details = await self._restore_checkout(trial, failed, not_opened)
        # Who had not begun to use the session has left it as it was.
        session = None if "resuming" in child.messages else self._session
        kind = "take_over" if session is not None else "start"
        return await self._start_child(kind, {"rolled_back": details}, session)

    async def _restore_checkout(
        self, asked: Handover, details: dict[str, Any], not_opened: str = ""
    ) -> dict[str, Any]:
        """Restore the checkout, and return the details for the bot, with the reason if it failed.

        `not_opened` is the reason why the previous code could not open the state; empty if it can.
        """
        details = {**asked.to_dict(), **details}
        if not_opened:
            self._say("error", f"the checkout stays at {asked.commit[:12]}: {not_opened}")
            details["not_back"] = not_opened
            return details
        try:
            await self._checkout.go_back(asked.previous, leaving=asked.commit)
        except CheckoutRefused as error:
            self._say("error", f"the checkout stays at {asked.commit[:12]}: {error}")
            details["not_back"] = str(error)
        return details

    # Starting and ending

    async def _start_commit(self, commit: str) -> ChildProcess:
        """Start the code of a commit. Raises `CheckoutRefused` where that cannot be had."""
        code = await self._code.find(commit)
        if self._code.trouble:
            self._say("warning", self._code.trouble)
        self._code.keep_only({commit, self.active.commit if self.active else ""})
        return await self._children.start(commit, code)

    async def _start_child(
        self,
        kind: str,
        news: dict[str, Any],
        session: Mapping[str, Any] | None = None,
        commit: str = "",
    ) -> ChildProcess:
        """Start a bot and give it its first order; loading its code is not counted as silence."""
        child = await self._start_commit(await self._code.find_nearest(commit))
        await self._wait_for(child, "prepared", self._rules.prepare_seconds)
        child.begin(kind, session=session, news=self._build_news(news), commit=child.commit)
        return child

    def _build_news(self, news: dict[str, Any]) -> dict[str, Any]:
        """Return the news that a bot gets at its start."""
        on_probation = self._records.trial is not None
        return {**news, "rolled_back_commits": self._records.bad, "on_probation": on_probation}

    async def _stop_children(self) -> int:
        """Stop every bot in order, and return the exit code."""

        await self._children.stop(self._at_once)
        if self._at_once.is_set():
            self._say("warning", "stopped at once")
            return 128 + signal.SIGTERM
        return 0 if self.active is None or self.active.exit_code == 0 else 1

    @staticmethod
    def _get_time() -> float:
        return asyncio.get_running_loop().time()

    def _keep(self, records: RestartRecords) -> None:
        self._records = records
        try:
            self._file.write(records)
        except OSError as error:
            self._say("error", f"{self._file.path} cannot be written: {error}")
