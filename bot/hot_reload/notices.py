"""What is written down and said of changes: all in the journal, trouble in the dev channel."""

import asyncio
import hashlib
from collections.abc import Sequence
from uuid import uuid4

import structlog
from theseus_observe.redaction import redact

from bot.domain.errors import ConfigError, PortError
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.live_items import FIRST_AUTHOR, ChangeAuthor, LiveItem
from bot.domain.posts import Post
from bot.hot_reload.live_changes import LiveChanges
from bot.ports.chat import Chat
from bot.ports.recorder import About, ActionRecorder
from bot.presentation.rollbacks import format_item

_log = structlog.stdlib.get_logger(__name__)
_MAX_CHARS = 600
_REASON_IN_LIST = 300
_SETTINGS = 10


class ReloadNotices:
    """Records reloads, and reports each refusal once, and its end once.

    A refusal that comes again after its end is a new one. A refusal that outlasts a restart is the
    same one. Messages go through `chat`, whose outbox stores them until Discord can be reached.
    Reloads of cogs are recorded by the code that loads them.
    """

    def __init__(self, recorder: ActionRecorder, chat: Chat, dev_channel_id: int) -> None:
        self._recorder = recorder
        self._chat = chat
        self._dev_channel_id = dev_channel_id
        self._is_posting = False
        self._fixed_keys: dict[tuple[str, str], str] = {}
        self._unsaid: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def run_forever(self) -> None:
        """Send the queued messages until cancelled, so that no reload waits for the chat."""
        while True:
            text, key = await self._unsaid.get()
            self._is_posting = True
            try:
                await self._chat.post(self._dev_channel_id, Post(text=text), key=key)
            except PortError as error:
                _log.warning("the dev channel was not told of %s: %s", key, error)
            self._is_posting = False

    @property
    def is_idle(self) -> bool:
        """Return whether all messages were sent."""
        return self._unsaid.empty() and not self._is_posting

    async def __call__(self, changes: LiveChanges) -> None:
        """Record the changes with their author, and report refused and fixed items.

        Items that exist at the very first start are not changes.
        """
        about = _build_about(changes.author)
        changed = (*changes.live, *changes.fixed, *changes.removed)
        for item in changed if changes.author != FIRST_AUTHOR else ():
            if item.kind != "cog":  # the reloader records cogs, with the time it took
                self._recorder.record(Kind.RELOAD, item.path, ActionOutcome.OK, **about)
        for item in changes.refused:
            if item.kind != "cog":
                failed: About = {**about, "error": ConfigError(redact(item.reason))}
                self._recorder.record(Kind.RELOAD, item.path, ActionOutcome.ERROR, **failed)
            _log.warning("%s is not taken on: %s", item.path, item.reason)
        self._say_refused(changes.refused)
        if changes.restart_needed:
            names = ", ".join(f"`{each}`" for each in changes.restart_needed[:_SETTINGS])
            text = f"The settings were changed; {names} will count after a restart."
            versions = [each.version for each in changes.live if each.kind == "config"]
            self._say(text, f"settings:{_mark(names)}:{max(versions, default=0)}")
        if changes.author.kind == "person" and changes.author.person_id is None:
            for (
                item
            ) in changes.live:  # changed on the dashboard, which people in Discord do not see
                self._say(
                    format_external_change(item, changes.author),
                    f"elsewhere:{item.kind}:{item.name}:{item.since.isoformat()}",
                )
        for item in changes.fixed:
            over = self._fixed_keys[item.kind, item.name] = f":{uuid4().hex[:12]}"
            self._say(format_fixed(item), f"mended:{item.kind}:{item.name}{over}")

    def _say_refused(self, items: Sequence[LiveItem]) -> None:
        """Say why files are not live: several cogs in one message, all else in one each."""
        cogs = [item for item in items if item.kind == "cog"]
        together = cogs if len(cogs) > 1 else []
        for item in items:
            if item not in together:
                self._say(format_refusal(item), self._build_refusal_key(item))
        if together:
            keys = ",".join(self._build_refusal_key(item) for item in together)
            self._say(list_refusals(together), f"refused:cogs:{_mark(keys)}")

    def _build_refusal_key(self, item: LiveItem) -> str:
        over = self._fixed_keys.get((item.kind, item.name), "")
        return f"refused:{item.kind}:{item.name}:{_mark(item.reason)}{over}"

    def _say(self, text: str, key: str) -> None:
        self._unsaid.put_nowait((text, key))


def format_refusal(item: LiveItem) -> str:
    """Return why a changed file is not live, and what is."""
    reason = redact(item.reason)[:_MAX_CHARS].rstrip(".")
    what = format_item(item)
    if item.version:
        still = f"{_capitalize(what)} stays as it was (version {item.version})."
    else:
        still = f"Without it, there is no {item.kind} `{item.name}`."
    return f"⚠️ I did not take on a change of {what}: {reason}. {still} Mend the file; I look again."


def list_refusals(cogs: Sequence[LiveItem]) -> str:
    """Return one message about cogs that are not live, with the reason of each."""
    lines = []
    for item in cogs:
        reason = redact(item.reason)[:_REASON_IN_LIST].rstrip(".")
        still = f"version {item.version} stays" if item.version else "it is left out"
        lines.append(f"- `{item.path}`: {reason} ({still})")
    return f"⚠️ {len(cogs)} cogs do not load. Correct their files; I look again.\n" + "\n".join(
        lines
    )


def format_fixed(item: LiveItem) -> str:
    """Return that a refused file is good again."""
    return f"✅ The file of {format_item(item)} is good again: version {item.version} is live."


def format_external_change(item: LiveItem, author: ChangeAuthor) -> str:
    """Return the message about a version that a person made live outside of the chat."""
    text = (
        f"↩️ {_capitalize(format_item(item))} is at version {item.version} now, by {author.summary}."
    )
    return f"{text} It stays so until its file changes." if item.rolled_back else text


def _capitalize(what: str) -> str:
    """Return it as a sentence begins."""
    return f"{what[0].upper()}{what[1:]}"


def _build_about(author: ChangeAuthor) -> About:
    about: About = {"agent": author.summary if author.kind != "person" else "a person"}
    if author.person_id is not None:
        about["user_id"] = author.person_id
    if author.run_id is not None:
        about["run_id"] = author.run_id
    return about


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
