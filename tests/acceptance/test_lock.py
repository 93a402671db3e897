"""afspec lock: from requirements to a lock that pip takes, with an index on loopback and the real uv and pip."""

from __future__ import annotations

import hashlib
import http.server
import json
import subprocess
import sys
import threading
import zipfile
from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPEC = """\
afspec: 1
name: toy
title: A toy facility
declared_by: site
images:
  stance: promised
  named:
    - name: af
      reference: hub.example.org/a/af:1
      packages: [alpha]
      build: {manager: pip, python: "3.11"}
      lock: !file images/af.lock
"""
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that says nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Place:
    """A folder with a spec, and an index of packages that serves it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.spec = folder / "toy.yaml"
        self.lock = folder / "images/af.lock"
        self.spec.write_text(SPEC)

    @property
    def index(self) -> str:
        return f"http://127.0.0.1:{self.port}/simple"

    def publish(self, name: str, version: str, *needs: str) -> Path:
        """Put a wheel into the index."""
        folder = self.folder / "served/simple" / name
        folder.mkdir(parents=True, exist_ok=True)
        wheel = folder / f"{name}-{version}-py3-none-any.whl"
        info = f"{name}-{version}.dist-info"
        needed = "".join(f"Requires-Dist: {need}\n" for need in needs)
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"{name}.py", f"version = '{version}'\n")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        links = [
            f'<a href="{path.name}#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}">{path.name}</a>'
            for path in sorted(folder.glob("*.whl"))
        ]
        (folder / "index.html").write_text("<!DOCTYPE html><html><body>" + "\n".join(links) + "</body></html>")
        return wheel

    def change(self, old: str, new: str) -> None:
        text = self.spec.read_text()
        assert old in text
        self.spec.write_text(text.replace(old, new))

    def run(self, *words: str, index: str | None = None) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "UV_DEFAULT_INDEX": index or self.index,
            "UV_CACHE_DIR": str(self.folder / "cache"),
            "UV_HTTP_RETRIES": "0",
        }
        command = [sys.executable, "-m", "afspec", *words]
        return subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True, check=False)

    def locked(self, *options: str) -> str:
        done = self.run("lock", "toy.yaml", *options)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    served = tmp_path / "served"
    served.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        found = Place(tmp_path, server.server_port)
        found.publish("beta", "1.0")
        found.publish("alpha", "1.0", "beta>=1")
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


def test_without_its_lock_a_spec_does_not_compile_and_says_what_to_do(place: Place) -> None:
    done = place.run("compile", "toy.yaml")
    assert done.returncode == 1
    assert "AF1007" in done.stderr
    assert "toy.yaml:12:13" in done.stderr
    assert "afspec lock" in done.stderr


def test_a_lock_has_what_is_needed_with_digests_and_no_address(place: Place) -> None:
    said = place.locked()
    assert said == "images/af.lock: af: 2 packages (pip, Python 3.11, linux/amd64): new\n"
    lock = place.lock.read_text()
    assert "alpha==1.0 \\\n    --hash=sha256:" in lock
    assert "beta==1.0 \\\n    --hash=sha256:" in lock
    assert "127.0.0.1" not in lock
    assert "://" not in lock
    assert place.run("compile", "toy.yaml").returncode == 0


def test_a_second_run_leaves_the_file_alone(place: Place) -> None:
    place.locked()
    before = place.lock.stat()
    assert place.locked().endswith(": unchanged\n")
    after = place.lock.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_is_locked_is_kept_until_an_upgrade(place: Place) -> None:
    place.locked()
    place.publish("beta", "2.0")
    assert place.locked().endswith(": unchanged\n")
    assert "  up      beta 1.0 -> 2.0\n" in place.locked("--upgrade")
    assert "beta==2.0" in place.lock.read_text()


def test_a_lock_that_is_older_than_the_spec_is_told_without_network(place: Place) -> None:
    nowhere = "http://127.0.0.1:9/simple"
    absent = place.run("lock", "toy.yaml", "--check", index=nowhere)
    assert (absent.returncode, "not there yet" in absent.stdout) == (3, True)
    place.locked()
    assert place.run("lock", "toy.yaml", "--check", index=nowhere).returncode == 0
    place.change("[alpha]", "[alpha, gamma]")
    stale = place.run("lock", "toy.yaml", "--check", "--json", index=nowhere)
    assert stale.returncode == 3
    assert [row["state"] for row in json.loads(stale.stdout)] == ["stale"]
    done = place.run("compile", "toy.yaml")
    assert done.returncode == 1
    assert "AF3605" in done.stderr
    place.publish("gamma", "1.0")
    rows = json.loads(place.locked("--json"))
    assert rows[0]["changes"] == [{"kind": "new", "name": "gamma", "old": "", "new": "1.0"}]
    assert place.run("lock", "toy.yaml", "--check", index=nowhere).returncode == 0


@pytest.mark.parametrize("trouble", ["network", "nothing fits"])
def test_what_fails_leaves_the_old_lock(trouble: str, place: Place) -> None:
    place.locked()
    before = place.lock.read_bytes()
    place.change("[alpha]", "[alpha, gamma]")
    index = "http://127.0.0.1:9/simple" if trouble == "network" else None
    done = place.run("lock", "toy.yaml", index=index)
    assert done.returncode == 4
    assert "error[AF4012]" in done.stderr
    assert ("127.0.0.1:9" if index else "gamma") in done.stderr
    assert place.lock.read_bytes() == before
    assert [path.name for path in place.lock.parent.iterdir()] == ["af.lock"]


def test_pip_installs_a_lock_and_refuses_a_wheel_that_was_changed(place: Place) -> None:
    place.change('"3.11"', f'"{PYTHON}"')
    place.locked()
    usual = [sys.executable, "-m", "pip", "install", "--isolated", "--no-cache-dir", "--disable-pip-version-check"]
    target = ["--require-hashes", "--requirement", str(place.lock), "--target", str(place.folder / "there")]
    command = [*usual, "--index-url", place.index, *target]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place.folder)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (place.folder / "there/beta.py").read_text() == "version = '1.0'\n"
    place.publish("beta", "1.0", "alpha")
    done = subprocess.run([*command, "--upgrade"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "HASHES" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("      lock: !file images/af.lock\n", "", "AF4014", "lock: !file ../images/af.lock"),
        (', python: "3.11"', "", "AF4014", "which Python"),
        ("      packages: [alpha]\n", "", "AF4014", "no `build:` with packages"),
        ("[alpha]", "[nowhere]", "AF4012", "nowhere"),
    ],
)
def test_what_keeps_an_image_from_being_locked_is_said(old: str, new: str, code: str, words: str, place: Place) -> None:
    place.change(old, new)
    done = place.run("lock", "toy.yaml", "af")
    assert done.returncode == 4
    assert f"error[{code}]" in done.stderr
    assert words in done.stderr


def test_a_file_that_is_no_lock_is_not_overwritten(place: Place) -> None:
    place.lock.parent.mkdir()
    place.lock.write_text("alpha==1.0\n")
    done = place.run("lock", "toy.yaml")
    assert done.returncode == 4
    assert "error[AF4006]" in done.stderr
    assert place.lock.read_text() == "alpha==1.0\n"


def test_misuse_is_told(place: Place) -> None:
    assert place.run("lock", "toy.yaml", "nobody").returncode == 2
    assert "it has: af" in place.run("lock", "toy.yaml", "nobody").stderr
    assert place.run("lock", "toy.yaml", "--check", "--upgrade").returncode == 2


def test_a_spec_without_locks_has_nothing_to_do(place: Place) -> None:
    place.change("      lock: !file images/af.lock\n", "")
    done = place.run("lock", "toy.yaml")
    assert (done.returncode, "no image of it names a lock" in done.stdout) == (0, True)


def test_two_images_that_want_other_packages_have_a_lock_each(place: Place) -> None:
    place.spec.write_text(SPEC + SPEC[SPEC.index("    - name") :].replace("af\n", "other\n").replace("alpha", "beta"))
    done = place.run("lock", "toy.yaml")
    assert done.returncode == 4
    assert "images af and other want other packages" in done.stderr
