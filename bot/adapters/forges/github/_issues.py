"""Reads issues that request a change, and comments on them."""

from urllib.parse import quote

from bot.adapters.forges.github._answers import GithubComment, GithubIssue
from bot.adapters.forges.github._api import Api
from bot.adapters.forges.shared.marks import answer_of, is_answer
from bot.domain.issue import ForgeDiscussion, ForgeIssue

_COMMENTS = "issues/{number}/comments"
_MOST = 200


async def list_issues(api: Api, label: str) -> tuple[ForgeIssue, ...]:
    """Return open issues with that label, oldest first, without those of deleted accounts."""
    path = f"issues?state=open&sort=created&direction=asc&labels={quote(label, safe='')}"
    issues = await api.list_all(GithubIssue, path, doing="list issues", limit=_MOST)
    return tuple(
        ForgeIssue(
            number=issue.number,
            url=issue.html_url,
            title=issue.title,
            body=issue.body or "",
            author=issue.user.login,
            at=issue.created_at,
        )
        for issue in issues
        if issue.pull_request is None and issue.user is not None
    )


async def list_discussions(api: Api, limit: int) -> tuple[ForgeDiscussion, ...]:
    """Return the newest issues and pull requests; GitHub lists both together."""
    path = "issues?state=all&sort=created&direction=desc"
    issues = await api.list_all(GithubIssue, path, doing="list discussions", limit=limit)
    return tuple(
        ForgeDiscussion(
            number=issue.number,
            url=issue.html_url,
            title=issue.title,
            body=issue.body or "",
            state="open" if issue.state == "open" else "closed",
            is_proposal=issue.pull_request is not None,
        )
        for issue in issues
    )


async def answer_issue(api: Api, number: int, text: str, key: str) -> None:
    """Post a comment, unless the comment with that key already exists."""
    doing = f"comment on #{number}"
    comments = await api.list_all(GithubComment, f"{_COMMENTS}?", doing=doing, number=number)
    if not any(is_answer(comment.body or "", key) for comment in comments):
        body = {"body": answer_of(text, key)}
        await api.send(GithubComment, "POST", _COMMENTS, body, doing=doing, number=number)
