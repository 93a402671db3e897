"""What each key may do in the store, in the form that S3, Ceph and MinIO share (AWS IAM, JSON policy elements)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from afspec.facility.services import S3Folder


def policy_of_tenant(name: str, folder: S3Folder) -> str:
    """A tenant writes models of its own prefix in its own folder, and nothing else: that keeps names apart too."""
    objects = [_objects(folder, f"{name}-*")]
    return _policy(
        _statement("Models", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], objects),
        # A condition on s3:prefix would hide the names of others' files too, but not every store knows it.
        _statement("Names", ["s3:ListBucket"], [_bucket(folder)]),
    )


def policy_of_server(folders: Sequence[S3Folder]) -> str:
    """The server reads every tenant's folder, and writes none."""
    return _policy(
        _statement("Models", ["s3:GetObject"], _unique(_objects(folder, "*") for folder in folders)),
        _statement("Names", ["s3:ListBucket"], _unique(_bucket(folder) for folder in folders)),
    )


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2) + "\n"


def _statement(name: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resources}


def _bucket(folder: S3Folder) -> str:
    return f"arn:aws:s3:::{folder.bucket}"


def _objects(folder: S3Folder, pattern: str) -> str:
    return "/".join(filter(None, (_bucket(folder), folder.folder, pattern)))


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
