"""The audit of a report: every figure by its path, every row by its label."""

from dataclasses import dataclass

from .claims import Claims
from .conditions import Conditions
from .fields import NoSuchPlace
from .figures import altered, figures, of_line, rows, unsourced
from .places import Places, cut, split_factors
from .reader import Folder, Unreadable
from .seal import broken
from .warnings import disagreements


@dataclass
class Problem:
    """A figure that does not agree."""

    line: int | None
    path: str
    printed: str
    recomputed: str

    def __str__(self):
        place = "" if self.line is None else f"report.md:{self.line}: "
        return f"{place}{self.path}: printed {self.printed!r}, recomputed {self.recomputed!r}"


class Audit:
    """A folder's report beside what its raw files come to."""

    def __init__(self, path, claims):
        folder = Folder(path)
        self.markdown = folder.read("report.md").decode("utf-8")
        self.verdicts = folder.read_json("verdicts.json")
        try:
            self.conditions = Conditions(folder, {trial for trial, _ in self.verdicts["void"]})
            decided = Claims(claims, folder, self.conditions, self.verdicts)
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"{path}: {type(error).__name__}: {error}") from error
        self.folder = folder
        self.places = Places(folder, self.conditions, self.verdicts, decided)
        self.figures = figures(self.markdown)

    def problems(self):
        found = [problem for each in self.figures if (problem := self.judge(each))]
        table_rows = rows(self.markdown)
        found += [problem for row in table_rows if (problem := mislabelled(row))]
        found += misplaced(table_rows)
        found += [
            Problem(line, "(no path)", words, "a figure needs its source")
            for line, words in unsourced(self.markdown)
        ]
        recorded = self.verdicts.get("warnings", [])
        found += [Problem(None, *each) for each in disagreements(recorded, self.folder, self.conditions)]
        told = {each["file"].split("/")[0] for each in recorded if each["warning"] == "damaged"}
        found += [
            Problem(None, name, f"{sealed} as sealed", now)
            for name, sealed, now in broken(self.folder)
            if name.split("/")[0] not in told
        ]
        # What the checker doubts is said in the report.
        doubted = {
            each["trial"]
            for each in self.verdicts["verdicts"]
            if each["invariant"] == "journal_integrity" and each["outcome"] != "pass"
        }
        for name, trial in self.conditions.trials.items():
            found += [Problem(None, name, each, "a file that can be read") for each in trial.malformed]
            if name not in doubted and name in self.conditions.counted:
                found += [Problem(None, name, each, "an unbroken journal") for each in trial.problems]
        return found

    def judge(self, figure):
        """The problem of one figure, `None` where it agrees."""
        try:
            expected = self.places.judge(figure.path, figure.text)
        except (NoSuchPlace, KeyError, ValueError) as error:
            expected = f"nothing: {error}"
        if expected is None:
            return None
        return Problem(figure.line, figure.path, figure.text, expected)

    def alter(self):
        """(alterations, those that nobody noticed), each made in memory in the report itself."""
        lines = self.markdown.split("\n")
        made, missed = 0, []
        for figure in self.figures:
            before = lines[figure.line - 1]
            for line in altered(before, figure):
                made += 1
                changed = [
                    each for each in of_line(figure.line, line) if each.begin == figure.begin
                ]
                if changed and self.judge(changed[0]) is None:
                    missed.append(Problem(figure.line, figure.path, changed[0].text, "an alteration, not caught"))
        return made, missed


def mislabelled(row):
    """A row of conditions is led by `engine (settings): factor=value, …` of its figures' ids."""
    for path in row.paths:
        file, _, place = path.partition("#")
        if file != "measurements.json" or "): " not in row.label:
            continue
        id_ = cut(place.partition(":over:")[0].partition(":twin")[0])[0]
        parts = id_.split("/", 4)
        if len(parts) < 5:
            continue
        factors = ", ".join(each for each in split_factors(parts[4]) if not each.endswith("=*"))
        label = f"{parts[2]} ({parts[3]}): {factors}"
        if row.label != label:
            return Problem(row.line, path, row.label, label)
    return None


def misplaced(table_rows):
    """A column of estimates is of one metric: a figure of another one stands in the wrong column."""
    found, metrics = [], {}
    for row in table_rows:
        for column, paths in enumerate(row.cells):
            for path in paths:
                file, _, place = path.partition("#")
                if file != "measurements.json" or cut(place)[1] or ":over:" in place or ":twin" in place:
                    continue
                metric = place.split("/")[1]
                first = metrics.setdefault((row.table, column), metric)
                if metric != first:
                    found.append(Problem(row.line, path, f"a figure of {metric}", f"one of {first}, as above it"))
    return found
