"""Measures speed and answer quality: `python -m tests.bench [--data FOLDER] [SECTION…]`; prints Markdown.

`answers` and `sync` are measured on public data that is not part of this repository: see `bases` for the
layout of FOLDER. Without it they are left out. What is made on the way is kept in `var/bench`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.bench import answers, index, questions, start, syncing
from tests.bench.tables import tell

ON_DATA = ("answers", "sync")
SECTIONS = ("index", "start", "questions", "sync", "answers")


def main() -> None:
    """Run the sections that were named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where the public data is")
    parser.add_argument("--large", action="store_true", help="the index also with 100,000 rows")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    given = parser.parse_args()
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    if given.data is not None and not given.data.is_dir():
        parser.error(f"--data {given.data}: there is no such folder")
    for section in given.sections or SECTIONS:
        if section in ON_DATA and given.data is None:
            tell(f"`{section}` is left out: it needs --data FOLDER")
            continue
        tell(f"measuring `{section}` …")
        match section:
            case "index":
                index.report([10_000, 100_000] if given.large else [10_000])
            case "start":
                start.report()
            case "questions":
                questions.report()
            case "sync":
                syncing.report(given.data)
            case "answers":
                answers.report(given.data)


if __name__ == "__main__":
    main()
