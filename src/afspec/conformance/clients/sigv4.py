"""Signatures of requests to S3 (AWS Signature Version 4, Authenticating Requests: Using the Authorization Header)."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Key:
    """A key to a store; its secret half is not shown where the key is."""

    identity: str
    secret: str = field(repr=False)

    @classmethod
    def read(cls, text: str) -> Key | None:
        """The key that is written ID:SECRET; None where a half is missing."""
        identity, _, secret = text.strip().partition(":")
        return cls(identity, secret) if identity and secret else None


def signed(
    key: Key,
    method: str,
    url: str,
    *,
    at: dt.datetime,
    body: bytes = b"",
    region: str = "us-east-1",
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The headers of a request to S3, signed; `url` has its path as it is sent, percent-encoded.

    The usual region is what MinIO and Ceph take any request for, and AWS's first.
    """
    headers = headers or {}
    parts = urlsplit(url)
    digest = hashlib.sha256(body).hexdigest()
    stamp = f"{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    own = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    every = {name.lower(): " ".join(value.split()) for name, value in headers.items()} | own
    names = ";".join(sorted(every))
    request = "\n".join(
        [
            method,
            parts.path or "/",
            _query(parts.query),
            *(f"{name}:{every[name]}" for name in sorted(every)),
            "",
            names,
            digest,
        ]
    )
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    text = "\n".join([_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    signature = _hmac(_signing_key(key, stamp[:8], region), text).hex()
    credential = f"{_ALGORITHM} Credential={key.identity}/{scope},SignedHeaders={names},Signature={signature}"
    return {**headers, **{name: value for name, value in own.items() if name != "host"}, "Authorization": credential}


def _query(query: str) -> str:
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parse_qsl(query, True))  # noqa: FBT003
    return "&".join(f"{name}={value}" for name, value in pairs)


def _signing_key(key: Key, day: str, region: str) -> bytes:
    made = f"AWS4{key.secret}".encode()
    for word in (day, region, "s3", "aws4_request"):
        made = _hmac(made, word)
    return made


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
