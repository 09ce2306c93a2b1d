"""Attaches to a client from outside: next to its own handlers, without changing what they do."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import sys
import weakref
from collections.abc import Callable
from typing import Any

import discord

from theseus_observe import pseudonyms
from theseus_observe.command_records import CommandRecords
from theseus_observe.commit import read_commit
from theseus_observe.component_records import ComponentRecords, LogFilter
from theseus_observe.folder_sink import FolderSink, make_private_folder
from theseus_observe.hook_runner import HookRunner
from theseus_observe.http_sink import HttpSink
from theseus_observe.interaction_inputs import find_interaction, find_scope
from theseus_observe.outbox import Outbox, Sink
from theseus_observe.outcomes import get_outcome
from theseus_observe.places import AudienceFinder, find_event_place
from theseus_observe.project_code import ProjectCode
from theseus_observe.recorder import Failure, Recorder, RecordQueue
from theseus_observe.records import GATEWAY, LISTENER, OK, TASK
from theseus_observe.replies import ErrorReplies
from theseus_observe.request_reader import RequestReader
from theseus_observe.responses import Endings, ResponseWatch
from theseus_observe.settings import Settings, load_settings
from theseus_observe.stalls import BlockReport, StallWatch
from theseus_observe.start_records import StartRecords
from theseus_observe.tasks import TaskRecords
from theseus_observe.wrappers import MethodWrapper, wrap_call, wrap_coroutine

_KEY_FILE = "pseudonyms.key"
_GATEWAY_EVENTS = {
    "connect": "connect",
    "disconnect": "disconnect",
    "resumed": "resume",
    "shard_connect": "connect",
    "shard_disconnect": "disconnect",
    "shard_resumed": "resume",
}
_COMPONENT_TYPES = (discord.InteractionType.component, discord.InteractionType.modal_submit)
_observers: weakref.WeakKeyDictionary[discord.Client, Observer] = weakref.WeakKeyDictionary()


class Observer:
    """Records what one client does. Errors of its own never reach the bot.

    Args:
        client: The bot.
        settings: Where records go, and what is in them.
        tell: Writes a line for the maintainer; stderr by default.
        queue: Takes the records; by default the outbox, which writes them where the settings say.
    """

    def __init__(
        self,
        client: discord.Client,
        settings: Settings,
        *,
        tell: Callable[[str], None] | None = None,
        queue: RecordQueue | None = None,
    ) -> None:
        self.runner = HookRunner(tell)
        self.outbox = Outbox(make_sink(settings, self.runner), self.runner)
        self._client = client
        key, root = load_key(settings), settings.root
        self._recorder = Recorder(queue or self.outbox, root, key, read_commit(root))
        self._audiences = AudienceFinder(client, settings.values)
        code = ProjectCode(settings.root)
        self._stalls = StallWatch(code) if settings.stalls else None
        self._are_stalls_watched = False
        endings = Endings()
        self._responses = ResponseWatch(self.runner)
        replies = ErrorReplies(self.runner)
        reply = replies.schedule if settings.replies else _reply_nothing
        self._requests = RequestReader(
            client, self._audiences, key, is_traffic_recorded=settings.traffic
        )
        self._commands = CommandRecords(
            self._recorder,
            self._requests,
            self._responses,
            endings,
            self._stalls,
            reply,
        )
        self._components = ComponentRecords(
            client,
            self._recorder,
            self._requests,
            self._responses,
            endings,
            reply,
            self.runner,
        )
        self._tasks = TaskRecords(
            self._recorder, code, self._commands, self._components, self.runner
        )
        self._start = StartRecords(client, self._recorder, self.runner)
        self._log = LogFilter(client, self._commands, self._components, self.runner)
        self._dispatchers = [
            MethodWrapper(client, "dispatch", self._note_event, self.runner),
            # The connection has a reference of its own, of the time before.
            MethodWrapper(client._connection, "dispatch", self._note_event, self.runner),
        ]
        self._on_close = MethodWrapper(client, "close", self._note_end, self.runner)
        self._on_error = MethodWrapper(client, "on_error", self._fail_listener, self.runner)
        self._tree: Any = None
        self._on_tree_error: MethodWrapper | None = None
        self._handlers = self._list_handlers()

    def _list_handlers(self) -> dict[str, Callable[..., object]]:
        """Return what looks at each event of discord.py."""
        return {
            "interaction": self._commands.start_interaction,
            "command": self._commands.start_typed,
            "command_completion": self._commands.complete_typed,
            "command_error": self._commands.fail_typed,
            "app_command_completion": self._commands.complete_slash,
        }

    def attach(self) -> None:
        """Begin; again is harmless. What needs the event loop waits until it runs."""
        for each in self._dispatchers:
            each.ensure(wrap_call)
        self._on_close.ensure(wrap_coroutine)
        self._start.attach()
        self._log.attach()
        self._ensure()

    def detach(self) -> None:
        """End, and write what waits."""
        self._note_end()
        self._start.detach()
        self._log.detach()
        self._tasks.close()
        if self._stalls is not None:
            self._stalls.stop()
        for each in (*self._dispatchers, self._on_close, self._on_error, self._on_tree_error):
            if each is not None:
                each.remove()
        self.outbox.close()

    def _ensure(self) -> None:
        """Wrap what the bot may have assigned since: error handlers, a tree, a task factory."""
        self._on_error.ensure(wrap_coroutine)
        tree = self._client._connection._command_tree
        if tree is not self._tree:
            self._tree = tree
            self._on_tree_error = (
                MethodWrapper(tree, "on_error", self._commands.fail_slash, self.runner)
                if tree is not None
                else None
            )
        if self._on_tree_error is not None:
            self._on_tree_error.ensure(wrap_coroutine)
        if _is_loop_running():
            self._tasks.ensure()
            if self._stalls is not None and not self._are_stalls_watched:
                self._are_stalls_watched = True
                self._stalls.start(self._record_block)

    def _note_event(self, event: str, *arguments: Any) -> None:
        """Look at an event before its handlers run."""
        self._ensure()
        handler = self._handlers.get(event)
        if handler is not None:
            handler(*arguments)
        elif event in _GATEWAY_EVENTS:
            self._recorder.record(GATEWAY, _GATEWAY_EVENTS[event], OK)

    def _note_end(self) -> None:
        """Record what would be recorded later, because the bot ends."""
        self._responses.close()
        self._tasks.look_now()

    def _fail_listener(self, event: str, *arguments: Any) -> None:
        """Record what a listener raised. discord.py calls `on_error` while it is handled."""
        error = sys.exc_info()[1]
        if error is None:
            return
        interaction = find_interaction(error)
        if interaction is not None and interaction.type in _COMPONENT_TYPES:
            scope = find_scope(error)
            self._components.fail(interaction, error, scope or event)
            return
        place = find_event_place(arguments)
        content = getattr(arguments[0], "content", None) if arguments else None
        inputs = {"event": event} if content is None else {"event": event, "content": content}
        audience = self._audiences.find_of_place(place)
        self._recorder.record(
            LISTENER,
            find_scope(error) or event,
            get_outcome(error),
            place=place,
            failure=Failure(error, audience=audience, inputs=inputs),
            request=self._requests.prepare_event(event, arguments, audience),
        )

    def _record_block(self, block: BlockReport) -> None:
        self.runner.run(self._record_blame, block)

    def _record_blame(self, block: BlockReport) -> None:
        if block.press is not None:
            self._components.fail(block.press, block.error, block.scope)
            return
        kind = LISTENER if block.is_listener else TASK
        outcome = "timeout"
        self._recorder.record(kind, block.scope, outcome, failure=Failure(block.error))


def attach(
    client: discord.Client, *, queue: RecordQueue | None = None, **given: Any
) -> Observer | None:
    """Observe a client from now on; return `None` if the settings cannot be used.

    `queue` takes the records, in place of the folder or server that the settings name. Keywords are
    those of `Settings`; others come from the environment. A client that is observed already stays
    as it is.
    """
    found = _observers.get(client)
    if found is not None:
        return found
    _mute_own_log()
    runner = HookRunner()
    try:
        observer = Observer(client, load_settings(os.environ, **given), queue=queue)
    except Exception as error:  # noqa: BLE001  # the bot runs on, whatever is wrong with ours
        runner.tell(f"nothing is recorded: {error}")
        return None
    _observers[client] = observer
    runner.run(observer.attach)
    return observer


def detach(client: discord.Client) -> None:
    """Observe a client no longer."""
    observer = _observers.pop(client, None)
    if observer is not None:
        observer.runner.run(observer.detach)


def make_sink(settings: Settings, runner: HookRunner) -> Sink:
    """Return where the records go."""
    if settings.url:
        return HttpSink(settings.url, settings.token, runner.tell)
    return FolderSink(
        settings.folder,
        runner.tell,
        most_bytes=settings.most_bytes,
        keep_days=settings.keep_days,
    )


def load_key(settings: Settings) -> bytes:
    """Return the key of pseudonyms: of the folder, or made from the server's token."""
    if settings.url:
        return bytes.fromhex(pseudonyms.compute_digest("pseudonyms", settings.token.encode()))
    try:
        make_private_folder(settings.folder)
        return pseudonyms.load_secret(settings.folder / _KEY_FILE)
    except (OSError, pseudonyms.SecretError):
        return secrets.token_bytes(32)  # the folder may be writable later; the sink says so


def _mute_own_log() -> None:
    """Keep our messages out of the bot's log: what matters is told on stderr, once."""
    log = logging.getLogger(__package__)
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    log.propagate = False


def _is_loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _reply_nothing(_subject: Any, _action_id: str) -> None:
    """Answer no one: the default."""
