"""The script that Triton's pods begin with: keys from mounted Secrets, and repositories that cannot be read."""

from __future__ import annotations

import datetime as dt
import json
import os
import string
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triton_cluster_site import script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STAND_IN = """
import json, os, pathlib, sys
path = os.environ.get("TRITON_CLOUD_CREDENTIAL_PATH")
kept = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
file = json.loads(pathlib.Path(path).read_text()) if path else None
mode = oct(os.stat(path).st_mode & 0o777) if path else None
print(json.dumps({"arguments": sys.argv[1:], "environment": kept, "file": file, "mode": mode}))
"""


@pytest.fixture(scope="module")
def start() -> dict[str, Any]:
    """The script's functions."""
    found: dict[str, Any] = {"__name__": "start"}
    exec(compile(script(), "start.py", "exec"), found)  # noqa: S102 - the compiled script is what is tested
    return found


class Store(BaseHTTPRequestHandler):
    """A store whose bucket holds the folders alice and bob, and refuses the ID of anybody else but its readers."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        folder = query.get("prefix", [""])[0]
        identity = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
        if url.path == "/broken":
            status, body = 503, "<Error><Code>SlowDown</Code></Error>"
        elif identity not in {"ALICE", "BOB"}:
            status, body = 403, "<Error><Code>InvalidAccessKeyId</Code></Error>"
        else:
            held = folder in {"alice/", "bob/", ""}
            status, body = 200, "<R><Contents><Key>x</Key></Contents></R>" if held else "<R></R>"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def store() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"s3://http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(folder: Path, *repositories: str, keys: bool = True, patience: int = 0, **more: str) -> Any:
    """The script with a stand-in for tritonserver: what that was given, or the script's status and words."""
    (folder / "start.py").write_text(script().replace("PATIENCE = 60", f"PATIENCE = {patience}"))
    environment = {"PATH": os.environ["PATH"], **more}
    if keys:
        environment |= {"AFSPEC_KEYS": f"{folder}/keys", "TRITON_CLOUD_CREDENTIAL_PATH": f"{folder}/credentials.json"}
    command = [sys.executable, str(folder / "start.py"), *repositories, "--", sys.executable, "-c", STAND_IN, "--last"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    told = json.loads(done.stdout) if done.returncode == 0 else done.returncode
    return told, done.stderr


def secret(folder: Path, name: str, identity: str | None, value: str | None) -> None:
    """A Secret as the kubelet mounts it."""
    place = folder / "keys" / name
    place.mkdir(parents=True)
    for part, text in (("id", identity), ("secret", value)):
        if text is not None:
            (place / part).write_text(text)


def test_each_tenants_key_is_in_tritons_file(tmp_path: Path) -> None:
    secret(tmp_path, "alice", "ALICE", 'p"a\\ss')
    secret(tmp_path, "bob", "BOB\n", "word\n")
    with store() as url:
        told, said = run(tmp_path, f"alice={url}/models/alice", f"bob={url}/models/bob")
    assert said == ""
    assert told["arguments"] == [
        "--last",
        f"--model-repository={url}/models/alice",
        f"--model-repository={url}/models/bob",
    ]
    found = told["file"]["s3"]
    assert found[f"{url}/models/alice"] == {
        "key_id": "ALICE",
        "secret_key": 'p"a\\ss',
        "region": "us-east-1",
        "session_token": "",
        "profile": "",
    }
    assert (found[f"{url}/models/bob"]["key_id"], found[f"{url}/models/bob"]["secret_key"]) == ("BOB", "word")
    assert told["mode"] == "0o600"


@pytest.mark.parametrize(
    ("identity", "value", "folder", "reason"),
    [
        (None, None, "bob", "bob: the Secret with its key is absent, or has no id"),
        ("BOB", None, "bob", "bob: the Secret with its key is absent, or has no secret"),
        ("BOB", " \n", "bob", "bob: the Secret with its key is absent, or has no secret"),
        ("EVE", "x", "bob", "bob: the store says 403 InvalidAccessKeyId"),
        ("BOB", "x", "carol", "bob: the folder holds no object"),
    ],
)
def test_a_tenant_who_cannot_be_read_is_named_and_left_out(
    tmp_path: Path, identity: str | None, value: str | None, folder: str, reason: str
) -> None:
    secret(tmp_path, "alice", "ALICE", "s")
    secret(tmp_path, "bob", identity, value)
    with store() as url:
        told, said = run(tmp_path, f"bob={url}/models/{folder}", f"alice={url}/models/alice")
    assert reason in said
    assert said.count("\n") == 1
    assert told["arguments"][1:] == [f"--model-repository={url}/models/alice"]
    assert list(told["file"]["s3"]) == [f"{url}/models/alice"]


def test_with_no_repository_left_it_ends(tmp_path: Path) -> None:
    with store() as url:
        told, said = run(tmp_path, f"alice={url}/models/alice", f"the site={tmp_path}/none")
    assert told == 69
    assert "the site: No such file or directory" in said
    assert "no repository is left" in said


def test_a_store_that_is_busy_is_asked_again_and_not_for_ever(tmp_path: Path) -> None:
    secret(tmp_path, "alice", "ALICE", "s")
    with store() as url:
        told, said = run(tmp_path, f"alice={url}/broken/alice")
    assert (told, "the store says 503 SlowDown" in said) == (69, True)
    told, said = run(tmp_path, "alice=s3://http://127.0.0.1:1/models/alice")
    assert (told, "http://127.0.0.1:1 does not answer" in said) == (69, True)


def test_what_a_store_may_take_back_is_told_from_what_it_means(start: dict[str, Any]) -> None:
    with store() as url:
        host = url.removeprefix("s3://http://")
        with pytest.raises(start["NoAnswer"]):
            start["ask"]("http", host, "/broken", {}, ("ALICE", "s"))
        with pytest.raises(start["Refused"]):
            start["ask"]("http", host, "/models", {}, ("EVE", "s"))


def test_a_store_that_comes_back_is_waited_for(start: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([start["NoAnswer"]("a"), start["NoAnswer"]("b"), None])

    def ask() -> str:
        if error := next(answers):
            raise error
        return "well"

    monkeypatch.setattr(start["time"], "sleep", lambda _: None)
    assert start["patiently"](ask, float("inf")) == "well"


def test_one_key_for_all_stays_in_the_variables(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/model").mkdir()
    with store() as url:
        told, said = run(
            tmp_path,
            f"a={url}/models/alice",
            f"the site={tmp_path}/site",
            keys=False,
            AWS_ACCESS_KEY_ID="ALICE\n",
            AWS_SECRET_ACCESS_KEY="se cret\n",  # noqa: S106 - nobody's
        )
    assert said == ""
    assert told["environment"] == {"AWS_ACCESS_KEY_ID": "ALICE", "AWS_SECRET_ACCESS_KEY": "se cret"}
    assert told["arguments"][1:] == [f"--model-repository={url}/models/alice", f"--model-repository={tmp_path}/site"]


def test_a_site_folder_that_is_empty_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    told, said = run(tmp_path, f"the site={tmp_path}/site", keys=False)
    assert (told, "the site: the folder is empty" in said) == (69, True)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1))
def test_any_secret_reaches_the_file_as_it_is(
    start: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    folder = tmp_path_factory.mktemp("secret")
    secret(folder, "t", "id", None)
    (folder / "keys/t/secret").write_bytes(value.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFSPEC_KEYS", f"{folder}/keys")
        patch.setenv("TRITON_CLOUD_CREDENTIAL_PATH", f"{folder}/file")
        # The end of a line is no part of a secret, nor is a Secret that holds nothing else a key.
        if not value.strip():
            with pytest.raises(start["Refused"]):
                start["key_of"]("t")
            return
        start["hand_on"]({"s3://r": start["key_of"]("t")})
    kept = json.loads((folder / "file").read_text())["s3"]["s3://r"]["secret_key"]
    assert kept == value.strip()


def test_requests_are_signed_as_amazon_documents_it(start: dict[str, Any]) -> None:
    """The example of Amazon S3's documentation: GET Bucket (List Objects), Signature Calculations."""
    key = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    now = dt.datetime(2013, 5, 24, tzinfo=dt.UTC)
    signed = start["signature"]("examplebucket.s3.amazonaws.com", "/", "max-keys=2&prefix=J", key, now)
    signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    assert dict(signed)["Authorization"].endswith(f"Signature={signature}")


@given(st.text(string.printable, max_size=20))
def test_a_folder_of_any_name_is_one_value_of_the_request(start: dict[str, Any], name: str) -> None:
    assert parse_qs(f"prefix={start['quoted'](name)}", keep_blank_values=True) == {"prefix": [name]}
