"""The complete bot, as its own composition root builds it, for worlds that name no cogs."""

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

_NEEDED = ("bot", "cogs", "packages", "prompts")  # the parts of the checkout that the bot reads
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
    """Runs the tree's `run_bot` with a private checkout and state.

    It has only the offline engine and a local forge; its checks are never run. `on_record` receives
    what its journal records. `client` is its client, once it is created.
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
        """Run the bot until it is asked to stop."""
        root = self._create_checkout()
        config = self._state / "rehearsal.yaml"
        config.write_text(json.dumps(self._build_config(world)), encoding="utf-8")  # JSON is YAML
        app = importlib.import_module("bot.app.bot")
        settings = importlib.import_module("bot.settings")
        variables = {
            "DISCORD_TOKEN": self._token,
            "THESEUS_DISCORD_API_URL": f"http://{network.DISCORD}/api/v10",
            "THESEUS_DISCORD_GATEWAY_URL": f"ws://{network.DISCORD}/gateway",
            "THESEUS_CONFIG": str(config),
            "THESEUS_STATE": str(self._state),
        }
        observers = self._build_observers(world["flags"])
        await app.run_bot(settings.load(root, variables), observers=observers)

    def stop(self) -> None:
        """Ask the bot to stop, as a supervisor does."""
        os.kill(os.getpid(), signal.SIGTERM)

    def _create_checkout(self) -> Path:
        """Create the checkout that the bot runs from: the tree's files as one commit."""
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

    def _build_observers(self, flags: Sequence[str]) -> Any:
        """Return the observers of the bot, for whom these flags are on for everyone."""
        kind = getattr(importlib.import_module("bot.app.bot"), "Observers", None)
        if kind is None:
            raise RuntimeError("the whole bot of this commit is too old to be replayed")
        return kind(
            on_record=self._on_record,
            on_client=self._observe_client,
            find_flag=build_flag_finder(flags),
            ready_seconds=network.READY_SECONDS,
        )

    def _observe_client(self, client: Any) -> None:
        network.disable_heartbeats(client)
        self.client = client

    def _build_config(self, world: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tree's configuration, changed to local services and the script's roles."""
        text = (self._tree / "data" / "config.yaml").read_text(encoding="utf-8")
        people = {
            group: {"users": [], "roles": world["roles"].get(group, [])}
            for group in ("developers", "approvers")
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
