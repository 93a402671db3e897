"""An object store that answers as MinIO does: buckets, objects, and requests signed with AWS Signature Version 4.

Source: AWS, "Authenticating Requests: Using the Authorization Header" and "Using Query Parameters" (Amazon S3 API
Reference); MinIO's error texts. Whether the request's date is recent is not checked.
"""

from __future__ import annotations

import hashlib
import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit
from xml.sax.saxutils import escape

from servers.serving import Answer, Asked, Served

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "AWS4-HMAC-SHA256"
_MESSAGES = {
    "AccessDenied": (403, "Access Denied."),
    "InvalidAccessKeyId": (403, "The Access Key Id you provided does not exist in our records."),
    "SignatureDoesNotMatch": (
        403,
        (
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        ),
    ),
    "NoSuchBucket": (404, "The specified bucket does not exist"),
    "NoSuchKey": (404, "The specified key does not exist."),
    "MethodNotAllowed": (405, "The specified method is not allowed against this resource."),
}


def _sorted_query(target: str) -> str:
    pairs = parse_qsl(urlsplit(target).query, keep_blank_values=True)
    coded = sorted((quote(key, safe="-_.~"), quote(value, safe="-_.~")) for key, value in pairs)
    return "&".join(f"{key}={value}" for key, value in coded if key != "X-Amz-Signature")


def signature(asked: Asked, secret: str, scope: str, signed: str, given: Mapping[str, str]) -> str:
    """The signature that a request must carry.

    `scope` is date/region/service/aws4_request, `signed` the names of signed headers with ; between, `given` holds
    the request's time (x-amz-date) and the digest of its body (x-amz-content-sha256).
    """
    headers = "".join(f"{name}:{' '.join(asked.headers.get(name, '').split())}\n" for name in signed.split(";"))
    path = urlsplit(asked.target).path
    body = given["x-amz-content-sha256"]
    request = "\n".join((asked.method, path, _sorted_query(asked.target), headers, signed, body))
    text = "\n".join((ALGORITHM, given["x-amz-date"], scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


class ObjectStore(Served):
    """Buckets of objects, and one pair of keys that opens them all, as ServiceX gives it to its users."""

    access_key = "miniouser"

    def __init__(self, secret_key: str) -> None:
        super().__init__()
        self.secret_key = secret_key
        self.buckets: dict[str, dict[str, bytes]] = {}

    def answer(self, asked: Asked) -> Answer:
        bucket, _, key = asked.path.lstrip("/").partition("/")
        if wrong := self._refusal(asked):
            return _error(wrong, bucket, key)
        if asked.method not in {"GET", "HEAD"}:
            return _error("MethodNotAllowed", bucket, key)
        if bucket not in self.buckets:
            return _error("NoSuchBucket", bucket, key)
        if not key:
            return self._listing(bucket, asked.query.get("prefix", ""))
        if key not in self.buckets[bucket]:
            return _error("NoSuchKey", bucket, key)
        content = self.buckets[bucket][key]
        tag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return Answer(200, content, "application/octet-stream", {"ETag": f'"{tag}"', "Accept-Ranges": "bytes"})

    def _listing(self, bucket: str, prefix: str) -> Answer:
        found = {key: content for key, content in sorted(self.buckets[bucket].items()) if key.startswith(prefix)}
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size></Contents>"
            for key, content in found.items()
        )
        return _xml(
            200,
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{escape(bucket)}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(found)}</KeyCount>"
            f"<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>",
        )

    def _refusal(self, asked: Asked) -> str:
        """The error of a request that is not signed as it must be; "" for one that is."""
        query = asked.query
        if "X-Amz-Signature" in query:
            credential, signed = query.get("X-Amz-Credential", ""), query.get("X-Amz-SignedHeaders", "")
            sent = query["X-Amz-Signature"]
            given = {"x-amz-date": query.get("X-Amz-Date", ""), "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        else:
            kind, _, rest = asked.headers.get("authorization", "").partition(" ")
            if kind != ALGORITHM:
                return "AccessDenied"
            fields = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
            credential, signed = fields.get("Credential", ""), fields.get("SignedHeaders", "")
            sent = fields.get("Signature", "")
            given = {name: asked.headers.get(name, "") for name in ("x-amz-date", "x-amz-content-sha256")}
        access, _, scope = credential.partition("/")
        if access != self.access_key:
            return "InvalidAccessKeyId"
        right = signature(asked, self.secret_key, scope, signed, given)
        return "" if "host" in signed.split(";") and hmac.compare_digest(sent, right) else "SignatureDoesNotMatch"


def _xml(status: int, text: str) -> Answer:
    return Answer(status, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(), "application/xml")


def _error(code: str, bucket: str, key: str) -> Answer:
    status, message = _MESSAGES[code]
    return _xml(
        HTTPStatus(status),
        f"<Error><Code>{code}</Code><Message>{message}</Message><Key>{escape(key)}</Key>"
        f"<BucketName>{escape(bucket)}</BucketName><Resource>{escape(f'/{bucket}/{key}')}</Resource></Error>",
    )
