"""Collects the answers of the wizard, and the files that they result in."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bot.adapters.system_clock import SystemClock
from bot.cli.doctor.secret_shapes import find_secret_problem
from bot.cli.setup.dotenv import set_values
from bot.cli.setup.files import PRIVATE, Edit, mode_of, read
from bot.cli.setup.yaml_file import get_value, set_keys
from bot.domain.errors import PortError
from bot.domain.finding import DoctorFinding
from bot.infra.prompter import Prompter, is_negative
from bot.settings import SECRETS, Settings, parse_config

T = TypeVar("T")
_EXAMPLE = ".env.example"
_CONFIG_MODE = 0o644


class SetupSession:
    """The answers so far. It writes nothing; `build_edits` returns what to write."""

    def __init__(self, settings: Settings, variables: Mapping[str, str], asking: Prompter) -> None:
        self.settings = settings
        self.variables = variables
        self.asking = asking
        self.clock = SystemClock()
        self.secrets: dict[str, str] = {}
        self.keys: dict[tuple[str, ...], object] = {}
        self.remote: tuple[str, Path] | None = None  # to be added to the checkout
        self._dotenv = settings.root / ".env"
        self._dotenv_text = read(self._dotenv)
        self._config_text = read(settings.config_file) or ""

    def set(self, key: str, value: object) -> None:
        """Set a key of the configuration, such as `forge.kind`."""
        self.keys[tuple(key.split("."))] = value

    def ask_secret(
        self, key: str, what: str, *, needed: bool, refused: frozenset[str] = frozenset()
    ) -> str:
        """Ask for a secret and return it, or an empty string for none.

        Enter and `n` keep the current secret, unless it is among the `refused` ones. `-` removes a
        secret that is not `needed`. A text that cannot be this secret is asked for again.
        """
        held = getattr(self.settings.environment, key.lower())
        before = held.get_secret_value() if held else ""
        present = self.secrets.get(key, before)
        current = "" if present in refused else present
        hint = "Enter keeps the current one" if current else "" if needed else "Enter: none"
        hint += "" if needed or not current else ", - removes it"
        question = f"{what}, hidden" + (f" ({hint})" if hint else "")
        secret = self._ask_secret(key, question, needed=needed, stored=current)
        self.secrets.pop(key, None)
        if secret != before:
            self.secrets[key] = secret
            if self.variables.get(key):
                self.asking.say(f"  {key} is also set in your environment, which overrides .env")
        return secret

    def _ask_secret(self, key: str, question: str, *, needed: bool, stored: str) -> str:
        while True:
            typed = self.asking.ask_secret(key, question, needed=needed and not stored)
            if typed == "-" and not needed:
                return ""
            if not typed or needed:  # the caller checks a needed secret with its service
                return typed or stored
            if is_negative(typed):
                return stored
            problem = find_secret_problem(key, typed)
            if not problem:
                return typed
            self.asking.say(f"  {problem}")

    def build_settings(self) -> Settings:
        """Return the settings that the answers result in. Raises `ConfigError`."""
        named = {key.lower(): value for key, value in self.secrets.items()}
        return self.settings.replace(
            environment=self.settings.environment.replace(**named),
            config=parse_config(self._build_config(), str(self.settings.config_file)),
        )

    def look(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of a request to a service; if it fails, offer to try again.

        Raises the `PortError` if the person does not want to try again.
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
        """Show findings, and return whether none of them is bad."""
        for finding in findings:
            self.asking.say("  " + finding.line.replace("\n", "\n  "))
        return all(finding.status != "bad" for finding in findings)

    def build_edits(self) -> list[Edit]:
        """Return the files to write. Raises `ConfigError` if a file cannot be edited safely."""
        file = self.settings.config_file
        mode = mode_of(file, _CONFIG_MODE)
        edits = [Edit(file, self._config_text, self._build_config(), mode)]
        if self.secrets:
            edits.append(Edit(self._dotenv, self._dotenv_text, self._build_dotenv(), PRIVATE))
        return edits

    def summarize(self) -> list[str]:
        """Return one line per key to write; secrets are not shown."""
        lines = [f"{self._dotenv}  (readable by this account only)"] if self.secrets else []
        for key, value in self.secrets.items():
            new = f"a new one, {len(value)} characters" if value else "removed"
            shown = new if key in SECRETS else value
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
