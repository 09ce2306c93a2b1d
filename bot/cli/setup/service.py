"""The wizard's last offer: the bot as a service of systemd."""

import os
import pwd
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.cli.setup.prompts import Prompter
from bot.domain.errors import ConfigError

_TEMPLATE = Path("deploy/systemd/theseus.service")
_NAME = "theseus.service"
_QUESTION = "Have systemd run the bot, now and whenever the machine starts?"
_ODD = re.compile(r"[\x00-\x1f\x7f\"'$\\]")


def _run_command(command: Sequence[str]) -> str:
    """Run a command; return what it says is wrong, or nothing."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip() or "it failed"


@dataclass(frozen=True)
class ServiceManager:
    """This machine's systemd: whether it runs, where units go, and who asks."""

    running: Path = Path("/run/systemd/system")
    units: Path = Path("/etc/systemd/system")
    uid: int = os.geteuid()
    command: Callable[[Sequence[str]], str] = _run_command


def render_unit(template: str, root: Path, user: str, program: Path) -> str:
    """Return the unit that runs `program` in `root` as `user`.

    Raises `ConfigError` for a path that would be read as something else.
    """
    for path in (root, program):
        if _ODD.search(str(path)):
            raise ConfigError(f"systemd cannot start what is in {str(path)!r}; move the checkout.")
    folder, started = str(root).replace("%", "%%"), str(program).replace("%", "%%")
    own = {"User": user, "WorkingDirectory": folder, "ExecStart": f'"{started}" run'}
    lines = []
    for line in template.splitlines()[1:]:  # the first one speaks of the template
        key = line.partition("=")[0]
        lines.append(f"{key}={own[key]}" if key in own else line)
    return "\n".join(lines) + "\n"


def offer_service(root: Path, state: Path, asking: Prompter, systemd: ServiceManager) -> None:
    """Install the unit where that is wanted and allowed, else say how it is done.

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
            f"Next: theseus run. As a service it should not run as root, who owns {root}: give it "
            "an account of its own first (docs/going-live.md)."
        )
        return
    text = render_unit(template.read_text(encoding="utf-8"), root, owner.pw_name, program)
    installed = systemd.units / _NAME
    if installed.is_file() and installed.read_text(encoding="utf-8") == text:
        asking.say("systemd has the bot already. Next: sudo systemctl restart theseus")
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
            asking.say(f"{installed} is there; mend that, then: systemctl enable --now theseus")
            return
    asking.say("It runs: journalctl -u theseus -f   (systemctl stop theseus ends it)")


def _tell_how(text: str, installed: Path, state: Path, asking: Prompter) -> None:
    """Leave the unit where somebody with the right to can take it from, and say how."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = state / _NAME
    made.write_text(text, encoding="utf-8")
    asking.say("This account may not install it. As somebody who may:")
    asking.say(f"  sudo install -m 644 {shlex.quote(str(made))} {installed}")
    asking.say("  sudo systemctl daemon-reload")
    asking.say("  sudo systemctl enable --now theseus")
