"""The static files that pages load: style sheets, scripts, an icon."""

import hashlib
from pathlib import Path

from aiohttp import web

from bot.web._responses import Refused

_FOLDER = Path(__file__).parent / "static"
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class StaticFiles:
    """The static files, read once.

    Names contain the digest of the content, so browsers may cache the files forever. Only these
    names are served: no file path is ever built from a request.
    """

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        self._names: dict[str, str] = {}
        for path in sorted((*_FOLDER.iterdir(), *(_FOLDER / "vendor").iterdir())):
            if path.suffix.removeprefix(".") not in _TYPES:
                continue  # a folder, or a licence
            content = path.read_bytes()
            kind = path.suffix.removeprefix(".")
            name = f"{path.stem}.{hashlib.sha256(content).hexdigest()[:12]}.{kind}"
            self._files[name] = (content, _TYPES[kind])
            self._names[path.name] = f"/static/{name}"

    def get_url(self, name: str) -> str:
        """Return the path of one of the static files."""
        return self._names[name]

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with a file. Raises `Refused` (404) if the name is unknown."""
        found = self._files.get(request.match_info["name"])
        if found is None:
            raise Refused(404)
        content, kind = found
        return web.Response(
            body=content,
            content_type=kind,
            charset="utf-8",
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )
