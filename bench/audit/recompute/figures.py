"""Figures of a Markdown report: links whose target is a file of the results folder and a place in it.

No plain text of a report can form a link, so every link is a figure. Numbers that stand in a
table's cell, or with an interval, and are no part of a link, are figures without a source.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

LINK = re.compile(r"(?<![\\!])\[((?:\\.|[^\]\\])*)\]\(([^()\s]*)\)")
IMAGE = re.compile(r"!\[((?:\\.|[^\]\\])*)\]\([^()\s]*\)")
# Digits of a number, those of an escaped letter such as `&#64;` apart.
DIGITS = re.compile(r"(?<!&#)(?<!&#\d)\d+(?:\.\d+)?(?!;)")
# A number that stands for itself: no part of a name, a version, a date or a place.
FREE = re.compile(r"(?<![\w./:=#-])[-−]?\d[\d,]*(?:\.\d+)?(?![\w/:=-]|\.\d)")
# What stands below a table's head.
RULE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")
INTERVAL = re.compile(r"\d\s*(?:%|ms|s)?\s*\[\s*[-−]?\d[\d.]*\s*,\s*[-−]?\d[\d.]*\s*\]")


@dataclass
class Figure:
    """A figure as printed."""

    line: int
    begin: int
    end: int
    text: str
    path: str


@dataclass
class Row:
    """A row of a table: its first cell's words and the paths of its figures, cell by cell."""

    line: int
    table: int  # the line of the table's head
    label: str
    cells: list

    @property
    def paths(self):
        return [path for cell in self.cells for path in cell]


def plain(text):
    """Markdown's escapes taken back."""
    text = text.replace("&#64;<!-- -->", "@")
    text = re.sub(r"\\(.)", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def prose(markdown):
    """(number, line) of lines outside blocks of code."""
    code = False
    for number, line in enumerate(markdown.split("\n"), 1):
        if line.startswith("```"):
            code = not code
        elif not code:
            yield number, line


def of_line(number, line):
    """The figures of one line."""
    return [
        Figure(number, found.start(1), found.end(1), plain(found.group(1)), unquote(found.group(2)))
        for found in LINK.finditer(line)
        if "#" in found.group(2)
    ]


def figures(markdown):
    return [each for number, line in prose(markdown) for each in of_line(number, line)]


def cells(line):
    """The cells of a table's row."""
    return [each.strip() for each in re.split(r"(?<!\\)\|", line)[1:-1]]


def rows(markdown):
    """Rows of tables, heads and rules left out."""
    found, table = [], None
    for number, line in prose(markdown):
        if not line.startswith("|"):
            table = None
        elif RULE.fullmatch(line):
            table = number - 1
        elif table is not None:
            of_cells = [[each.path for each in of_line(number, cell)] for cell in cells(line)]
            found.append(Row(number, table, plain(cells(line)[0]), of_cells))
    return found


def unsourced(markdown):
    """(line, words) of what looks like a measured figure and carries no path."""
    found, at_head = [], True
    for number, line in prose(markdown):
        bare = LINK.sub("", IMAGE.sub("", line))
        if not line.startswith("|"):
            at_head = True
            found += [(number, each.group()) for each in INTERVAL.finditer(plain(bare))]
        elif RULE.fullmatch(line):
            at_head = False
        elif not at_head:
            for cell in cells(line)[1:]:
                rest = plain(LINK.sub("", cell))
                found += [(number, plain(cell)) for _ in FREE.findall(rest)[:1]]
    return found


def altered(line, figure):
    """The line with one digit changed, once for each number of the figure's text."""
    for found in DIGITS.finditer(line, figure.begin, figure.end):
        at = found.end() - 1
        digit = str((int(line[at]) + 1) % 10)
        yield line[:at] + digit + line[at + 1 :]
