"""The inputs of the action, and the pull request that it runs for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_EVENTS = ("pull_request", "pull_request_target")


class CheckError(Exception):
    """Nothing can be checked; the text says why."""


@dataclass(frozen=True)
class Settings:
    """The inputs of the action, and the pull request of the event."""

    token: str = field(repr=False)
    replays: str
    start: str
    requirements: str
    fails_on_blocking: bool
    repository: str
    server: str
    api: str
    graphql: str
    number: int
    base_branch: str
    head: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment that GitHub Actions sets. Raises `CheckError`."""
        name = environment.get("GITHUB_EVENT_NAME", "")
        if name not in _EVENTS:
            raise CheckError(f"this runs on {' and '.join(_EVENTS)}, and not on {name!r}")
        fail_on = environment.get("INPUT_FAIL_ON", "never")
        if fail_on not in ("never", "blocking"):
            raise CheckError(f'fail-on: use "never" or "blocking", and not {fail_on!r}')
        try:
            event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
            pull = event["pull_request"]
            return cls(
                token=environment.get("INPUT_TOKEN", ""),
                replays=environment.get("INPUT_REPLAYS", "").strip(),
                start=environment.get("INPUT_START", "").strip(),
                requirements=environment.get("INPUT_REQUIREMENTS", "").strip(),
                fails_on_blocking=fail_on == "blocking",
                repository=environment["GITHUB_REPOSITORY"],
                server=environment["GITHUB_SERVER_URL"],
                api=environment["GITHUB_API_URL"],
                graphql=environment["GITHUB_GRAPHQL_URL"],
                number=int(pull["number"]),
                base_branch=str(pull["base"]["ref"]),
                head=str(pull["head"]["sha"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckError(f"the event has no pull request: {error!r}") from error
