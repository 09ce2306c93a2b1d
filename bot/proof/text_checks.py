"""That changed prompts and documents hold: they can be filled in, and what they name is there."""

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
    """Return whether changed prompts and documents hold on head.

    `paths` is every file there is on head, and `read` returns one's text. A prompt has the
    placeholders that it had, for that is what it is filled in with. A document's links lead to
    files and headings that are there, and the commands that it names newly are some cog's. A skill
    is held to its format and to what a document is; what models are told of it stands in `details`,
    before and after.
    """
    words = [each for each in files if each.path.endswith(".md")]
    against = [why for each in words for why in _find_problems(each, paths, read)]
    count = f"{len(words)} file{'' if len(words) == 1 else 's'} of words"
    told = f"{count}: placeholders, links and commands hold"
    if not words:
        told = "no prompt or document is changed"
    elif against:
        told = f"{against[0]}"
    return Proof(
        kind="words",
        holds=bool(words) and not against,
        summary=told,
        details=tuple(
            against[1:] if against else (line for each in words for line in _describe_file(each))
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
    """Yield what is wrong with the skill that a changed file belongs to."""
    name = get_skill_name(path)
    manifest = f"{FOLDER}/{name}/{MANIFEST}"
    text = read(manifest) if manifest in paths else None
    if text is None:
        if any(get_skill_name(each) == name for each in paths):
            yield f"`{FOLDER}/{name}` has no `{MANIFEST}`: without it that is no skill"
        return
    try:
        parse_skill(text, name, manifest, {})
    except ConfigError as error:
        yield str(error)


def _describe_file(file: ChangedText) -> Iterator[str]:
    """Yield the file, and of a skill what models are told of it, before and after."""
    yield f"`{file.path}`"
    name = get_skill_name(file.path)
    if not name or not file.path.endswith(f"/{MANIFEST}"):
        return
    before, after = (_describe_skill(text, name) for text in (file.before, file.after))
    if before and before != after:
        yield f"models are told of `{name}` today: “{before}”"
    if before == after:
        yield f"models are told of `{name}` what they are told today; its text changes"
    else:
        yield f"models are told of `{name}` then: “{after}”" if after else f"`{name}` is gone"


def _describe_skill(text: str | None, name: str) -> str:
    """Return what models are told of a skill; nothing where it is none."""
    try:
        skill: Skill = parse_skill(text or "", name, name, {})
    except ConfigError:
        return ""
    told = f"{skill.summary} (to {', '.join(skill.roles)})"
    return told if len(told) <= _MAX_DESCRIPTION else f"{told[:_MAX_DESCRIPTION]}…"


def _check_prompt(file: ChangedText) -> Iterator[str]:
    if file.after is None:
        yield f"`{file.path}` is gone, and the program asks for it"
        return
    template = Template(file.after)
    if not template.is_valid():
        yield f"`{file.path}` has a lonely $: write $$ for a dollar sign"
        return
    had = {*Template(file.before).get_identifiers()} if file.before is not None else None
    has = {*template.get_identifiers()}
    if had is not None and had != has:
        changed = ", ".join(f"${name}" for name in sorted(had ^ has))
        yield f"`{file.path}` has other placeholders than it is filled in with: {changed}"


def _check_links(path: str, text: str, paths: Collection[str], read: Read) -> Iterator[str]:
    folders = {folder.as_posix() for each in paths for folder in PurePosixPath(each).parents}
    for target in dict.fromkeys(_LINK.findall(_FENCE.sub("", text))):
        if _ADDRESS.match(target):
            continue
        name, _, heading = target.partition("#")
        file = normpath(join(PurePosixPath(path).parent.as_posix(), name)) if name else path
        if file not in paths and file not in folders:
            yield f"`{path}` links to `{target}`, which is not there"
        elif heading and file.endswith(".md"):
            there = text if file == path else read(file) or ""
            if heading not in _collect_anchors(there):
                yield f"`{path}` links to `{target}`: there is no such heading"


def _collect_anchors(text: str) -> frozenset[str]:
    """Return how the headings of a document are linked to."""
    plain = (re.sub(r"[^\w\s-]", "", each.lower()) for each in _HEADING.findall(text))
    return frozenset(each.strip().replace(" ", "-") for each in plain)


def _check_commands(file: ChangedText, paths: Collection[str], read: Read) -> Iterator[str]:
    """Yield commands that a document names for the first time, and that no cog has."""
    named = {*_COMMAND.findall(file.after or "")} - {*_COMMAND.findall(file.before or "")}
    cogs = [path for path in paths if path.startswith("cogs/") and path.endswith(".py")]
    for name in sorted(named):
        texts = (read(path) or "" for path in cogs)
        if not any(f'"{name}"' in text or parse_options(text, name) is not None for text in texts):
            yield f"`{file.path}` names `/{name}`, which no cog has"
