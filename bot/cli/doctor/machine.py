"""The doctor's look at this machine: Python, git, people, sandbox, prompts, disk, secrets."""

import asyncio
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bot.adapters.git_checkout import GitCheckout
from bot.adapters.sandbox import PlainSandbox, choose_sandbox, measure, probe
from bot.cli.doctor.finding import DoctorFinding, report_bad, report_good, report_note
from bot.domain.errors import TheseusError
from bot.infra.git import Git
from bot.infra.git_obstacles import find_obstacles
from bot.infra.threads import run_in_thread
from bot.settings import Settings

_LEAST_FREE_GB = 2.0
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
INSTALL_SANDBOX = (
    "Install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap; "
    "Fedora: dnf install bubblewrap; Arch: pacman -S bubblewrap)"
)

_LEAKS = (
    "Run no checks before that is mended: make the bot's environment anew in a folder of its own, "
    "outside of what is private, and let HOME be the home of the bot's account."
)
_REMEDY = (
    "Run the bot as a user of its own, with bubblewrap 0.8 or newer and sandbox.network: none."
)


async def look_at_python(settings: Settings) -> list[DoctorFinding]:
    """Return which Python this is."""
    version = ".".join(map(str, sys.version_info[:3]))
    return [report_good("python", f"{version} at {sys.executable}")]


async def look_at_git(settings: Settings) -> list[DoctorFinding]:
    """Return whether the bot runs from a clone."""
    if shutil.which("git") is None:
        return [report_bad("git", "not installed", "Install git with your package manager.")]
    try:
        head = await GitCheckout(settings.root).get_head()
    except TheseusError as error:
        mend = f"Run the bot from a git clone; {settings.root} is not one."
        return [report_bad("git", str(error), mend)]
    standing = report_good("git", f"{settings.root} stands at {head[:10]}")
    obstacles = await run_in_thread(find_obstacles, Git(settings.root))
    return [
        standing,
        *(report_bad("git repository", each.reason, each.remedy) for each in obstacles),
    ]


async def look_at_secrets(settings: Settings) -> list[DoctorFinding]:
    """Return a finding only for what others on this machine could read of the secrets."""
    app = settings.config.forge.github.app
    files = [settings.root / ".env", *([settings.root / app.private_key] if app else [])]
    return [
        report_note(
            "private files",
            f"{file} can be read by others on this machine ({stat.filemode(mode)})",
            f"chmod 600 {file}",
        )
        for file in files
        if (mode := _mode(file)) & _OTHERS
    ]


def _mode(file: Path) -> int:
    try:
        return file.stat().st_mode
    except OSError:
        return 0


async def look_at_people(settings: Settings) -> list[DoctorFinding]:
    """Return whether anybody may ask and ship."""
    people, file = settings.config.people, settings.config_file
    findings = []
    for name, listed in (("developers", people.developers), ("approvers", people.approvers)):
        if listed.users or listed.roles:
            message = f"{len(listed.users)} users, {len(listed.roles)} roles"
            findings.append(report_good(f"people.{name}", message))
        else:
            mend = f"Run `theseus setup`, or add user or role ids to people.{name} in {file}."
            findings.append(report_bad(f"people.{name}", "empty: nobody may do this", mend))
    return findings


def is_in_container() -> bool:
    """Whether this is a container, as far as its engine leaves a mark of it."""
    marks = ("/.dockerenv", "/run/.containerenv")
    return "KUBERNETES_SERVICE_HOST" in os.environ or any(Path(mark).exists() for mark in marks)


async def look_at_sandbox(
    settings: Settings, *, contained: Callable[[], bool] = is_in_container
) -> list[DoctorFinding]:
    """Return how commands are confined, and what of that holds when it is tried."""
    config = settings.config.sandbox
    private = (settings.root, settings.state)
    sandbox = await choose_sandbox(
        config.kind, required=config.required, network=config.network == "all", private=private
    )
    if sandbox.refusal:
        reason = await probe(private=private) or "unavailable"
        first = "Mend that" if shutil.which("bwrap") else INSTALL_SANDBOX
        if contained():
            first = "See what a container has to allow (docs/deployment.md)"
        mend = f"{first}, or set sandbox.required: false to run checks unconfined."
        return [report_bad("sandbox", f"{reason}. Nothing is run, and nothing done unasked.", mend)]
    if isinstance(sandbox, PlainSandbox):
        mend = f"{INSTALL_SANDBOX} and set sandbox.kind: auto for real confinement."
        return [report_note("sandbox", sandbox.description, mend)]
    tried = await measure(sandbox, private=private)
    if tried.failed:
        return [
            report_bad(
                "sandbox", tried.summary, "Run `theseus doctor` again; report it if it stays so."
            )
        ]
    if tried.seen:
        return [report_bad("sandbox", f"checks can read {tried.seen}", _LEAKS)]
    found = [report_good("sandbox", f"bubblewrap; held back when tried: {', '.join(tried.held)}")]
    if tried.open:
        found.append(
            report_note("sandbox limits", f"not held back: {', '.join(tried.open)}", _REMEDY)
        )
    return found


async def look_at_prompts(settings: Settings) -> list[DoctorFinding]:
    """Return whether the texts the bot fills in can be read."""
    folder = settings.root / "prompts"
    mend = f"Restore them: git -C {settings.root} checkout -- prompts"
    try:
        names = await asyncio.to_thread(_list_texts, folder)
    except (OSError, UnicodeDecodeError) as error:
        return [report_bad("prompts", f"{folder} cannot be read ({error})", mend)]
    if not names:
        return [report_bad("prompts", f"{folder} holds no text", mend)]
    return [report_good("prompts", f"{len(names)} texts in {folder}")]


def _list_texts(folder: Path) -> list[str]:
    texts = sorted(folder.rglob("*.md"))
    return [path.name for path in texts if path.read_text(encoding="utf-8").strip()]


async def look_at_disk(settings: Settings, *, free: Callable[[Path], int]) -> list[DoctorFinding]:
    """Return whether there is room for worktrees and journals; `free` tells the bytes."""
    state = settings.state
    there = next(folder for folder in (state, *state.parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass  # that it is there does not say that it may be written to
        gigabytes = await asyncio.to_thread(free, there) / 1e9
    except OSError as error:
        mend = "Let the bot's account write there, or set THESEUS_STATE to another folder."
        return [report_bad("disk", f"{settings.state} cannot be used ({error.strerror})", mend)]
    if gigabytes < _LEAST_FREE_GB:
        mend = f"Make room: {_LEAST_FREE_GB:.0f} GB are the least, or set THESEUS_STATE."
        return [report_bad("disk", f"{gigabytes:.1f} GB free in {settings.state}", mend)]
    return [report_good("disk", f"{gigabytes:.0f} GB free")]
