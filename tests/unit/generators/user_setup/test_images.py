"""Where images come from and are kept: caches, references, policies and pulls."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from user_setup_site import REFERENCE, Site, full, recorded, sif

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "sha256:" + "0123456789abcdef" * 4


def test_caches_are_made_on_scratch_for_the_user_alone(ready: Site) -> None:
    folder = ready.root / "scratch/j/jdoe/apptainer"
    assert ready.prints('echo "$APPTAINER_CACHEDIR $APPTAINER_TMPDIR"') == f"{folder} {folder / 'tmp'}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "tmp").stat().st_mode) == 0o700


def test_a_jobs_own_disk_takes_temporary_files(ready: Site) -> None:
    assert ready.prints("echo $APPTAINER_TMPDIR", LSCRATCH=str(ready.home)) == str(ready.home)


def test_the_users_own_cache_stays(ready: Site) -> None:
    mine = {"APPTAINER_CACHEDIR": "/mine/c", "APPTAINER_TMPDIR": "/mine/t"}
    assert ready.prints('echo "$APPTAINER_CACHEDIR $APPTAINER_TMPDIR"', **mine) == "/mine/c /mine/t"
    assert not (ready.root / "scratch/j/jdoe").exists()


def test_without_the_file_system_apptainer_keeps_its_defaults(tmp_path: Path) -> None:
    site = Site(tmp_path, full(tmp_path))
    again = f"source '{site.setup}'; bash -c \"source '{site.setup}'\"; echo \"${{APPTAINER_CACHEDIR-unset}}\""
    done = site.bash(again)
    assert (done.returncode, done.stdout) == (0, "unset\n")
    assert done.stderr.count("apptainer keeps its own cache") == 1
    assert not (tmp_path / "scratch").exists()


def test_a_scratch_area_serves_where_no_cache_is_named(ready: Site) -> None:
    site = Site(ready.root, full(ready.root, images__cache=None, images__store=None))
    assert site.prints("echo $APPTAINER_CACHEDIR") == f"{ready.root}/scratch/j/jdoe/apptainer"
    (ready.root / "data/jdoe/images/r.org").mkdir(parents=True)
    (ready.root / "data/jdoe/images/r.org/x+1.sif").touch()
    assert site.prints("af_image r.org/x:1") == f"{ready.root}/data/jdoe/images/r.org/x+1.sif"


def test_a_shared_cache_folder_gets_a_part_for_each_user(ready: Site) -> None:
    site = Site(ready.root, full(ready.root, images__cache=f"{ready.root}/scratch"))
    assert site.prints("echo $APPTAINER_CACHEDIR") == f"{ready.root}/scratch/jdoe"


def test_the_best_form_of_an_image_that_is_here(ready: Site) -> None:
    assert ready.prints("af_image") == f"docker://{REFERENCE}"
    sif(ready).parent.mkdir(parents=True)
    sif(ready).touch()
    assert ready.prints("af_image") == str(sif(ready))
    folder = ready.root / "cvmfs/unpacked.cern.ch" / REFERENCE
    folder.mkdir(parents=True)
    assert ready.prints("af_image") == str(sif(ready)), "an empty folder is not an image"
    (folder / "usr").mkdir()
    assert ready.prints("af_image") == str(folder)
    assert ready.prints("af_image base") == str(folder)
    assert ready.prints(f"af_image '{folder}/'") == str(folder)


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("docker.io/library/python:3.12", "docker://docker.io/library/python:3.12"),
        ("docker://docker.io/library/python:3.12", "docker://docker.io/library/python:3.12"),
        (f"r.org/a/b@{DIGEST}", f"docker://r.org/a/b@{DIGEST}"),
        (f"r.org/a/b:1@{DIGEST}", f"docker://r.org/a/b@{DIGEST}"),
        (f"r.org:5000/a/b:1@{DIGEST}", f"docker://r.org:5000/a/b@{DIGEST}"),
        (f"r.org:5000/a/b@{DIGEST}", f"docker://r.org:5000/a/b@{DIGEST}"),
        ("base", f"docker://{REFERENCE}"),
    ],
)
def test_references_become_registry_addresses(given: str, printed: str, ready: Site) -> None:
    assert ready.prints(f"af_image {given}") == printed
    assert ready.prints("af_image", AF_IMAGE=given) == printed


@pytest.mark.parametrize("given", ["../../etc/passwd", "a/../../b", "x/.."])
def test_a_reference_does_not_climb(given: str, ready: Site) -> None:
    done = ready.bash(f"af_image {given} || echo $?")
    assert done.stdout == "2\n"


def test_paths_are_images_if_they_exist(ready: Site) -> None:
    mine = ready.home / "my image.sif"
    mine.touch()
    assert ready.prints(f"af_image '{mine}'") == str(mine)
    done = ready.bash("af_image /no/such.sif || echo $?")
    assert (done.stdout, done.stderr) == ("1\n", "afspec: no such image: /no/such.sif\n")


def test_an_allow_list_refuses_all_others(ready: Site) -> None:
    allowed = ["hub.example.org/usatlas/ml-platform:2026.3", "hub.example.org/usatlas/ml-platform:latest"]
    spec = full(ready.root, images__policy="allow_list", images__allowed=allowed)
    log = Site(ready.root, spec).stub("apptainer")
    site = Site(ready.root, spec)
    assert site.prints("af_image") == f"docker://{allowed[0]}", "the named image is not on the list"
    assert site.prints(f"af_image {allowed[1]}") == f"docker://{allowed[1]}"
    mine = ready.home / "mine.sif"
    mine.touch()
    for refused in (REFERENCE, "hub.example.org/usatlas/ml-platform:2026-3", str(mine), "base", "'*'"):
        done = site.bash(f"af_image {refused} || echo $?; af_pull {refused} || echo $?", strict=False)
        assert done.stdout == "1\n1\n"
        assert all(image in done.stderr for image in allowed)
    refused_run = site.bash("jupyter lab || echo $?", AF_IMAGE=REFERENCE)
    assert refused_run.stdout == "1\n"
    assert not log.exists()


def test_where_only_cvmfs_images_run_nothing_is_pulled(ready: Site) -> None:
    site = Site(ready.root, full(ready.root, images__policy="unpacked"))
    done = site.bash("af_image || echo $?")
    assert done.stdout == "1\n"
    assert "help@example.org" in done.stderr
    assert "docker://" not in site.texts["jupyter.sh"]
    assert site.bash("af_image /bin/sh || echo $?").stdout == "1\n"


def test_where_pods_run_the_image_its_reference_is_what_is_needed(ready: Site) -> None:
    site = Site(ready.root, full(ready.root, images__runtime="kubernetes"))
    assert site.prints("af_image base") == REFERENCE
    assert "jupyter.sh" not in site.texts


def test_without_a_default_image_one_must_be_named(ready: Site) -> None:
    site = Site(ready.root, full(ready.root, images__named=[]))
    done = site.bash("af_image || echo $?")
    assert done.stdout == "2\n"
    assert "AF_IMAGE" in done.stderr


def test_an_image_is_pulled_once_and_whole(ready: Site) -> None:
    log = ready.stub("apptainer", 'echo noise; echo image > "$2"')
    done = ready.bash("af_pull; af_pull base; af_image")
    assert done.stdout.split() == [str(sif(ready))] * 3
    assert done.stderr == "noise\n"
    verb, target, source = recorded(log)
    assert (verb, source) == ("pull", f"docker://{REFERENCE}")
    assert target != str(sif(ready)), "a half-made image must not have the final name"
    assert sif(ready).read_text() == "image\n"
    assert [path.name for path in sif(ready).parent.iterdir()] == [sif(ready).name]


def test_a_failed_pull_leaves_nothing(ready: Site) -> None:
    ready.stub("apptainer", 'echo half > "$2"; exit 7')
    done = ready.bash("af_pull || echo $?")
    assert done.stdout == "7\n"
    assert list(sif(ready).parent.iterdir()) == []


def test_a_pull_without_the_file_system_is_refused(ready: Site) -> None:
    log = ready.stub("apptainer")
    (ready.root / "data").rmdir()
    done = ready.bash("af_pull || echo $?")
    assert done.stdout == "1\n"
    assert not log.exists()
    assert not (ready.root / "data").exists()
