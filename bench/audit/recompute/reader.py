"""A results folder, version 3: its raw files, and nothing derived unless it is asked for.

Raw: `plan.json`, `environment.json`, `expected.json`, `evidence/<scenario>.tar.gz` (or
`open/<trial>/` of trials that are not packed), `rows/<sha256>.jsonl.gz`; sealed by `manifest.json`.
"""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

MAJOR = "3"


class Unreadable(Exception):
    """The folder is none, is damaged, or has another major version."""


def json_lines(path, content, cut_end=False):
    """The records of a file; with `cut_end` a last line without its newline may be no record."""
    lines = content.decode("utf-8").split("\n")
    whole, last = lines[:-1], lines[-1]
    records = []
    for number, line in enumerate(whole, 1):
        try:
            records.append(json.loads(line))
        except ValueError as error:
            raise Unreadable(f"{path}:{number}: {error}") from error
    if last:
        try:
            records.append(json.loads(last))
        except ValueError as error:
            if not cut_end:
                raise Unreadable(f"{path}: the last line is cut: {error}") from error
    return records


class Folder:
    """A results folder on disk, or one that was exported as a `.tar.gz`."""

    def __init__(self, path):
        self.path = Path(path)
        self.exported = None
        if self.path.is_file():
            try:
                self.exported = members(self.path.read_bytes())
            except (tarfile.TarError, OSError, EOFError) as error:
                raise Unreadable(f"{path}: {error}") from error
        elif not self.path.is_dir():
            raise Unreadable(f"{path}: no such folder")
        self._packs = {}
        self._rows = {}
        self.plan = self.read_json("plan.json")
        self.environment = self.read_json("environment.json")
        self.expected = self.read_json("expected.json")["sources"] if self.has("expected.json") else {}

    def names(self):
        """Every file by its name below the folder."""
        if self.exported is not None:
            return sorted(self.exported)
        return sorted(
            each.relative_to(self.path).as_posix() for each in self.path.rglob("*") if each.is_file()
        )

    def has(self, name):
        return name in self.exported if self.exported is not None else (self.path / name).is_file()

    def read(self, name):
        try:
            return self.exported[name] if self.exported is not None else (self.path / name).read_bytes()
        except (OSError, KeyError) as error:
            raise Unreadable(f"{self.path / name}: cannot be read") from error

    def read_json(self, name):
        """A JSON file of the folder, of the major version that is read here."""
        try:
            value = json.loads(self.read(name))
        except ValueError as error:
            raise Unreadable(f"{name}: {error}") from error
        version = value.get("format_version")
        if not isinstance(version, str) or version.split(".")[0] != MAJOR:
            raise Unreadable(f"{name}: expected format {MAJOR}.x, found {version!r}")
        return value

    def trial_files(self, trial):
        """The raw files of a planned trial by their name below it; an open folder comes first."""
        below = f"open/{trial['id']}/"
        opened = {name[len(below):]: self.read(name) for name in self.names() if name.startswith(below)}
        return opened or self._pack(trial["scenario"]).get(trial["id"], {})

    def _pack(self, scenario):
        if scenario not in self._packs:
            name = f"evidence/{scenario}.tar.gz"
            trials = {}
            if self.has(name):
                try:
                    packed = members(self.read(name))
                except (tarfile.TarError, OSError, EOFError) as error:
                    raise Unreadable(f"{name}: {error}") from error
                for member, content in packed.items():
                    trial, _, file = member.partition("/")
                    trials.setdefault(trial, {})[file] = content
            self._packs[scenario] = trials
        return self._packs[scenario]

    def rows(self, digest):
        """A row set by the digest of its lines: (day, key, digest) tuples, doubles included."""
        if digest not in self._rows:
            name = f"rows/{digest}.jsonl.gz"
            try:
                content = gzip.decompress(self.read(name))
            except (OSError, EOFError) as error:
                raise Unreadable(f"{name}: {error}") from error
            if hashlib.sha256(content).hexdigest() != digest:
                raise Unreadable(f"{name}: the content is not what the name says")
            self._rows[digest] = [
                (row["day"], row["key"], row["digest"]) for row in json_lines(name, content)
            ]
        return self._rows[digest]


def members(content):
    """The files of a gzipped archive by name."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        return {
            each.name.removeprefix("./"): archive.extractfile(each).read()
            for each in archive.getmembers()
            if each.isfile()
        }
