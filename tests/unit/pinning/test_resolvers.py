"""From resolvers' answers to lines; rattler for real, on a channel of this machine."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from support import codes, refused

from afspec.diagnostics import Span
from afspec.facility.locks import parts_of
from afspec.pinning import Request, conda, pip
from afspec.pinning.resolved import Pin

if TYPE_CHECKING:
    from pathlib import Path

A, B = "a" * 64, "b" * 64


def request(**changes: Any) -> Request:
    usual: dict[str, Any] = {
        "image": "af",
        "manager": "pip",
        "python": "3.11",
        "platforms": ("linux/amd64",),
        "requirements": ("numpy",),
        "channels": ("conda-forge",),
        "wanted": "sha256:1",
        "path": "af.lock",
        "old": "",
        "place": Span("a.yaml", 1, 1, 1, 2),
    }
    return Request(**(usual | changes))


def wheel(digest: str) -> dict[str, Any]:
    return {"url": "https://files.example.org/x.whl", "hashes": {"sha256": digest}}


def test_digests_are_those_of_the_wheels_and_no_address_is_left() -> None:
    data = {"packages": [{"name": "b", "version": "2", "wheels": [wheel(B), wheel(A)], "sdist": wheel("c" * 64)}]}
    text = pip.body({"linux/amd64": pip.read_pylock(data, "af")})
    assert text == f"b==2 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n"


@pytest.mark.parametrize("wheels", [[], [{"url": "x"}], [wheel(A), {"hashes": {"md5": "0"}}]])
def test_a_package_without_a_wheel_that_has_a_digest_is_refused(wheels: list[Any]) -> None:
    data = {"packages": [{"name": "b", "version": "2", "wheels": wheels}]}
    [found] = refused(lambda: pip.read_pylock(data, "af"))
    assert (found.code, "b has no wheel" in found.message) == ("AF4012", True)


def test_platforms_that_agree_share_a_line_and_others_are_told_apart_by_machine() -> None:
    text = pip.body(
        {
            "linux/amd64": [Pin("a", "1", (A,)), Pin("b", "1", (A,)), Pin("c", "1", (A,))],
            "linux/arm64": [Pin("a", "1", (B,)), Pin("b", "2", (B,))],
        }
    )
    assert text.replace(" \\\n   ", "").splitlines() == [
        f"a==1 --hash=sha256:{A} --hash=sha256:{B}",
        f"b==1 ; platform_machine == 'x86_64' --hash=sha256:{A}",
        f"b==2 ; platform_machine == 'aarch64' --hash=sha256:{B}",
        f"c==1 ; platform_machine == 'x86_64' --hash=sha256:{A}",
    ]


@pytest.mark.parametrize(
    "text",
    ["-r /etc/passwd", "--index-url=http://x", "numpy @ https://x/n.whl", "./numpy", "numpy\n--pre", "a; b", "git+x"],
)
def test_only_names_with_versions_are_asked_for(text: str) -> None:
    [found] = refused(lambda: pip.resolve(request(requirements=(text,)), upgrade=False))
    assert found.code == "AF4012"
    assert "name with versions" in found.message


@pytest.mark.parametrize("text", ["numpy", "dask[distributed, x]>=2026.8, <2027", "a~=1.0", "b == 1.*", "c!=1,>0"])
def test_names_with_versions_are(text: str) -> None:
    assert pip._REQUIREMENT.match(text)


PACKAGES = [
    ("linux-64", "python", "3.12.1", ()),
    ("linux-64", "python", "3.13.0", ()),
    ("linux-64", "numpy", "2.4.6", ("python 3.12.*", "__glibc >=2.17")),
    ("linux-aarch64", "python", "3.12.1", ()),
    ("linux-aarch64", "numpy", "2.4.5", ("python 3.12.*",)),
    ("noarch", "dask", "2026.8.0", ("numpy >=2",)),
    ("linux-64", "too-new", "1", ("__glibc >=3",)),
]


def channel(folder: Path, packages: list[tuple[str, str, str, tuple[str, ...]]]) -> str:
    """A conda channel that lists packages, which nobody downloads to solve."""
    for subdir in ("linux-64", "linux-aarch64", "noarch"):
        listed = {}
        for place, name, version, depends in packages:
            if place == subdir:
                about = {"name": name, "version": version, "build": "h_0", "build_number": 0, "depends": depends}
                digest = hashlib.sha256(f"{subdir} {name} {version}".encode()).hexdigest()
                listed[f"{name}-{version}-h_0.conda"] = about | {"subdir": subdir, "sha256": digest, "size": 1}
        (folder / subdir).mkdir(parents=True, exist_ok=True)
        data = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": listed, "repodata_version": 1}
        (folder / subdir / "repodata.json").write_text(json.dumps(data))
    return f"file://{folder}"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATTLER_CACHE_DIR", str(tmp_path / "cache"))


def wanted(source: str, **changes: Any) -> Request:
    usual = {"manager": "micromamba", "channels": (source,), "requirements": ("dask", "python=3.12")}
    return request(**(usual | changes))


def test_a_channel_is_solved_for_each_platform(tmp_path: Path) -> None:
    source = channel(tmp_path / "channel", PACKAGES)
    resolved = conda.resolve(wanted(source, platforms=("linux/amd64", "linux/arm64")), upgrade=False)
    parts = parts_of(resolved.body)
    assert list(parts) == ["linux-64", "linux-aarch64"]
    digest = hashlib.sha256(b"linux-64 numpy 2.4.6").hexdigest()
    assert parts["linux-64"].splitlines()[2] == f'numpy==2.4.6[build="h_0",sha256="{digest}"]'
    assert "numpy==2.4.5[" in parts["linux-aarch64"]
    assert "channel" not in resolved.body
    assert resolved.resolver.startswith("rattler ")


def test_its_lines_are_match_specs_that_solve_to_themselves(tmp_path: Path) -> None:
    source = channel(tmp_path / "channel", PACKAGES)
    first = conda.resolve(wanted(source), upgrade=False).body
    lines = tuple(line for line in first.splitlines() if not line.startswith("#"))
    assert conda.resolve(wanted(source, requirements=lines), upgrade=True).body == first
    other = tuple(line.replace('sha256="', 'sha256="0').replace('"]', "")[:-1] + '"]' for line in lines)
    assert codes(refused(lambda: conda.resolve(wanted(source, requirements=other), upgrade=True))) == ["AF4012"]


def test_what_is_locked_is_kept_until_an_upgrade(tmp_path: Path) -> None:
    source = channel(tmp_path / "channel", PACKAGES)
    old = conda.resolve(wanted(source), upgrade=False).body
    newer = [*PACKAGES, ("linux-64", "numpy", "2.5.0", ("python 3.12.*",)), ("noarch", "uproot", "5", ())]
    source = channel(tmp_path / "channel", newer)
    more = wanted(source, old=old, requirements=("dask", "python=3.12", "uproot"))
    kept = conda.resolve(more, upgrade=False).body
    assert "numpy==2.4.6[" in kept
    assert "uproot==5[" in kept
    assert "numpy==2.5.0[" in conda.resolve(more, upgrade=True).body


@pytest.mark.parametrize("requirement", ["nobody-has-it", "python=2.7", "too-new", "dask ==="])
def test_what_has_no_answer_is_an_error_that_says_what(requirement: str, tmp_path: Path) -> None:
    source = channel(tmp_path / "channel", PACKAGES)
    [found] = refused(lambda: conda.resolve(wanted(source, requirements=(requirement,)), upgrade=False))
    assert found.code == "AF4012"
    assert "\n" not in found.message
    assert "rattler finds no packages for af" in found.message


def test_a_channel_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    [found] = refused(lambda: conda.resolve(wanted(f"file://{tmp_path}/nowhere"), upgrade=False))
    assert found.code == "AF4012"
