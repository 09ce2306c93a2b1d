"""Deployments of targets: a command, a systemd unit, a container, a webhook, or a person."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from theseus_observe.redaction import redact

from bot.domain.target import Target
from bot.domain.target_errors import DeploymentError
from bot.infra.child_program import run_program
from bot.infra.service_client import open_service
from bot.ports.deployment import Deployment

SECONDS = 300.0
_TAIL = 300
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
# What programs that restart services need to find their server; no token or key of ours.
_PASSED = (
    "PATH", "HOME", "LANG", "USER", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_HOST", "CONTAINER_HOST",
)  # fmt: skip


class PersonDeployment:
    """Leaves it to a person."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def deploy(self, commit: str) -> str:
        """Return what the person has to do."""
        return f"Restart {self._name} with {commit[:7]}: its deployment is done by a person."


class CommandDeployment:
    """Runs a command of the configuration, outside of the sandbox and of the repository.

    The command gets the commit and the target's name as `THESEUS_COMMIT` and `THESEUS_TARGET`, and
    starts in the root folder, so that no relative path leads into the repository.
    """

    def __init__(self, name: str, command: Sequence[str], *, seconds: float = SECONDS) -> None:
        self._name = name
        self._command = tuple(command)
        self._seconds = seconds

    async def deploy(self, commit: str) -> str:
        """Run the command to its end. Raises `DeploymentError`."""
        if not _COMMIT.fullmatch(commit):
            raise DeploymentError(f"{commit[:80]!r} is no commit; {self._name} is not deployed.")
        program = self._command[0]
        try:
            status, output = await self._run(commit)
        except OSError as error:
            raise DeploymentError(
                f"{program} cannot be started to deploy {self._name} ({error}): correct its "
                "`deployment` in data/config.yaml."
            ) from error
        if status != 0:
            tail = " ".join(redact(output).split())[-_TAIL:]
            took = f"within {self._seconds:.0f} s" if status is None else f"(status {status})"
            raise DeploymentError(
                f"{program} did not deploy {self._name} {took}: {tail or 'no output'}"
            )
        return ""

    async def _run(self, commit: str) -> tuple[int | None, str]:
        """Return the exit status (`None` after a timeout) and the output."""
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        return await run_program(
            self._command,
            folder=Path("/"),
            variables={**passed, "THESEUS_COMMIT": commit, "THESEUS_TARGET": self._name},
            seconds=self._seconds,
        )


class WebhookDeployment:
    """Sends the commit to an address; redirects are not followed."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._url = url

    async def deploy(self, commit: str) -> str:
        """Send it. Raises `DeploymentError` unless the answer says that it was accepted."""
        async with open_service(self._url, {}, DeploymentError) as service:
            answer = await service.ask("", "POST", {"target": self._name, "commit": commit})
        if not 200 <= answer.status < 300:
            raise DeploymentError(
                f"the webhook of {self._name} answered with {answer.status} "
                f"{redact(answer.error_message)}".strip()
            )
        return ""


def build_deployment(target: Target) -> Deployment:
    """Return the deployment that a target's configuration names."""
    chosen = target.deployment
    if chosen.kind == "command":
        return CommandDeployment(target.name, chosen.command)
    if chosen.kind == "systemd":
        own = () if os.geteuid() == 0 else ("--user",)
        command = ("systemctl", *own, "restart", "--", chosen.unit or "")
        return CommandDeployment(target.name, command)
    if chosen.kind == "container":
        return CommandDeployment(target.name, ("docker", "restart", "--", chosen.container or ""))
    if chosen.kind == "webhook":
        return WebhookDeployment(target.name, chosen.url or "")
    return PersonDeployment(target.name)
