"""The process that has imported the tree's bot, and forks a child for each script."""

import ast
import ctypes
import gc
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .bot_process import TreeBot
from .lines import LineSocket
from .script_time import ScriptTime
from .seeds import Seeds

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, linux/prctl.h
# What every script needs. Cogs are not included: each child imports their current version.
_PREPARED = ("discord.ext.commands", "discord.ext.tasks", "aiosqlite", "bot.client")
_ALL = ("bot.app.bot", "bot.settings", "git")


class ForkServer:
    """Handles the orders `{"fork": NAME}` and `{"end": NAME}` until its socket closes.

    With `{"cogs": [...]}` in a fork order the child runs only these; without, the complete bot.
    """

    def __init__(self, sockets: Path, tree: Path, time: ScriptTime, seeds: Seeds) -> None:
        self._sockets = sockets
        self._tree = tree
        self._time = time
        self._seeds = seeds
        self._children: dict[str, int] = {}
        self._orders = LineSocket(sockets / "server")

    def serve(self) -> None:
        """Prepare, report the result, and handle orders."""
        self._orders.send({"started": True})
        sys.path.insert(0, str(self._tree))
        broken = self._prepare(_PREPARED)
        self._orders.send({"broken": broken} if broken else {"prepared": True})
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects ended children
        with suppress(OSError, AttributeError):  # on other systems orphans go to another process
            ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
        while (order := self._orders.receive()) is not None:
            if name := order.get("fork"):
                cogs = [str(cog) for cog in order.get("cogs", ())]
                self._prepare(list_needed_modules(self._tree / "cogs", cogs) if cogs else _ALL)
                self._fork(str(name))
            if name := order.get("end"):
                self._end(str(name))
                self._orders.send({"ended": name})

    def _prepare(self, modules: Sequence[str]) -> str:
        """Import what scripts need, once for all; return the reason if that fails."""
        missing = [name for name in modules if name not in sys.modules]
        if not missing:
            return ""
        try:
            for name in missing:
                importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 - the tree's code may raise anything
            return "".join(traceback.format_exception_only(error)).strip()
        gc.collect()
        gc.freeze()
        return ""

    def _fork(self, name: str) -> None:
        child = os.fork()
        if child:
            self._children[name] = child
            return
        code = 1
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._orders.close()
            channel = LineSocket(self._sockets / f"{name}.control")
            TreeBot(channel, self._tree, self._time, self._seeds).run()
            code = 0
        except BaseException:  # noqa: BLE001 - a child must never go on as a server
            traceback.print_exc()
        finally:
            with suppress(OSError, ValueError):
                sys.stderr.flush()
            os._exit(code)

    def _end(self, name: str) -> None:
        """Kill a script's processes, including those that left its process tree."""
        child = self._children.pop(name, None)
        doomed = {child} if child is not None else set()
        while doomed:
            for pid in doomed:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            doomed = self._find_strays()

    def _find_strays(self) -> set[int]:
        """Return the living processes below us that do not belong to a running script."""
        parents = dict(_iterate_processes())
        roots = {os.getpid(), *self._children.values()}
        strays = set()
        for process in parents:
            ancestors = [process]
            while ancestors[-1] in parents and ancestors[-1] not in roots:
                ancestors.append(parents[ancestors[-1]])
            if ancestors[-1] == os.getpid() and process != os.getpid():
                strays.add(process)
        return strays


def list_needed_modules(folder: Path, cogs: Sequence[str]) -> list[str]:
    """Return the modules of the bot that these cogs import; scripts never change them."""
    modules: dict[str, None] = {}
    for cog in cogs:
        for file in (folder / f"{cog}.py", *(folder / cog).rglob("*.py")):
            with suppress(OSError, ValueError, SyntaxError, RecursionError):
                nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                froms = (node for node in nodes if isinstance(node, ast.ImportFrom))
                modules.update(dict.fromkeys(str(node.module) for node in froms if not node.level))
    return [name for name in modules if name.startswith("bot.")]


def _iterate_processes() -> Any:
    """Yield each living process and its parent."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError, IndexError, ValueError):
                state, parent, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
                if state not in "ZX":
                    yield int(entry.name), int(parent)
