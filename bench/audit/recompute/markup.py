"""Figures of an HTML report: spans of the class `figure`, whose title is their path.

As in Markdown, no plain text of a report can form one, and a number that stands in a table's cell and is
no part of one is a figure without a source. Charts and sliders have their numbers from elsewhere and are
left out.
"""

import re
from html import unescape

from .figures import FREE, INTERVAL, Figure, Row

FIGURE = re.compile(r'<span class="figure" title="([^"]*)">([^<]*)</span>')
ROW = re.compile(r"<tr\b[^>]*>(.*?)</tr>")
CELL = re.compile(r"<td\b[^>]*>(.*?)</td>")
PARAGRAPH = re.compile(r"<(p|li)\b[^>]*>(.*?)</\1>")
DRAWN = re.compile(r"<(svg|script|style|output)\b.*?</\1>", re.DOTALL)


def blank(found):
    """As many lines of nothing, so that what follows keeps its place."""
    return "\n" * found.group().count("\n")


def lines(page):
    return enumerate(DRAWN.sub(blank, page).split("\n"), 1)


def words(markup):
    return unescape(re.sub(r"<[^>]*>", "", markup)).strip()


def of_line(number, line):
    """The figures of one line."""
    return [
        Figure(number, found.start(2), found.end(2), unescape(found.group(2)), unescape(found.group(1)))
        for found in FIGURE.finditer(line)
    ]


def figures(page):
    return [each for number, line in lines(page) for each in of_line(number, line)]


def rows(page):
    """Rows of tables; a table is told by the line of its head."""
    found, table = [], None
    for number, line in lines(page):
        if "<table" in line:
            table = number
        for row in ROW.findall(line):
            cells = CELL.findall(row)
            if cells:
                paths = [[each.path for each in of_line(number, cell)] for cell in cells]
                found.append(Row(number, table, words(cells[0]), paths))
    return found


def unsourced(page):
    """(line, words) of what looks like a measured figure and carries no path."""
    found = []
    for number, line in lines(page):
        bare = FIGURE.sub("", line)
        for row in ROW.findall(bare):
            cells = [words(cell) for cell in CELL.findall(row)[1:]]
            found += [(number, cell) for cell in cells if FREE.search(cell)]
        for _, paragraph in PARAGRAPH.findall(bare):
            found += [(number, each.group()) for each in INTERVAL.finditer(words(paragraph))]
    return found
