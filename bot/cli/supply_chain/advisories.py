"""Reports locked and installed versions with a known flaw."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.cli.supply_chain.report import Flaw
from bot.domain.advisories import Advisory, KnownFlaw, PackageVersion
from bot.domain.errors import ConfigError
from bot.infra.osv import find_flaws
from bot.infra.osv_archive import read_archive


def load_advisories(place: Path) -> tuple[Advisory, ...]:
    """Read advisories from a folder or an archive. Raises `ConfigError` if a file is none."""
    if not place.exists():
        raise ConfigError(
            f"--advisories {place}: there is no such folder. Unpack osv.dev's PyPI archive there."
        )
    archive = read_archive(place)
    if archive.refused:
        raise ConfigError(f"--advisories {place}: {archive.refused[0]}")
    return archive.advisories


def find_vulnerable(
    advisories: Iterable[Advisory], versions: Iterable[tuple[str, str]]
) -> Iterator[Flaw]:
    """Yield a flaw for each known flaw of these names and versions."""
    packages = [PackageVersion(name=name, version=version) for name, version in set(versions)]
    yield from map(_build_flaw, find_flaws(advisories, packages))


def _build_flaw(known: KnownFlaw) -> Flaw:
    name, version = known.package.name, known.package.version
    way = (
        f" It is fixed in {known.fixed_in}."
        if known.fixed_in
        else " There is no fixed version yet."
    )
    return Flaw(
        what="advisory",
        package=name,
        message=f"{version} is affected by {', '.join(known.ids[:4])}: {known.summary}{way}",
        remedy=f"Run `uv lock --upgrade-package {name}`."
        if known.fixed_in
        else "Remove the package, or wait for a fix.",
    )
