"""Replacements for parts of simcord: its clock, its logs, its store of files."""

import urllib.parse
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from simcord._clock import Clock as VirtualClock
from simcord.backend.cdn import CdnStore

MAX_ATTACHMENT_BYTES = 200_000_000


class SystemClock(VirtualClock):
    """The real clock. simcord's own clock moves only when it is advanced."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now

    def now(self) -> datetime:
        return self._now()


class BoundedList(list[Any]):
    """A list that holds only its newest entries, because simcord's logs grow without limit."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def append(self, entry: Any) -> None:
        super().append(entry)
        if len(self) > self._limit:
            del self[: len(self) - self._limit]


class AttachmentStore(CdnStore):
    """Attachments under our own address; the oldest are dropped first."""

    def __init__(self) -> None:
        super().__init__()
        self._blobs: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self.base_url = ""

    def clear(self) -> None:
        self._blobs.clear()
        self._size = 0

    def store_attachment(
        self,
        attachment_id: int,
        channel_id: int,
        filename: str,
        data: bytes,
        description: str | None,
    ) -> dict[str, Any]:
        payload = super().store_attachment(attachment_id, channel_id, filename, data, description)
        # simcord stored the bytes under its own address, in which the name is not quoted.
        del self._blobs[payload["url"]]
        key = f"/attachments/{channel_id}/{attachment_id}/{urllib.parse.quote(filename, safe='')}"
        self._blobs[key] = data
        self._size += len(data)
        while self._size > MAX_ATTACHMENT_BYTES and len(self._blobs) > 1:
            self._size -= len(self._blobs.popitem(last=False)[1])
        payload["url"] = payload["proxy_url"] = self.base_url + key
        return payload
