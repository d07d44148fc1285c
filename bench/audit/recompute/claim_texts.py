"""A claim's record, and how its fields are printed."""

import re

from .claims import row_of
from .fields import NoSuchPlace, field, written
from .formats import number, plain
from .statistics import LEVEL

NUMBER = re.compile(r"\d+(?:\.\d+)?")


def sentence(claims, name):
    """The sentence with its blanks filled; `None` of a claim that was not measured."""
    tested = claims.tested[name]
    if tested is None:
        return None
    level = claims.corrected.get(name, (None, LEVEL))[1]
    figures = {**tested.figures, **tested.figure_at(level)}
    return re.sub(r"\{(\w+)\}", lambda blank: figures[blank.group(1)], claims.files[name]["sentence"])


def fields(claims, name):
    """The record of a claim, as far as it is recomputed."""
    tested, adjusted = claims.tested[name], claims.corrected.get(name)
    record = {"claim": name, "row": row_of(claims.files[name]["phrase"]), "verdict": claims.verdict(name)}
    record |= {each: claims.files[name].get(each) for each in ("phrase", "prediction", "title")}
    record["kind"] = claims.files[name]["rule"]["kind"]
    if tested is not None:
        record["sentence"] = sentence(claims, name)
        record["value"] = tested.value
        record["evidence"] = tested.evidence
        record["values"] = [
            {"engine": engine, "settings": settings, "text": text, "interval": as_record(interval, LEVEL), "n": n}
            for engine, settings, text, interval, n in tested.values
        ]
        if adjusted is not None:
            record["effect"] = tested.effect
            record["p"] = tested.p
            record["p_adjusted"] = adjusted[0]
            record["interval_adjusted"] = as_record(tested.interval_at(adjusted[1]), adjusted[1])
    return record


def judge(claims, name, place, text):
    """What should be printed for a field of a claim instead of the text; `None` where it agrees."""
    if name not in claims.files:
        raise NoSuchPlace(f"no claim {name!r}")
    record = fields(claims, name)
    if claims.tested[name] is None and place in ("sentence", "needs"):
        # What was not measured has no figure, but for what the environment says of an engine.
        for reason in claims.folder.environment.get("unreachable", {}).values():
            text = text.replace(reason, "")
        return "words without a figure" if NUMBER.search(text) else None
    if place == "needs":
        level = claims.corrected.get(name, (None, LEVEL))[1]
        needs = claims.withheld(name) or [claims.tested[name].needs_at(level) or ""]
        agrees = any(NUMBER.findall(each) == NUMBER.findall(text) for each in needs)
        return None if agrees else f"the numbers of {' or '.join(needs)!r}"
    if place == "corrected":
        texts = [corrected(record)]
    elif place.startswith("values/") and place.count("/") == 1:
        texts = [of_engine(field(record, place))]
    else:
        value = field(record, place)
        texts = [*written(value), plain(value).replace("_", " ")]
    return None if text in texts else " or ".join(texts)


def corrected(record):
    """`V [L, H] at LEVEL %, p = P, a SIZE effect`; shares in percent, their differences in points."""
    scale, unit = {"bound": (100, " %"), "conformance": (100, " %"), "difference": (100, " points")}.get(
        record["kind"], (1, "")
    )
    p = record.get("p_adjusted")
    p = "" if p is None else f"p {'< 0.001' if p < 0.001 else f'= {number(p)}'}"
    interval = record.get("interval_adjusted")
    if record.get("value") is None:
        return p
    if interval is None:
        return "too few trials"
    ends = f"[{number(interval['low'] * scale)}, {number(interval['high'] * scale)}]"
    effect = f", a {record['effect']} effect" if record.get("effect") else ""
    return f"{number(record['value'] * scale)}{unit} {ends} at {interval['level'] * 100:.1f} %, {p}{effect}"


def of_engine(value):
    """`engine (settings) TEXT [L, H], n = N`; a count needs no interval beside it."""
    interval = value["interval"]
    ends = ""
    if interval and " of " not in value["text"]:
        ends = f" [{number(interval['low'])}, {number(interval['high'])}]"
    return f"{value['engine']} ({value['settings']}) {value['text']}{ends}, n = {value['n']}"


def as_record(interval, level):
    return interval and {"low": interval[0], "high": interval[1], "level": level}
