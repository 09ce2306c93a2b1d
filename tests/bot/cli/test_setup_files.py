"""The wizard changes only what was requested in existing files, or nothing."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.setup.dotenv import parse_values, set_values
from bot.cli.setup.files import Edit, write
from bot.cli.setup.yaml_file import append_item, set_keys
from bot.domain.errors import ConfigError
from bot.settings import parse_config, read_environment

ROOT = Path(__file__).resolve().parents[3]
Changes = Mapping[tuple[str, ...], object]

# ------------------------------------------------------------------------------------------- YAML


def test_the_projects_own_file_keeps_every_line_that_is_not_changed() -> None:
    text = (ROOT / "data/config.yaml").read_text()
    changes: Changes = {
        ("discord", "guild_id"): 11,
        ("people", "approvers", "users"): [3, 4],
        ("forge", "github", "app"): {"id": 1, "installation": 2, "private_key": "data/a b.pem"},
        ("forge", "github", "reviewers"): ["alice"],
    }
    edited = set_keys(text, changes, "data/config.yaml")
    config = parse_config(edited, "data/config.yaml")
    assert config.discord.guild_id == 11
    assert config.people.approvers.users == {3, 4}
    assert config.forge.github.app is not None
    before, after = text.splitlines(), edited.splitlines()
    assert len(before) == len(after)
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [line.split("#")[0].strip() for line in differing] == [
        "guild_id: 11",
        "approvers: {users: [3, 4], roles: []}",
        "app: {id: 1, installation: 2, private_key: data/a b.pem}",
        "reviewers: [alice]",
    ]
    comments = [line.partition("#")[2] for line in before if "#" in line]
    assert [line.partition("#")[2] for line in after if "#" in line] == comments


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("a:\n  b: 1  # one\n", {("a", "b"): 2}, "a:\n  b: 2  # one\n"),
        ("a:\n  b: 1\nz: 0\n", {("a", "c"): 2}, "a:\n  b: 1\n  c: 2\nz: 0\n"),
        ("a:\n  b: 1", {("a", "c"): 2}, "a:\n  b: 1\n  c: 2\n"),
        ("a: {b: 1}\n", {("a", "c"): 2}, "a: {b: 1, c: 2}\n"),
        ("a: {}\n", {("a", "c"): 2}, "a: {c: 2}\n"),
        ("z: 0\n", {("a", "b"): 2}, "z: 0\na: {b: 2}\n"),
        ("", {("a", "b"): 2}, "{a: {b: 2}}\n"),
        ("a:\nz: 0\n", {("a", "b"): 2}, "a: {b: 2}\nz: 0\n"),
        ("a: null  # none\n", {("a", "b"): 2}, "a: {b: 2}  # none\n"),
        ("a: 'it''s'\n", {("a",): "no: really"}, "a: 'no: really'\n"),
        ("a:\r\n  b: 1\r\nz: 0\r\n", {("a", "b"): 2}, "a:\r\n  b: 2\r\nz: 0\r\n"),
        ("a:  # the ones\n  - 1  # alice\n  - 2  # bob\n# end\n", {("a",): [2, 3]},
         "a:  # the ones\n  - 2  # bob\n  - 3\n# end\n"),
        ("a:\n- 1\n- 2\nz: 0\n", {("a",): []}, "a: []\nz: 0\n"),
        ("a: [1,\n    2]  # both\n", {("a",): [5]}, "a: [5]  # both\n"),
        ("a: |\n  long\n  text\nz: 0\n", {("a",): 1}, "a: 1\nz: 0\n"),
    ],
)  # fmt: skip
def test_a_key_is_set_where_it_stands_or_belongs(
    text: str, changes: Changes, expected: str
) -> None:
    try:
        edited = set_keys(text, changes, "c.yaml")
    except ConfigError as refused:  # better nothing than something else
        pytest.fail(str(refused))
    assert edited == expected


def test_what_would_change_something_else_too_is_refused_by_its_key() -> None:
    text = "base: &b {users: [1]}\na: *b\n"
    with pytest.raises(ConfigError, match=r"c\.yaml: a\.users could not be changed .* \[2\]"):
        set_keys(text, {("a", "users"): [2]}, "c.yaml")


def test_what_a_section_merges_in_is_overridden_in_that_section_alone() -> None:
    text = "base: &b\n  users: [1]\na:\n  <<: *b\n  other: 1\n"
    edited = set_keys(text, {("a", "users"): [2]}, "c.yaml")
    assert edited == text + "  users: [2]\n"


_NAMES = st.sampled_from(["a", "b", "c d", "yes", "1"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 99) | st.text("ab:#'\"{}[],&*! \n-", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(_NAMES, _VALUES, max_size=4),
    st.lists(_NAMES, min_size=1, max_size=3),
    _VALUES,
    st.sampled_from([True, False, None]),
)
def test_any_edit_says_exactly_what_was_asked_or_is_refused(
    content: dict[str, object], path: list[str], value: object, flow: bool | None
) -> None:
    text = yaml.safe_dump(content, default_flow_style=flow)
    expected: object = yaml.safe_load(text)
    place = expected
    assert isinstance(place, dict)
    for part in path[:-1]:
        if not isinstance(place.get(part), dict):
            place[part] = {}
        place = place[part]
    place[path[-1]] = value
    try:
        edited = set_keys(text, {tuple(path): value}, "c.yaml")
    except ConfigError as refused:
        assert ".".join(path) in str(refused)
        return
    assert yaml.safe_load(edited) == expected


# ------------------------------------------------------------------------------------------- .env


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "GITHUB_TOKEN=new\n"),
        ("GITHUB_TOKEN=\n", "GITHUB_TOKEN=new\n"),
        ("A=1\nGITHUB_TOKEN='old' # mine\nB=2", "A=1\nGITHUB_TOKEN=new\nB=2"),
        ("  export GITHUB_TOKEN = old\r\nA=1\r\n", "  export GITHUB_TOKEN=new\r\nA=1\r\n"),
        ("# GITHUB_TOKEN=example\nA=1\n", "# GITHUB_TOKEN=example\nGITHUB_TOKEN=new\nA=1\n"),
        ("A=1", "A=1\nGITHUB_TOKEN=new\n"),
        ("MY_GITHUB_TOKEN=x\n", "MY_GITHUB_TOKEN=x\nGITHUB_TOKEN=new\n"),
    ],
)
def test_a_variable_is_set_where_it_stands(text: str, expected: str) -> None:
    assert set_values(text, {"GITHUB_TOKEN": "new"}) == expected


def test_the_example_is_filled_in_with_its_comments(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text()
    url = "https://github.example/api/v3"
    filled = set_values(example, {"DISCORD_TOKEN": "a.b.c", "THESEUS_GITHUB_API_URL": url})
    (tmp_path / ".env").write_text(filled)
    environment = read_environment({}, tmp_path / ".env")
    assert str(environment.theseus_github_api_url) == url
    assert [line for line in filled.splitlines() if line.startswith("#")] == [
        line for line in example.splitlines() if line.startswith("#")
    ]


@given(st.text(st.characters(codec="ascii", min_codepoint=32), min_size=1, max_size=30))
def test_any_value_comes_back_as_it_was(value: str) -> None:
    text = set_values("A=1\n# end\n", {"GITHUB_TOKEN": value})
    assert parse_values(text) == {"A": "1", "GITHUB_TOKEN": value}


def test_a_value_over_several_lines_is_not_half_replaced() -> None:
    with pytest.raises(ConfigError, match="GITHUB_TOKEN"):
        set_values("GITHUB_TOKEN='one\nA=2'\n", {"GITHUB_TOKEN": "new"})


# ------------------------------------------------------------------------------------------ files


def _edits(folder: Path) -> list[Edit]:
    (folder / "config.yaml").write_text("old\n")
    (folder / ".env").write_text("OLD=1\n")
    return [
        Edit(folder / "config.yaml", "old\n", "new\n", 0o640),
        Edit(folder / ".env", "OLD=1\n", "NEW=1\n", 0o600),
    ]


def test_both_files_are_written_with_copies_of_the_old_ones(tmp_path: Path) -> None:
    kept = write(_edits(tmp_path), tmp_path / "backups")
    assert (tmp_path / "config.yaml").read_text() == "new\n"
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "config.yaml").stat().st_mode & 0o777 == 0o640
    assert sorted(each.read_text() for each in kept) == ["OLD=1\n", "old\n"]
    assert {each.stat().st_mode & 0o777 for each in kept} == {0o600}
    assert sorted(each.name for each in tmp_path.iterdir()) == [".env", "backups", "config.yaml"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write([Edit(tmp_path / "link", "old\n", "new\n", 0o600)], tmp_path / "backups")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new\n"


def test_when_one_file_cannot_be_written_the_other_stays(tmp_path: Path) -> None:
    first, _ = _edits(tmp_path)
    (tmp_path / "file").write_text("in the way")
    for blocked in ("file/.env", "config.yaml/.env"):
        second = Edit(tmp_path / blocked, None, "NEW=1\n", 0o600)
        with pytest.raises(ConfigError, match=re.escape(str(tmp_path))):
            write([first, second], tmp_path / "backups")
        assert (tmp_path / "config.yaml").read_text() == "old\n"
        assert list(tmp_path.glob(".env.*")) == []


ITEM = {"name": "ada", "start": {"file": "bot.py"}, "checks": [{"name": "lint"}]}
LISTS = [
    ("", "\ntargets:\n  # found\n  - name: ada\n"),
    ("targets: []  # other bots\nb: 1\n", "targets:  # other bots\n  # found\n  - name: ada\n"),
    ("targets: null\n", "targets:\n  # found\n  - name: ada\n"),
    ("targets:\n# none yet\nb: 1 # one\n", "\n# none yet\nb: 1 # one\n"),
    ("targets:\n- {name: bob}  # first\n\n# more\nb: 1\n", "# first\n# found\n- name: ada\n"),
    (
        "targets:\n  - name: bob\n    x: {y: 1} # z\nb: 1\n",
        "x: {y: 1} # z\n  # found\n  - name: ada",
    ),
]


@pytest.mark.parametrize(("text", "part"), LISTS)
def test_an_item_is_added_to_a_list_and_every_comment_stays(text: str, part: str) -> None:
    edited = append_item(text, "targets", ITEM, "found", "config")
    assert part in edited
    before = yaml.safe_load(text) or {}
    assert yaml.safe_load(edited) == {**before, "targets": [*(before.get("targets") or []), ITEM]}
    comments = re.findall(r"#.*", text)
    assert sorted(re.findall(r"#.*", edited)) == sorted([*comments, "# found"])


@pytest.mark.parametrize("text", ["targets: [{name: bob}]\n", "targets: 5\n"])
def test_a_list_that_cannot_be_extended_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="config: targets"):
        append_item(text, "targets", ITEM, "found", "config")
