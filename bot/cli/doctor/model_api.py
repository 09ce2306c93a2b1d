"""Checks the key with the model's server, by asking for the list of models, which is free."""

import asyncio
import importlib.metadata
import importlib.util
import os
import tempfile
from pathlib import Path

from bot.domain.errors import AgentForbidden, AgentMissing, AgentUnauthorized, AgentUnavailable
from bot.infra.service_client import open_service

PACKAGE, MODULE = "claude-agent-sdk", "claude_agent_sdk"
ANTHROPIC = "https://api.anthropic.com"
_PROGRAM_SECONDS = 20.0
_LIST = "/v1/models?limit=1000"


async def ask_for_models(key: str | None, base_url: str | None) -> str:
    """Return one line about the server's answer to the key; the request is free.

    Raises `AgentUnauthorized`, `AgentForbidden` or `AgentUnavailable`.
    """
    base = (base_url or ANTHROPIC).rstrip("/")
    headers = {"anthropic-version": "2023-06-01", **({"x-api-key": key} if key else {})}
    async with open_service(base, headers, AgentUnavailable) as api:
        answer = await api.ask(_LIST)
    if answer.status == 401:
        raise AgentUnauthorized(f"{base} does not accept the key (401)")
    if answer.status == 403:
        raise AgentForbidden(
            f"{base} refuses access with this key (403) {answer.error_message}".strip()
        )
    if answer.status in (404, 405, 501) and base != ANTHROPIC:
        return f"{base} answers; it has no list of models, so the key was not checked"
    if answer.status == 429:
        return f"{base} answers; its rate limit is reached (429)"
    if answer.status != 200 or not isinstance(answer.fields.get("data"), list):
        raise AgentUnavailable(f"{base} answers {answer.status} {answer.error_message}".strip())
    count = len(answer.fields["data"])
    return f"{base} {'accepts the key' if key else 'answers'}: {count} models"


async def get_program_versions(package: str = MODULE) -> str:
    """Return the versions of the claude engine's package and program.

    Raises `AgentMissing` if the package is not installed or its program does not run.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise AgentMissing(f"the package {PACKAGE} is not installed")
    file = Path(found.origin).parent / "_bundled" / "claude"
    if not file.is_file():
        raise AgentMissing(f"{PACKAGE} is installed without its program ({file} is missing)")
    return (
        f"{PACKAGE} {importlib.metadata.version(PACKAGE)}, Claude Code {await _read_version(file)}"
    )


async def _read_version(file: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="theseus-") as home:
        quiet = {"HOME": home, "CLAUDE_CONFIG_DIR": home, "DISABLE_AUTOUPDATER": "1"}
        try:
            child = await asyncio.create_subprocess_exec(
                file, "--version",
                env={"PATH": os.environ.get("PATH", ""), **quiet},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise AgentMissing(f"{file} cannot be started ({error.strerror})") from error
        try:
            async with asyncio.timeout(_PROGRAM_SECONDS):
                out, _ = await child.communicate()
        except TimeoutError:
            child.kill()
            await child.wait()
            raise AgentMissing(f"{file} --version does not finish") from None
    words = out.decode(errors="replace").split()
    if child.returncode != 0 or not words:
        raise AgentMissing(f"{file} --version fails with {child.returncode}")
    return words[0]
