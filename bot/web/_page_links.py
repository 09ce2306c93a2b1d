"""Links to the other pages of a long list."""

from collections.abc import Mapping
from urllib.parse import urlencode


def build_page_links(
    path: str, asked: Mapping[str, str], number: int, *, more: bool
) -> dict[str, str | int]:
    """Return the addresses of the newer and older page; an empty string if there is none."""

    def to(page: int) -> str:
        fields = {name: value for name, value in {**asked, "page": page}.items() if value}
        return f"{path}?{urlencode(fields)}"

    return {
        "newer": to(number - 1) if number > 1 else "",
        "older": to(number + 1) if more else "",
        "number": number,
    }
