"""The object store: its signatures are AWS's own, and it opens to nothing else."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest

from servers.s3 import ObjectStore, signature
from servers.serving import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

# AWS, Amazon S3 API Reference, "Signature Calculations for the Authorization Header", examples.
_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105 - AWS's example
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_HEADERS = {"host": "examplebucket.s3.amazonaws.com", "x-amz-date": "20130524T000000Z", "x-amz-content-sha256": _EMPTY}


@pytest.mark.parametrize(
    ("target", "more", "expected"),
    [
        ("/test.txt", {"range": "bytes=0-9"}, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        ("/?lifecycle", {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("/?max-keys=2&prefix=J", {}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_signature_is_that_of_the_published_example(target: str, more: dict[str, str], expected: str) -> None:
    asked = Asked("GET", target, {**_HEADERS, **more})
    signed = ";".join(sorted([*_HEADERS, *more]))
    assert signature(asked, _SECRET, "20130524/us-east-1/s3/aws4_request", signed, _HEADERS) == expected


@pytest.fixture
def store() -> Iterator[ObjectStore]:
    with ObjectStore("a-secret") as store:
        store.buckets["request-1"] = {"one.parquet": b"PAR1", "other&.parquet": b"PAR1PAR1"}
        yield store


def curl(store: ObjectStore, path: str, keys: str) -> str:
    """What curl, which signs by itself, gets; the body and then the status."""
    program = shutil.which("curl")
    assert program, "curl is not there: apt-get install curl"
    arguments = ["-s", "--aws-sigv4", "aws:amz:us-east-1:s3", "-K", "-", "-w", " %{http_code}", store.url + path]
    digest = ["-H", f"x-amz-content-sha256: {_EMPTY}"]
    keys = f'user = "{keys}"\n'
    done = subprocess.run([program, *digest, *arguments], input=keys, check=True, capture_output=True, text=True)
    return done.stdout


def test_store_opens_to_a_client_that_is_not_ours(store: ObjectStore) -> None:
    assert curl(store, "/request-1/one.parquet", "miniouser:a-secret") == "PAR1 200"
    listing = curl(store, "/request-1?list-type=2", "miniouser:a-secret")
    assert "<Key>one.parquet</Key><Size>4</Size>" in listing
    assert "<Key>other&amp;.parquet</Key><Size>8</Size>" in listing


@pytest.mark.parametrize(
    ("path", "keys", "code", "status"),
    [
        ("/request-1/one.parquet", "miniouser:wrong", "SignatureDoesNotMatch", 403),
        ("/request-1/one.parquet", "somebody:a-secret", "InvalidAccessKeyId", 403),
        ("/request-1/none", "miniouser:a-secret", "NoSuchKey", 404),
        ("/request-2/none", "miniouser:a-secret", "NoSuchBucket", 404),
    ],
)
def test_store_refuses(store: ObjectStore, path: str, keys: str, code: str, status: int) -> None:
    answer = curl(store, path, keys)
    assert f"<Code>{code}</Code>" in answer
    assert answer.endswith(f" {status}")


def test_nobody_reads_without_a_signature(store: ObjectStore) -> None:
    answer = httpx.get(f"{store.url}/request-1/one.parquet")
    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code>" in answer.text
