"""Targets: the bots that Theseus looks after. Theseus itself is the default one."""

import re
import shlex
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from theseus_guard.record import Record

from bot.domain.budget import BudgetRules
from bot.domain.checks import Checks
from bot.domain.people import AllowList

OWN_TARGET = "theseus"
"""The name of the default target: this bot in its own checkout."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")

EnvironmentKind = Literal["requirements", "pyproject", "uv", "poetry", "pipfile", "none"]
LiveSource = Literal["journal", "checkout", "person"]


def check_name(name: str) -> str:
    """Return the name of a target. Raises `ValueError` if it cannot be one."""
    if not _NAME.fullmatch(name):
        raise ValueError("use up to 40 small letters, digits, - and _, such as my-bot")
    return name


def _check_relative(path: str) -> str:
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts or "\\" in path:
        raise ValueError("write a path inside the target's repository, with / between folders")
    return path


TargetName = Annotated[str, AfterValidator(check_name)]
RelativePath = Annotated[str, AfterValidator(_check_relative)]
"""A path or glob pattern inside the target's repository."""


class TargetEnvironment(Record):
    """What a target's packages come from, and the Python that runs it.

    `file` lists the packages. `python` is an interpreter, by path or by a name on PATH; without
    one, the target runs with the Python of Theseus.
    """

    kind: EnvironmentKind = "none"
    file: RelativePath | None = None
    python: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _require_file(self) -> Self:
        if self.kind != "none" and self.file is None:
            raise ValueError(f"kind is {self.kind}: set file to the file that lists the packages")
        return self


class TargetStart(Record):
    """How the bot is started: `file` (`python bot.py`), `module` (`python -m bot`) or `factory`.

    A factory is `package.module:function`; it starts the bot when it is called. `folder` is where
    it starts, inside the repository.
    """

    file: RelativePath | None = None
    module: str | None = Field(default=None, pattern=r"^[A-Za-z_][\w.]*$")
    factory: str | None = None
    arguments: tuple[str, ...] = ()
    folder: RelativePath = "."

    @model_validator(mode="after")
    def _require_one(self) -> Self:
        chosen = [each for each in (self.file, self.module, self.factory) if each]
        if len(chosen) != 1:
            raise ValueError("set exactly one of file, module and factory")
        if self.factory and not _FACTORY.fullmatch(self.factory):
            raise ValueError("factory: write package.module:function")
        return self

    @property
    def summary(self) -> str:
        """The start as a command line, or as the name of the factory."""
        if self.factory:
            return f"call {self.factory}"
        program = ["-m", self.module or ""]
        if self.file:  # Python would read a name that begins with a dash as an option
            program = [f"./{self.file}" if self.file.startswith("-") else self.file]
        return shlex.join(["python", *program, *self.arguments])


class TargetPaths(Record):
    """What a run may change: `free` paths ship with "ship it", all others only if a person names
    them. `guarded` paths are never free, also where a pattern of `free` covers them.
    """

    free: tuple[RelativePath, ...] = ()
    guarded: tuple[RelativePath, ...] = ()


_ON_SERVERS = frozenset({"github", "forgejo"})


class TargetForge(Record):
    """Where proposals for a target go. `repository` is `owner/name` on a server."""

    kind: Literal["local", "github", "forgejo"] = "local"
    repository: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$")
    remote: str = "origin"

    @property
    def is_hosted(self) -> bool:
        """True if proposals go to a server, and not to a repository on this machine."""
        return self.kind in _ON_SERVERS

    @model_validator(mode="after")
    def _require_repository(self) -> Self:
        if self.is_hosted and self.repository is None:
            raise ValueError(f"kind is {self.kind}: set repository to owner/name")
        return self


class TargetLog(Record):
    """The folder in which theseus_observe writes the target's journal (NDJSON).

    A relative folder is inside the target's repository.
    """

    folder: str | None = Field(default=None, min_length=1)


_NEEDED = {
    "command": "command", "systemd": "unit", "container": "container", "webhook": "url",
}  # fmt: skip


class TargetDeployment(Record):
    """How a merged change gets live: by a command, a systemd unit, a container, a webhook, or a
    person.
    """

    kind: Literal["person", "command", "systemd", "container", "webhook"] = "person"
    command: tuple[str, ...] = ()
    unit: str | None = Field(default=None, pattern=r"^[\w@:.-]+$")
    container: str | None = Field(default=None, pattern=r"^[\w.-]+$")
    url: str | None = Field(default=None, pattern=r"^https?://\S+$")

    @model_validator(mode="after")
    def _require_means(self) -> Self:
        needed = _NEEDED.get(self.kind)
        if needed and not getattr(self, needed):
            raise ValueError(f"kind is {self.kind}: set {needed} as well")
        unused = [name for name in _NEEDED.values() if name != needed and getattr(self, name)]
        if unused:
            raise ValueError(f"kind is {self.kind}: remove {unused[0]}, or set kind to match it")
        return self


class Target(Record):
    """One bot that Theseus looks after, in its own repository.

    `repository` is a path (a relative one starts at the root of Theseus' checkout) or a URL, whose
    clone is in the state folder. Without `people` or `budget`, those of Theseus apply. `live` says
    how the running commit is known: from the target's journal, from its checkout, or a person says
    so.
    """

    name: TargetName
    repository: str = Field(min_length=1)
    branch: str = Field(default="main", pattern=r"^[\w][\w./-]*$")
    environment: TargetEnvironment = TargetEnvironment()
    start: TargetStart
    extensions: tuple[str, ...] = ()
    paths: TargetPaths = TargetPaths()
    checks: Checks | None = None
    forge: TargetForge = TargetForge()
    channel_id: int | None = Field(default=None, gt=0)
    people: AllowList | None = None
    budget: BudgetRules | None = None
    log: TargetLog = TargetLog()
    deployment: TargetDeployment = TargetDeployment()
    live: LiveSource = "journal"

    @property
    def is_remote(self) -> bool:
        """True if the repository is a URL and not a folder of this machine."""
        return is_repository_url(self.repository)


def is_repository_url(repository: str) -> bool:
    """Return whether a repository is named by a URL, also in the form `git@host:path`."""
    return bool(re.match(r"(?:https?|ssh|git|file)://|[\w.-]+@[\w.-]+:", repository))
