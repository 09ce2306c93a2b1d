"""What the wizard works on: what is there, what was answered, what that would make."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bot.cli.doctor import DoctorFinding
from bot.cli.doctor.secret_shapes import secret_problem
from bot.cli.setup.dotenv import with_values
from bot.cli.setup.files import PRIVATE, Edit, mode_of, read
from bot.cli.setup.prompts import Prompter, declines
from bot.cli.setup.yaml_file import value_at, with_keys
from bot.domain.errors import PortError
from bot.settings import Settings, config_from

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
        told = self._typed(key, question, needed=needed, kept=kept)
        self.secrets.pop(key, None)
        if told != before:
            self.secrets[key] = told
            if self.variables.get(key):
                self.asking.say(f"  {key} is also set in your environment, where it wins over .env")
        return told

    def _typed(self, key: str, question: str, *, needed: bool, kept: str) -> str:
        while True:
            typed = self.asking.secret(key, question, needed=needed and not kept)
            if typed == "-" and not needed:
                return ""
            if not typed or needed:  # who needs it looks at it, and says where it is to be had
                return typed or kept
            if declines(typed):
                return kept
            problem = secret_problem(key, typed)
            if not problem:
                return typed
            self.asking.say(f"  {problem}")

    def trial(self) -> Settings:
        """Return the settings as they would be. Raises `ConfigError`."""
        named = {key.lower(): value for key, value in self.secrets.items()}
        return self.settings.but(
            environment=self.settings.environment.but(**named),
            config=config_from(self._config_after(), str(self.settings.config_file)),
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
                if not self.asking.again("", "  Check the network and the address, then try again"):
                    raise

    def show(self, findings: list[DoctorFinding]) -> bool:
        """Tell findings; return whether none is bad."""
        for finding in findings:
            self.asking.say("  " + finding.line.replace("\n", "\n  "))
        return all(finding.status != "bad" for finding in findings)

    def edits(self) -> list[Edit]:
        """Return what would be written. Raises `ConfigError` where that cannot be done safely."""
        file = self.settings.config_file
        mode = mode_of(file, _CONFIG_MODE)
        edits = [Edit(file, self._config_text, self._config_after(), mode)]
        if self.secrets:
            edits.append(Edit(self._dotenv, self._dotenv_text, self._dotenv_after(), PRIVATE))
        return edits

    def summary(self) -> list[str]:
        """Return what would be written, a line a key; of secrets only that they are there."""
        lines = [f"{self._dotenv}  (readable by this account only)"] if self.secrets else []
        for key, value in self.secrets.items():
            new = f"a new one, {len(value)} characters" if value else "taken away"
            shown = new if key in _SECRETS else value
            lines.append(f"  {key}: {shown}")
        changed = [
            f"  {'.'.join(path)}: {_shown(old)} -> {_shown(new)}"
            for path, new in self.keys.items()
            if (old := value_at(self._config_text, path)) != new
        ]
        if changed:
            lines += [str(self.settings.config_file), *changed]
        if self.remote is not None:
            name, folder = self.remote
            lines.append(f"git remote {name} -> {folder}")
        return lines

    def _dotenv_after(self) -> str:
        text = self._dotenv_text
        if text is None:
            text = read(self.settings.root / _EXAMPLE)
        return with_values(text or "", self.secrets)

    def _config_after(self) -> str:
        return with_keys(self._config_text, self.keys, str(self.settings.config_file))


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(str, value)) + "]"
    return "not set" if value is None else str(value)
