"""Checks changed prompts and documents: placeholders, links and command names."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import PurePosixPath
from posixpath import join, normpath
from string import Template

from bot.domain.errors import ConfigError
from bot.domain.proof import Proof
from bot.domain.skill import FOLDER, MANIFEST, Skill, get_skill_name
from bot.proof.preservation import ChangedText
from bot.proof.reproduction import parse_options
from bot.skills import parse_skill

_PROMPTS = "prompts/"
_MAX_DESCRIPTION = 300
_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"`/([a-z][a-z0-9_-]{0,31})(?=[ `])")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)

Read = Callable[[str], str | None]


def build_text_proof(files: Sequence[ChangedText], paths: Collection[str], read: Read) -> Proof:
    """Return whether changed prompts and documents are correct on head.

    `paths` are all files on head, and `read` returns the text of one. A prompt has to keep its
    placeholders, because the program fills them in. A document's links have to lead to existing
    files and headings, and the commands that it newly names have to exist. A skill has to follow
    its format and the rules for documents; `details` shows its description for models, before and
    after.
    """
    texts = [file for file in files if file.path.endswith(".md")]
    against = [problem for file in texts for problem in _find_problems(file, paths, read)]
    count = f"{len(texts)} text file{'' if len(texts) == 1 else 's'}"
    summary = f"{count}: placeholders, links and commands are correct"
    if not texts:
        summary = "no prompt or document changed"
    elif against:
        summary = f"{against[0]}"
    return Proof(
        kind="words",
        holds=bool(texts) and not against,
        summary=summary,
        details=tuple(
            against[1:] if against else (line for file in texts for line in _describe_file(file))
        ),
    )


def _find_problems(file: ChangedText, paths: Collection[str], read: Read) -> Iterator[str]:
    if get_skill_name(file.path):
        yield from _check_skill(file.path, paths, read)
    elif file.path.startswith(_PROMPTS):
        yield from _check_prompt(file)
        return
    if file.after is not None:
        yield from _check_links(file.path, file.after, paths, read)
        yield from _check_commands(file, paths, read)


def _check_skill(path: str, paths: Collection[str], read: Read) -> Iterator[str]:
    """Yield the problems of the skill that a changed file belongs to."""
    name = get_skill_name(path)
    manifest = f"{FOLDER}/{name}/{MANIFEST}"
    text = read(manifest) if manifest in paths else None
    if text is None:
        if any(get_skill_name(each) == name for each in paths):
            yield f"`{FOLDER}/{name}` has no `{MANIFEST}`, so it is not a skill"
        return
    try:
        parse_skill(text, name, manifest, {})
    except ConfigError as error:
        yield str(error)


def _describe_file(file: ChangedText) -> Iterator[str]:
    """Yield the file's path, and a skill's description for models before and after."""
    yield f"`{file.path}`"
    name = get_skill_name(file.path)
    if not name or not file.path.endswith(f"/{MANIFEST}"):
        return
    before, after = (_describe_skill(text, name) for text in (file.before, file.after))
    if before and before != after:
        yield f"description of `{name}` for models before: “{before}”"
    if before == after:
        yield f"description of `{name}` for models: unchanged; its text changes"
    else:
        yield (
            f"description of `{name}` for models after: “{after}”"
            if after
            else f"`{name}` is removed"
        )


def _describe_skill(text: str | None, name: str) -> str:
    """Return a skill's description for models; empty if it is not a skill."""
    try:
        skill: Skill = parse_skill(text or "", name, name, {})
    except ConfigError:
        return ""
    text = f"{skill.summary} (to {', '.join(skill.roles)})"
    return text if len(text) <= _MAX_DESCRIPTION else f"{text[:_MAX_DESCRIPTION]}…"


def _check_prompt(file: ChangedText) -> Iterator[str]:
    if file.after is None:
        yield f"`{file.path}` is removed, but the program needs it"
        return
    template = Template(file.after)
    if not template.is_valid():
        yield f"`{file.path}` has a single $: write $$ for a dollar sign"
        return
    had = {*Template(file.before).get_identifiers()} if file.before is not None else None
    has = {*template.get_identifiers()}
    if had is not None and had != has:
        changed = ", ".join(f"${name}" for name in sorted(had ^ has))
        yield f"`{file.path}` has other placeholders than the program fills in: {changed}"


def _check_links(path: str, text: str, paths: Collection[str], read: Read) -> Iterator[str]:
    folders = {folder.as_posix() for each in paths for folder in PurePosixPath(each).parents}
    for target in dict.fromkeys(_LINK.findall(_FENCE.sub("", text))):
        if _ADDRESS.match(target):
            continue
        name, _, heading = target.partition("#")
        file = normpath(join(PurePosixPath(path).parent.as_posix(), name)) if name else path
        if file not in paths and file not in folders:
            yield f"`{path}` links to `{target}`, which does not exist"
        elif heading and file.endswith(".md"):
            target_text = text if file == path else read(file) or ""
            if heading not in _collect_anchors(target_text):
                yield f"`{path}` links to `{target}`, but there is no such heading"


def _collect_anchors(text: str) -> frozenset[str]:
    """Return the link anchors of a document's headings."""
    plain = (re.sub(r"[^\w\s-]", "", each.lower()) for each in _HEADING.findall(text))
    return frozenset(each.strip().replace(" ", "-") for each in plain)


def _check_commands(file: ChangedText, paths: Collection[str], read: Read) -> Iterator[str]:
    """Yield commands that a document newly names and that no cog has."""
    named = {*_COMMAND.findall(file.after or "")} - {*_COMMAND.findall(file.before or "")}
    cogs = [path for path in paths if path.startswith("cogs/") and path.endswith(".py")]
    for name in sorted(named):
        texts = (read(path) or "" for path in cogs)
        if not any(f'"{name}"' in text or parse_options(text, name) is not None for text in texts):
            yield f"`{file.path}` names `/{name}`, which no cog has"
