"""The compiled upload.py: what it refuses, and what it leaves in a tenant's repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from triton_site import EXAMPLE, rendered, write

if TYPE_CHECKING:
    from pathlib import Path


def upload(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The compiled command, with a stand-in for boto3 that keeps objects in a file."""
    write(folder, rendered().values())
    stand_in = folder / "modules"
    for name, text in BOTO3.items():
        (stand_in / name).parent.mkdir(parents=True, exist_ok=True)
        (stand_in / name).write_text(text)
    return subprocess.run(
        [sys.executable, "triton/upload.py", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(stand_in), "WRITE_KEY": "i:s", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


CLIENT = """
import json, os

PATH = os.path.join(os.path.dirname(__file__), "..", "..", "objects.json")


class Store:
    def __init__(self, **options):
        self.options = options
        self.objects = json.load(open(PATH)) if os.path.exists(PATH) else []

    def _save(self):
        json.dump(self.objects, open(PATH, "w"))

    def get_paginator(self, _):
        return self

    def paginate(self, Bucket, Prefix):
        return [{"Contents": [{"Key": key} for key in self.objects if key.startswith(Prefix)]}]

    def upload_file(self, path, bucket, key):
        self.objects = [*(other for other in self.objects if other != key), key]
        self._save()

    def delete_object(self, Bucket, Key):
        self.objects.remove(Key)
        self._save()


def client(kind, **options):
    return Store(**options)
"""
BOTO3 = {
    "boto3/__init__.py": CLIENT,
    "boto3/exceptions.py": "class Boto3Error(Exception): pass\n",
    "botocore/__init__.py": "",
    "botocore/config.py": "def Config(**options): return options\n",
    "botocore/exceptions.py": "class BotoCoreError(Exception): pass\nclass ClientError(Exception): pass\n",
}


def objects(folder: Path) -> list[str]:
    path = folder / "objects.json"
    return list(json.loads(path.read_text())) if path.exists() else []


def test_a_model_is_uploaded_with_its_configuration_last(tmp_path: Path) -> None:
    done = upload(tmp_path, EXAMPLE, "--name", "alice-mass", "--tenant", "alice")
    assert done.returncode == 0, done.stderr
    assert objects(tmp_path) == ["alice/alice-mass/1/model.py", "alice/alice-mass/config.pbtxt"]
    assert "http://127.0.0.1:9000/v2/models/alice-mass/ready" in done.stdout


def test_what_a_model_has_no_more_is_taken_away(tmp_path: Path) -> None:
    keys = ["alice/alice-mass/2/model.py", "alice/alice-mass-b/1/model.py", "bob/x"]
    (tmp_path / "objects.json").write_text(json.dumps(keys))
    upload(tmp_path, EXAMPLE, "--name", "alice-mass", "--tenant", "alice")
    assert set(objects(tmp_path)) == {
        *("alice/alice-mass-b/1/model.py", "bob/x"),
        *("alice/alice-mass/1/model.py", "alice/alice-mass/config.pbtxt"),
    }
    assert upload(tmp_path, "--list", "--tenant", "alice").stdout.split() == ["alice-mass", "alice-mass-b"]
    assert upload(tmp_path, "--remove", "alice-mass", "--tenant", "alice").returncode == 0
    assert set(objects(tmp_path)) == {"alice/alice-mass-b/1/model.py", "bob/x"}


@pytest.mark.parametrize(
    ("name", "tenant", "said"),
    [
        ("mass", "alice", "begin with alice-"),
        ("bob-mass", "alice", "begin with alice-"),
        # alice-b is a tenant, too.
        ("alice-b-mass", "alice", "begin with alice-"),
        ("alice-", "alice", "begin with alice-"),
        ("alice-../x", "alice", "made of letters"),
        ("carol-mass", "carol", "carol has no repository"),
    ],
)
def test_a_model_carries_its_tenants_name(tmp_path: Path, name: str, tenant: str, said: str) -> None:
    done = upload(tmp_path, EXAMPLE, "--name", name, "--tenant", tenant)
    assert done.returncode == 1
    assert said in done.stderr
    assert not objects(tmp_path)


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("config.pbtxt", None, "no config.pbtxt"),
        ("config.pbtxt", "max_batch_size: 0\n", "names no backend"),
        ("config.pbtxt", 'name: "other"\nbackend: "python"\n', "calls the model 'other'"),
        ("1/model.py", None, "holds no model.py"),
        ("1/model.py", "def execute(:\n", "line 1"),
    ],
)
def test_a_model_that_cannot_load_is_refused_before_it_is_uploaded(
    tmp_path: Path, path: str, text: str | None, said: str
) -> None:
    model = tmp_path / "alice-mass"
    write(tmp_path, rendered().values())
    (tmp_path / EXAMPLE).rename(model)
    if text is None:
        (model / path).unlink()
    else:
        (model / path).write_text(text)
    done = upload(tmp_path, "alice-mass", "--tenant", "alice")
    assert done.returncode == 1
    assert said in done.stderr
    assert not objects(tmp_path)


def test_the_names_of_inputs_are_not_the_models(tmp_path: Path) -> None:
    write(tmp_path, rendered().values())
    config = tmp_path / EXAMPLE / "config.pbtxt"
    assert 'name: "PT"' in config.read_text()
    config.write_text('name: "alice-mass"\n' + config.read_text())
    assert upload(tmp_path, EXAMPLE, "--name", "alice-mass", "--tenant", "alice").returncode == 0


def test_without_a_key_the_place_for_it_is_named(tmp_path: Path) -> None:
    done = upload(tmp_path, "--list", "--tenant", "alice", WRITE_KEY="")
    assert done.returncode == 1
    assert "WRITE_KEY" in done.stderr
