"""A deployment that only remembers."""

from bot.domain.target_errors import DeploymentError


class FakeDeployment:
    """Implements `bot.ports.deployment.Deployment`."""

    def __init__(self, *, failure: str = "") -> None:
        self.commits: list[str] = []
        self.failure = failure

    async def deploy(self, commit: str) -> str:
        """Remember the commit, or fail."""
        if self.failure:
            raise DeploymentError(self.failure)
        self.commits.append(commit)
        return ""
