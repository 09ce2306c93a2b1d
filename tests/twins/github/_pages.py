"""Long lists in pages, with GitHub's Link header."""

from collections.abc import Sequence

from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse


def build_page(ask: ApiRequest, rows: Sequence[object], url: str, wrap: str = "") -> ApiResponse:
    """Return the page that was asked for; `wrap` names the list inside an object."""
    size, number = _count(ask, "per_page", 30, 100), _count(ask, "page", 1, 10_000)
    shown = list(rows[(number - 1) * size : number * size])
    last = max(1, -(-len(rows) // size))
    places = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    if number >= last:
        del places["next"], places["last"]
    if number == 1:
        del places["prev"], places["first"]
    links = [f'<{_address(ask, url, page)}>; rel="{rel}"' for rel, page in places.items()]
    return ApiResponse(
        {"total_count": len(rows), wrap: shown} if wrap else shown,
        headers={"Link": ", ".join(links)} if links else {},
    )


def _address(ask: ApiRequest, url: str, page: int) -> str:
    query = {**ask.query, "page": str(page)}
    return f"{url}?{'&'.join(f'{name}={value}' for name, value in query.items())}"


def _count(ask: ApiRequest, name: str, default: int, most: int) -> int:
    text = ask.query.get(name, "")
    if text and not text.isdigit():
        raise ApiError(422, f"Invalid request.\n\n{name} must be a number")
    return min(max(1, int(text or default)), most)
