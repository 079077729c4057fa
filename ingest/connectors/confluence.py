"""Pages, blog posts and attachments of Confluence, in Atlassian's Cloud or in a Data Center of one's own.

A page is known by its number, which it keeps when it is moved or renamed; its revision is the number of its
version. Who may read is asked for with each listing: of each space, and of each page alone; `permissions`
makes of it who may read by all that is above. What is archived, in the trash or a draft is no document, but
what pages lie in counts for them whatever became of it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, SecretStr, model_validator

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest import connectors
from ingest.connectors._confluence import ATTACHMENT, BLOG, PAGE, Item, Site, Space, as_html
from ingest.connectors._confluence_cloud import Cloud
from ingest.connectors._confluence_dc import DataCenter
from ingest.connectors._http import Home
from ingest.connectors._rules import Rules
from ingest.connectors._tree import read_media_type
from ingest.documents import EVERYONE, Container, Content, Entry, Group, Inheritance, Listed, Readers

_AT_ONCE = 8
"""Pages of which restrictions and attachments are asked for at the same time."""
_MEDIA = (".media.atlassian.com", "api.media.atlassian.com")
"""Where the Cloud keeps files."""
_HIGHEST = 100
"""How many things a page may lie in."""
_MARKS = {BLOG: "blog/", ATTACHMENT: "attachment/"}
"""What the ids of documents begin with that are no pages."""


class Connector(connectors.Connector):
    """Pages of Confluence. `include` and `exclude` are about `SPACE/Title`, as `HR/*` or `*/Drafts*`."""

    about = connectors.About(
        system="Confluence",
        example='{name: eng, type: confluence, url: "https://acme.atlassian.net/wiki",'
        ' email: bot@example.com, token: "${CONFLUENCE_TOKEN}", spaces: [ENG, HR]}',
        rights="In the Cloud, an API token of an account of its own"
        " (https://id.atlassian.com/manage-profile/security/api-tokens) that may see the spaces; whoever sees"
        " a space sees its permissions, and whoever sees a page its restrictions. In a Data Center, a"
        " personal access token of somebody who administers the spaces: nobody else is told their"
        " permissions. Who may read is what Confluence says of the space, of the page and of all pages above"
        " it.",
        limits=(
            "A page with restrictions that leave out the token's owner is not seen at all, nor is it listed.",
            "Whoever hides their e-mail from the token's owner is known by their account alone: say who it is"
            " in `aliases`. A Data Center tells user names: `people_domain` makes e-mails of them.",
            "Permissions of a Data Center's space are told since Confluence 9.1; before, `readers` says who"
            " may read the space, and restrictions narrow that.",
            "Who may read by a licence or a role of a space alone, and by no group or name, is not told.",
            "A change of what a macro shows of other pages is seen when the page itself is edited, or by"
            " `sabio sync --full`. Comments, whiteboards and databases are not read.",
        ),
        proven="a local stand-in that speaks as both do",
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
    """In a Data Center that tells no e-mails: people have theirs as `USERNAME@` this domain."""

    _opened: Site | None = PrivateAttr(default=None)
    _parts: dict[str, str] = PrivateAttr(default_factory=dict)
    _unseen: list[str] = PrivateAttr(default_factory=list)

    @model_validator(mode="after")
    def _check_login(self) -> Connector:
        if self.deployment == "cloud" and not self.email:
            raise ValueError("`email` says whose `token` it is; for a Data Center, set `deployment`")
        return self

    def scan(self) -> Iterator[Listed]:
        """List every page, post and attachment that is current. See the port for what is raised."""
        self._unseen.clear()
        for space in self._chosen():
            readers = self._site.space_readers(space)
            if readers is None:
                self._unseen.append(f"the permissions of the space {space.key}")
            yield Container(_above(space), space.title, self.readers if readers is None else readers)
            yield from self._below(space)

    def fetch(self, entry: Entry) -> Content:
        """The page as Confluence shows it, or the file. See the port for what is raised."""
        kind, number = _named(entry.id)
        try:
            if kind != ATTACHMENT:
                title, body = self._site.text(kind, number)
                data: bytes | None = as_html(title, body)
                name = f"{number}.html"
            else:
                data, name = self._site.download(self._site.file_address(number), self.max_bytes), entry.title
        except DocumentError as error:
            raise DocumentError(f"{entry.title} is gone, or may not be read: {error}") from error
        if data is None or len(data) > self.max_bytes:
            raise self.too_large(entry)
        return Content(data, name, entry.media_type)

    def groups(self) -> Iterator[Group]:
        """See the port."""
        for key, title in sorted(self._site.titles.items()):
            try:
                members = frozenset(self._site.person(one) for one in self._site.members(key))
            except DocumentError:  # restrictions go on naming groups that were deleted
                members = frozenset()
            yield Group(self.group(key), title, members)

    def part_of(self, entry: Entry) -> str | None:
        """The key of its space, once it was listed."""
        return self._parts.get(entry.id)

    def preflight(self) -> Iterator[str]:
        """See the port. What could not be seen is known after a scan."""
        for unseen in self._unseen[:5]:
            yield f"{unseen} could not be seen; look at what the owner of `token` may do there"
        if (rest := len(self._unseen) - 5) > 0:
            yield f"the same goes for {rest:,} more"

    def ignored(self, entry_id: str) -> str | None:
        """See the port, but for `SPACE/Title`: what was listed under a number was left out by no rule."""
        return None if _named(entry_id)[1].removeprefix("att").isdecimal() else super().ignored(entry_id)

    # Listing

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

    def _below(self, space: Space) -> Iterator[Listed]:
        """All that is in a space, with what is said of each thing alone."""
        try:
            items = {item.id: item for item in self._site.items(space)}
        except DocumentError as error:
            raise UnavailableError(
                f"source {self.name}: the space {space.key} went away while it was listed"
            ) from error
        waiting = list(items.values())
        while waiting:  # what pages lie in, and are no pages or none that are told
            lost = {item.parent for item in waiting if item.parent and item.parent[1] not in items}
            waiting = [found for kind, id_ in sorted(lost) if (found := self._site.above(kind, id_))]
            items |= {item.id: item for item in waiting}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for listed in pool.map(lambda item: self._looked_at(space, item), items.values()):
                yield from listed

    def _looked_at(self, space: Space, item: Item) -> list[Listed]:
        readers = self._site.restrictions(item.id)
        if readers is None:
            self._unseen.append(f"the restrictions of {space.key}/{item.title}")
        above = _id(*item.parent) if item.parent else _above(space)
        if not item.current or item.kind not in {PAGE, BLOG}:
            title = item.title or item.kind
            return [Container(_id(item.kind, item.id), title, readers, above, Inheritance.NARROWS)]
        rules = Rules(self.include, self.exclude, defaults=False)
        path = f"{space.key}/{item.title}"
        if rules.ignored_here(path):
            found: list[Listed] = [
                Container(_id(item.kind, item.id), item.title, readers, above, Inheritance.NARROWS)
            ]
        else:
            found = [self._entry(space, item, readers, above)]
        if self.attachments:
            found += self._files(space, item)
        return found

    def _files(self, space: Space, item: Item) -> list[Listed]:
        """The attachments of a page or post; they are read by whoever may read that."""
        rules = Rules(self.include, self.exclude, defaults=True)
        try:
            listed = list(self._site.attachments(item))
        except DocumentError:  # it went away meanwhile, and they with it
            return []
        return [
            self._entry(space, one, frozenset({EVERYONE}), _id(item.kind, item.id))
            for one in listed
            if one.current and rules.ignored_here(f"{space.key}/{one.title}") is None
        ]

    def _entry(self, space: Space, item: Item, readers: Readers | None, above: str) -> Entry:
        entry_id = _id(item.kind, item.id)
        self._parts[entry_id] = space.key
        is_file = item.kind == ATTACHMENT
        return Entry(
            id=entry_id,
            revision=item.version,
            title=item.title,
            media_type=_media_type(item) if is_file else item.media_type,
            url=self._site.address(item.link),
            updated_at=item.changed,
            author=item.author,
            readers=readers,
            size=item.size,
            parent=above,
            inheritance=Inheritance.NARROWS,
        )

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
            self._opened = (Cloud if cloud else DataCenter)(self.name, home, self.people_domain)
        return self._opened


def _media_type(file: Item) -> str:
    """By its name, as everywhere; where that says nothing, as Confluence tells it."""
    by_name = read_media_type(file.title)
    return file.media_type if by_name == "application/octet-stream" else by_name


def _above(space: Space) -> str:
    return f"space/{space.key}"


def _id(kind: str, number: str) -> str:
    """Pages are known by their number alone; of all else, the kind belongs to it."""
    return number if kind == PAGE else f"{_MARKS.get(kind, f'{kind}/')}{number}"


def _named(entry_id: str) -> tuple[str, str]:
    """The kind and number of a document."""
    for kind, mark in _MARKS.items():
        if entry_id.startswith(mark):
            return kind, entry_id.removeprefix(mark)
    return PAGE, entry_id
