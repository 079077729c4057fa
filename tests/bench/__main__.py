"""Measures speed and answer quality: `python -m tests.bench [--data FOLDER] [SECTION…]`; prints Markdown.

`answers`, `claims` and `sync` are measured on public data that is not part of this repository: see `bases`
for the layout of FOLDER. Without it they are left out. What is made on the way is kept in `var/bench`.
`engines`, `load`, `production` and `sizing` start servers or take long, so they wait to be named.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    answers,
    claims,
    engines,
    index,
    load,
    planning,
    production,
    questions,
    sizing,
    slack,
    start,
    syncing,
)
from tests.bench.tables import tell

SECTIONS: dict[str, Callable[[argparse.Namespace], None]] = {
    "index": lambda given: index.report([10_000, 100_000] if given.large else [10_000]),
    "start": lambda _: start.report(),
    "planning": lambda _: planning.report(),
    "questions": lambda _: questions.report(),
    "slack": lambda _: slack.report(),
    "load": lambda _: load.report(),
    "sync": lambda given: syncing.report(given.data),
    "answers": lambda given: answers.report(given.data),
    "claims": lambda given: claims.report(given.data),
    "sizing": lambda _: sizing.report(),
    "engines": lambda given: engines.report(given.data),
    "production": lambda given: production.report(given.documents, real=given.real),
}
ON_DATA = ("answers", "claims", "sync")
ON_REQUEST = ("engines", "load", "production", "sizing")


def main() -> None:
    """Run the sections that were named, or all but those on request."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where the public data is")
    parser.add_argument("--large", action="store_true", help="the index also with 100,000 rows")
    parser.add_argument("--documents", type=int, default=10_000, metavar="N", help="for `production`")
    parser.add_argument("--real", action="store_true", help="`production` with the local model")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    given = parser.parse_args()
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    if given.data is not None and not given.data.is_dir():
        parser.error(f"--data {given.data}: there is no such folder")
    for section in given.sections or [name for name in SECTIONS if name not in ON_REQUEST]:
        if section in ON_DATA and given.data is None:
            tell(f"`{section}` is left out: it needs --data FOLDER")
            continue
        tell(f"measuring `{section}` …")
        SECTIONS[section](given)


if __name__ == "__main__":
    main()
