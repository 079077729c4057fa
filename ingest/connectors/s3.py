"""The objects of a bucket of Amazon S3, or of anything that speaks as it does: MinIO, Ceph, R2, Spaces.

An object is known by its key, so one that is renamed is another document. Its revision is its ETag, which S3
makes anew whenever the object is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, SecretStr, field_validator, model_validator

from ingest import connectors
from ingest.connectors import _tree
from ingest.connectors._rules import Rules
from ingest.connectors._s3 import Bucket
from ingest.documents import Content, Entry

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
_FROZEN = frozenset({"GLACIER", "DEEP_ARCHIVE"})


class Connector(connectors.Connector):
    """The objects of a bucket. `include` and `exclude` are about whole keys."""

    about = connectors.About(
        system="S3",
        example='{name: bucket, type: s3, bucket: docs, prefix: "public/", region: eu-central-1,'
        ' access_key_id: "${S3_KEY}", secret_access_key: "${S3_SECRET}", readers: [everyone]}',
        rights="An access key that may `s3:ListBucket` (on the bucket) and `s3:GetObject` (on all in it), or"
        " the role of the machine; none where strangers may list the bucket. S3's own rights are those of"
        " programs, and not of people in a chat: who may read is said by `readers`.",
        limits=(
            "An object that is renamed is another document. Of a bucket with versions, the newest are read.",
            "Objects of the storage classes `GLACIER` and `DEEP_ARCHIVE` are left out: they cannot be read at"
            " once. What S3 itself has put into an archive tier is reported, and not read.",
            "Objects with `.` or `..` between two `/` of their key are reported, and not read.",
            "Where S3 is not Amazon's own, buckets are part of the path (`https://s3.example.com/docs/`).",
        ),
        proven="moto, which stands for Amazon S3",
    )

    bucket: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """The name of the bucket."""
    prefix: str = ""
    """Only objects whose key begins so, as `public/`."""
    endpoint_url: str | None = None
    """Address of an S3 that is not Amazon's own, as `https://s3.example.com`."""
    region: str | None = None
    """As `eu-central-1`. Not set: that of the machine (`AWS_DEFAULT_REGION`, `~/.aws/config`)."""
    access_key_id: str | None = None
    """Who asks. Not set: what Amazon's botocore finds on the machine (`AWS_ACCESS_KEY_ID`, `~/.aws`, the role
    of the machine), and where it finds nothing, what the bucket shows to everybody."""
    secret_access_key: SecretStr | None = None
    """The secret that belongs to it."""
    session_token: SecretStr | None = None
    """The token that belongs to both where they are valid for some time only."""
    url: str | None = None
    """Address of an object for people, as `https://files.example.com/{path}`: `{path}` is the key, `{stem}`
    the key without its ending, `{name}` what follows its last `/`. Not set: its address in S3."""

    _opened: Bucket | None = PrivateAttr(default=None)

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        return url and _tree.check_pattern(url, ("path", "stem", "name"))

    @field_validator("endpoint_url")
    @classmethod
    def _check_endpoint(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            raise ValueError("an address as https://s3.example.com is expected")
        # Signatures are made for a host without its usual port, and requests are to name the same.
        usual = ":443" if parts.scheme == "https" else ":80"
        return parts._replace(netloc=parts.netloc.removesuffix(usual), fragment="").geturl()

    @model_validator(mode="after")
    def _check_keys(self) -> Connector:
        if (self.access_key_id is None) is not (self.secret_access_key is None):
            raise ValueError("`access_key_id` and `secret_access_key` are set together, or neither is")
        if self.session_token is not None and self.access_key_id is None:
            raise ValueError("`session_token` belongs to an `access_key_id`")
        return self

    def scan(self) -> Iterator[Entry]:
        """List every object that no rule leaves out. See the port for what it promises and raises."""
        rules = self._rules()
        for listed in self._bucket.objects(self.prefix):
            key = str(listed["Key"])
            # Consoles show such a key as a folder. What no text can hold could not be asked for later on.
            if key.endswith("/") or "\0" in key or listed.get("StorageClass") in _FROZEN:
                continue
            if rules.ignored(key, below=self._above) is None:
                yield self._entry(key, listed)

    def fetch(self, entry: Entry) -> Content:
        """The object's bytes as they are now. See the port for what is raised."""
        large = entry.size is not None and entry.size > self.max_bytes
        data = None if large else self._bucket.body(entry.id)
        if data is None:
            raise self.too_large(entry)
        return Content(data, entry.id.rsplit("/", 1)[-1], entry.media_type)

    def part_of(self, entry: Entry) -> str | None:
        """The folder at the top, or below `prefix`, that it is in."""
        return _tree.top_folder(entry.id.removeprefix(f"{self._above}/" if self._above else ""))

    def ignored(self, entry_id: str) -> str | None:
        """See the port."""
        if not entry_id.startswith(self.prefix):
            return f"prefix: {self.prefix}"
        return self._rules().ignored(entry_id, below=self._above)

    @property
    def _above(self) -> str:
        """The folder that `prefix` leads to, without `/`."""
        return self.prefix.rpartition("/")[0]

    @property
    def _bucket(self) -> Bucket:
        if self._opened is None:
            secrets = {
                "aws_secret_access_key": self.secret_access_key,
                "aws_session_token": self.session_token,
            }
            given = {name: one.get_secret_value() for name, one in secrets.items() if one is not None}
            if self.access_key_id is not None:
                given["aws_access_key_id"] = self.access_key_id
            place = self.endpoint_url, self.region
            self._opened = Bucket(self.name, self.bucket, *place, given, self.max_bytes)
        return self._opened

    def _rules(self) -> Rules:
        return Rules(self.include, self.exclude, defaults=True)

    def _entry(self, key: str, listed: Mapping[str, Any]) -> Entry:
        changed, size = listed.get("LastModified"), listed.get("Size")
        tag = str(listed.get("ETag") or changed).strip('"')
        return Entry(
            id=key,
            revision=f"{tag}-{size}",
            title=_tree.read_title(key),
            media_type=_tree.read_media_type(key),
            url=_tree.fill_pattern(self.url or f"{self._bucket.address}{{path}}", key),
            updated_at=changed and changed.astimezone(UTC),
            readers=self.readers,
            size=size,
        )
