"""The bot as its own composition root builds it, for worlds that name no cogs: all of it."""

import importlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from . import network
from .cog_bot import build_flag_finder

_NEEDED = ("bot", "cogs", "prompts")  # what it reads of its checkout
_NO_CHECK = {"name": "none", "command": ["true"], "seconds": 1}
_OF_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "rehearsal",
    "GIT_AUTHOR_EMAIL": "rehearsal@localhost",
    "GIT_COMMITTER_NAME": "rehearsal",
    "GIT_COMMITTER_EMAIL": "rehearsal@localhost",
}


class FullBot:
    """Runs the tree's `run_bot`, in a checkout and state of the play's own.

    It has no engine but the offline one and no forge but a local one; its checks are never run.
    `told` gets what its journal records. `client` is its client, once that is made.
    """

    def __init__(
        self, tree: Path, state: Path, on_record: Callable[[Any], None], token: str
    ) -> None:
        self.client: Any = None
        self._tree = tree
        self._state = state
        self._token = token
        self._on_record = on_record

    async def run(self, world: Mapping[str, Any]) -> None:
        """Run it until it is asked to stop."""
        root = self._create_checkout()
        config = self._state / "rehearsal.yaml"
        config.write_text(json.dumps(self._build_config(world)), encoding="utf-8")  # JSON is YAML
        app = importlib.import_module("bot.app.bot")
        settings = importlib.import_module("bot.settings")
        self._listen(world["flags"])
        variables = {
            "DISCORD_TOKEN": self._token,
            "THESEUS_DISCORD_API_URL": f"http://{network.DISCORD}/api/v10",
            "THESEUS_DISCORD_GATEWAY_URL": f"ws://{network.DISCORD}/gateway",
            "THESEUS_CONFIG": str(config),
            "THESEUS_STATE": str(self._state),
        }
        await app.run_bot(settings.load(root, variables))

    def stop(self) -> None:
        """Ask it to stop, as a supervisor does."""
        os.kill(os.getpid(), signal.SIGTERM)

    def _create_checkout(self) -> Path:
        """Make the checkout it runs from: what lies in the tree, as one commit."""
        root = self._state.parent / f"{self._state.name}-checkout"
        if root.exists():
            return root
        for name in _NEEDED:
            if (self._tree / name).is_dir():
                shutil.copytree(self._tree / name, root / name)
        os.environ.update(_OF_GIT)
        for command in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "played")):
            subprocess.run(["git", *command], cwd=root, check=True)
        return root

    def _listen(self, flags: Sequence[str]) -> None:
        """Hear of the client and of what is journalled, as nobody hands these over.

        The client finds these flags on for everybody; people in the play may switch others.
        """
        journal = importlib.import_module("bot.adapters.ndjson_journal").NdjsonJournal
        client = importlib.import_module("bot.client").TheseusClient
        append, made = journal.append, client.__init__

        def append_and_report(self_: Any, action: Any) -> None:
            append(self_, action)
            self._on_record(action)

        def init_client(self_: Any, *args: Any, **options: Any) -> None:
            given = {**options, "guild_ready_timeout": network.READY_SECONDS}
            if flags and "flags" in options:
                on, kept = build_flag_finder(flags), options["flags"]
                given["flags"] = lambda name: on(name) or kept(name)
            made(self_, *args, **given)
            network.disable_heartbeats(self_)
            self.client = self_

        journal.append, client.__init__ = append_and_report, init_client

    def _build_config(self, world: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tree's configuration, so that it lets nothing out, and listed roles in."""
        text = (self._tree / "data" / "config.yaml").read_text(encoding="utf-8")
        people = {
            each: {"users": [], "roles": world["roles"].get(each, [])}
            for each in ("developers", "approvers")
        }
        return {
            **yaml.safe_load(text),
            "discord": {"guild_id": world["guild"], "dev_channel_id": world["dev_channel"]},
            "people": people,
            "engine": {"name": "offline"},
            "forge": {"kind": "local"},
            "sandbox": {"kind": "none", "required": False},
            "checks": {"quick": [_NO_CHECK], "full": [_NO_CHECK]},
        }
