"""What an S3 bucket is asked, and what it says: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html.

botocore makes the requests, signs them and reads the replies; what is sent between goes by `Http`.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from config.errors import ConfigError, DocumentError, UnavailableError
from config.secrets import mask, spellings
from ingest.connectors._http import Home, Http

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.exceptions import ClientError

PAGE = 1000
"""Keys on a page of a listing; S3 gives no more."""
_LONGEST_PAGE = 64_000_000
_LONGEST_ERROR = 100_000

_KEYS = "`access_key_id` and `secret_access_key`"
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
_REFUSED = frozenset(
    {"AccountProblem", "AllAccessDisabled", "CredentialsNotSupported", "InvalidAccessKeyId", "NotSignedUp"}
    | {"InvalidSecurity", "MissingSecurityHeader", "SignatureDoesNotMatch", "401"}
)
_EXPIRED = frozenset({"ExpiredToken", "InvalidToken", "TokenRefreshRequired"})
_ELSEWHERE = frozenset(
    {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "IncorrectEndpoint"}
    | {"PermanentRedirect", "TemporaryRedirect", "301", "307"}
)
_NO_BUCKET = frozenset({"InvalidBucketName", "NoSuchBucket"})
_GONE = frozenset({"404", "NoSuchKey"})
_PASSING = frozenset({"InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown", "500"})

Json = dict[str, Any]


class Bucket:
    """One bucket. Thread-safe."""

    def __init__(
        self,
        source: str,
        bucket: str,
        endpoint_url: str | None,
        region: str | None,
        keys: Mapping[str, str],
        limit: int,
    ) -> None:
        """`keys` are botocore's own words for credentials; without them those are taken that it finds on this
        machine, and where there are none, requests are not signed. `limit` is the most bytes of an object.
        Raises `ConfigError`."""
        self._source, self._bucket, self._limit = source, bucket, limit
        self._secrets = spellings(keys.values())
        logging.getLogger("botocore").setLevel(logging.WARNING)  # below that it tells session tokens
        self._client = self._connect(endpoint_url, region, keys)
        endpoint = urlsplit(self._client.meta.endpoint_url)
        if endpoint_url is None and "." not in bucket:
            endpoint = endpoint._replace(netloc=f"{bucket}.{endpoint.netloc}")
        option = "endpoint_url" if endpoint_url else "region"
        self._http = Http(Home(source, endpoint.geturl(), option, _KEYS, secrets=tuple(keys.values())))

    @property
    def address(self) -> str:
        """What the address of an object is, up to its key."""
        return f"{self._client.meta.endpoint_url.rstrip('/')}/{self._bucket}/"

    def objects(self, prefix: str) -> Iterator[Json]:
        """What is listed of all objects whose key begins so. Raises `ConfigError` and `UnavailableError`."""

        def ask(token: str | None) -> tuple[Json, str | None]:
            further = {"ContinuationToken": token} if token else {}
            said = self._asked("list_objects_v2", Prefix=prefix, MaxKeys=PAGE, **further)
            if said.get("IsTruncated") and not said.get("NextContinuationToken"):
                raise UnavailableError(self._said("the listing breaks off without saying where it goes on"))
            return said, said["NextContinuationToken"] if said.get("IsTruncated") else None

        for said in self._http.pages(ask):
            yield from said.get("Contents", ())

    def body(self, key: str) -> bytes | None:
        """An object's bytes, or None where there are more than the limit. Raises `DocumentError` where this
        one cannot be had, and else as `objects`."""
        if {".", ".."} & set(key.split("/")):
            # Whoever is between here and there may take them for steps to another object, or bucket.
            raise DocumentError(f"{key} cannot be asked for: in an address, `.` and `..` are no names")
        try:
            data: bytes = self._asked("get_object", Key=key)["Body"].read()
        except _TooLargeError:
            return None
        return data

    def _connect(self, endpoint_url: str | None, region: str | None, keys: Mapping[str, str]) -> Any:
        import botocore
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session

        # A certificate is for names one level below its own, so a bucket with a dot is no part of a host.
        below = endpoint_url or "." in self._bucket
        options: Json = {
            "retries": {"total_max_attempts": 1},  # `Http` asks again
            "s3": {"addressing_style": "path" if below else "virtual"},
            "ignore_configured_endpoint_urls": True,  # where it is, the source's own options say
            "response_checksum_validation": "when_required",
        }
        try:
            session = Session()
            session.register_component("data_loader", _descriptions())
            if not keys and session.get_credentials() is None:
                options["signature_version"] = botocore.UNSIGNED
            client = session.create_client(
                "s3", region, endpoint_url=endpoint_url, config=Config(**options), **keys
            )
        except (BotoCoreError, ValueError) as error:
            raise self._unmade(error) from error
        client.meta.events.register("before-send.s3", self._send)
        return client

    def _send(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
        """Send what botocore has made and signed; raises as `Http.reply`."""
        from botocore.awsrequest import AWSResponse

        wanted = event_name.endswith(".GetObject")
        headers = {
            name: value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        limit = max(self._limit, _LONGEST_ERROR) if wanted else _LONGEST_PAGE
        reply = self._http.reply(request.url, limit, method=request.method, headers=headers)
        data = reply.body
        if wanted and reply.status < 300 and (data is None or len(data) > self._limit):
            raise _TooLargeError
        if data is None:
            raise ConfigError(self._said("what answers is no S3, but much longer; look at `endpoint_url`"))
        # They are about what was sent, which may have been packed.
        told = {name: value for name, value in reply.headers.items() if name not in _PACKED}
        return AWSResponse(request.url, reply.status, told, _Body(data))

    def _asked(self, operation: str, **given: Any) -> Json:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            said: Json = getattr(self._client, operation)(Bucket=self._bucket, **given)
        except ClientError as error:
            raise self._explained(error, given.get("Key")) from error
        except ResponseParserError as error:
            raise ConfigError(self._said("what answers is no S3; look at `endpoint_url`")) from error
        except BotoCoreError as error:
            raise self._unmade(error) from error
        if operation == "list_objects_v2" and "IsTruncated" not in said:  # a page of something else
            raise ConfigError(self._said("what answers is no S3; look at `endpoint_url`"))
        return said

    def _unmade(self, error: Exception) -> ConfigError:
        """Why a request could not even be made."""
        name = type(error).__name__
        if "Region" in name:
            option = "`region`"
        elif "Validation" in name:
            option = "`bucket`"
        elif isinstance(error, ValueError):
            option = "`endpoint_url`"
        else:
            option = f"{_KEYS}, and at the variables AWS_* and the folder ~/.aws of this machine"
        return ConfigError(self._said(f"{error}; look at {option}"))

    def _explained(
        self, error: ClientError, key: str | None
    ) -> ConfigError | DocumentError | UnavailableError:
        """What S3 refused; `key` is that of the object that was asked for."""
        about, told = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        code, text = str(about.get("Code", "")), about.get("Message") or "without a word"
        said = f"S3 says {code} ({text})"
        if code in _PASSING:
            return UnavailableError(self._said(f"{said}; the next sync tries again"))
        if code in _NO_BUCKET:
            return ConfigError(self._said(f"{said}; look at `bucket`"))
        if code in _EXPIRED:
            return ConfigError(self._said(f"{said}; look at `session_token`, and at {_KEYS}"))
        if code == "RequestTimeTooSkewed":
            return ConfigError(self._said(f"{said}; is the clock of this machine right?"))
        if code in _REFUSED:
            return ConfigError(self._said(f"{said}; look at {_KEYS}"))
        if code in _ELSEWHERE:
            place = about.get("Region") or told.get("HTTPHeaders", {}).get("x-amz-bucket-region")
            where = f"`region`, which is {place} for this bucket" if place else f"`region`, and at {_KEYS}"
            return ConfigError(self._said(f"{said}; look at {where}"))
        if key is not None:
            why = "is gone" if code in _GONE else "may not be read"
            return DocumentError(f"{key} {why}: {mask(said, self._secrets)}")
        return self._unlisted(said, code)

    def _unlisted(self, said: str, code: str) -> ConfigError:
        if code in {"403", "AccessDenied"}:
            return ConfigError(self._said(f"{said}; look at {_KEYS}: do they allow s3:ListBucket?"))
        option = "`bucket` and `endpoint_url`" if code == "404" else "`endpoint_url`"
        return ConfigError(self._said(f"{said}; look at {option}"))

    def _said(self, text: str) -> str:
        return mask(f"source {self._source}: {text}", self._secrets)


_PACKED = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class _TooLargeError(Exception):
    """An object is larger than its limit."""


class _Body(io.BytesIO):
    """A body as botocore wants it."""

    def stream(self) -> Iterator[bytes]:
        """All of it."""
        yield self.getvalue()


@cache
def _descriptions() -> Any:
    """What botocore knows of Amazon's services: some megabytes, which each client would read anew."""
    from botocore.loaders import create_loader

    return create_loader()
