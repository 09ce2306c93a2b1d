"""The few mutations of GitHub's GraphQL API that have no equivalent in REST.

Documents are really parsed: an unknown field or argument, or an object without selected fields, is
an error as at GitHub. Names and types follow GitHub's published schema (npm's
`@octokit/graphql-schema`), copied by hand because no such package exists for Python.
"""

import json
from collections.abc import Callable

from aiohttp import web

from tests.twins.git_host.api import ApiError, ApiResponse, Json
from tests.twins.git_host.records import Grant, Pull
from tests.twins.git_host.repository import Unmergeable
from tests.twins.git_host.world import World
from tests.twins.github._document import DocumentError, Field, parse
from tests.twins.github._front import Front
from tests.twins.github._shapes import Shapes


class GraphQL:
    """Serves `/api/graphql`, and `/graphql` as github.com does."""

    def __init__(self, world: World, shapes: Shapes, front: Front) -> None:
        self._world, self._shapes, self._front = world, shapes, front
        self._mutations: dict[str, Callable[[Json, Grant], Json]] = {
            "markPullRequestReadyForReview": self._mark_ready,
            "convertPullRequestToDraft": self._convert_to_draft,
            "revertPullRequest": self._revert,
        }

    def add(self, app: web.Application) -> None:
        """Serve."""
        for path in ("/api/graphql", "/graphql"):
            app.router.add_post(path, self.serve)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one document."""
        body = await request.read()
        fault = await self._front.take_fault(request)
        if fault is not None and fault.moment == "before":
            return (
                self._front.hang_up(request)
                if fault.is_cut
                else self._send_response(request, fault.answer())
            )
        self._world.settle()
        try:
            answer = ApiResponse(self._handle_request(request, body))
        except ApiError as refused:
            answer = refused.answer("https://docs.github.com/graphql")
        return (
            self._send_response(request, answer) if fault is None else self._front.hang_up(request)
        )

    def _handle_request(self, request: web.Request, body: bytes) -> Json:
        grant, _ = self._front.find_grant(request)
        if grant is None:
            raise ApiError(401, "Bad credentials")
        try:
            self._front.count("graphql", grant)
        except ApiError as refused:
            return {"errors": [{"type": "RATE_LIMITED", "message": refused.message}]}
        asked = json.loads(body)
        return self._execute_document(
            str(asked.get("query", "")), asked.get("variables") or {}, grant
        )

    def _send_response(self, request: web.Request, answer: ApiResponse) -> web.Response:
        self._front.note(request, answer.status)
        headers = {**self._front.build_headers("graphql"), **answer.headers}
        return web.json_response(answer.data, status=answer.status, headers=headers)

    def _execute_document(self, query: str, variables: Json, grant: Grant) -> Json:
        try:
            kind, fields = parse(query, variables)
        except DocumentError as wrong:
            return {"errors": [{"message": wrong.message}]}
        body_json: Json = {}
        errors: list[Json] = []
        for field in fields:
            try:
                body_json[field.alias] = self._resolve_field(kind, field, grant)
            except DocumentError as wrong:
                if not wrong.kind:
                    return {"errors": [{"message": wrong.message, "path": [kind, field.alias]}]}
                body_json[field.alias] = None
                error: Json = {"type": wrong.kind, "path": [field.alias], "message": wrong.message}
                errors.append(error)
        return {"data": body_json, **({"errors": errors} if errors else {})}

    def _resolve_field(self, kind: str, field: Field, grant: Grant) -> object:
        if kind == "query" and field.name == "viewer":
            return _select_fields({"login": grant.account.login}, field, "User")
        act = self._mutations.get(field.name) if kind == "mutation" else None
        if act is None:
            root = kind.title()
            raise DocumentError(f"Field '{field.name}' doesn't exist on type '{root}'")
        given = field.arguments.get("input")
        if not isinstance(given, dict) or "pullRequestId" not in given:
            raise DocumentError(
                f"Argument 'pullRequestId' on InputObject '{field.name}' is required. Expected ID!"
            )
        own = ("title", "body", "draft") if field.name == "revertPullRequest" else ()
        for name in given:
            if name not in ("pullRequestId", "clientMutationId", *own):
                kind = f"{field.name[:1].upper()}{field.name[1:]}Input"
                raise DocumentError(f"InputObject '{kind}' doesn't accept argument '{name}'")
        if grant.permissions.get("pull_requests") != "write":
            raise DocumentError(_format_forbidden(grant), "FORBIDDEN")
        payload = {"clientMutationId": given.get("clientMutationId"), **act(given, grant)}
        return _select_fields(payload, field, f"{field.name[:1].upper()}{field.name[1:]}Payload")

    def _find_pull(self, arguments: Json) -> Pull:
        name = arguments["pullRequestId"]
        for pull in self._world.pulls.values():
            if pull.node_id == name:
                return pull
        raise DocumentError(
            f"Could not resolve to a node with the global id of '{name}'", "NOT_FOUND"
        )

    def _mark_ready(self, arguments: Json, grant: Grant) -> Json:
        pull = self._find_pull(arguments)
        if not pull.open:
            raise DocumentError("Pull request is closed", "UNPROCESSABLE")
        pull.draft, pull.updated = False, self._world.now()
        return {"pullRequest": self._render_pull(pull)}

    def _convert_to_draft(self, arguments: Json, grant: Grant) -> Json:
        pull = self._find_pull(arguments)
        if not pull.open or not self._world.settings.drafts:
            raise DocumentError("Pull request cannot be converted to a draft", "UNPROCESSABLE")
        pull.draft, pull.updated = True, self._world.now()
        return {"pullRequest": self._render_pull(pull)}

    def _revert(self, arguments: Json, grant: Grant) -> Json:
        """Open a pull request that reverts a merged one, from a branch named like that of the
        button.
        """
        pull, world = self._find_pull(arguments), self._world
        if grant.permissions.get("contents") != "write":
            raise DocumentError(_format_forbidden(grant), "FORBIDDEN")
        if pull.merged_at is None or pull.merge_commit is None:
            raise DocumentError("Pull request is not merged", "UNPROCESSABLE")
        heads = world.git.list_heads()
        branch = f"revert-{pull.number}-{pull.branch}"
        if branch in heads:
            raise DocumentError(f"A branch named {branch} already exists", "UNPROCESSABLE")
        title = str(arguments.get("title") or f'Revert "{pull.title}"')
        body = f"Reverts {self._shapes.full_name}#{pull.number}"
        try:
            commit = world.git.revert(heads[pull.base], pull.merge_commit, f"{title}\n")
        except Unmergeable:
            raise DocumentError("This pull request cannot be reverted", "UNPROCESSABLE") from None
        world.git.move(f"refs/heads/{branch}", commit)
        undo = world.open(
            branch, pull.base, grant.account, title, str(arguments.get("body") or body)
        )
        undo.draft = arguments.get("draft") is True
        return {
            "pullRequest": self._render_pull(pull),
            "revertPullRequest": self._render_pull(undo),
        }

    def _render_pull(self, pull: Pull) -> Json:
        state = "MERGED" if pull.merged_at else "OPEN" if pull.open else "CLOSED"
        return {
            "id": pull.node_id,
            "number": pull.number,
            "url": f"{self._shapes.page}/pull/{pull.number}",
            "title": pull.title,
            "body": pull.body or "",
            "state": state,
            "isDraft": pull.draft,
            "headRefName": pull.branch,
            "headRefOid": pull.head,
            "baseRefName": pull.base,
            "baseRefOid": pull.base_sha,
            "merged": pull.merged_at is not None,
        }


def _select_fields(value: Json, field: Field, kind: str) -> Json:
    """Return what the document asks of an object."""
    if not field.parts:
        raise DocumentError(f"Field must have selections (field '{field.name}' returns {kind})")
    picked: Json = {}
    for part in field.parts:
        if part.name not in value:
            raise DocumentError(f"Field '{part.name}' doesn't exist on type '{kind}'")
        inner = value[part.name]
        if not isinstance(inner, dict) and part.parts:
            raise DocumentError(f"Selections can't be made on scalars (field '{part.name}')")
        picked[part.alias] = (
            _select_fields(inner, part, "PullRequest") if isinstance(inner, dict) else inner
        )
    return picked


def _format_forbidden(grant: Grant) -> str:
    return f"Resource not accessible by {'integration' if grant.app else 'personal access token'}"
