"""The checkout that the bot runs from: its commit, and the way back to one that worked."""

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

# Hooks, file monitors and the configuration of users must not interfere with a rollback.
_OPTIONS = (
    "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",
    "-c", "submodule.recurse=false", "-c", "gc.auto=0",
)  # fmt: skip
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_SECONDS = 60.0


class CheckoutRefused(Exception):
    """Raised if git refuses an operation; the text says why."""


class RunningCheckout:
    """Reads and moves one checkout with the git program."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def get_head(self) -> str:
        """Return the current commit; empty if git knows none."""
        try:
            return (await self._run_git("rev-parse", "--verify", "-q", "HEAD^{commit}")).strip()
        except CheckoutRefused:
            return ""

    async def go_back(self, commit: str, *, leaving: str) -> None:
        """Move branch and files back to `commit`; the checkout must be at `leaving`.

        It may also be at later commits of the remote; the bot fetches those again. Uncommitted
        changes and commits that exist nowhere else are kept. If that is not possible, nothing is
        changed and it raises `CheckoutRefused`.
        """
        current = await self.get_head()
        if current != leaving and not await self._is_fetched_after(leaving, current):
            raise CheckoutRefused(
                f"the checkout is at {current[:12]} by now, not at {leaving[:12]} any more"
            )
        await self._run_git("reset", "-q", "--keep", commit)
        # Python compares a file with its bytecode by whole seconds and size, so it could miss this.
        for compiled in self._root.glob("bot/**/__pycache__/*.pyc"):
            compiled.unlink(missing_ok=True)

    async def has_commit(self, commit: str) -> bool:
        """Return whether the checkout is at a commit, or past it."""
        return await self._is_successful("merge-base", "--is-ancestor", commit, "HEAD")

    async def is_between(self, older: str, commit: str, newer: str) -> bool:
        """Return whether `commit`, given in full, follows `older` and is followed by `newer`."""
        if not re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", commit):
            return False
        return await self._is_successful(
            "merge-base", "--is-ancestor", older, commit
        ) and await self._is_successful("merge-base", "--is-ancestor", commit, newer)

    async def is_edited(self, folders: Sequence[str]) -> bool:
        """Return whether these folders have uncommitted changes."""
        return bool(await self._run_git("status", "--porcelain", "--", *folders))

    async def write_files(self, commit: str, folders: Sequence[str], into: Path) -> None:
        """Write the files of a commit in these folders, as they are there. The checkout stays."""
        index = {"GIT_INDEX_FILE": f"{into}.index"}
        try:
            await self._run_git("read-tree", commit, env=index)
            names = await self._run_git("ls-files", "-z", "--", *folders, env=index)
            await self._run_git(
                "checkout-index", "-q", "-z", "--stdin", f"--prefix={into}/", env=index, stdin=names
            )
        finally:
            await asyncio.to_thread(Path(index["GIT_INDEX_FILE"]).unlink, missing_ok=True)

    async def _is_fetched_after(self, commit: str, later: str) -> bool:
        """Return whether `later` follows `commit` and is on a remote, so that it cannot be lost."""
        if not await self._is_successful("merge-base", "--is-ancestor", commit, later):
            return False
        known = await self._run_git(
            "for-each-ref", "--count=1", "--contains", later, "refs/remotes"
        )
        return bool(known.strip())

    async def _is_successful(self, *arguments: str) -> bool:
        try:
            await self._run_git(*arguments)
        except CheckoutRefused:
            return False
        return True

    async def is_different(self, one: str, other: str, folder: str) -> bool:
        """Return whether a folder differs between two commits; `False` if one is unknown."""
        try:
            return bool(
                (await self._run_git("diff", "--name-only", one, other, "--", folder)).strip()
            )
        except CheckoutRefused:
            return False

    async def _run_git(
        self, *arguments: str, env: Mapping[str, str] | None = None, stdin: str = ""
    ) -> str:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        try:
            process = await asyncio.create_subprocess_exec(
                "git", *_OPTIONS, "-C", str(self._root), *arguments,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, env=inherited | _ENVIRONMENT | dict(env or {}),
            )  # fmt: skip
        except OSError as error:
            raise CheckoutRefused(f"git cannot be run: {error}") from error
        try:
            async with asyncio.timeout(_SECONDS):
                out, err = await process.communicate(os.fsencode(stdin))
        except TimeoutError as error:
            process.kill()
            await process.wait()
            raise CheckoutRefused(
                f"git {arguments[0]} took longer than {_SECONDS:.0f} s"
            ) from error
        if process.returncode != 0:
            message = " ".join(err.decode(errors="replace").split()) or "no reason given"
            raise CheckoutRefused(f"git {arguments[0]} refused: {message[:300]}")
        return os.fsdecode(out)
