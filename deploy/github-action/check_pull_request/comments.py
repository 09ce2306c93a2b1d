"""Writes the comment on GitHub, or the job's summary where the token may not comment."""

import contextlib
import json
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from check_pull_request.report import MARKER, format_code
from check_pull_request.settings import CheckError, Settings


class ApiError(Exception):
    """GitHub did not do what was asked."""


class _RefuseRedirects(HTTPRedirectHandler):
    """Follows no redirect: urllib would send the token to the new address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class GitHub:
    """The few requests that a comment needs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._root = f"{settings.api}/repos/{settings.repository}"
        self._opener = build_opener(_RefuseRedirects)

    def is_current(self) -> bool:
        """Return whether no newer push exists; its own run writes the comment."""
        pull = self._send("GET", f"{self._root}/pulls/{self._settings.number}")
        return bool(pull["head"]["sha"] == self._settings.head)

    def write_comment(self, text: str) -> None:
        """Update our comment, or write it if there is none. Raises `ApiError`."""
        comments = f"{self._root}/issues/{self._settings.number}/comments"
        found = self._find_comment(comments)
        if found is None:
            self._send("POST", comments, {"body": text})
        else:
            self._send("PATCH", f"{self._root}/issues/comments/{found}", {"body": text})

    def _find_comment(self, url: str) -> int | None:
        """Return the id of our comment. Others can copy the marker, so the author counts too."""
        query = {"query": "query { viewer { login } }"}
        answer = self._send("POST", self._settings.graphql, query)
        login = answer["data"]["viewer"]["login"]
        page = 1
        while rows := self._send("GET", f"{url}?per_page=100&page={page}"):
            for row in rows:
                author = (row["user"] or {}).get("login")
                if author == login and (row["body"] or "").startswith(MARKER):
                    return int(row["id"])
            page += 1
        return None

    def _send(self, method: str, url: str, body: Mapping[str, str] | None = None) -> Any:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._settings.token}",
            "Content-Type": "application/json",
            "User-Agent": "theseus-github-action",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = None if body is None else json.dumps(body).encode()
        request = Request(url, data, headers, method=method)  # noqa: S310 - the runner's address
        try:
            with self._opener.open(request, timeout=30) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            with error:
                detail = error.read(2_000).decode(errors="replace")
            with contextlib.suppress(ValueError, KeyError, TypeError):
                detail = str(json.loads(detail)["message"])
            raise ApiError(f"{error.code} {detail}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise ApiError(str(error)) from error


def publish(settings: Settings, text: str, summary: str) -> str:
    """Write the comment, or the job's summary if the token may not; return what was done."""
    try:
        github = GitHub(settings)
        if not github.is_current():
            return "a newer push exists, and its run writes the comment"
        github.write_comment(text)
    except (ApiError, KeyError, TypeError) as error:
        why = (
            f"This report is not a comment, because GitHub refused it: {format_code(str(error))}. "
            "For pull requests from forks, the token of a workflow can only read."
        )
        if not summary:
            raise CheckError(f"neither a comment nor a summary can be written: {error}") from error
        with Path(summary).open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{why}\n\n{text}\n")
        return f"the report is in the job's summary: {error}"
    return "the comment is written"
