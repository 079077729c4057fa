"""What Confluence Cloud is asked: https://developer.atlassian.com/cloud/confluence/rest/v2/intro/, and
version 1 for what version 2 has no words for: restrictions, groups and people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.errors import DocumentError
from ingest.connectors._confluence import ATTACHMENT, BLOG, CURRENT, PAGE, Item, Json, Site, Space, read_time
from ingest.documents import EVERYONE, Readers

_PLACES = {PAGE: "pages", BLOG: "blogposts", "folder": "folders", "whiteboard": "whiteboards"} | {
    "database": "databases",
    "embed": "embeds",
}
"""What may be asked for by an id, and where."""
_VIEW = "view"
"""Only this representation has the anchors of headings, and what macros make."""


class Cloud(Site):
    """A site at atlassian.net."""

    first_page = 250

    def spaces(self) -> Iterator[Space]:
        """See `Site`."""
        for said in self.results("api/v2/spaces"):
            archived = said.get("status", CURRENT) != CURRENT
            kind = str(said.get("type") or "global")
            yield Space(
                str(said["id"]), str(said["key"]), str(said.get("name") or said["key"]), kind, archived
            )

    def items(self, space: Space) -> Iterator[Item]:
        """See `Site`. Without a word about status, archived pages are told as well: their readers count."""
        for said in self.results(f"api/v2/spaces/{space.id}/pages"):
            yield self._item(PAGE, said)
        for said in self.results(f"api/v2/spaces/{space.id}/blogposts"):
            yield self._item(BLOG, said)

    def attachments(self, item: Item) -> Iterator[Item]:
        """See `Site`."""
        for said in self.results(f"api/v2/{_PLACES[item.kind]}/{item.id}/attachments"):
            yield Item(
                id=str(said["id"]),
                kind=ATTACHMENT,
                title=str(said["title"]),
                version=_version(said),
                current=said.get("status", CURRENT) == CURRENT,
                parent=(item.kind, item.id),
                changed=_changed(said),
                author=self.name_of((said.get("version") or {}).get("authorId")),
                link=said.get("webuiLink") or (said.get("_links") or {}).get("webui"),
                media_type=str(said.get("mediaType") or "application/octet-stream"),
                size=said.get("fileSize"),
            )

    def above(self, kind: str, id_: str) -> Item | None:
        """See `Site`."""
        place = _PLACES.get(kind)
        said = self.may_see(f"api/v2/{place}/{id_}") if place else None
        return self._item(kind, said) if isinstance(said, dict) else None

    def space_readers(self, space: Space) -> Readers | None:
        """See `Site`."""
        path = f"api/v2/spaces/{space.id}/permissions"
        if self.may_see(path, params={"limit": 1}) is None:
            return None
        found = set()
        for said in self.results(path):
            operation, principal = said.get("operation") or {}, said.get("principal") or {}
            if (operation.get("key"), operation.get("targetType")) == ("read", "space"):
                found.add(self._principal(str(principal.get("type")).lower(), str(principal.get("id"))))
        return frozenset(found - {None})  # type: ignore[arg-type]

    def text(self, kind: str, id_: str) -> tuple[str, str]:
        """See `Site`."""
        said = self.said(f"api/v2/{_PLACES[kind]}/{id_}", params={"body-format": _VIEW})
        if said.get("status", CURRENT) != CURRENT:
            raise DocumentError(f"it is {said['status']}")
        bodies = said.get("body") or {}
        body = bodies.get(_VIEW) or next(iter(bodies.values()), None) or {}
        return str(said["title"]), str(body.get("value") or "")

    def file_address(self, id_: str) -> str:
        """See `Site`."""
        said = self.said(f"api/v2/attachments/{id_}")
        link = said.get("downloadLink") or (said.get("_links") or {}).get("download")
        if said.get("status", CURRENT) != CURRENT or not link:
            raise DocumentError("it is not there any more")
        return str(link)

    def members(self, group: str) -> Iterator[Json]:
        """See `Site`."""
        return self.results(f"rest/api/group/{group}/membersByGroupId")

    def _account(self, user: Mapping[str, Any]) -> str:
        return str(user.get("accountId"))

    def _asked_for(self, account: str) -> Json:
        return self.said("rest/api/user", params={"accountId": account})

    def _principal(self, kind: str, id_: str) -> str | None:
        if kind == "user":
            return self.person_by(id_)
        if kind == "group":
            return self.group({"id": id_})
        # https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-space-permissions/
        # Roles and licences stand for people whom nobody names here; strangers are named as such.
        return EVERYONE if "anonymous" in f"{kind} {id_}".lower() else None

    def _item(self, kind: str, said: Mapping[str, Any]) -> Item:
        above = said.get("parentId")
        return Item(
            id=str(said["id"]),
            kind=kind,
            title=str(said.get("title") or ""),
            version=_version(said),
            current=said.get("status", CURRENT) == CURRENT,
            parent=(str(said.get("parentType") or PAGE), str(above)) if above else None,
            changed=_changed(said),
            author=self.name_of((said.get("version") or {}).get("authorId") or said.get("authorId")),
            link=(said.get("_links") or {}).get("webui"),
        )


def _version(said: Mapping[str, Any]) -> str:
    return str((said.get("version") or {}).get("number") or "")


def _changed(said: Mapping[str, Any]) -> Any:
    return read_time((said.get("version") or {}).get("createdAt") or said.get("createdAt"))
