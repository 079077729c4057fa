"""What the logs of several drives tell together, and what is to be listed for it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ingest.connectors._gdrive import FOLDER, Drive, Place
from ingest.connectors._gdrive_account import Json
from ingest.connectors._gdrive_look import Look, gate_of
from ingest.documents import Entry, Listed


@dataclass
class Told:
    """What the logs tell. A change is told as the state of a thing now, and once for each log that it is in:
    https://developers.google.com/workspace/drive/api/guides/about-changes"""

    read: Collection[str]
    """The ids of the shared drives that are read, which have logs of their own."""
    gone: set[str] = field(default_factory=set)
    drives: list[Place] = field(default_factory=list)
    """Those that have another name, or other members."""
    present: dict[str, tuple[Place, Json]] = field(default_factory=dict)

    def hear(self, place: Place, log: Iterable[Json]) -> None:
        """Take in what the log of a drive tells; that of the account's own drive comes first."""
        for event in log:
            if event.get("changeType") == "drive":
                if place.shared and place not in self.drives:
                    self.drives.append(place)
                continue
            file, item = event.get("fileId"), event.get("file")
            if not file:
                continue
            if event.get("removed") or item is None:
                self.gone.add(file)  # from this log; another may tell where it is
            elif item.get("trashed"):
                self.gone.add(file)
                self.present.pop(file, None)
            elif (where := item.get("driveId")) == (place.id if place.shared else None):
                self.present[file] = place, item
            elif where not in self.read or place.shared:
                self.gone.add(file)

    def listed(self, look: Look, drive: Drive) -> Iterator[Listed]:
        """All that may be other than before, each once; what is listed no more is `gone` after that."""
        folders = {file: one for file, one in self.present.items() if _is_folder(one[1])}
        look.learn(item for _, item in folders.values())
        files = self._below(folders, look, drive)
        files |= {file: one for file, one in self.present.items() if file not in folders}
        for place in self.drives:
            yield from look.containers(place, [{"id": place.id}])
        for place, item in folders.values():
            yield from look.containers(place, [item, *look.chain(place, item)])
            if gate := gate_of(item):
                self.gone.add(gate)
        for file, (place, item) in files.items():
            found = list(look.document(place, item))
            yield from found
            if not any(isinstance(one, Entry) for one in found):
                self.gone.add(file)

    @staticmethod
    def _below(
        folders: Mapping[str, tuple[Place, Json]], look: Look, drive: Drive
    ) -> dict[str, tuple[Place, Json]]:
        """The files at any depth below some folders. One that was brought back, or moved here, is told of
        without what lies in it; and with another name, the paths below are others."""
        files: dict[str, tuple[Place, Json]] = {}
        seen: set[str] = set()
        for place in dict.fromkeys(place for place, _ in folders.values()):
            waiting = [file for file, (here, _) in folders.items() if here == place and file not in seen]
            while waiting:
                seen.update(waiting)
                found = list(drive.children(place, waiting))
                deeper = [item for item in found if _is_folder(item)]
                look.learn(deeper)
                files |= {item["id"]: (place, item) for item in found if not _is_folder(item)}
                waiting = [item["id"] for item in deeper if item["id"] not in seen]
        return files


def encode(reading: str, marks: Mapping[str, str]) -> str:
    """A cursor: a mark in each log, and what is `reading` them, as its options make it."""
    return json.dumps({"reading": reading, "marks": marks}, sort_keys=True)


def decode(cursor: str, reading: str) -> dict[str, str] | None:
    """The marks again; None for a cursor of another reading, or that is none."""
    try:
        said = json.loads(cursor)
    except ValueError:
        return None
    if (
        not isinstance(said, dict)
        or said.get("reading") != reading
        or not isinstance(said.get("marks"), dict)
    ):
        return None
    return {str(key): str(mark) for key, mark in said["marks"].items()}


def _is_folder(item: Json) -> bool:
    return item.get("mimeType") == FOLDER
