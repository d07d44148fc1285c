"""The audit of what a folder says in words: every figure by its path, every row by its label."""

from dataclasses import dataclass

from . import figures, markup
from .claims import Claims
from .conditions import Conditions
from .fields import NoSuchPlace
from .figures import altered
from .formats import one_way
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
    page: str = ""

    def __str__(self):
        place = "" if self.line is None else f"{self.page}:{self.line}: "
        return f"{place}{self.path}: printed {self.printed!r}, recomputed {self.recomputed!r}"


class Audit:
    """A folder's report and decision records beside what its raw files come to."""

    def __init__(self, path, claims):
        folder = Folder(path)
        self.pages = {name: folder.read(name).decode("utf-8") for name in pages(folder)}
        self.verdicts = folder.read_json("verdicts.json")
        try:
            self.conditions = Conditions(folder, {trial for trial, _ in self.verdicts["void"]})
            decided = Claims(claims, folder, self.conditions, self.verdicts)
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"{path}: {type(error).__name__}: {error}") from error
        self.folder = folder
        self.places = Places(folder, self.conditions, self.verdicts, decided)
        self.figures = [(name, each) for name, page in self.pages.items() for each in written(name).figures(page)]

    def problems(self):
        found = [problem for name in self.pages for problem in self.problems_of(name)]
        found += self.problems_of_model()
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

    def problems_of(self, name):
        """Those of one page."""
        page = self.pages[name]
        of_page = [each for of, each in self.figures if of == name]
        found = [problem for each in of_page if (problem := self.judge(name, each))]
        table_rows = written(name).rows(page)
        found += [problem for row in table_rows if (problem := mislabelled(row))]
        found += misplaced(table_rows)
        found += [
            Problem(line, "(no path)", words, "a figure needs its source")
            for line, words in written(name).unsourced(page)
        ]
        for each in found:
            each.page = name
        return found

    def problems_of_model(self):
        """Terms of the what-if model that are not the measurements that they are said to be."""
        if not self.folder.has("model.json"):
            return []
        found = []
        for option in self.folder.read_json("model.json")["options"]:
            for name, term in option["terms"].items():
                unit = 1e3 if name.endswith("_s") else 1.0
                whole = self.places.of(term["measurement"]).estimate()
                expected = [whole.value, *(whole.interval or ())]
                said = [term["value"] * unit, *(each * unit for each in term["interval"] or ())]
                near = len(said) == len(expected) and all(
                    abs(a - b) <= 1e-9 * max(1.0, abs(b)) for a, b in zip(said, expected)
                )
                if not near:
                    found.append(Problem(None, f"model.json: {option['engine']} {name}", str(said), str(expected)))
        return found

    def judge(self, name, figure):
        """The problem of one figure of a page, `None` where it agrees."""
        up = "../" * name.count("/")
        try:
            if not figure.path.startswith(up):
                raise NoSuchPlace(f"{figure.path!r} does not lead to the folder")
            expected = self.places.judge(figure.path[len(up) :], figure.text)
        except (NoSuchPlace, KeyError, ValueError) as error:
            expected = f"nothing: {error}"
        if expected is None:
            return None
        return Problem(figure.line, figure.path, figure.text, expected)

    def alter(self):
        """(alterations, those that nobody noticed), each made in memory in the page itself."""
        made, missed = 0, []
        lines = {name: page.split("\n") for name, page in self.pages.items()}
        for name, figure in self.figures:
            before = lines[name][figure.line - 1]
            for line in altered(before, figure):
                made += 1
                changed = [
                    each for each in written(name).of_line(figure.line, line) if each.begin == figure.begin
                ]
                if changed and self.judge(name, changed[0]) is None and self.is_loose(name, figure, changed[0]):
                    missed.append(Problem(figure.line, figure.path, changed[0].text, "an alteration, not caught", name))
        return made, missed

    def is_loose(self, name, figure, changed):
        """Whether two texts of one figure both stand, though its value does not lie in the middle between them."""
        with one_way():
            return self.judge(name, figure) is None and self.judge(name, changed) is None


def pages(folder):
    """The names of what a folder says in words: the report, also as HTML, and the decision records."""
    names = folder.names()
    further = {"report.html", "adr.md"}
    return ["report.md", *sorted(each for each in names if each in further or each.startswith("advice/"))]


def written(name):
    """How the figures of a page are written."""
    return markup if name.endswith(".html") else figures


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
