"""Converts what a server sent to records: text only, cut to length."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from mcp_types import (
    AudioContent,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    InputRequiredResult,
    ResourceLink,
    TextContent,
    TextResourceContents,
    Tool,
)

from bot.domain.tools import McpAnswer, ToolDescription


def build_description(tool: Tool) -> ToolDescription:
    """Return everything that the server says of the tool."""
    said = tool.model_dump(mode="json", by_alias=True, exclude_none=True)
    schema = said.pop("inputSchema", {})
    name, title, text = (str(said.pop(key, "")) for key in ("name", "title", "description"))
    return ToolDescription(
        name=name,
        title=title,
        text=text,
        schema_text=_sort_json(schema),
        notes=_sort_json(said) if said else "",
    )


def build_answer(
    result: CallToolResult | InputRequiredResult, refused: Sequence[str], limit: int
) -> McpAnswer:
    """Return the text of a result, at most `limit` characters. Pictures and sound are left out."""
    if isinstance(result, InputRequiredResult):
        kinds = sorted({type(each).__name__ for each in (result.input_requests or {}).values()})
        asked = tuple(kinds) or ("another round",)
        text = "The server wanted something of us before it answers, which it does not get."
        return McpAnswer(text=text, failed=True, refused=(*refused, *asked))
    parts = list(_iterate_texts(result.content))
    if not parts and result.structured_content is not None:
        parts = [_sort_json(result.structured_content)]
    return McpAnswer(
        text=_cut("\n\n".join(parts), limit) or "(The answer is empty.)",
        failed=result.is_error,
        refused=tuple(refused),
    )


def _iterate_texts(blocks: Iterable[object]) -> Iterable[str]:
    for block in blocks:
        match block:
            case TextContent():
                yield block.text
            case ImageContent() | AudioContent():
                yield f"({block.type} of {len(block.data) * 3 // 4:,} bytes, left out)"
            case ResourceLink():
                yield f"(a link to {block.name}: {block.uri})"
            case EmbeddedResource(resource=TextResourceContents() as resource):
                yield resource.text
            case _:
                yield "(content that is no text, left out)"


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[{len(text) - limit:,} more characters]"


def _sort_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
