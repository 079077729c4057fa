"""What is in a drive: files and folders by id, each knowing what it lies in, and what happened to them
since."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ingest.connectors._sharepoint_account import Json

_LEFT_OUT = frozenset({"url", "aspx", "one", "onetoc2"})
"""Endings of what holds no text of its own: links, pages of classic sites, notebooks of OneNote."""

Folder = tuple[str | None, str | None]
"""Name and parent of a folder. The name of a package, which is no folder for people, is None."""


@dataclass
class Tree:
    """The folders of a drive, and the link to what happens in it from now on."""

    link: str = ""
    folders: dict[str, Folder] = field(default_factory=dict)

    def path(self, item: Json) -> str | None:
        """The names from the drive's root down to a file; None for what is within a package."""
        names, seen = [str(item["name"])], {item["id"]}
        above = parent_of(item)
        while above in self.folders and above not in seen:
            seen.add(above)
            name, further = self.folders[above]
            if name is None:
                return None
            if further is None:
                break
            names.append(name)
            above = further
        return "/".join(reversed(names))

    def learn(self, items: Iterable[Json]) -> bool:
        """Take in what happened, with the last that is said of each. False where that does not tell all that
        is other than before: with a folder's name or place the addresses of what is in it change, and what is
        in one that is new here may have come with it, as from the bin."""
        told = True
        inside: dict[str | None, int] = {}
        for item in items:
            if "deleted" not in item:
                inside[parent_of(item)] = inside.get(parent_of(item), 0) + 1
        for item in items:
            if "deleted" in item:
                self.folders.pop(item["id"], None)
            elif not is_file(item):
                folder = _folder(item)
                before = self.folders.get(item["id"])
                children = int((item.get("folder") or {}).get("childCount") or 0)
                told &= before == folder if before else children <= inside.get(item["id"], 0)
                self.folders[item["id"]] = folder
        return told


@dataclass
class Mark:
    """Where a whole source is: what its cursor keeps."""

    reading: str
    """What is read, and how, as the configuration says it."""
    trees: dict[str, Tree] = field(default_factory=dict)
    """By drive."""
    groups: dict[str, str] = field(default_factory=dict)
    """Those that may read something, with their titles."""

    def encoded(self) -> str:
        """As text."""
        trees = {drive: {"link": tree.link, "folders": tree.folders} for drive, tree in self.trees.items()}
        return json.dumps(
            {"reading": self.reading, "trees": trees, "groups": self.groups}, separators=(",", ":")
        )

    @classmethod
    def decoded(cls, text: str, reading: str) -> Mark | None:
        """None for a text that is none, or one of something else than is read now."""
        try:
            said = json.loads(text)
            if said["reading"] != reading:
                return None
            trees = {
                drive: Tree(
                    tree["link"], {id_: (name, above) for id_, (name, above) in tree["folders"].items()}
                )
                for drive, tree in said["trees"].items()
            }
            return cls(reading, trees, dict(said["groups"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def last_of_each(items: Iterable[Json]) -> dict[str, Json]:
    """What is said last of each: https://learn.microsoft.com/en-us/graph/api/driveitem-delta#remarks."""
    found: dict[str, Json] = {}
    for item in items:
        found.pop(item["id"], None)
        found[item["id"]] = item
    return found


def is_file(item: Mapping[str, object]) -> bool:
    """Whether it is no folder, and nothing that is shown as one."""
    return not {"folder", "package", "root"} & item.keys()


def is_document(item: Json) -> bool:
    """Whether a file has a body to read: it is no link to elsewhere, no notebook, and not infected."""
    ending = str(item.get("name") or "").rpartition(".")[2].casefold()
    return "file" in item and not {"remoteItem", "malware"} & item.keys() and ending not in _LEFT_OUT


def parent_of(item: Json) -> str | None:
    """The id of what it lies in; None for the root of a drive."""
    return None if "root" in item else (item.get("parentReference") or {}).get("id")


def _folder(item: Json) -> Folder:
    return None if "package" in item else str(item.get("name") or ""), parent_of(item)
