"""Scripts and trees to replay in benchmarks, from data files in this folder."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.records import Script
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal
from theseus_rehearsal.scripts import load_script
from theseus_rehearsal.yaml_text import WordsLoader, read_yaml

from bot.adapters.sandbox import choose_sandbox
from bot.app.demo import find_project_root
from bot.domain.errors import RehearsalError

DATA = Path(__file__).parent / "scripts"
ALL_COGS = "all"
"""The word for a world that names no cogs."""


def read_data(name: str) -> Any:
    """Return what a data file says. Raises `ConfigError` with the line."""
    file = DATA / name
    return read_yaml(file.read_text(encoding="utf-8"), str(file), WordsLoader).content


def iterate_scripts(name: str) -> Iterator[tuple[str, Script]]:
    """Yield the names and scripts of a data file, each with its cogs."""
    for cogs, named in read_data(name).items():
        for title, content in named.items():
            yield f"{cogs}: {title}", build_script(cogs, content)


def build_script(cogs: str, content: Any) -> Script:
    """Return a script in a world with these cogs, separated by blanks.

    `content` is a list of steps, or a mapping with `steps`; a step `/roll` is a command.
    """
    given = {"steps": content} if isinstance(content, list) else content
    script = load_script({**given, "steps": [_parse_step(each) for each in given["steps"]]})
    loaded = () if cogs == ALL_COGS else tuple(cogs.split())
    return script.replace(world=script.world.replace(cogs=loaded))


def _parse_step(step: Any) -> Any:
    return {"command": step} if isinstance(step, str) and step.startswith("/") else step


async def open_rehearsal() -> Rehearsal:
    """Return the rehearsal of this machine. Raises `RehearsalError` if it cannot run."""
    sandbox = await choose_sandbox("bubblewrap", required=True, private=(find_project_root(),))
    if sandbox.refusal:
        raise RehearsalError(f"nothing can be played here: {sandbox.description}")
    return SandboxedRehearsal(sandbox)


async def extract_tree(folder: Path, cogs: Mapping[str, str] | None = None) -> Path:
    """Write what is committed here into `folder`, with more cogs (names to sources); return it."""
    await asyncio.to_thread(_extract, folder)
    for name, source in (cogs or {}).items():
        (folder / "cogs" / f"{name}.py").write_text(source, encoding="utf-8")
    return folder


def _extract(folder: Path) -> None:
    folder.mkdir(parents=True)
    archive = folder.with_suffix(".tar")
    git = ["git", "-C", str(find_project_root()), "archive", "--output", str(archive), "HEAD"]
    subprocess.run(git, check=True)
    shutil.unpack_archive(archive, folder, filter="data")
    archive.unlink()
