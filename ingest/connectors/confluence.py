"""Pages, blog posts and attachments of Confluence, in Atlassian's Cloud or in a Data Center of one's own.

A page is known by its number, which it keeps when it is moved or renamed; its revision is the number of its
version, with its title. Who may read is asked for with each listing: of each space, and of each page alone;
`permissions` makes of it who may read by all that is above. What is archived, in the trash or a draft is no
document, but what pages lie in counts for them whatever became of it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, SecretStr, field_validator, model_validator

from config.errors import ConfigError, DocumentError
from ingest import connectors
from ingest.connectors._confluence import ATTACHMENT, Space, as_html
from ingest.connectors._confluence_cloud import Cloud
from ingest.connectors._confluence_dc import DataCenter
from ingest.connectors._confluence_listing import Choice, Listing, named
from ingest.connectors._confluence_site import Site
from ingest.connectors._http import Home
from ingest.connectors._rules import Rules
from ingest.documents import Content, Entry, Group, Listed

_MEDIA = (".media.atlassian.com", "api.media.atlassian.com")
"""Where the Cloud keeps files."""


class Connector(connectors.Connector):
    """Pages of Confluence. `include` and `exclude` are about `SPACE/Title`, as `HR/*` or `*/Drafts*`."""

    about = connectors.About(
        system="Confluence",
        example='{name: eng, type: confluence, url: "https://acme.atlassian.net/wiki",'
        ' email: bot@example.com, token: "${CONFLUENCE_TOKEN}", spaces: [ENG, HR]}',
        rights="In the Cloud, an API token without scopes of an account of its own"
        " (https://id.atlassian.com/manage-profile/security/api-tokens) that may see the spaces and their"
        " pages; whoever sees a space sees its permissions, and whoever sees a page its restrictions. In a"
        " Data Center (`deployment: datacenter`), a personal access token of somebody who administers the"
        " spaces: nobody else is told their permissions. Who may read is what Confluence says of the space,"
        " of the page and of all pages above it; `readers` counts for spaces whose permissions are not told.",
        limits=(
            "A page with restrictions that leave out the token's owner is not seen at all, nor is it listed.",
            "Whoever hides their e-mail from the token's owner is known by their account alone: say who it is"
            " in `aliases`, as `user:SOURCE/ACCOUNT`. A Data Center tells user names and no e-mails:"
            " `people_domain` makes e-mails of them.",
            "Permissions of a Data Center's space are told since Confluence 9.1; before, `readers` says who"
            " may read the space, and restrictions narrow that.",
            "Who may read a Cloud's space by a role alone, as all who have a licence, is not told: name a"
            " group in the space's permissions. A space is everyone's where its permissions name strangers,"
            " whatever the site as a whole allows them.",
            "A change of what a macro shows of other pages is seen when the page itself is edited, or by"
            " `sabio sync --full`. Comments, whiteboards and databases are not read.",
        ),
        proven="a local fake that speaks as the Cloud and as a Data Center do, after their documentation",
    )
    knows_readers = True

    url: str
    """Address of the site, as `https://acme.atlassian.net/wiki`."""
    deployment: Literal["cloud", "datacenter"] = "cloud"
    """Atlassian's `cloud`, or a `datacenter` of one's own."""
    email: str | None = None
    """In the Cloud, of the account whose token it is."""
    token: SecretStr
    """An API token; in a Data Center, a personal access token."""
    spaces: tuple[str, ...] = ()
    """The keys of the spaces that are read. Not set: all that are neither archived nor somebody's own."""
    personal_spaces: bool = False
    """Whether, where `spaces` is not set, people's own are read as well."""
    attachments: bool = True
    """Whether files on pages are read."""
    people_domain: str | None = Field(default=None, pattern=r"^[^\s@:/]+\.[^\s@:/]+$")
    """In a Data Center, which tells no e-mails: people have theirs as `USERNAME@` this domain."""

    _opened: Site | None = PrivateAttr(default=None)
    _last: Listing | None = PrivateAttr(default=None)
    """The last listing that was begun."""

    @field_validator("spaces", mode="before")
    @classmethod
    def _allow_one(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _check_login(self) -> Connector:
        if self.deployment == "cloud" and not self.email:
            raise ValueError("`email` says whose `token` it is; for a Data Center, set `deployment`")
        return self

    def scan(self) -> Iterator[Listed]:
        """List every page, post and attachment that is current. See the port for what is raised."""
        return self._list(names=True)

    def permissions(self) -> Iterator[Listed]:
        """The same, without the names of authors."""
        return self._list(names=False)

    def fetch(self, entry: Entry) -> Content:
        """The page as Confluence shows it, or the file. See the port for what is raised."""
        kind, number = named(entry.id)
        try:
            if kind == ATTACHMENT:
                address = self._site.file_address(number)
                data, name = self._site.api.download(address, self.max_bytes), entry.title
            else:
                data, name = as_html(*self._site.text(kind, number)), f"{number}.html"
        except DocumentError as error:
            raise DocumentError(f"{entry.title} is gone, or may not be read: {error}") from error
        if data is None or len(data) > self.max_bytes:
            raise self.too_large(entry)
        return Content(data, name, entry.media_type)

    def groups(self) -> Iterator[Group]:
        """See the port."""
        people = self._site.people
        waiting = sorted(people.titles)
        seen = set(waiting)
        for key in waiting:  # which grows by the groups in these
            members = self._members(key)
            waiting += (fresh := sorted(set(people.titles) - seen))
            seen |= set(fresh)
            yield Group(self.group(key), self._site.group_title(key), members)

    def part_of(self, entry: Entry) -> str | None:
        """The key of its space, once it was listed."""
        return self._last.parts.get(entry.id) if self._last else None

    def preflight(self) -> Iterator[str]:
        """See the port: what the last listing could not see."""
        if self._last is None:
            for _ in self.permissions():
                pass
        if self._last is not None:
            yield from self._last.unseen.sentences()
        if unlisted := self._site.unlisted:
            whom = ", ".join(sorted(set(unlisted.values())))
            yield (
                f"whoever may read {', '.join(sorted(unlisted))} by a role alone ({whom}) may not read it"
                " here: Confluence does not tell who that is; name a group in the permissions of the space"
            )

    def ignored(self, entry_id: str) -> str | None:
        """See the port, but for `SPACE/Title`: what was listed under a number was left out by no rule."""
        return None if named(entry_id)[1].removeprefix("att").isdecimal() else super().ignored(entry_id)

    def _list(self, *, names: bool) -> Iterator[Listed]:
        self._site.forget()
        pages = Rules(self.include, self.exclude, defaults=False)
        files = Rules(self.include, self.exclude, defaults=True) if self.attachments else None
        listing = self._last = Listing(self._site, Choice(self.name, pages, files, self.readers, names))
        for space in self._chosen():
            yield from listing.space(space)

    def _chosen(self) -> list[Space]:
        try:
            found = {space.key: space for space in self._site.spaces()}
        except DocumentError as error:
            raise ConfigError(
                f"source {self.name}: url: there is no Confluence ({error}); is it the address of the site,"
                " and is `deployment` right?"
            ) from error
        if not self.spaces:
            wanted = [space for space in found.values() if not space.archived]
            return [space for space in wanted if self.personal_spaces or space.kind != "personal"]
        for key in self.spaces:
            if key not in found:
                near = get_close_matches(key, found, n=1)
                known = ", ".join(sorted(found)[:20]) or "none"
                raise ConfigError(
                    f"source {self.name}: spaces: {key!r} is no space that the owner of `token` may see;"
                    f" {f'did you mean {near[0]!r}?' if near else f'there are: {known}'}"
                )
        return [found[key] for key in dict.fromkeys(self.spaces)]

    def _members(self, group: str) -> frozenset[str]:
        """Who is in a group, and the groups in it."""
        people = self._site.people
        try:
            listed = [people.person(one) for one in self._site.members(group)]
            listed += [people.group(one) for one in self._site.nested(group)]
        except DocumentError:  # restrictions go on naming groups that were deleted
            return frozenset()
        except ConfigError as error:
            title = people.titles[group]
            raise ConfigError(f"{error}; it was asked who is in the group {title!r}") from error
        return frozenset(one for one in listed if one)

    @property
    def _site(self) -> Site:
        if self._opened is None:
            cloud, token = self.deployment == "cloud", self.token.get_secret_value()
            basic = b64encode(f"{self.email}:{token}".encode()).decode()
            parts = urlsplit(self.url)
            at_home = cloud and (parts.hostname or "").endswith(".atlassian.net") and parts.path in {"", "/"}
            home = Home(
                self.name,
                f"{self.url.rstrip('/')}{'/wiki' if at_home else ''}/",
                credentials="`email` and `token`" if cloud else "`token`",
                headers={"Authorization": f"Basic {basic}" if cloud else f"Bearer {token}"},
                secrets=(token, basic),
                others=_MEDIA if cloud else (),
            )
            site: Site = Cloud(self.name, home) if cloud else DataCenter(self.name, home, self.people_domain)
            self._opened = site
        return self._opened
