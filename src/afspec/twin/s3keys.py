"""Buckets and keys of a store that moto plays; run by the Python that has boto3, and told what to do on its input.

Input, a JSON object: `endpoint`; `buckets`, their names; `policies`, an IAM policy by the name of each key; `seed`, a
secret from which moto draws the keys, so that a store that was started anew gives out the same ones. Output: each
key, ID:SECRET, by its name. Imports nothing of afspec, so that any Python can run it.

moto checks signatures and policies from the moment that /moto-api/reset-auth says (moto documentation, IAM-like
Access Control); that address is open to whoever reaches the port.
"""

from __future__ import annotations

import hashlib
import json
import sys
import urllib.request
from typing import Any

_TIMEOUT = 10
_REGION = "us-east-1"


def _post(url: str, body: bytes = b"") -> None:
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "text/plain"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=_TIMEOUT):  # noqa: S310 - likewise
        return


def make(wanted: dict[str, Any]) -> dict[str, str]:
    """Make what is wanted, with the store open for as long as that takes; the keys.

    Raises:
        OSError, botocore.exceptions.ClientError: the store does not answer, or refuses.
    """
    import boto3  # type: ignore[import-not-found]  # noqa: PLC0415 - only the environment that runs this has it

    endpoint = wanted["endpoint"]
    options = {
        "endpoint_url": endpoint,
        "region_name": _REGION,
        "aws_access_key_id": "nobody",
        "aws_secret_access_key": "nothing",
    }
    iam, store = boto3.client("iam", **options), boto3.client("s3", **options)
    _post(f"{endpoint}/moto-api/reset-auth", b"inf")
    try:
        for bucket in wanted["buckets"]:
            store.create_bucket(Bucket=bucket)
        return {name: _key(iam, endpoint, name, text, wanted["seed"]) for name, text in wanted["policies"].items()}
    finally:
        _post(f"{endpoint}/moto-api/reset-auth", b"0")


def _key(iam: Any, endpoint: str, name: str, policy: str, seed: str) -> str:
    """A user with one policy and one key; the key is the same every time."""
    if name not in {user["UserName"] for user in iam.list_users()["Users"]}:
        iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=_for_moto(policy))
    for old in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=old["AccessKeyId"])
    number = int.from_bytes(hashlib.sha256(f"{seed}-{name}".encode()).digest())
    _post(f"{endpoint}/moto-api/seed?a={number}")
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return f"{made['AccessKeyId']}:{made['SecretAccessKey']}"


def _for_moto(policy: str) -> str:
    """The policy with a word that only moto asks for: S3 lets whoever may list a bucket ask whether it is there."""
    document = json.loads(policy)
    for statement in document["Statement"]:
        if "s3:ListBucket" in statement["Action"]:
            statement["Action"].append("s3:HeadBucket")
    return json.dumps(document)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(make(json.load(sys.stdin))))
