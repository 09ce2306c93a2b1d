"""Undoing a merge. GitHub does it itself: it knows how, whatever the merge method was."""

from typing import Any

from bot.adapters.github_forge._answers import Pull
from bot.adapters.github_forge._api import Api
from bot.adapters.github_forge._failures import Refusal, not_understood, refusal_of
from bot.adapters.github_forge._marks import TITLE, undoing
from bot.adapters.github_forge._pulls import Pulls
from bot.domain.errors import ForgeConflict, ForgeRejected
from bot.telemetry import redact

_REVERT = """mutation($id: ID!, $title: String!, $body: String!) {
  revertPullRequest(input: {pullRequestId: $id, title: $title, body: $body}) {
    revertPullRequest { number }
  }
}"""


class Undo:
    """Opens the pull request that undoes a merged one, once."""

    def __init__(self, api: Api, pulls: Pulls) -> None:
        self._api = api
        self._pulls = pulls

    async def __call__(self, pull: Pull) -> Pull:
        """Return the open one, new if need be. Raises `ForgeConflict` where git cannot undo it."""
        return await self._pulls.undoing(pull.number) or await self._reverted(pull)

    async def _reverted(self, pull: Pull) -> Pull:
        doing = f"revert #{pull.number}"
        why = f"Undoes #{pull.number}, merged as {pull.merge_commit_sha}."
        try:
            answer = await self._api.mutate(
                _REVERT,
                doing=doing,
                id=pull.node_id,
                title=redact(f'Revert "{pull.title}"')[:TITLE],
                body=undoing(pull.number, why),
            )
        except ForgeRejected as refused:
            refusal = refusal_of(refused)
            if refusal.status != 422:
                raise
            if "already exists" in refusal.words:
                return await self._reopened(pull, refusal)
            raise ForgeConflict(
                f"GitHub could not revert #{pull.number} by itself: {refusal.words} Revert it by "
                "hand."
            ) from None
        return await self._pulls.get(_number(answer, doing))

    async def _reopened(self, pull: Pull, refused: Refusal) -> Pull:
        """Open an earlier revert again, whose branch is in the way of a new one."""
        earlier = await self._pulls.undoing(pull.number, state="closed")
        if earlier is None or earlier.merged:
            raise ForgeConflict(f"GitHub could not revert #{pull.number}: {refused.words}")
        doing = f"open #{earlier.number} again"
        return await self._pulls.change(earlier.number, {"state": "open"}, doing=doing)


def _number(answer: dict[str, Any], doing: str) -> int:
    """Return the number of the pull request that a revert opened."""
    try:
        return int(answer["revertPullRequest"]["revertPullRequest"]["number"])
    except (KeyError, TypeError, ValueError):
        raise not_understood(doing, repr(answer)) from None
