"""The parts of `theseus worker`: no store, no forge, no chat and no model."""

import asyncio
from pathlib import Path

import structlog
from theseus_guard.completion import run_in_thread
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from bot.adapters.rehearsal import BotRehearsal
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.temporal_queue import TemporalConnection, TemporalWorker, WorkerGroup, connect
from bot.app.artefacts import open_artefacts
from bot.domain.errors import ConfigError, WorkspaceError
from bot.infra.git import Git
from bot.infra.signals import list_ending_signals
from bot.settings import ArtefactPlace, StoreKeys

log = structlog.get_logger(__name__)
_CODE = ("bot", "packages")


async def run_worker(
    connection: TemporalConnection,
    group: WorkerGroup,
    place: ArtefactPlace,
    store_keys: StoreKeys | None,
    slots: int,
) -> None:
    """Take orders until a signal asks for the end. Raises `ConfigError` and `WorkUnavailable`."""
    root = Path.cwd()
    version = await run_in_thread(_read_version, root)
    artefacts = open_artefacts(place, root, store_keys)
    private = (root, place.get_folder(root)) if place.bucket is None else (root,)
    sandbox = await choose_sandbox("bubblewrap", required=True, private=private)
    if sandbox.refusal:
        raise ConfigError(
            "a worker runs code in bubblewrap alone, and that does not work here: "
            f"{sandbox.description}."
        )
    worker = TemporalWorker(
        await connect(connection),
        artefacts,
        BotRehearsal(SandboxedRehearsal(sandbox)),
        sandbox,
        group,
        version,
        slots,
    )
    stop = asyncio.Event()
    for each in list_ending_signals():
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with worker:
        log.info("worker_ready", group=group.name, version=version, slots=slots)
        await stop.wait()


def _read_version(root: Path) -> str:
    """Return the commit of a checkout's code. Raises `ConfigError` if it has been edited."""
    git = Git(root)
    try:
        head = git.resolve_revision("HEAD")
        changed = git.run("status", "--porcelain", "--", *_CODE).line.splitlines()
    except WorkspaceError as error:
        raise ConfigError(
            f"{root} is no git checkout, so its version is not known; start the worker in a clone "
            "of the bot's repository, at the commit that the bot runs."
        ) from error
    if changed:
        raise ConfigError(
            f"{root} has {len(changed)} local changes, such as {changed[0].strip()}; a worker must "
            "have exactly the code of a commit. Commit or stash them."
        )
    return head
