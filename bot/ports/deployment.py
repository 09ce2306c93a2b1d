"""The deployment port: brings a merged commit of a target live."""

from typing import Protocol


class Deployment(Protocol):
    """Does what the configuration says; nothing of it comes from the target's repository."""

    async def deploy(self, commit: str) -> str:
        """Begin to run a commit, which is in the target's checkout.

        Returns a sentence about what a person still has to do; empty if that is nothing. Repeating
        it is harmless. Raises `DeploymentError`.
        """
        ...
