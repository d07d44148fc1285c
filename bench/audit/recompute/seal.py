"""The seal of a run: every raw file hashed again and held against manifest.json."""

import gzip
import hashlib

from .reader import Unreadable

MANIFEST = "manifest.json"
OWN = ("plan.json", "environment.json", "expected.json")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def seal_digest(folder):
    """The digest of the manifest itself, `None` without one."""
    return sha256(folder.read(MANIFEST)) if folder.has(MANIFEST) else None


def broken(folder):
    """(name, sealed, found) of each raw file that is not as it was sealed; none without a seal."""
    if not folder.has(MANIFEST):
        return []
    sealed = folder.read_json(MANIFEST)
    files = {name: sha256(folder.read(name)) for name in folder.names() if name in OWN}
    # Of what is packed, the content counts.
    files |= {name: sha256(gunzip(folder, name)) for name in folder.names() if name.startswith("rows/")}
    differing = list(differences("", sealed["files"], files))
    trials = {each["id"]: each for each in folder.plan["trials"]}
    for trial in {*trials, *sealed["trials"]}:
        found = folder.trial_files(trials[trial]) if trial in trials else {}
        found = {name: sha256(content) for name, content in found.items()}
        differing += differences(f"{trial}/", sealed["trials"].get(trial, {}), found)
    return sorted(differing)


def gunzip(folder, name):
    try:
        return gzip.decompress(folder.read(name))
    except (OSError, EOFError) as error:
        raise Unreadable(f"{name}: {error}") from error


def differences(prefix, sealed, found):
    for name in {*sealed, *found}:
        if sealed.get(name) != found.get(name):
            yield f"{prefix}{name}", sealed.get(name, "nothing"), found.get(name, "nothing")
