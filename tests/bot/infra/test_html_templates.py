"""Values enter a page only through one function; templates that bypass it are refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateAssertionError, UndefinedError

from bot.infra.html_templates import Templates, UnsafeTemplate, Verbatim, redact_lines

SECRET = "ghp_" + "a1B2" * 9
FOLDER = Path(__file__).parent / "no-templates-here"
NONE = Templates(FOLDER)


def rendered(source: str, **values: object) -> str:
    return NONE.from_text(source).render(values)


@pytest.mark.parametrize(
    "source",
    [
        "{{ a ~ b }}", "{{ a + b }}", "{{ a % b }}", "{{ a * 2 }}",
        "{% autoescape false %}{{ a }}{% endautoescape %}",
    ],
)  # fmt: skip
def test_what_would_let_words_past_is_refused(source: str) -> None:
    with pytest.raises(UnsafeTemplate):
        rendered(source, a="a", b="b")


@pytest.mark.parametrize(
    "name", ["safe", "e", "escape", "forceescape", "xmlattr", "urlize", "tojson", "replace", "join"]
)
def test_filters_that_make_markup_of_text_are_not_there(name: str) -> None:
    with pytest.raises(TemplateAssertionError, match="No filter named"):
        rendered(f"{{{{ a | {name} }}}}", a="a")


def test_a_file_is_held_to_it_as_well(tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text("{% set c = a ~ b %}{{ c }}")
    with pytest.raises(UnsafeTemplate):
        Templates(tmp_path)


def test_a_secret_is_shown_nowhere_not_even_through_a_macro() -> None:
    source = (
        '{% macro p(x) %}<p title="{{ x }}">{{ x }}{{ caller() }}</p>{% endmacro %}'
        "{% set c %}{{ a }}{% endset %}{% call p(a) %}{{ a }}{{ c }}{% endcall %}"
    )
    shown = rendered(source, a=f"<{SECRET}>")
    assert SECRET not in shown
    assert shown.count("[redacted") == 4
    assert shown.count("<") == 2


def test_what_was_redacted_already_is_escaped_all_the_same() -> None:
    assert rendered("{{ a }}", a=Verbatim(f"<{SECRET}>\x00")) == f"&lt;{SECRET}&gt;\ufffd"


def test_nothing_is_nothing_and_what_is_missing_is_an_error() -> None:
    assert rendered("{{ a }}{{ b }}", a=None, b=0) == "0"
    for source in ("{{ c }}", "{{ a.c }}", "{% if c %}{% endif %}"):
        with pytest.raises(UndefinedError):
            rendered(source, a="a")


def test_templates_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "one.html").write_text("before {{ a }}")
    templates = Templates(tmp_path)
    (tmp_path / "one.html").write_text("after {{ a }}")
    assert templates.render("one.html", {"a": 1}) == "before 1"


@given(st.text())
def test_a_text_without_secrets_keeps_its_lines(text: str) -> None:
    assert len(redact_lines(text)) == text.count("\n") + 1
    assert "".join(rendered("{{ a }}", a=line) for line in redact_lines("a&b\nc")) == "a&amp;bc"
