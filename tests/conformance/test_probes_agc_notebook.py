"""Upstream's notebook in the site's image, over stand-ins: a repository of two cells, a papermill of a few lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
from probed_site import Came, Probed, hurry

from afspec.conformance.clients.agc import notebook
from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = "images: {stance: promised, runtime: apptainer, named: [{name: base, reference: example.org/base:1}]}\n"
SITE = IMAGES + "agc: {environment: {AF: local, AF_NAME: toy}}\ndask: {stance: promised}\n"
# The container is this machine.
SETUP = 'af_exec() { "$@"; }\n'
FIT = "print('fit result for ttbar_norm: 0.955 +/- 0.090')"
CONFIGURED = "assert (utils.config['global']['AF'], utils.config['benchmarking']['AF_NAME']) == ('local', 'toy')"
CLIENT = "assert utils.clients.get_client(af=utils.config['global']['AF']) == 'a client of 4'"
CELLS = ("import utils, utils.clients", CONFIGURED, CLIENT, FIT)
UTILS = {
    "__init__.py": "config = {'global': {'AF': 'coffea_casa'}, "
    "'benchmarking': {'AF_NAME': 'coffea_casa', 'XCACHE_ATLAS_PREFIX': None}}\n",
    "clients.py": "def get_client(af='coffea_casa'):\n    raise NotImplementedError(af)\n",
}
CLUSTER = "def connect(workers, **options):\n    return 'a cluster', f'a client of {workers}'\n"
# Reads from wherever it is told.
UPROOT = "def open(file):\n    return {'nJet': type('B', (), {'array': lambda *_, **__: [1]})}\n"
# Runs cells as papermill does, as far as the probe sees it: its output has every cell, and the error of the first.
PAPERMILL = """
import contextlib, glob, io, json, os, sys
kernel, source, target = sys.argv[-3:]
book = json.load(open(source))
sys.path.insert(0, os.getcwd())
space = {}
for name in sorted(glob.glob(os.environ["IPYTHONDIR"] + "/profile_default/startup/*.py")):
    exec(open(name).read(), space)
failed = 0
for cell in book["cells"]:
    said = io.StringIO()
    cell["outputs"] = []
    try:
        with contextlib.redirect_stdout(said):
            exec("".join(cell["source"]), space)
    except Exception as error:
        cell["outputs"] = [{"output_type": "error", "ename": type(error).__name__, "evalue": str(error)}]
        failed = 1
    cell["outputs"].append({"output_type": "stream", "text": [said.getvalue()]})
    if failed:
        break
json.dump(book, open(target, "w"))
sys.exit(failed)
"""


class Room:
    """A session of anna's, in which the site's image has what upstream's notebook needs, and upstream is at hand."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.image = folder / "image"
        self.setup = SETUP
        self._patch = monkeypatch
        for name in notebook.MODULES:
            if name not in {"papermill", "uproot", "awkward"}:
                self.module(name, "__init__.py", "")
        self.module("papermill", "__main__.py", PAPERMILL)
        data = folder / "data.root"
        with uproot.recreate(data) as file:
            file["Events"] = {"nJet": np.arange(20, dtype=np.uint32)}
        monkeypatch.setattr(notebook, "DATA", str(data))
        (folder / "home").mkdir()
        (folder / "bin").mkdir()
        # No link: by its own path it knows its environment.
        python = folder / "bin/python"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)

    def module(self, package: str, name: str, text: str) -> None:
        path = self.image / package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def upstream(self, *cells: str) -> None:
        work = self.folder / "upstream" / notebook.FOLDER
        (work / "utils").mkdir(parents=True)
        for name, text in UTILS.items():
            (work / "utils" / name).write_text(text)
        book = {"cells": [{"cell_type": "code", "source": [cell]} for cell in cells]}
        (work / notebook.NOTEBOOK).write_text(json.dumps(book))
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        for command in (("init", "--quiet"), ("add", "."), (*who, "commit", "--quiet", "--message=as it is")):
            subprocess.run(["git", *command], cwd=self.folder / "upstream", check=True)
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=self.folder / "upstream", check=True, capture_output=True, text=True
        )
        self._patch.setattr(notebook, "REPOSITORY", f"file://{self.folder / 'upstream'}")
        self._patch.setattr(notebook, "COMMIT", head.stdout.strip())

    def came(self, site: str = SITE, **files: str) -> Came:
        environment = {
            "HOME": str(self.folder / "home"),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.image),
            "PYTHONSAFEPATH": "",
        }
        probed = Probed(self.folder, site, session=environment)
        probed.run.request = replace(probed.run.request, max_safety="load")
        given: dict[str, Any] = {"user-setup/setup.sh": self.setup, "dask/cluster.py": CLUSTER, **files}
        probed.run.files = given
        found = probed.came("AF-AGC-003")
        assert not list((self.folder / "home").glob("afspec-*")), "nothing is left at the site"
        return found


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    hurry(monkeypatch)
    return Room(tmp_path, monkeypatch)


def test_a_notebook_that_runs_passes(room: Room) -> None:
    room.upstream(*CELLS)
    assert room.came() == Came(Outcome.PASS, None, "")


def test_a_cell_that_fails_is_the_sites(room: Room) -> None:
    room.upstream("import utils", "raise OSError('no space left on device')", FIT)
    outcome, _, text = room.came()
    assert outcome is Outcome.FAIL
    assert text == "not so: no cell fails: cell 1: OSError: no space left on device"


def test_another_fit_fails(room: Room) -> None:
    room.upstream("import utils", "print('fit result for ttbar_norm: 1.400 +/- 0.090')")
    outcome, _, text = room.came()
    assert (outcome, "1.400 +- 0.090; upstream's is 0.960 +- 0.088" in text) == (Outcome.FAIL, True)


def test_a_notebook_without_a_fit_fails(room: Room) -> None:
    room.upstream("import utils")
    assert room.came().text == "not so: it prints its fit of ttbar_norm"


def test_a_notebook_that_was_changed_on_the_way_fails(room: Room) -> None:
    room.upstream("import utils", "open('utils/clients.py', 'a').write('# patched')", FIT)
    outcome, _, text = room.came()
    assert outcome is Outcome.FAIL
    assert text.startswith("not so: the notebook that ran is upstream's, cell by cell: analyses/")


def test_a_runner_that_leaves_cells_out_fails(room: Room) -> None:
    fewer = 'space = {"utils": 0}\nbook["cells"] = book["cells"][-1:]'
    room.module("papermill", "__main__.py", PAPERMILL.replace("space = {}", fewer))
    room.upstream(*CELLS)
    outcome, _, text = room.came()
    assert (outcome, "the notebook that ran is upstream's" in text) == (Outcome.FAIL, True)


def test_all_that_is_missing_is_named_at_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    (room.image / "papermill/__main__.py").unlink()
    (room.image / "papermill").rmdir()
    monkeypatch.setattr(notebook, "REPOSITORY", f"file://{room.folder / 'nowhere'}")
    monkeypatch.setattr(notebook, "DATA", str(room.folder / "nothing.root"))
    outcome, reason, text = room.came()
    assert (outcome, reason) == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
    wanted = ("papermill (not in the image base)", "upstream's notebook at c37bf595: ", "the data: ", "nothing.root")
    for part in wanted:
        assert part in text, text


def test_another_commit_is_not_the_pinned_one(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.upstream(*CELLS)
    monkeypatch.setattr(notebook, "COMMIT", "0" * 40)
    outcome, _, text = room.came()
    assert (outcome, "upstream's notebook at 00000000: " in text) == (Outcome.UNVERIFIED, True)


def test_an_image_that_does_not_start_is_the_only_thing_said(room: Room) -> None:
    room.setup = "af_exec() { echo 'FATAL: no such image' >&2; return 255; }\n"
    outcome, reason, text = room.came()
    assert (outcome, reason) == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
    assert text.startswith("the image base cannot be had here: FATAL: no such image")


@pytest.mark.parametrize(
    ("site", "said"),
    [
        ("batch: []\n", "the spec names no image to run the notebook in"),
        (IMAGES.replace("apptainer", "kubernetes"), "the image base is run by kubernetes"),
    ],
)
def test_a_site_whose_images_users_do_not_start(room: Room, site: str, said: str) -> None:
    outcome, reason, text = room.came(site)
    assert (outcome, reason) == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
    assert said in text


def test_a_cache_that_serves_the_data_becomes_upstreams_prefix(room: Room) -> None:
    door = "root://cache.example.org:1094"
    room.module("uproot", "__init__.py", UPROOT)
    wants = f"assert utils.config['benchmarking']['XCACHE_ATLAS_PREFIX'] == '{door}//'"
    room.upstream("import utils", wants, FIT)
    cache = f"storage: {{xcache: [{{name: cache, stance: promised, door: '{door}'}}]}}\n"
    assert room.came(SITE + cache) == Came(Outcome.PASS, None, "")
