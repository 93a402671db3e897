"""A site's compiled settings, and what was typed over them."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import pytest

from afspec.agc.errors import AgcError
from afspec.agc.run.addresses import SiteAddresses
from afspec.agc.run.site import SiteSettings, addresses, load_site

UNL = "https://xrootd-local.unl.edu:1094//store/a.root"
SITE = """
site: uchicago
inputs:
  rewrites: [{prefix: "https://xrootd-local.unl.edu:1094", replacement: "root://xrootd-local.unl.edu:1094"}]
  xcache: root://xcache.af.uchicago.edu:1094
  source_port: true
dask: {via: gateway, ways: [gateway, operator], workers: 20, image: some/image}
chunk_events: 100000
environment: {SITE_NAME: AF_200, X509_USER_PROXY: "/home/{initial}/{user}/proxy"}
upstream: {notebook: {USE_DASK: true}}
"""
DOOR = "root://xcache.af.uchicago.edu:1094"
ORIGIN = "root://xrootd-local.unl.edu:1094//store/a.root"


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    (tmp_path / "agc").mkdir()
    (tmp_path / "agc/site.yaml").write_text(SITE)
    return tmp_path


@pytest.mark.parametrize("below", [".", "agc", "agc/site.yaml"])
def test_a_site_is_named_by_its_folder_or_its_file(below: str, compiled: Path) -> None:
    site = load_site(compiled / below)
    assert (site.name, site.via, site.workers, site.chunk) == ("uchicago", "gateway", 20, 100000)
    assert site.folder == compiled
    assert site.addresses(UNL) == f"{DOOR}//{ORIGIN}"
    user = getpass.getuser()
    assert site.environment == {"SITE_NAME": "AF_200", "X509_USER_PROXY": f"/home/{user[0]}/{user}/proxy"}


@pytest.mark.parametrize("named", [".", "site.yaml"])
def test_a_site_is_named_from_its_own_folder(named: str, compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(compiled / "agc")
    assert load_site(Path(named)).folder == compiled


def test_a_user_of_a_pod_may_have_no_name(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> None:
        raise KeyError("getpwuid(): uid not found")

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    user = str(os.getuid())
    assert load_site(compiled).environment["X509_USER_PROXY"] == f"/home/{user[0]}/{user}/proxy"


def test_a_site_may_say_little(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("site: toy\n")
    assert load_site(tmp_path) == SiteSettings("toy", tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "cannot be read"),
        ("- 1", "is no mapping"),
        ("inputs: 3", "inputs is no mapping"),
        ("dask: {via: 3}", "dask: via: a text is wanted, 3 is there"),
        ("dask: {workers: true}", "workers: a number is wanted"),
        ("inputs: {rewrites: [x]}", "rewrites is no mapping"),
        ("inputs: {rewrites: {}}", "rewrites: a list is wanted"),
        ("environment: {SITE_NAME: 1}", "SITE_NAME: a text is wanted"),
        ("environment: {1: a}", "environment: 1 cannot be set as a variable"),
        ("environment: {A=B: a}", "environment: 'A=B' cannot be set as a variable"),
        ('environment: {A: "a\\0b"}', "environment: 'A' cannot be set as a variable"),
        ("site: 2024-13-45", "cannot be read"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(text)
    with pytest.raises(AgcError) as caught:
        load_site(tmp_path)
    assert told in str(caught.value)
    assert str(tmp_path / "site.yaml") in str(caught.value)


def test_a_folder_without_settings(tmp_path: Path) -> None:
    with pytest.raises(AgcError, match=r"holds no agc/site\.yaml"):
        load_site(tmp_path)


def test_variables_are_set_where_nobody_set_them(tmp_path: Path) -> None:
    proxy = tmp_path / "proxy"
    site = SiteSettings("toy", tmp_path, environment={"SITE_NAME": "AF_200", "X509_USER_PROXY": str(proxy)})
    told: dict[str, str] = {}
    site.export(told)
    assert told == {"SITE_NAME": "AF_200"}, "no proxy is there yet"
    proxy.touch()
    told = {"SITE_NAME": "mine"}
    site.export(told)
    assert told == {"SITE_NAME": "mine", "X509_USER_PROXY": str(proxy)}


def test_what_is_typed_comes_first(compiled: Path) -> None:
    site = load_site(compiled)
    assert addresses(site, (), None)(UNL) == f"{DOOR}//{ORIGIN}"
    assert addresses(site, (), "")(UNL) == ORIGIN
    assert addresses(site, (), "root://mine//")(UNL) == f"root://mine//{ORIGIN}"
    assert addresses(site, (("https://xrootd-local.unl.edu:1094//", "/data/"),), None)(UNL) == "/data/store/a.root"
    typed = addresses(site, (("https://b", "https://xrootd-local.unl.edu:1094"),), None)
    assert typed("https://b//store/a.root") == f"{DOOR}//{ORIGIN}"


def test_without_a_site_what_is_typed_is_all() -> None:
    assert addresses(None, (), None)(UNL) == UNL
    assert addresses(None, (("https://y", "/y"),), "root://c//")(UNL) == f"root://c//{ORIGIN}"


def test_a_site_leaves_alone_what_it_does_not_know() -> None:
    site = SiteAddresses(xcache="root://cache")
    assert site("https://elsewhere.org//a.root") == "https://elsewhere.org//a.root"
    assert site("/data/a.root") == "/data/a.root"
    assert site("root://a.org/b") == "root://cache//root://a.org//b"
    assert site("root://other//root://a.org//b") == "root://other//root://a.org//b"
    assert site("root://CACHE:1094//b") == "root://CACHE:1094//b"
