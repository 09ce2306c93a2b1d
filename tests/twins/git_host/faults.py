"""What a test can let go wrong at the twin's front."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from tests.twins.git_host.api import ApiResponse, Json

_LIMITS = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
_SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    " For more on scraping GitHub and how it may affect your rights, please review our Terms of"
    " Service (https://docs.github.com/en/site-policy/github-terms/github-terms-of-service)"
)
Moment = Literal["before", "after"]
Resource = Literal["core", "graphql"]


class HeldRequest:
    """A request that waits at the front. `reached` is set once it is there."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.released = asyncio.Event()


@dataclass
class Fault:
    """What happens to the next `times` requests that it is about."""

    method: str
    path: re.Pattern[str]
    times: int
    status: int = 0
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    moment: Moment = "before"
    held: HeldRequest | None = None

    @property
    def is_cut(self) -> bool:
        """Return whether the connection is cut without an answer."""
        return self.status == 0

    def answer(self) -> ApiResponse:
        """Return the answer to send instead."""
        if self.status >= 500 and not self.message:
            return ApiResponse("<html><body>Unicorn!</body></html>", self.status)
        body_json: Json = {"message": self.message, "documentation_url": _LIMITS}
        return ApiResponse({**body_json, "status": str(self.status)}, self.status, self.headers)


class RateLimit:
    """How much may be asked an hour, and was. REST and GraphQL are counted apart."""

    def __init__(self) -> None:
        self.limit, self.used = 5_000, 0
        self.until: datetime | None = None

    def count(self, now: datetime) -> bool:
        """Count a request; return whether it may be answered."""
        if self.until is not None and now < self.until:
            return False
        if self.until is not None:
            self.until, self.used = None, 0
        self.used += 1
        return True

    def get_state(self, now: datetime) -> dict[str, int]:
        """Return the limit, the remaining and used requests, and the time of the reset."""
        spent = self.until if self.until is not None and now < self.until else None
        used = self.limit if spent else self.used
        reset = spent or now + timedelta(hours=1)
        left = self.limit - used
        seconds = int(reset.timestamp())
        return {"limit": self.limit, "remaining": left, "reset": seconds, "used": used}


class Faults:
    """The faults that wait for their requests, and the rate limit."""

    def __init__(self) -> None:
        self.rates: dict[Resource, RateLimit] = {"core": RateLimit(), "graphql": RateLimit()}
        self._waiting: list[Fault] = []

    def fail(self, status: int, times: int = 1, *, method: str = "", path: str = "") -> None:
        """Answer with a 5xx and a page for people."""
        self._add(Fault(method, re.compile(path), times, status))

    def say(
        self, status: int, message: str, times: int = 1, *, method: str = "", path: str = ""
    ) -> None:
        """Answer with an error in GitHub's shape."""
        self._add(Fault(method, re.compile(path), times, status, message))

    def cut(self, times: int = 1, *, after: bool = False, method: str = "", path: str = "") -> None:
        """Break the connection; with `after`, only after performing the request."""
        moment: Moment = "after" if after else "before"
        self._add(Fault(method, re.compile(path), times, moment=moment))

    def limit_rate(
        self, retry_after: int | None = 60, times: int = 1, *, status: int = 403,
        method: str = "", path: str = "",
    ) -> None:  # fmt: skip
        """Answer with the secondary rate limit."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self._add(Fault(method, re.compile(path), times, status, _SECONDARY, headers))

    def exhaust_limit(self, until: datetime, resource: Resource = "core") -> None:
        """Use up the primary rate limit until a time."""
        self.rates[resource].until = until.replace(microsecond=0)

    @asynccontextmanager
    async def hold(self, *, method: str = "", path: str = "") -> AsyncIterator[HeldRequest]:
        """Make the next matching request wait until the block ends."""
        held = HeldRequest()
        fault = Fault(method, re.compile(path), 1, held=held)
        self._add(fault)
        try:
            yield held
        finally:
            held.released.set()
            if fault in self._waiting:
                self._waiting.remove(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault for this request, if there is one."""
        for fault in self._waiting:
            if fault.method in ("", method) and fault.path.search(path):
                fault.times -= 1
                if fault.times == 0:
                    self._waiting.remove(fault)
                return fault
        return None

    def _add(self, fault: Fault) -> None:
        self._waiting.append(fault)
