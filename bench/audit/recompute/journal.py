"""The effect journal: its chain of checksums, and its records as executions of steps."""

import hashlib
import json
import re
from dataclasses import dataclass

CHECKSUM = re.compile(rb'"checksum":"([0-9a-f]*)"\}$')


@dataclass
class Execution:
    """One invocation of a step."""

    key: str
    step: str
    run: str
    attempt: int
    file: str
    invoked_ns: int
    ended_ns: int | None = None
    ok: bool = False
    error: str | None = None
    crash_ns: int | None = None
    partition: str | None = None
    version: str | None = None  # of what it made, where it ended well
    crash_point: str | None = None
    changed: int | None = None  # rows, where it ended well and says so
    rows: int | None = None  # made, or in the warehouse after a load, where it ended well

    def last_seen_ns(self):
        """When the journal last has it alive: its end, else its crash, else nothing."""
        return self.ended_ns if self.ended_ns is not None else self.crash_ns


def read_journal(files):
    """Records by file, and what is wrong with them: numbers without gaps, checksums chained."""
    records, problems = {}, []
    for name in sorted(files):
        folder, _, file = name.partition("/")
        if folder != "journal":
            continue
        previous, number = b"", 0
        records[file] = []
        lines = files[name].split(b"\n")
        if lines[-1]:
            problems.append(f"{name}: the last line is cut")
        for at, line in enumerate(lines[:-1], 1):
            number += 1
            try:
                record = json.loads(line)
            except ValueError:
                problems.append(f"{name}:{at}: no record")
                continue
            found = CHECKSUM.search(line)
            bare = CHECKSUM.sub(b'"checksum":""}', line)
            wanted = hashlib.sha256(previous + bare).hexdigest().encode()
            if record["seq"] != number or not found or found.group(1) != wanted:
                problems.append(f"{name}:{at}: out of the chain")
            previous, number = (found.group(1) if found else b""), record["seq"]
            records[file].append(record)
    return records, problems


def executions(records):
    """Executions by idempotency key, each key's in the order of invocation.

    An `invoke` is paired with the `ok`, `error` or `crash` that follows it in its file under the
    same key and attempt. Both may come: a process that waits at a rendezvous writes `crash` and may
    then end well, one killed before its return has written `ok` already.
    """
    by_key = {}
    for file, lines in records.items():
        open_ones = {}
        for record in lines:
            kind = record["kind"]
            place = (record.get("key"), record.get("attempt"))
            if kind == "invoke":
                each = Execution(
                    record["key"],
                    record["step"],
                    record["run"],
                    record["attempt"],
                    file,
                    record["t_ns"],
                    partition=record.get("partition"),
                )
                open_ones[place] = each
                by_key.setdefault(each.key, []).append(each)
            elif kind in ("ok", "error", "crash") and place in open_ones:
                each = open_ones[place]
                if kind == "crash":
                    each.crash_ns = record["t_ns"]
                    each.crash_point = record.get("point")
                else:
                    each.ended_ns = record["t_ns"]
                    each.ok = kind == "ok"
                    each.error = record.get("error") if kind == "error" else None
                    each.version = record.get("output_digest") if each.ok else None
                    each.changed = record.get("changed") if each.ok else None
                    each.rows = record.get("rows") if each.ok else None
    for each in by_key.values():
        each.sort(key=lambda one: one.invoked_ns)
    return by_key
