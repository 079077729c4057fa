"""What Confluence Cloud is asked: https://developer.atlassian.com/cloud/confluence/rest/v2/intro/, and
version 1 for what version 2 has no words for: restrictions, groups and people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.errors import DocumentError
from ingest.connectors._confluence import ATTACHMENT, BLOG, CURRENT, PAGE, Item, Json, Space, read_time
from ingest.connectors._confluence_people import People, Told
from ingest.connectors._confluence_site import TOLD, Site
from ingest.connectors._http import Home
from ingest.documents import EVERYONE, Readers

_PLACES = {PAGE: "pages", BLOG: "blogposts", "folder": "folders", "whiteboard": "whiteboards"} | {
    "database": "databases",
    "embed": "embeds",
}
"""What may be asked for by an id, and where."""
_VIEW = "view"
"""Only this representation has the anchors of headings, and what macros make."""
_MOST, _MOST_SEARCHED, _MOST_PEOPLE = 250, 100, 200
"""How many things are asked for at once; of people in a group, more than 200 is refused."""
_NO_SEARCH = frozenset({400, 401, 405, 501})
"""Statuses of a search that is not to be had for these credentials; each page is then asked about."""


class Cloud(Site):
    """A site at atlassian.net."""

    def __init__(self, source: str, home: Home) -> None:
        super().__init__(source, home)
        self.people = People(source, self._look_up, ("accountId",))

    def spaces(self) -> Iterator[Space]:
        """See `Site`."""
        for said in self.api.results("api/v2/spaces", limit=_MOST):
            key, archived = str(said["key"]), said.get("status", CURRENT) != CURRENT
            kind, title = str(said.get("type") or "global"), str(said.get("name") or key)
            yield Space(str(said["id"]), key, title, kind, archived)

    def items(self, space: Space) -> Iterator[Item]:
        """See `Site`. Only what is current: without a word about status, archived pages are told as well."""
        searched = self._searched(space)
        for kind in (PAGE, BLOG):
            path = f"api/v2/spaces/{space.id}/{_PLACES[kind]}"
            for said in self.api.results(path, limit=_MOST, status=CURRENT):
                yield self._item(kind, said, searched.get(str(said["id"])) or {})

    def attachments(self, item: Item) -> Iterator[Item]:
        """See `Site`."""
        path = f"api/v2/{_PLACES[item.kind]}/{item.id}/attachments"
        for said in self.api.results(path, limit=_MOST, status=CURRENT):
            version = said.get("version") or {}
            yield Item(
                id=str(said["id"]),
                kind=ATTACHMENT,
                title=str(said.get("title") or said["id"]),
                version=_version(said) or str(said.get("fileId") or said.get("fileSize") or ""),
                current=said.get("status", CURRENT) == CURRENT,
                parent=(item.kind, item.id),
                changed=read_time(version.get("createdAt") or said.get("createdAt")),
                author_account=version.get("authorId"),
                link=said.get("webuiLink") or (said.get("_links") or {}).get("webui"),
                media_type=str(said.get("mediaType") or "application/octet-stream"),
                size=said.get("fileSize"),
            )

    def above(self, kind: str, id_: str) -> Item | None:
        """See `Site`."""
        place = _PLACES.get(kind)
        said = self.api.may_see(f"api/v2/{place}/{id_}") if place else None
        return self._item(kind, said, {}) if isinstance(said, dict) else None

    def space_readers(self, space: Space) -> Readers | None:
        """See `Site`."""
        listed = self.api.may_list(f"api/v2/spaces/{space.id}/permissions", limit=_MOST)
        if listed is None:
            return None
        found = {self._reader(space, said) for said in listed}
        return frozenset(one for one in found if one)

    def text(self, kind: str, id_: str) -> tuple[str, str]:
        """See `Site`."""
        said = self.api.said(f"api/v2/{_PLACES[kind]}/{id_}", **{"body-format": _VIEW})
        bodies = said.get("body") or {}
        body = bodies.get(_VIEW) or next(iter(bodies.values()), None)
        if said.get("status", CURRENT) != CURRENT or not isinstance(body, dict):
            raise DocumentError(f"it is {said.get('status')}, without a text to show")
        return str(said["title"]), str(body.get("value") or "")

    def file_address(self, id_: str) -> str:
        """See `Site`."""
        said = self.api.said(f"api/v2/attachments/{id_}")
        if said.get("status", CURRENT) != CURRENT:
            raise DocumentError(f"it is {said['status']}")
        page = said.get("pageId") or said.get("blogPostId")
        # https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-content---attachments/
        rest = f"rest/api/content/{page}/child/attachment/{id_}/download"
        return str(said.get("downloadLink") or (said.get("_links") or {}).get("download") or rest)

    def members(self, group: str) -> Iterator[Json]:
        """See `Site`."""
        return self.api.results(f"rest/api/group/{group}/membersByGroupId", limit=_MOST_PEOPLE)

    def group_title(self, group: str) -> str:
        """See `Site`. Permissions of spaces name groups by their ids alone."""
        title = super().group_title(group)
        said = self.api.may_see("rest/api/group/by-id", (400,), id=group) if title == group else None
        return str((said if isinstance(said, dict) else {}).get("name") or title)

    def _searched(self, space: Space) -> dict[str, Json]:
        """What a search tells of a space's pages in few requests: restrictions, and whether they have files.

        Whatever it does not find, its index being behind, is asked about alone.
        https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-content/#api-wiki-rest-api-content-search-get
        """
        listed = self.api.may_list(
            "rest/api/content/search",
            _NO_SEARCH,
            cql=f'space = "{space.key}" and type in (page, blogpost)',
            expand=f"{TOLD},childTypes.attachment",
            limit=_MOST_SEARCHED,
        )
        return {str(said.get("id")): said for said in listed or ()}

    def _look_up(self, user: Told) -> Any:
        return self.api.may_see("rest/api/user", accountId=user["accountId"])

    def _reader(self, space: Space, said: Mapping[str, Any]) -> str | None:
        """Whom a permission lets read the space; None for one that is about something else.

        https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-space-permissions/: besides users
        and groups there are roles, as all who have a licence, which nobody lists; strangers are one of them.
        """
        operation, principal = said.get("operation") or {}, said.get("principal") or {}
        if (operation.get("key"), operation.get("targetType")) != ("read", "space"):
            return None
        kind, id_ = str(principal.get("type") or "").lower(), str(principal.get("id") or "")
        if kind == "user":
            return self.people.person({"accountId": id_})
        if kind == "group":
            return self.people.group({"id": id_})
        if "anonymous" in f"{kind} {id_}".lower():
            return EVERYONE
        self.unlisted[space.key] = id_ or kind
        return None

    def _item(self, kind: str, said: Mapping[str, Any], searched: Mapping[str, Any]) -> Item:
        above, version = said.get("parentId"), said.get("version") or {}
        files = (searched.get("childTypes") or {}).get("attachment") or {}
        return Item(
            id=str(said["id"]),
            kind=kind,
            title=str(said.get("title") or ""),
            version=_version(said),
            current=said.get("status", CURRENT) == CURRENT,
            parent=(str(said.get("parentType") or PAGE), str(above)) if above else None,
            changed=read_time(version.get("createdAt") or said.get("createdAt")),
            author_account=version.get("authorId") or said.get("authorId"),
            link=(said.get("_links") or {}).get("webui"),
            restrictions=(searched.get("restrictions") or {}).get("read"),
            has_files=files.get("value") is not False,
        )


def _version(said: Mapping[str, Any]) -> str:
    version = said.get("version") or {}
    return str(version.get("number") or version.get("createdAt") or "")
