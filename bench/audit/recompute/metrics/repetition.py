"""What an engine did again, and whether that changed anything."""


def derive(trial):
    """Executions repeated and overlapping by the journal, commits by the applied log."""
    executions = list(trial.by_key.values())
    found = [
        ("executions_repeated", float(sum(len(each) - 1 for each in executions)), {}),
        ("executions_overlapping", float(sum(overlaps(each) for each in executions)), {}),
    ]
    if trial.applied is not None:
        found.append(("commits_redundant", float(redundant(trial.applied)), {}))
        found.append(("changes_doubled", float(doubled(trial.applied)), {}))
    return found


def overlaps(executions):
    """Pairs of executions of one key of which the second began before the first had ended or
    crashed. One that the journal has no end of died with its process, nobody knows when."""
    pairs = 0
    for at, first in enumerate(executions):
        end = first.last_seen_ns()
        pairs += sum(end is not None and later.invoked_ns < end for later in executions[at + 1 :])
    return pairs


def redundant(applied):
    """Commits that changed nothing after an earlier one of the same key that changed something."""
    changed, count = set(), 0
    for row in sorted(applied, key=lambda row: row["seq"]):
        if row["rows_changed"]:
            changed.add(row["key"])
        elif row["key"] in changed:
            count += 1
    return count


def doubled(applied):
    """Changes beyond the first of each key."""
    by_key = {}
    for row in applied:
        if row["rows_changed"]:
            by_key[row["key"]] = by_key.get(row["key"], 0) + 1
    return sum(count - 1 for count in by_key.values())
