"""Files in the libraries of SharePoint's sites and in people's OneDrives, by Microsoft Graph.

All is listed by the log of each drive, which also tells what happened later. A file or folder has readers of
its own, or those of the folder that it lies in.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from difflib import get_close_matches
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, SecretStr, field_validator, model_validator

from config.errors import ConfigError, DocumentError
from config.fields import Principals
from ingest import connectors
from ingest.connectors._rules import Rules
from ingest.connectors._sharepoint import Graph, Place
from ingest.connectors._sharepoint_account import Application
from ingest.connectors._sharepoint_listing import Facts, Look
from ingest.connectors._sharepoint_readers import person
from ingest.connectors._sharepoint_tree import Mark, Tree, last_of_each
from ingest.connectors._tree import read_media_type
from ingest.documents import Changes, Content, Entry, Group, Listed, Readers

_ALL = "all"
_FRESH = 60.0
"""Seconds for which a listing that nobody has taken yet is as good as a new one."""


class Connector(connectors.Connector):
    """Files of SharePoint and OneDrive. `include` and `exclude` are about paths below a drive, with the
    library's name first, as `Documents/Handbook/*.docx`; pictures, archives, programs and hidden files are
    left out by default."""

    about = connectors.About(
        system="SharePoint and OneDrive",
        example='{name: sites, type: sharepoint, tenant: acme.onmicrosoft.com, client_id: "…",'
        ' client_secret: "${GRAPH_SECRET}", sites: ["https://acme.sharepoint.com/sites/hr"]}',
        rights="An application that is registered in Entra ID, with the application permissions of Microsoft"
        " Graph `Sites.FullControl.All` (or `Sites.Selected`, with full control of the sites that are read:"
        " Microsoft tells no others who may read), `GroupMember.Read.All` and `User.ReadBasic.All`; an"
        " administrator consents to them. Nothing is ever written. SharePoint is asked who may read a file:"
        " people, groups of Entra ID, and links for certain people. Links for the whole organization or for"
        " anyone let nobody find a document here. Graph does not tell who is in the groups that a site keeps"
        " itself, as *HR Members*: say it in `site_groups`.",
        limits=(
            "Pages of sites, lists, notebooks of OneNote, files that are only links, and subsites that"
            " `sites` does not name are not read.",
            "Of a file with an unpublished draft, what Graph gives to an application is read, and that may be"
            " the draft: leave out libraries whose readers must not see drafts.",
            "Every file and folder is asked for its readers, which Microsoft's limits allow for some 240 to"
            " 1,200 of them a minute, by the size of the company; where there are more than some thousands,"
            " set `marks`.",
            "Custom levels of permission, invitations that nobody has accepted, and links for the whole"
            " organization that somebody has opened count for nothing.",
            "When a folder is renamed or moved, or comes back from the bin, all is listed anew.",
        ),
        proven="a local fake, written after Microsoft's documentation",
    )
    knows_readers = True

    tenant: str
    """The tenant of Entra ID: its id, or a domain of it, as `acme.onmicrosoft.com`."""
    client_id: str
    """The id of the application."""
    client_secret: SecretStr | None = None
    """A secret of the application."""
    certificate: connectors.Place | None = None
    """Instead of a secret: a PEM file with a private key, and the certificate that the application has."""
    sites: tuple[str, ...] = ()
    """Addresses of sites, as `https://acme.sharepoint.com/sites/hr`; or `all`."""
    users: tuple[str, ...] = ()
    """The addresses of people whose OneDrive is read."""
    drives: tuple[str, ...] = ()
    """Only these drives of them, by name, as `Documents`, or by id. Not set: all."""
    site_groups: dict[str, Principals] = Field(default_factory=dict)
    """Who is in groups that sites keep themselves, by the group's name, as principals:
    `{"HR Members": ["group:hr"]}`. Those that are not named have no members."""
    organization: Principals = frozenset()
    """Who *everyone except external users* is, as principals, as `domain:acme.com`. Not set: nobody."""
    marks: bool = False
    """Ask only of what Graph marks as having readers of its own, and believe of the rest that it has those of
    its folder. Much less is asked; Microsoft promises the marks to applications with `Sites.FullControl.All`
    alone."""
    graph_url: str = "https://graph.microsoft.com/v1.0/"
    """Where Microsoft Graph is; national clouds have their own."""
    login_url: str = "https://login.microsoftonline.com/"
    """Where applications sign in; national clouds have their own."""

    _opened: Graph | None = PrivateAttr(default=None)
    _mark: Mark | None = PrivateAttr(default=None)
    """Where the last listing ended."""
    _kept: list[Listed] | None = PrivateAttr(default=None)
    """A listing that nobody has taken yet."""
    _kept_at: float = PrivateAttr(default=0.0)
    _titles: dict[str, str] = PrivateAttr(default_factory=dict)
    """Of the drives."""
    _facts: Facts | None = PrivateAttr(default=None)
    """Of the last look at all of it."""

    @field_validator("sites")
    @classmethod
    def _check_sites(cls, sites: tuple[str, ...]) -> tuple[str, ...]:
        for site in sites:
            parts = urlsplit(site)
            if site != _ALL and (parts.scheme not in {"http", "https"} or not parts.hostname):
                raise ValueError(
                    f"{site!r} is no address as `https://acme.sharepoint.com/sites/hr`, and not `all`"
                )
        return tuple(dict.fromkeys(sites))

    @model_validator(mode="after")
    def _check_together(self) -> Connector:
        if (self.client_secret is None) is (self.certificate is None):
            raise ValueError("either `client_secret` or `certificate` is set")
        if not self.sites and not self.users:
            raise ValueError("`sites` or `users` has to name what is read")
        return self

    def scan(self) -> Iterator[Listed]:
        """List every file with text, and the folders. See the port for what is raised."""
        if self._kept is None or time.monotonic() > self._kept_at + _FRESH:
            self._list()
        listed, self._kept = self._kept or [], None
        yield from listed

    def fetch(self, entry: Entry) -> Content:
        """The file as it is now. See the port for what is raised."""
        drive, _, number = entry.id.partition("/")
        try:
            name, size = self._graph.file(drive, number)
            data = None if size > self.max_bytes else self._graph.body(drive, number, self.max_bytes)
        except DocumentError as error:
            raise DocumentError(f"{entry.title}: {error}") from error
        if data is None:
            raise self.too_large(entry)
        return Content(data, name, read_media_type(name))

    def part_of(self, entry: Entry) -> str | None:
        """The site or person, and the library."""
        return self._titles.get(entry.id.partition("/")[0])

    def groups(self) -> Iterator[Group]:
        """See the port. A group that a site keeps itself has the members that `site_groups` says."""
        for key, title in sorted(self._last_mark().groups.items()):
            yield Group(self.group(key), title, self._members(key, title))

    def cursor(self) -> str:
        """See the port. All is listed for it, for so the log of a drive is begun; `scan` then gives that."""
        return self._list().encoded()

    def changes(self, cursor: str) -> Changes | None:
        """See the port. All is listed anew where a drive is new or gone, where a folder has another name or
        place, and where something else than before is to be read."""
        mark = Mark.decoded(cursor, self._reading)
        if mark is None:
            return None
        places = self._places()
        if {place.id for place in places} != mark.trees.keys():
            return None
        look, gone = self._new_look(), set[str]()
        for place in places:
            tree = mark.trees[place.id]
            log = self._graph.log(place, tree.link)
            if log is None:
                return None
            items, tree.link = last_of_each(log[0]), log[1]
            if not tree.learn(items.values()):
                return None
            look.walk(place, tree, items.values())
            gone |= {f"{place.id}/{number}" for number in items}
        listed = look.listed(self.organization)
        gone -= {one.id for one in listed}
        mark.groups |= look.groups()
        self._mark, self._kept = mark, None
        return Changes(listed, frozenset(gone | {f"{one}/" for one in gone}), mark.encoded())

    def preflight(self) -> Iterator[str]:
        """See the port."""
        if self._facts is None:
            self._list()
        yield from self._warnings(self._facts) if self._facts else ()

    def ignored(self, entry_id: str) -> str | None:
        """See the port, but for paths: what was listed under an id was left out by no rule."""
        return None if entry_id.partition("/")[0] in self._titles else self._rules.ignored(entry_id)

    # Listing

    @property
    def _graph(self) -> Graph:
        if self._opened is None:
            secret = self.client_secret.get_secret_value() if self.client_secret else None
            application = Application(
                self.name, self.login_url, self.tenant, self.client_id, secret, self.certificate
            )
            self._opened = Graph(application, self.graph_url)
        return self._opened

    @property
    def _rules(self) -> Rules:
        return Rules(self.include, self.exclude, defaults=True)

    @property
    def _reading(self) -> str:
        """What is read, and how."""
        what = (self.graph_url, self.sites, self.users, self.drives, self.include, self.exclude)
        return json.dumps([*what, self.marks, sorted(self.organization)])

    def _new_look(self) -> Look:
        return Look(self._graph, self.name, self._rules, marks=self.marks)

    def _last_mark(self) -> Mark:
        return self._mark or self._list()

    def _list(self) -> Mark:
        """List all, and keep it for `scan`."""
        mark, look = Mark(self._reading), self._new_look()
        for place in self._places():
            log = self._graph.log(place)
            if log is None:
                raise self._graph.unsettled(place)
            tree = mark.trees[place.id] = Tree(log[1])
            items = [item for item in last_of_each(log[0]).values() if "deleted" not in item]
            tree.learn(items)
            look.walk(place, tree, items)
        self._kept, self._kept_at = look.listed(self.organization), time.monotonic()
        mark.groups = look.groups()
        self._mark, self._facts = mark, look.facts()
        return mark

    def _warnings(self, facts: Facts) -> Iterator[str]:
        unknown = facts.site_groups - self.site_groups.keys()
        if unknown:
            some = ", ".join(sorted(unknown)[:5])
            yield (
                f"Graph does not tell who is in {len(unknown)} groups of sites ({some}), so"
                " nobody reads by way of these: say it in `site_groups`"
            )
        if facts.is_open_inside and not self.organization:
            yield (
                "some of it is open to everyone in the organization, and nobody reads by way of that: say who"
                " that is in `organization`"
            )
        if facts.closed:
            yield (
                f"nobody may read {', '.join(facts.closed[:5])} as a whole, as far as Graph"
                " tells the application of `client_id`: has it full control there?"
            )

    def _places(self) -> list[Place]:
        """The drives that are read, each once."""
        places: dict[str, Place] = {}
        for site in self.sites:
            for place in self._graph.all_places() if site == _ALL else self._graph.site_places(site):
                places.setdefault(place.id, place)
        for user in self.users:
            place = self._graph.person_place(user)
            places.setdefault(place.id, place)
        names = {place.library for place in places.values()}
        for drive in self.drives:
            if drive not in names | places.keys():
                [*nearest] = get_close_matches(drive, names, n=1)
                hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
                raise ConfigError(f"source {self.name}: drives: there is no {drive!r} in what is read{hint}")
        wanted = set(self.drives) or names
        kept = [place for place in places.values() if {place.id, place.library} & wanted]
        self._titles = {place.id: place.title for place in kept}
        return kept

    def _members(self, key: str, title: str) -> Readers:
        """Of a group of a site, or of Entra ID."""
        if "/" in key:
            return self.site_groups.get(title, frozenset())
        return frozenset().union(*(person(self.name, one) for one in self._graph.members(key)))
