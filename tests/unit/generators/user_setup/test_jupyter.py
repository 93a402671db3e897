"""Jupyter in the site's image, and the text to paste that starts it."""

from __future__ import annotations

import subprocess

from user_setup_site import REFERENCE, Site, full, recorded, sif


def test_jupyter_runs_in_the_image_with_the_binds_that_exist(ready: Site) -> None:
    log = ready.stub("apptainer")
    ready.prints("jupyter lab --port 1 'two words' ''")
    root = ready.root
    binds = ["-B", f"{root}/sdf", "-B", f"{root}/etc/slurm"]
    arguments = ["jupyter", "lab", "--port", "1", "two words", ""]
    assert recorded(log) == ["exec", "--nv", *binds, f"docker://{REFERENCE}", *arguments]


def test_without_gpus_or_binds_nothing_is_added(ready: Site) -> None:
    spec = full(ready.root, gpus=None, images__binds=[], batch=[], jupyter=[])
    site = Site(ready.root, spec)
    log = site.stub("apptainer")
    site.prints("af_jupyter lab; ! declare -F jupyter")
    assert recorded(log) == ["exec", f"docker://{REFERENCE}", "jupyter", "lab"]
    assert "--nv" not in Site(ready.root, full(ready.root, images__gpu_flag=False)).texts["setup.sh"]


def test_a_bind_with_a_target_is_judged_by_its_source(ready: Site) -> None:
    binds = [f"{ready.root}/sdf:/data", f"{ready.root}/absent:/sdf"]
    site = Site(ready.root, full(ready.root, images__binds=binds, batch=[]))
    log = site.stub("apptainer")
    site.prints("af_exec true")
    assert recorded(log)[2:4] == ["-B", binds[0]]
    assert binds[1] not in recorded(log)


def test_the_sites_executable_is_used_where_it_is(ready: Site) -> None:
    own = ready.root / "sw/apptainer"
    own.parent.mkdir()
    site = Site(ready.root, full(ready.root, images__executable=str(own)))
    log = site.stub("apptainer")
    site.prints("af_exec true")
    assert log.exists()
    own.write_text("#!/bin/sh\necho own\n")
    own.chmod(0o755)
    assert site.prints("af_exec true") == "own"


def test_in_a_container_jupyter_is_the_images_own(ready: Site) -> None:
    ready.stub("jupyter", "echo own")
    assert ready.prints("jupyter lab", APPTAINER_CONTAINER="/x.sif") == "own"
    done = ready.bash("af_exec true || echo $?")
    assert done.stdout == "127\n"
    assert "container" in done.stderr


def test_the_text_to_paste_starts_jupyter_by_itself(ready: Site) -> None:
    log = ready.stub("apptainer")
    paste = ready.setup.with_name("jupyter.sh")
    assert len(ready.texts["jupyter.sh"].splitlines()) < 35
    script = f"set -euo pipefail; source '{paste}'; jupyter lab 'a b'; echo $APPTAINER_IMAGE_PATH $APPTAINER_CACHEDIR"

    def run() -> list[str]:
        done = subprocess.run(
            ["bash", "-c", script],
            env={"PATH": f"{ready.bin}:{ready.tools}", "HOME": str(ready.home), "USER": "jdoe"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.split()

    cache = f"{ready.root}/scratch/j/jdoe/apptainer"
    assert run() == [f"docker://{REFERENCE}", cache]
    binds = ["-B", f"{ready.root}/sdf", "-B", f"{ready.root}/etc/slurm"]
    assert recorded(log) == ["exec", "--nv", *binds, f"docker://{REFERENCE}", "jupyter", "lab", "a b"]
    sif(ready).parent.mkdir(parents=True)
    sif(ready).touch()
    assert run() == [str(sif(ready)), cache]
    folder = ready.root / "cvmfs/unpacked.cern.ch" / REFERENCE
    folder.mkdir(parents=True)
    assert run() == [str(folder), cache]
