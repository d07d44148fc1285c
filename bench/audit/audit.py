"""Recomputes every figure of a results folder's report and decision records from its raw files.

usage: python3 bench/audit/audit.py FOLDER [--alter] [--claims DIR]

Exit code 0: every figure agrees. 1: one differs, or looks measured and has no source; each is
named with its path, the text printed and the text recomputed. 2: the folder cannot be read.

--alter also changes each figure singly, a digit of each of its numbers, and demands that each
change is caught.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from recompute.audit import Audit  # noqa: E402
from recompute.reader import Unreadable  # noqa: E402

CLAIMS = Path(__file__).resolve().parents[2] / "harness" / "evidence" / "claims"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--alter", action="store_true", help="alter each figure singly; each must be caught")
    parser.add_argument("--claims", type=Path, default=CLAIMS, help="the claims' files")
    asked = parser.parse_args(arguments)
    try:
        audit = Audit(asked.folder, asked.claims)
    except Unreadable as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 2
    problems = audit.problems()
    for problem in problems:
        print(problem)
    print(f"{len(audit.figures)} figures, {len(problems)} problems")
    if asked.alter:
        altered, missed = audit.alter()
        for each in missed:
            print(each)
        print(f"{altered} alterations, {len(missed)} not caught")
        problems += missed
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
