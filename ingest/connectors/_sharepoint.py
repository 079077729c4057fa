"""What Microsoft Graph is asked about sites, drives and people, and what it says:
https://learn.microsoft.com/en-us/graph/api/resources/onedrive."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors._sharepoint_account import Application, Interface, Json
from ingest.connectors._tokens import RefusedError

_ITEM = (
    "id,name,parentReference,file,folder,package,root,deleted,shared,remoteItem,malware,size,eTag,cTag,webUrl,"
    "lastModifiedDateTime,lastModifiedBy"
)
_DRIVE = "id,name,webUrl"
_SITE = "id,displayName,name,webUrl"
_PERSON = "id,mail,userPrincipalName"
# https://learn.microsoft.com/en-us/graph/api/driveitem-delta#scanning-permissions-hierarchies. All requests
# of a log have to prefer the same: with a token that was given for another preference, Graph wants all to be
# read again.
_PREFER = {
    "Prefer": "deltashowremovedasdeleted, deltatraversepermissiongaps, deltashowsharingchanges,"
    " hierarchicalsharing"
}
_GONE = frozenset({404, 410})
_GRANT = {
    "sites": "grant the application permission `Sites.Read.All`, or `Sites.Selected` and these sites",
    "permissions": "grant the application permission `Sites.FullControl.All` or, with `Sites.Selected`, full"
    " control of these sites: Microsoft tells no others who may read",
    "people": "grant the application permission `User.ReadBasic.All`",
    "groups": "grant the application permission `GroupMember.Read.All`, and `Member.Read.Hidden` where groups"
    " hide their members",
}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OWNERS = "_o"


@dataclass(frozen=True, slots=True)
class Place:
    """A drive that is read: a library of a site, or somebody's OneDrive."""

    id: str
    library: str
    """Its own name."""
    owner: str
    """What people call the site, or the address of the person."""
    site: str
    """What the ids of SharePoint's own groups are unique in."""

    @property
    def title(self) -> str:
        """Both names."""
        return f"{self.owner}/{self.library}"


class Graph:
    """Microsoft Graph, as one application sees it. Thread-safe."""

    def __init__(self, application: Application, url: str) -> None:
        """Raises `ConfigError` for an address that is none."""
        self._source = application.source
        self._asked = Interface(application, url, "graph_url")

    def site_places(self, address: str) -> Iterator[Place]:
        """The libraries of the site at an address. Raises `ConfigError`, that names `sites`, where there is
        none."""
        parts = urlsplit(address)
        path = parts.path.rstrip("/")
        where = f"sites/{parts.hostname}:{quote(path)}" if path else f"sites/{parts.hostname}"
        try:
            site = self._asked.json(where, params={"$select": _SITE})
        except RefusedError as error:
            if error.status not in {400, 404}:
                raise self.explained(error, "sites") from error
            raise ConfigError(
                f"source {self._source}: sites: there is no site at {address}, or the application may not"
                " see it"
            ) from error
        yield from self._libraries(site)

    def all_places(self) -> Iterator[Place]:
        """The libraries of all sites that are listed:
        https://learn.microsoft.com/en-us/graph/api/site-search."""
        try:
            sites = list(self._asked.values("sites", params={"search": "*", "$select": _SITE}))
        except RefusedError as error:
            raise self.explained(error, "sites") from error
        for site in sorted(sites, key=lambda one: str(one["id"])):
            yield from self._libraries(site)

    def person_place(self, person: str) -> Place:
        """A person's OneDrive. Raises `ConfigError`, that names `users`, where there is none."""
        try:
            drive = self._asked.json(f"users/{_part(person)}/drive", params={"$select": _DRIVE})
        except RefusedError as error:
            if error.status not in {400, 404}:
                raise self.explained(error, "sites") from error
            raise ConfigError(
                f"source {self._source}: users: {person} has no OneDrive, or the application may not see it"
            ) from error
        return Place(str(drive["id"]), str(drive.get("name") or "OneDrive"), person, str(drive["id"]))

    def log(self, place: Place, link: str | None = None) -> tuple[list[Json], str] | None:
        """What is in a drive, or what happened in it since a link was given, oldest first; and the link for
        the time after. None where Graph does not know that any more."""
        path = self._asked.own(link) if link else f"drives/{_part(place.id)}/root/delta"
        sent = {} if link else {"params": {"$select": _ITEM}}
        found: list[Json] = []
        further = ""
        try:
            for page in self._asked.pages(path, headers=_PREFER, **sent):
                found += page["value"]
                further = page.get("@odata.deltaLink") or ""
        except RefusedError as error:
            if error.status in _GONE and (link or error.status == 410):
                return None
            raise self.explained(error, "sites") from error
        if not further:
            raise UnavailableError(
                f"source {self._source}: the listing of {place.title} ended without a mark"
            )
        return found, further

    def permissions(self, place: Place, items: Sequence[str]) -> Iterator[list[Json] | RefusedError]:
        """Who may do what with some files and folders, each in turn:
        https://learn.microsoft.com/en-us/graph/api/driveitem-list-permissions."""
        for said in self._batch(
            [f"drives/{_part(place.id)}/items/{_part(item)}/permissions" for item in items]
        ):
            if isinstance(said, RefusedError):
                yield said
                continue
            found, link = list(said.get("value") or ()), said.get("@odata.nextLink")
            if link:
                try:
                    found += self._asked.values(self._asked.own(link))
                except RefusedError as error:
                    raise self.explained(error, "permissions") from error
            yield found

    def people(self, ids: Iterable[str]) -> dict[str, Json]:
        """Those of these people whom Entra ID still knows, by id."""
        asked = sorted(set(ids))
        found: dict[str, Json] = {}
        for person, said in zip(
            asked, self._batch([f"users/{_part(one)}?$select={_PERSON}" for one in asked]), strict=True
        ):
            if not isinstance(said, RefusedError):
                found[person] = said
            elif said.status not in {400, 404}:
                raise self.explained(said, "people")
        return found

    def members(self, group: str) -> list[Json]:
        """The people in a group of Entra ID, also by way of groups in it; or, of `ID_o`, its owners. Nobody
        is in a group that is gone."""
        id_ = group.removesuffix(_OWNERS)
        path = f"groups/{_part(id_)}/{'owners' if id_ != group else 'transitiveMembers'}"
        try:
            # Without a filter, which would ask an index that lags behind.
            found = list(self._asked.values(path, params={"$select": _PERSON, "$top": 999}))
        except RefusedError as error:
            if error.status in {400, 404}:
                return []
            raise self.explained(error, "groups") from error
        return [one for one in found if one.get("@odata.type") in {None, "#microsoft.graph.user"}]

    def file(self, place: str, item: str) -> tuple[str, int]:
        """A file's name and size. Raises `DocumentError`, as `body`."""
        try:
            said = self._asked.json(
                f"drives/{_part(place)}/items/{_part(item)}", params={"$select": "id,name,size,malware"}
            )
        except RefusedError as error:
            raise self._about_document(error) from error
        if "malware" in said:
            raise DocumentError("it may not be read: SharePoint has found it infected")
        return str(said["name"]), int(said.get("size") or 0)

    def body(self, place: str, item: str, limit: int) -> bytes | None:
        """A file's bytes, or None where there are more than `limit`. Raises `DocumentError`."""
        try:
            return self._asked.download(f"drives/{_part(place)}/items/{_part(item)}/content", limit)
        except RefusedError as error:
            raise self._about_document(error) from error

    def explained(self, error: RefusedError, about: str) -> ConfigError | UnavailableError:
        """A refusal as what is to be done about it."""
        said = f"source {self._source}: Graph refuses ({error})"
        if error.status == 401:
            return ConfigError(f"{said}; look at `tenant`, `client_id` and `client_secret` or `certificate`")
        if error.status == 403:
            return ConfigError(f"{said}: {_GRANT[about]}; look at `client_id`, which application that is")
        if error.status in _GONE:
            return ConfigError(
                f"{said}: what was just listed is not there; look at `sites`, `users` and `graph_url`"
            )
        return ConfigError(f"{said}; look at `graph_url`")

    def unsettled(self, place: Place) -> UnavailableError:
        """The error for a drive that changes too much to be listed now."""
        return UnavailableError(
            f"source {self._source}: {place.title} cannot be listed now; the next sync tries again"
        )

    def _about_document(self, error: RefusedError) -> DocumentError | ConfigError | UnavailableError:
        if error.status in _GONE:
            return DocumentError("it is gone from SharePoint")
        if error.status in {403, 423}:
            return DocumentError(f"it may not be read: Graph refuses it ({error})")
        return self.explained(error, "sites")

    def _batch(self, paths: Sequence[str]) -> Iterator[Json | RefusedError]:
        try:
            yield from self._asked.batch(paths)
        except RefusedError as error:
            raise self.explained(error, "sites") from error

    def _libraries(self, site: Json) -> Iterator[Place]:
        owner = str(
            site.get("displayName")
            or site.get("name")
            or urlsplit(str(site.get("webUrl"))).path
            or site["id"]
        )
        # `host,site collection,site`: https://learn.microsoft.com/en-us/graph/api/resources/site
        collection = str(site["id"]).split(",")[1] if str(site["id"]).count(",") == 2 else str(site["id"])
        try:
            drives = list(self._asked.values(f"sites/{_part(site['id'])}/drives", params={"$select": _DRIVE}))
        except RefusedError as error:
            raise self.explained(error, "sites") from error
        for drive in sorted(drives, key=lambda one: str(one["id"])):
            yield Place(str(drive["id"]), str(drive["name"]), owner, collection)


def is_entra_id(text: str) -> bool:
    """Whether this is an id as Entra ID gives them."""
    return _ID.fullmatch(text) is not None


def _part(text: str) -> str:
    """An id as a part of a path."""
    return quote(str(text), safe="!,@")
