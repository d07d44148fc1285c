"""The sources: what a run of the ETL can be about."""

import os
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

# The catalogue in the repository; ORCHBENCH_SOURCES names another.
CATALOGUE = Path(__file__).parents[3] / "etl" / "sources.toml"


@dataclass(frozen=True)
class Source:
    """An entry of the catalogue: a filter on the flights and a range of days, last one included."""

    name: str
    title: str
    first: date
    last: date

    @property
    def days(self) -> list[str]:
        """The partitions, such as `2013-01-01`."""
        return days_between(self.first, self.last)


def days_between(first: date, last: date) -> list[str]:
    """The days from one to another, that one included, as keys of partitions."""
    count = (last - first).days + 1
    return [(first + timedelta(days=at)).isoformat() for at in range(count)]


def read_sources(path: str | None = None) -> dict[str, Source]:
    """The sources of a catalogue file, by name.

    Raises KeyError or ValueError, with the file, when it is no catalogue.
    """
    file = Path(path or os.environ.get("ORCHBENCH_SOURCES") or CATALOGUE)
    try:
        entries = tomllib.loads(file.read_text())["sources"]
        return {
            name: Source(
                name=name,
                title=entry.get("title", name),
                first=date.fromisoformat(entry["first"]),
                last=date.fromisoformat(entry["last"]),
            )
            for name, entry in entries.items()
        }
    except (KeyError, ValueError) as error:
        error.add_note(f"{file}: expected a catalogue of sources")
        raise


def source_named(name: str, path: str | None = None) -> Source:
    """A source of a catalogue file. Raises ValueError, which lists the known ones."""
    sources = read_sources(path)
    if name not in sources:
        raise ValueError(f"unknown source {name}: expected one of {', '.join(sources)}")
    return sources[name]
