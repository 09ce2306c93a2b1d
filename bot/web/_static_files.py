"""The files that pages load: a style sheet, a script, an icon."""

import hashlib
from pathlib import Path

from aiohttp import web

from bot.web._responses import Refused

_FOLDER = Path(__file__).parent / "static"
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class StaticFiles:
    """Our files, read once. A name holds its content's digest, so a browser may keep it for ever.

    Only these names are served: no path is ever made from what was asked for.
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
        """Return where one of our files is."""
        return self._names[name]

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with a file."""
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
