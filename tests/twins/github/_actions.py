"""GitHub Actions: the same check runs, seen as jobs by those who may not see check runs."""

from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse, Json, Route
from tests.twins.git_host.records import ACTIONS, Check
from tests.twins.git_host.world import World
from tests.twins.github._pages import build_page
from tests.twins.github._shapes import Shapes, format_time

_RUNS = "/repos/{owner}/{repo}/actions/runs"


class Actions:
    """The operations on workflow runs. Each commit has one run, with its checks as jobs."""

    def __init__(self, world: World, shapes: Shapes) -> None:
        self._world, self._shapes = world, shapes

    def list_routes(self) -> list[Route]:
        """Return them."""
        reads = ("actions=read",)
        return [
            Route("GET", _RUNS, self.list_runs, reads),
            Route("GET", f"{_RUNS}/{{run_id}}/jobs", self.list_jobs, reads),
        ]

    def list_runs(self, ask: ApiRequest) -> ApiResponse:
        """List the runs, newest first."""
        wanted = ask.query.get("head_sha")
        rows = [
            self._render_run(head, checks)
            for head, checks in reversed(self._group_by_head().items())
            if wanted in (None, head)
        ]
        return build_page(ask, rows, f"{self._shapes.root}/actions/runs", "workflow_runs")

    def list_jobs(self, ask: ApiRequest) -> ApiResponse:
        """List the jobs of a run."""
        run = ask.path["run_id"]
        for checks in self._group_by_head().values():
            if str(checks[0].id) == run:
                rows = [self._render_job(each, checks[0].id) for each in checks]
                url = f"{self._shapes.root}/actions/runs/{run}/jobs"
                return build_page(ask, rows, url, "jobs")
        raise ApiError(404, "Not Found")

    def _group_by_head(self) -> dict[str, list[Check]]:
        found: dict[str, list[Check]] = {}
        for check in self._world.checks:
            if check.app == ACTIONS:
                found.setdefault(check.head, []).append(check)
        return found

    def _render_run(self, head: str, checks: list[Check]) -> Json:
        first, root = checks[0], self._shapes.root
        url, page = (
            f"{root}/actions/runs/{first.id}",
            f"{self._shapes.page}/actions/runs/{first.id}",
        )
        ended = all(each.conclusion is not None for each in checks)
        fine = all(each.fine for each in checks)
        parts = ("jobs", "logs", "artifacts", "cancel", "rerun")
        repository = self._shapes.render_minimal_repository()
        return {
            **{f"{part}_url": f"{url}/{part}" for part in parts},
            "id": first.id,
            "name": "CI",
            "node_id": f"WFR_{first.id}",
            "head_branch": None,
            "head_sha": head,
            "path": ".github/workflows/ci.yml",
            "display_title": "CI",
            "run_number": 1,
            "event": "pull_request",
            "status": "completed" if ended else "in_progress",
            "conclusion": ("success" if fine else "failure") if ended else None,
            "workflow_id": 1,
            "url": url,
            "html_url": page,
            "pull_requests": [],
            "created_at": format_time(first.at),
            "updated_at": format_time(first.at),
            "check_suite_url": f"{root}/check-suites/{first.id}",
            "workflow_url": f"{root}/actions/workflows/1",
            "head_commit": None,
            "repository": repository,
            "head_repository": repository,
        }

    def _render_job(self, each: Check, run: int) -> Json:
        root = self._shapes.root
        return {
            "id": each.id,
            "run_id": run,
            "run_url": f"{root}/actions/runs/{run}",
            "node_id": f"CR_{each.id}",
            "head_sha": each.head,
            "url": f"{root}/actions/jobs/{each.id}",
            "html_url": f"{self._shapes.page}/actions/runs/{run}/job/{each.id}",
            "status": each.progress,
            "conclusion": each.conclusion,
            "created_at": format_time(each.at),
            "started_at": format_time(each.at),
            "completed_at": format_time(each.at) if each.conclusion else None,
            "name": each.name,
            "check_run_url": f"{root}/check-runs/{each.id}",
            "labels": [],
            "runner_id": None,
            "runner_name": None,
            "runner_group_id": None,
            "runner_group_name": None,
            "workflow_name": "CI",
            "head_branch": None,
        }
