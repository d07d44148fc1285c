"""The level at which an engine has a pattern: 2, native; 1, emulated; 0, unsupported."""

NATIVE, EMULATED, UNSUPPORTED = 2.0, 1.0, 0.0


def completed_itself(trial, run):
    """The keys of the steps that by the engine's history a run completed itself; None where it is not told."""
    told = [event for event in trial.of("engine_history") if event["run"] == run.id]
    if not told:
        return None
    return {each["key"] for each in told[0]["steps"] if each["completed"] and not each.get("in_another_run")}


def level(trial, run, keys, right):
    """Native where each key is completed in the history of the run itself, else emulated; unsupported of a
    program that came out wrong, and nothing where one that is right has no history."""
    if not right:
        return [("capability_level", UNSUPPORTED, {})]
    own = completed_itself(trial, run)
    if own is None:
        return []
    return [("capability_level", NATIVE if own.issuperset(keys) else EMULATED, {})]
