"""The images of a twin: what is built is what was compiled, once, and under the names that users know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import facility

from afspec.generators import all_generators
from afspec.twin.containers import apptainer_for_root
from afspec.twin.images import base, definitions, site, site_images, unpacked_paths
from afspec.twin.needs import NeedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPEC = """
batch: [{name: slurm, scheduler: slurm, stance: promised}]
images:
  stance: promised
  runtime: apptainer
  registries: [hub.example.org]
  unpacked: /cvmfs/unpacked.cern.ch
  named:
    - name: af
      reference: hub.example.org/iris-hep/af:1
      base: /var/lib/afspec/bases/bookworm.tar
      prefix: /opt/af
      packages: [dask]
      build: {source: oci-archive, manager: pip, flavours: [slurm, htcondor]}
"""


def compiled(body: str) -> dict[str, str]:
    return {artifact.path: artifact.text for artifact in all_generators()["images"].render(facility(body))}


def need(body: str, root: Path) -> site.SiteImages:
    found = site_images(facility(body), compiled(body), root)
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_every_flavour_is_built_from_its_compiled_files() -> None:
    found = {item.flavour: item for item in definitions(facility(SPEC), compiled(SPEC))}
    assert set(found) == {"slurm", "htcondor"}
    slurm = found["slurm"]
    assert (slurm.image, slurm.reference, slurm.repository) == ("af", "hub.example.org/iris-hep/af:1", "iris-hep/af:1")
    assert set(slurm.files) == {"slurm.sh", "slurm.check.sh", "slurm.def", "slurm.Containerfile"}
    assert slurm.files["slurm.def"] == compiled(SPEC)["images/af/slurm.def"]
    assert found["htcondor"].reference == "hub.example.org/iris-hep/af:1-htcondor"


def test_every_flavour_is_built_with_the_lock_of_the_image() -> None:
    body = SPEC.replace("      build:", '      lock: "numpy==2.4.6\\n"\n      build:')
    found = definitions(facility(body), compiled(body))
    assert [item.files["packages.txt"] for item in found] == ["numpy==2.4.6\n"] * 2
    assert all("README.md" not in item.files for item in found)


def test_only_what_the_wish_list_names_is_unpacked() -> None:
    found = {item.flavour: item.unpacked for item in definitions(facility(SPEC), compiled(SPEC))}
    assert found == {"slurm": "/cvmfs/unpacked.cern.ch/hub.example.org/iris-hep/af:1", "htcondor": None}
    without = SPEC.replace("  unpacked: /cvmfs/unpacked.cern.ch\n", "")
    assert unpacked_paths(facility(without), compiled(without)) == {}


def test_there_is_no_need_where_nothing_is_built(tmp_path: Path) -> None:
    for body in (
        SPEC.replace("      base: /var/lib/afspec/bases/bookworm.tar\n", ""),
        "",
        "images: {stance: promised}\n",
    ):
        assert site_images(facility(body), compiled(body) if "named" in body else {}, tmp_path) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[dask]", "[dask, uproot]"),
        ("af:1", "af:2"),
        ("bookworm.tar", "trixie.tar"),
        ("/cvmfs/unpacked.cern.ch", "/cvmfs/other.cern.ch"),
        ("  registries", "  replica: {directory: /srv/registry}\n  registries"),
    ],
)
def test_what_decides_the_images_decides_where_they_are_kept(old: str, new: str, tmp_path: Path) -> None:
    assert need(SPEC, tmp_path).path == need(SPEC, tmp_path).path
    assert need(SPEC.replace(old, new), tmp_path).path != need(SPEC, tmp_path).path


def test_the_builders_root_does_not_decide(tmp_path: Path) -> None:
    assert need(SPEC, tmp_path / "a").path == need(SPEC, tmp_path / "b").path


def _fail(suite: str, tar: Path) -> None:
    raise NeedError(f"no {suite} for {tar.name}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda body: body, "no bookworm for base.tar"),
        (lambda body: body.replace("bookworm.tar", "rhel.tar"), "base .*rhel"),
    ],
)
def test_a_build_that_fails_leaves_nothing(
    change: Callable[[str], str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = tmp_path / "root/etc/apptainer/apptainer.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text("root default capabilities = full\n")
    monkeypatch.setattr(site.SiteImages, "obstacle", lambda _: "")
    monkeypatch.setattr(site, "make_base", _fail)
    wanted = need(change(SPEC), tmp_path / "root")
    with pytest.raises(NeedError, match=message):
        wanted.install(lambda _: None)
    assert not wanted.present()
    assert [path.name for path in wanted.path.parent.iterdir()] == [".lock"]
    # The root is everybody's.
    assert conf.read_text() == "root default capabilities = full\n"


def test_an_image_trusts_whom_this_machine_trusts_and_asks_its_index(monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        "global.index-url='https://pypi.example.org/simple'\n"
        "global.extra-index-url='file:///srv/index https://more.example.org'\n"
        "global.constraint='/etc/constraints.txt'\n:env:.find-links='/opt/wheels'\n"
    )
    monkeypatch.setattr(base, "_configured", lambda: said)
    monkeypatch.setattr(base, "_authorities", lambda: "/etc/ssl/cert.pem")
    lines = base.pip_settings().splitlines()
    assert "index-url = https://pypi.example.org/simple" in lines
    # What lies on this machine is not in the image.
    assert "extra-index-url = https://more.example.org" in lines
    assert not [line for line in lines if "constraint" in line or "find-links" in line]
    assert "cert = /etc/ssl/machine.pem" in lines
    monkeypatch.setattr(base, "_authorities", lambda: None)
    assert "cert" not in base.pip_settings()


def test_root_asks_for_no_capabilities_that_it_may_not_have() -> None:
    conf = "# root default capabilities = ...\nallow setuid = yes\nroot default capabilities = full\nmount proc = yes\n"
    expected = conf.replace("capabilities = full", "capabilities = no")
    assert apptainer_for_root(conf) == expected
    assert apptainer_for_root(expected) == expected
