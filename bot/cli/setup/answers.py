"""What the wizard works on: what is there, what was answered, what that would make."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bot.cli.doctor import DoctorFinding
from bot.cli.doctor.secret_shapes import find_secret_problem
from bot.cli.setup.dotenv import set_values
from bot.cli.setup.files import PRIVATE, Edit, mode_of, read
from bot.cli.setup.prompts import Prompter, is_negative
from bot.cli.setup.yaml_file import get_value, set_keys
from bot.domain.errors import PortError
from bot.settings import Settings, parse_config

T = TypeVar("T")
_SECRETS = ("DISCORD_TOKEN", "GITHUB_TOKEN", "ANTHROPIC_API_KEY")
_EXAMPLE = ".env.example"
_CONFIG_MODE = 0o644


class SetupSession:
    """Collects answers. Nothing is written by it; `edits` tells what would be."""

    def __init__(self, settings: Settings, variables: Mapping[str, str], asking: Prompter) -> None:
        self.settings = settings
        self.variables = variables
        self.asking = asking
        self.secrets: dict[str, str] = {}
        self.keys: dict[tuple[str, ...], object] = {}
        self.remote: tuple[str, Path] | None = None  # to be added to the checkout
        self._dotenv = settings.root / ".env"
        self._dotenv_text = read(self._dotenv)
        self._config_text = read(settings.config_file) or ""

    def set(self, key: str, value: object) -> None:
        """Note the value of a key of the configuration, written with dots."""
        self.keys[tuple(key.split("."))] = value

    def ask_secret(
        self, key: str, what: str, *, needed: bool, refused: frozenset[str] = frozenset()
    ) -> str:
        """Ask for a secret; return what counts from now on, empty for none.

        Enter keeps what is there, unless it is among the `refused`, and so does `n`; `-` takes away
        what is not `needed`. What can be no such secret is asked for again.
        """
        held = getattr(self.settings.environment, key.lower())
        before = held.get_secret_value() if held else ""
        present = self.secrets.get(key, before)
        kept = "" if present in refused else present
        hint = "Enter keeps the one that is set" if kept else "" if needed else "Enter: none"
        hint += "" if needed or not kept else ", - takes it away"
        question = f"{what}, hidden" + (f" ({hint})" if hint else "")
        told = self._ask_secret(key, question, needed=needed, stored=kept)
        self.secrets.pop(key, None)
        if told != before:
            self.secrets[key] = told
            if self.variables.get(key):
                self.asking.say(f"  {key} is also set in your environment, where it wins over .env")
        return told

    def _ask_secret(self, key: str, question: str, *, needed: bool, stored: str) -> str:
        while True:
            typed = self.asking.ask_secret(key, question, needed=needed and not stored)
            if typed == "-" and not needed:
                return ""
            if not typed or needed:  # who needs it looks at it, and says where it is to be had
                return typed or stored
            if is_negative(typed):
                return stored
            problem = find_secret_problem(key, typed)
            if not problem:
                return typed
            self.asking.say(f"  {problem}")

    def build_settings(self) -> Settings:
        """Return the settings as they would be. Raises `ConfigError`."""
        named = {key.lower(): value for key, value in self.secrets.items()}
        return self.settings.replace(
            environment=self.settings.environment.replace(**named),
            config=parse_config(self._build_config(), str(self.settings.config_file)),
        )

    def look(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what a look at the outside says; while it cannot be reached, offer to try again.

        Raises the `PortError` once the person goes on without.
        """
        while True:
            try:
                return asyncio.run(call())
            except PortError as error:
                self.asking.say(f"  {error}")
                if not self.asking.ask_retry(
                    "", "  Check the network and the address, then try again"
                ):
                    raise

    def show(self, findings: list[DoctorFinding]) -> bool:
        """Tell findings; return whether none is bad."""
        for finding in findings:
            self.asking.say("  " + finding.line.replace("\n", "\n  "))
        return all(finding.status != "bad" for finding in findings)

    def build_edits(self) -> list[Edit]:
        """Return what would be written. Raises `ConfigError` where that cannot be done safely."""
        file = self.settings.config_file
        mode = mode_of(file, _CONFIG_MODE)
        edits = [Edit(file, self._config_text, self._build_config(), mode)]
        if self.secrets:
            edits.append(Edit(self._dotenv, self._dotenv_text, self._build_dotenv(), PRIVATE))
        return edits

    def summarize(self) -> list[str]:
        """Return what would be written, a line a key; of secrets only that they are there."""
        lines = [f"{self._dotenv}  (readable by this account only)"] if self.secrets else []
        for key, value in self.secrets.items():
            new = f"a new one, {len(value)} characters" if value else "taken away"
            shown = new if key in _SECRETS else value
            lines.append(f"  {key}: {shown}")
        changed = [
            f"  {'.'.join(path)}: {_format_value(old)} -> {_format_value(new)}"
            for path, new in self.keys.items()
            if (old := get_value(self._config_text, path)) != new
        ]
        if changed:
            lines += [str(self.settings.config_file), *changed]
        if self.remote is not None:
            name, folder = self.remote
            lines.append(f"git remote {name} -> {folder}")
        return lines

    def _build_dotenv(self) -> str:
        text = self._dotenv_text
        if text is None:
            text = read(self.settings.root / _EXAMPLE)
        return set_values(text or "", self.secrets)

    def _build_config(self) -> str:
        return set_keys(self._config_text, self.keys, str(self.settings.config_file))


def _format_value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(str, value)) + "]"
    return "not set" if value is None else str(value)
