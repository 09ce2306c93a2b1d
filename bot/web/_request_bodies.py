"""Reads request bodies up to a limit."""

from urllib.parse import parse_qs

from aiohttp import web

from bot.web._responses import Refused

FORM_BYTES = 8 * 1024
_FIELDS = 10
_CHUNK = 64 * 1024


async def read(request: web.Request, most: int) -> bytes:
    """Return the raw body. Raises `Refused` (413) as soon as it is longer than `most` bytes,
    (400) if it breaks off.

    `Content-Length` is used only to refuse early. Compressed bodies are refused (415).
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused(415, "send the body uncompressed.")
    if request.content_length is not None and request.content_length > most:
        raise _create_too_large(most)
    body = bytearray()
    try:
        async for chunk in request.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > most:
                raise _create_too_large(most)
    except ConnectionError as error:  # its sender has left
        raise Refused(400, "the body ended early.", {"Connection": "close"}) from error
    return bytes(body)


async def read_form(request: web.Request, most: int = FORM_BYTES) -> dict[str, str]:
    """Return the fields of a form of at most `most` bytes; of a repeated field, the first value."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refused(415, "send a form.")
    body = await read(request, most)
    try:
        fields = parse_qs(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise Refused(400, "that form cannot be read.") from error
    return {name: values[0] for name, values in fields.items()}


def _create_too_large(most: int) -> Refused:
    return Refused(413, f"the body may have at most {most} bytes.", {"Connection": "close"})
