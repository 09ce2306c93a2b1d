"""Offers to install the bot as a service of systemd, at the end of the wizard."""

import os
import pwd
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.infra.prompter import Prompter

_TEMPLATE = Path("deploy/systemd/theseus.service")
_NAME = "theseus.service"
_QUESTION = "Install the bot as a systemd service, and start it now?"
_ODD = re.compile(r"[\x00-\x1f\x7f\"'$\\]")


def _run_command(command: Sequence[str]) -> str:
    """Run a command, and return its error message, or an empty string if it succeeds."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip() or "it failed"


@dataclass(frozen=True)
class ServiceManager:
    """The systemd of this machine: its runtime folder, its folder of units, and our user id."""

    running: Path = Path("/run/systemd/system")
    units: Path = Path("/etc/systemd/system")
    uid: int = os.geteuid()
    command: Callable[[Sequence[str]], str] = _run_command


def render_unit(template: str, root: Path, user: str, program: Path) -> str:
    """Return the text of a unit that runs `program` in `root` as `user`.

    Raises `ConfigError` for a path with characters that have a meaning in unit files.
    """
    for path in (root, program):
        if _ODD.search(str(path)):
            raise ConfigError(f"systemd cannot use the path {str(path)!r}; move the checkout.")
    folder, started = str(root).replace("%", "%%"), str(program).replace("%", "%%")
    own = {"User": user, "WorkingDirectory": folder, "ExecStart": f'"{started}" run'}
    lines = []
    for line in template.splitlines()[1:]:  # the first line is about the template itself
        key = line.partition("=")[0]
        lines.append(f"{key}={own[key]}" if key in own else line)
    return "\n".join(lines) + "\n"


def offer_service(root: Path, state: Path, asking: Prompter, systemd: ServiceManager) -> None:
    """Install the unit if the person agrees and this account may; otherwise explain how to do it.

    Raises `ConfigError`.
    """
    program = Path(sys.prefix) / "bin" / "theseus"
    template = root / _TEMPLATE
    if not systemd.running.is_dir() or not template.is_file():
        asking.say("Next: theseus run   (as a service: docs/deployment.md)")
        return
    owner = pwd.getpwuid(root.stat().st_uid)
    if owner.pw_uid == 0:
        asking.say(
            f"Next: theseus run. A service should not run as root, who owns {root}: create a "
            "separate account first (docs/going-live.md)."
        )
        return
    text = render_unit(template.read_text(encoding="utf-8"), root, owner.pw_name, program)
    installed = systemd.units / _NAME
    if installed.is_file() and installed.read_text(encoding="utf-8") == text:
        asking.say("The service is installed already. Next: sudo systemctl restart theseus")
    elif not asking.confirm("service", _QUESTION, default=False):
        asking.say("Next: theseus run   (under systemd: theseus setup, or docs/deployment.md)")
    elif systemd.uid == 0:
        _install(text, installed, asking, systemd)
    else:
        _tell_how(text, installed, state, asking)


def _install(text: str, installed: Path, asking: Prompter, systemd: ServiceManager) -> None:
    try:
        installed.write_text(text, encoding="utf-8")
        installed.chmod(0o644)
    except OSError as error:
        raise ConfigError(f"{installed} cannot be written ({error.strerror}).") from error
    for words in (("systemctl", "daemon-reload"), ("systemctl", "enable", "--now", _NAME)):
        problem = systemd.command(words)
        if problem:
            asking.say(f"  {shlex.join(words)}: {problem}")
            asking.say(
                f"{installed} is installed. Fix the problem, then: systemctl enable --now theseus"
            )
            return
    asking.say("The bot is running: journalctl -u theseus -f   (stop: systemctl stop theseus)")


def _tell_how(text: str, installed: Path, state: Path, asking: Prompter) -> None:
    """Write the unit to the state folder, and print the commands that install it."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = state / _NAME
    made.write_text(text, encoding="utf-8")
    asking.say("This account may not install a service. Run these commands with another account:")
    asking.say(f"  sudo install -m 644 {shlex.quote(str(made))} {installed}")
    asking.say("  sudo systemctl daemon-reload")
    asking.say("  sudo systemctl enable --now theseus")
