"""Who changed each file of a git commit last, and when."""

from __future__ import annotations

import heapq
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from ingest.connectors._tree import encode_path

Repo = Any
"""A repository of dulwich. Its types of ids differ from version to version; all of them are `bytes`."""


class Change(NamedTuple):
    """The last edit of a file."""

    author: str
    seconds: int
    """When the author made it, since 1970."""


@dataclass(frozen=True, slots=True)
class History:
    """The last changes of a commit's files, by id; files of unknown history are absent."""

    commit: str
    changes: Mapping[str, Change]

    def save(self, file: Path) -> None:
        """Keep it for the next run. A reader sees the old file or the new one, whole."""
        file.parent.mkdir(parents=True, exist_ok=True)
        passing = file.with_name(f"{file.name}.{uuid4().hex}")
        try:
            passing.write_text(json.dumps([self.commit, self.changes]), "utf-8")
            passing.replace(file)
        finally:
            passing.unlink(missing_ok=True)


def load(file: Path) -> History | None:
    """What `save` kept, or None where there is nothing that can be read."""
    try:
        commit, changes = json.loads(file.read_text("utf-8"))
        return History(
            str(commit), {path: Change(str(who), int(when)) for path, (who, when) in changes.items()}
        )
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def trace(repo: Repo, commit: bytes, files: set[bytes], known: History | None = None) -> History:
    """Follow `files` of `commit` back to the commits that made them what they are.

    Each commit hands the files that a parent has alike to that parent and keeps the others, which it
    changed: so changes on a branch that a merge threw away do not count. `known` ends the walk where an
    earlier one began. Beyond the edge of a shallow clone nothing is known, and nothing is claimed.
    """
    shallow = repo.get_shallow()
    changes: dict[str, Change] = {}
    waiting: dict[bytes, set[bytes]] = {commit: set(files)}
    newest = [(-repo[commit].commit_time, commit)]
    while newest:
        _, here = heapq.heappop(newest)
        mine = waiting.pop(here, set())
        if known and here == known.commit.encode():
            found = {path for path in mine if encode_path(path) in known.changes}
            changes |= {encode_path(path): known.changes[encode_path(path)] for path in found}
            mine -= found
        if not mine or here in shallow:
            continue
        made = repo[here]
        for parent in made.parents:
            if not mine:
                break
            changed = _changed_paths(repo, repo[parent].tree, made.tree)
            if alike := mine - changed:
                if parent not in waiting:
                    heapq.heappush(newest, (-repo[parent].commit_time, parent))
                waiting.setdefault(parent, set()).update(alike)
                mine &= changed
        changes |= dict.fromkeys(map(encode_path, mine), Change(_author(made.author), made.author_time))
    return History(commit.decode(), changes)


def _changed_paths(repo: Repo, before: Any, after: Any) -> set[bytes]:
    from dulwich.diff_tree import tree_changes

    return {change.new.path for change in tree_changes(repo.object_store, before, after) if change.new}


def _author(author: bytes) -> str:
    """The author's name, or the address where there is no name."""
    name, _, address = author.decode("utf-8", "replace").partition("<")
    return name.strip() or address.rstrip("> ")
