"""`forge:` in `data/config.yaml`: where proposals go, and a section for each hosted forge."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from theseus_guard.record import Record

from bot.settings._safety import LinkAddress


class HostedForgeConfig(Record):
    """How pull requests are made on a server. `repository` is `owner/name`; else the remote's."""

    repository: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$")
    draft: bool = True
    labels: tuple[str, ...] = ("theseus",)
    merge_method: Literal["merge", "squash", "rebase"] = "merge"
    reviewers: frozenset[str] = Field(
        default=frozenset(), description="logins whose comments revise a run; empty: nobody's"
    )
    checks_minutes: float = Field(
        default=30.0, gt=0, le=1_440, description="how long a merge waits for required checks"
    )


class GithubApp(Record):
    """A GitHub App to act as, instead of a token. `private_key` is a file, from the root."""

    id: int = Field(gt=0)
    installation: int = Field(gt=0)
    private_key: Path


class GithubConfig(HostedForgeConfig):
    """How pull requests are made on GitHub."""

    app: GithubApp | None = None


class ForgejoConfig(HostedForgeConfig):
    """How pull requests are made on Forgejo."""

    address: LinkAddress = Field(
        default="", description="the server's, such as https://codeberg.org; empty: the remote's"
    )


class IssuesConfig(Record):
    """Which of the forge's issues are requests: those with this label, by these people only."""

    label: str = Field(default="theseus", pattern=r"^[^,\s][^,]{0,49}$")
    people: dict[str, int] = Field(
        default_factory=dict, description="logins there, each with its person's Discord id"
    )
    minutes: float = Field(default=2.0, ge=0.1, le=1_440, description="between two looks")


class ForgeConfig(Record):
    """Where proposals go. `path` is the local forge's bare repository.

    Each hosted forge has a section with the name of its `kind`.
    """

    kind: Literal["local", "github", "forgejo"] = "local"
    github: GithubConfig = GithubConfig()
    forgejo: ForgejoConfig = ForgejoConfig()
    issues: IssuesConfig = IssuesConfig()
    path: Path | None = None
    remote: str = "origin"
    branch: str = "main"
    runs_full_checks: bool = Field(
        default=False, description="the forge itself runs the full tier before it lets a merge in"
    )
    url: LinkAddress = Field(
        default="", description="where the local forge's pages are served; empty: nowhere, no links"
    )

    @property
    def hosted(self) -> HostedForgeConfig:
        """The section of the chosen forge; the defaults for the local forge, which has none."""
        section = getattr(self, self.kind, None)
        return section if isinstance(section, HostedForgeConfig) else HostedForgeConfig()

    @property
    def key_files(self) -> tuple[Path, ...]:
        """The files with private keys that forges use, relative to the root."""
        return (self.github.app.private_key,) if self.github.app else ()
