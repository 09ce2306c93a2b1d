"""Long texts are split into messages of a valid length without losing any part."""

from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.discord_chat._split import LIMIT, clip, split

MARK = "```"

plain_lines = st.text(st.characters(exclude_characters="`\n", codec="utf-8"), max_size=300)
fenced_lines = st.one_of(
    plain_lines,
    st.sampled_from([MARK, f"{MARK}python", f"   {MARK}", f"see {MARK}diff", f"{MARK}x{MARK}"]),
)
long_lines = st.integers(1, 5_000).map(lambda n: "x" * n)
limits = st.integers(120, 400)


def written(text: str) -> str:
    """Return a text without whitespace, which a split may remove."""
    return "".join(text.split())


@given(st.lists(fenced_lines | long_lines, max_size=60), limits)
def test_every_part_is_short_enough_not_blank_and_closes_its_fences(
    lines: list[str], limit: int
) -> None:
    for part in split("\n".join(lines), limit):
        assert len(part) <= limit
        assert part.strip()
        assert part.count(MARK) % 2 == 0


@given(st.lists(plain_lines | long_lines, max_size=60), limits)
def test_no_text_is_lost_and_none_is_added(lines: list[str], limit: int) -> None:
    text = "\n".join(lines)
    assert written("".join(split(text, limit))) == written(text)


@given(st.lists(fenced_lines, max_size=60), limits)
def test_fences_are_added_but_the_text_around_them_is_whole(lines: list[str], limit: int) -> None:
    text = "\n".join(f"{n}<{line}>" for n, line in enumerate(lines))
    left = written("\n".join(split(text, limit)))
    for n, line in enumerate(lines):
        for word in f"{n}<{line}>".replace(MARK, " ").split():
            at = left.find(word)
            assert at >= 0
            left = left[at + len(word) :]


@given(st.text(max_size=LIMIT))
def test_a_text_that_fits_is_one_part_as_it_is(text: str) -> None:
    if text.count(MARK) % 2 == 0 and max(map(len, text.split("\n"))) <= LIMIT - 60:
        assert split(text) == ([text] if text.strip() else [])


def test_a_block_that_is_cut_is_opened_again_with_its_language() -> None:
    text = "look:\n```python\n" + "\n".join(f"line {n}" for n in range(30)) + "\n```\ndone"
    first, *others = split(text, 150)
    assert first.startswith("look:\n```python\nline 0")
    assert all(part.startswith("```python\n") for part in others[:-1])
    assert all(part.endswith("\n```") for part in [first, *others[:-1]])
    assert others[-1].endswith("done")


def test_no_part_holds_an_empty_block() -> None:
    for length in range(80, 140):
        text = f"```\n{'x' * length}\n{'y' * 40}\n```\n{'z' * 90}"
        assert all("```\n```" not in part for part in split(text, 160))


@given(st.lists(fenced_lines, max_size=20), st.integers(40, 400))
def test_a_clipped_text_is_short_enough_and_closes_its_fences(lines: list[str], limit: int) -> None:
    text = "\n".join(lines)
    clipped = clip(text, limit)
    assert len(clipped) <= limit
    if len(text) > limit:
        assert clipped.count(MARK) % 2 == 0
        assert "…" in clipped
    else:
        assert clipped == text
