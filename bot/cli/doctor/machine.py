"""Checks this machine: Python, git, secrets, people, sandbox, prompts and disk."""

import asyncio
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from theseus_guard.completion import run_in_thread
from theseus_rehearsal.sandbox import PlainSandbox, measure, probe

from bot.adapters.git_checkout import GitCheckout
from bot.app.configured_sandbox import open_configured_sandbox
from bot.domain.errors import TheseusError
from bot.domain.finding import DoctorFinding, report_bad, report_good, report_note
from bot.infra.git import Git
from bot.infra.git_obstacles import find_obstacles
from bot.settings import Settings

_LEAST_FREE_GB = 2.0
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
INSTALL_SANDBOX = (
    "Install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap; "
    "Fedora: dnf install bubblewrap; Arch: pacman -S bubblewrap)"
)

_LEAKS = (
    "Run no checks until this is fixed: recreate the bot's environment in a separate folder that "
    "contains no private files, and set HOME to the home of the bot's account."
)
_REMEDY = "Run the bot as a separate user, with bubblewrap 0.8 or newer and sandbox.network: none."


async def look_at_python(settings: Settings) -> list[DoctorFinding]:
    """Return the version and path of Python."""
    version = ".".join(map(str, sys.version_info[:3]))
    return [report_good("python", f"{version} at {sys.executable}")]


async def look_at_git(settings: Settings) -> list[DoctorFinding]:
    """Check whether the bot runs from a git clone without obstacles."""
    if shutil.which("git") is None:
        return [report_bad("git", "not installed", "Install git with your package manager.")]
    try:
        head = await GitCheckout(settings.root).get_head()
    except TheseusError as error:
        remedy = f"Run the bot from a git clone; {settings.root} is not one."
        return [report_bad("git", str(error), remedy)]
    current = report_good("git", f"{settings.root} is at {head[:10]}")
    obstacles = await run_in_thread(find_obstacles, Git(settings.root))
    return [
        current,
        *(report_bad("git repository", each.reason, each.remedy) for each in obstacles),
    ]


async def look_at_secrets(settings: Settings) -> list[DoctorFinding]:
    """Return a finding for each file with secrets that others on this machine can read."""
    files = [settings.root / each for each in (Path(".env"), *settings.config.forge.key_files)]
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
    """Check whether anyone may ask for changes and ship them."""
    people, file = settings.config.people, settings.config_file
    findings = []
    for name, listed in (("developers", people.developers), ("approvers", people.approvers)):
        if listed.users or listed.roles:
            message = f"{len(listed.users)} users, {len(listed.roles)} roles"
            findings.append(report_good(f"people.{name}", message))
        else:
            remedy = f"Run `theseus setup`, or add user or role ids to people.{name} in {file}."
            findings.append(report_bad(f"people.{name}", "empty: no one may do this", remedy))
    return findings


def is_in_container() -> bool:
    """Return whether this is a container, by the marks that container engines leave."""
    marks = ("/.dockerenv", "/run/.containerenv")
    return "KUBERNETES_SERVICE_HOST" in os.environ or any(Path(mark).exists() for mark in marks)


async def look_at_sandbox(
    settings: Settings, *, contained: Callable[[], bool] = is_in_container
) -> list[DoctorFinding]:
    """Check how commands are confined, by trying out what the sandbox blocks."""
    private = (settings.root, settings.state)
    sandbox = await open_configured_sandbox(settings)
    if sandbox.refusal:
        reason = await probe(private=private) or "unavailable"
        first = "Fix that" if shutil.which("bwrap") else INSTALL_SANDBOX
        if contained():
            first = "See what a container has to allow (docs/deployment.md)"
        remedy = f"{first}, or set sandbox.required: false to run checks unconfined."
        return [report_bad("sandbox", f"{reason}. No check can run, so no fix is tried.", remedy)]
    if isinstance(sandbox, PlainSandbox):
        remedy = f"{INSTALL_SANDBOX} and set sandbox.kind: auto for real confinement."
        return [report_note("sandbox", sandbox.description, remedy)]
    tried = await measure(sandbox, private=private)
    if tried.failed:
        return [
            report_bad(
                "sandbox",
                tried.summary,
                "Run `theseus doctor` again; report a bug if it fails again.",
            )
        ]
    if tried.seen:
        return [report_bad("sandbox", f"checks can read {tried.seen}", _LEAKS)]
    found = [report_good("sandbox", f"bubblewrap; blocked in a test: {', '.join(tried.held)}")]
    if tried.open:
        found.append(
            report_note("sandbox limits", f"not blocked: {', '.join(tried.open)}", _REMEDY)
        )
    return found


async def look_at_prompts(settings: Settings) -> list[DoctorFinding]:
    """Check whether the prompts can be read."""
    folder = settings.root / "prompts"
    remedy = f"Restore them: git -C {settings.root} checkout -- prompts"
    try:
        names = await asyncio.to_thread(_list_texts, folder)
    except (OSError, UnicodeDecodeError) as error:
        return [report_bad("prompts", f"{folder} cannot be read ({error})", remedy)]
    if not names:
        return [report_bad("prompts", f"{folder} contains no texts", remedy)]
    return [report_good("prompts", f"{len(names)} texts in {folder}")]


def _list_texts(folder: Path) -> list[str]:
    texts = sorted(folder.rglob("*.md"))
    return [path.name for path in texts if path.read_text(encoding="utf-8").strip()]


async def look_at_disk(settings: Settings, *, free: Callable[[Path], int]) -> list[DoctorFinding]:
    """Check the disk space for worktrees and journals; `free` returns the bytes for a folder."""
    state = settings.state
    existing = next(folder for folder in (state, *state.parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass  # only writing a file proves that the folder is writable
        gigabytes = await asyncio.to_thread(free, existing) / 1e9
    except OSError as error:
        remedy = "Let the bot's account write there, or set THESEUS_STATE to another folder."
        return [report_bad("disk", f"{settings.state} cannot be used ({error.strerror})", remedy)]
    if gigabytes < _LEAST_FREE_GB:
        remedy = f"Free at least {_LEAST_FREE_GB:.0f} GB, or set THESEUS_STATE to another folder."
        return [report_bad("disk", f"{gigabytes:.1f} GB free in {settings.state}", remedy)]
    return [report_good("disk", f"{gigabytes:.0f} GB free")]
