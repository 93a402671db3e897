"""Signatures of requests to S3, by the examples of AWS.

They are those of the Amazon S3 API Reference, Signature Calculations for the Authorization Header: Transferring
Payload in a Single Chunk.
"""

from __future__ import annotations

import datetime as dt

import pytest

from afspec.conformance.clients.sigv4 import Key, signed

KEY = Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
AT = dt.datetime(2013, 5, 24, tzinfo=dt.UTC)
HOST = "https://examplebucket.s3.amazonaws.com"
DATE = {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "signature"),
    [
        (
            "GET",
            "/test.txt",
            {"Range": "bytes=0-9"},
            b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test%24file.text",
            DATE,
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        ("GET", "/?lifecycle", {}, b"", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("GET", "/?max-keys=2&prefix=J", {}, b"", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_the_examples_of_aws_have_their_signatures(
    method: str, path: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    found = signed(KEY, method, HOST + path, at=AT, body=body, headers=headers)
    assert found["Authorization"].rpartition("Signature=")[2] == signature
    assert headers.items() <= found.items()


def test_the_secret_is_nowhere_in_what_is_sent_or_shown() -> None:
    assert KEY.secret not in repr(signed(KEY, "GET", HOST, at=AT)) + repr(KEY) + str(KEY)


@pytest.mark.parametrize("text", ["", "ID", "ID:", ":secret", "  :  "])
def test_a_key_with_a_half_missing_is_none(text: str) -> None:
    assert Key.read(text) is None


def test_a_secret_may_hold_colons_and_the_file_a_newline() -> None:
    assert Key.read("ID:a:b\n") == Key("ID", "a:b")


def test_the_order_of_a_query_does_not_matter() -> None:
    one, other = (
        signed(KEY, "GET", f"{HOST}/?{query}", at=AT) for query in ("prefix=J&max-keys=2", "max-keys=2&prefix=J")
    )
    assert one["Authorization"] == other["Authorization"]
