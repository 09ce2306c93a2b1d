"""Runs the full checks on the current commit: if they fail there, no change can ship."""

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.app.configured_sandbox import open_configured_sandbox
from bot.domain.change import CheckResult
from bot.domain.errors import PortError
from bot.domain.finding import DoctorFinding, report_bad, report_good, report_note
from bot.settings import Settings

_NAME, _KEPT, _WORKTREE = "full checks", "full-checks.json", "doctor"
_MAX_CHARS = 300


async def look_at_checks(
    settings: Settings, *, report: Callable[[str], None] | None
) -> list[DoctorFinding]:
    """Check whether the full checks pass on the current commit, in the sandbox used when shipping.

    They take minutes. `report` receives a line about each check; without it, they do not run. A
    commit that passed in this environment is not checked again.
    """
    if settings.config.forge.runs_full_checks:
        return [report_good(_NAME, "left to the forge (forge.runs_full_checks)")]
    try:
        base = await GitCheckout(settings.root).get_head()
    except PortError:
        return []  # `look_at_git` reports it
    key, record = _build_key(base, settings), settings.state / _KEPT
    if _has_passed(record, key):
        return [report_good(_NAME, f"passed on {base[:10]} before in this environment")]
    if report is None:
        return [
            report_note(
                _NAME, f"not run on {base[:10]} yet", "Run: theseus doctor --checks (minutes)"
            )
        ]
    report(f"     running the full checks on {base[:10]}; this takes minutes")
    try:
        results = await _run(settings, base, report)
    except PortError as error:
        return [report_bad(_NAME, f"could not run: {error}", "Fix that, then: theseus doctor")]
    failed = [result for result in results if not result.ok]
    if not failed:
        _keep(record, key)
        return [_build_finding(results, base)]
    failures = "; ".join(f"{each.name} {each.status} ({_summarize(each)})" for each in failed)
    remedy = (
        "No change can ship until the checks pass on the current commit. Run `make install` (and "
        "`make claude`, if a model writes fixes), fix what the checks report, or remove the check "
        f"from checks.full in {settings.config_file}."
    )
    return [report_bad(_NAME, f"on {base[:10]}, without a change: {failures}", remedy)]


def _build_finding(results: tuple[CheckResult, ...], base: str) -> DoctorFinding:
    if not results:
        return report_note(_NAME, "none: checks.full is empty, so changes ship with fewer checks")
    took = sum(result.seconds for result in results)
    return report_good(_NAME, f"{len(results)} pass on {base[:10]} ({took:.0f} s)")


async def _run(
    settings: Settings, base: str, say: Callable[[str], None]
) -> tuple[CheckResult, ...]:
    """Run the full checks in a worktree of the commit, as before a merge."""
    sandbox = await open_configured_sandbox(settings)

    async def report_result(result: CheckResult) -> None:
        say(f"     {result.name}: {result.status} after {result.seconds:.0f} s")

    workspaces = GitWorkspaces(settings.root, settings.state / "worktrees")
    try:
        async with workspaces.open(_WORKTREE, base=base) as workspace:
            verifier = SandboxedVerifier(sandbox, settings.state / "cache")
            return await verifier.run_checks("full", workspace, (), report_result)
    finally:
        await workspaces.drop(_WORKTREE)


def _build_key(base: str, settings: Settings) -> str:
    """Return a hash of everything the result depends on: commit, checks, sandbox and packages."""
    installed = sorted(_list_installed())
    checks = settings.config.checks.model_dump_json()
    sandbox = settings.config.sandbox.model_dump_json()
    text = "\n".join([base, sys.version, sys.prefix, checks, sandbox, *installed])
    return hashlib.sha256(text.encode()).hexdigest()


def _list_installed() -> set[str]:
    """Return name and version of each installed package, from the names of their folders.

    Reading the metadata of each, as `importlib.metadata` does, takes a second.
    """
    kinds = (".dist-info", ".egg-info")
    folders = [Path(folder) for folder in sys.path if Path(folder).is_dir()]
    return {each.name for folder in folders for each in folder.iterdir() if each.suffix in kinds}


def _has_passed(file: Path, key: str) -> bool:
    try:
        return bool(json.loads(file.read_text(encoding="utf-8")) == {"passed": key})
    except (OSError, ValueError):
        return False


def _keep(file: Path, key: str) -> None:
    file.write_text(json.dumps({"passed": key}), encoding="utf-8")


def _summarize(result: CheckResult) -> str:
    """Return why a check failed, in one line."""
    lines = [line.strip() for line in result.output.splitlines() if line.strip()]
    summary = result.summary or (lines[-1] if lines else "no output")
    return " ".join(summary.split())[:_MAX_CHARS]
