"""Issues that ask for something, and what is said on them."""

from urllib.parse import quote

from bot.adapters.github_forge._answers import GithubComment, GithubIssue
from bot.adapters.github_forge._api import Api
from bot.adapters.github_forge._marks import answer_of, is_answer
from bot.domain.issue import ForgeIssue

_COMMENTS = "issues/{number}/comments"
_MOST = 200


async def list_issues(api: Api, label: str) -> tuple[ForgeIssue, ...]:
    """Return the open issues with that label, oldest first; those of deleted accounts are left."""
    path = f"issues?state=open&sort=created&direction=asc&labels={quote(label, safe='')}"
    found = await api.list_all(GithubIssue, path, doing="list issues", limit=_MOST)
    return tuple(
        ForgeIssue(
            number=each.number,
            url=each.html_url,
            title=each.title,
            body=each.body or "",
            author=each.user.login,
            at=each.created_at,
        )
        for each in found
        if each.pull_request is None and each.user is not None
    )


async def answer_issue(api: Api, number: int, text: str, key: str) -> None:
    """Comment, unless there is the comment of that key already."""
    doing = f"comment on #{number}"
    said = await api.list_all(GithubComment, f"{_COMMENTS}?", doing=doing, number=number)
    if not any(is_answer(each.body or "", key) for each in said):
        body = {"body": answer_of(text, key)}
        await api.send(GithubComment, "POST", _COMMENTS, body, doing=doing, number=number)
