"""Images of users: which ones a hub takes under the site's policy, and how a job runs its server in one."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hub_spec import CILOGON, HTCONDOR, SLURM, RefusalError, choose, hub, script
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

BASE = "hub.example.org/iris-hep/base:1"
MINE = "registry.example.org/me/mine"
PINNED = f"{MINE}:2@sha256:{'a' * 64}"
IMAGES = f"""\
images:
  stance: promised
  unpacked: /cvmfs/unpacked.cern.ch
  binds: [/sdf, /absent]
  named: [{{name: base, reference: "{BASE}"}}]
"""
PROFILES = """\
    custom_image: true
    profiles:
      - {name: plain}
      - {name: base, image: "hub.example.org/iris-hep/base:1"}
"""


def site(policy: str = "", *, batch: str = SLURM, more: str = PROFILES) -> str:
    images = IMAGES.replace("  unpacked", f"  {policy}\n  unpacked") if policy else IMAGES
    return images + CILOGON + batch + hub("slurm" if batch == SLURM else "htcondor", more)


def places(settings: Any, **options: Any) -> list[str]:
    """Where a Slurm job looks for its image, the better place last."""
    first = choose(settings, **options).req_prologue.splitlines()[0]
    assert first.startswith("places=(")
    return shlex.split(first.removeprefix("places=(").removesuffix(")"))


def test_users_bring_their_images_as_the_policy_says(load: Any) -> None:
    settings = load(site())
    unpacked = "/cvmfs/unpacked.cern.ch"
    assert places(settings, profile="base") == [f"docker://{BASE}", f"{unpacked}/{BASE}"]
    assert places(settings, profile="plain", image="base") == [f"docker://{BASE}", f"{unpacked}/{BASE}"]
    assert places(settings, image=f"docker://{MINE} ") == [f"docker://{MINE}", f"{unpacked}/{MINE}:latest"]
    # Pulled by its digest, which the folder of a tag does not prove.
    assert places(settings, image=PINNED) == [f"docker://{MINE}@sha256:{'a' * 64}"]
    assert places(settings, image="/data/jdoe/images/x+1.sif") == ["/data/jdoe/images/x+1.sif"]
    assert choose(settings, profile="plain", image=MINE).user_options == {"profile": "plain", "image": MINE}


def test_only_unpacked_images_where_the_site_says_so(load: Any) -> None:
    settings = load(site("policy: unpacked"))
    assert places(settings, image=MINE) == [f"/cvmfs/unpacked.cern.ch/{MINE}:latest"]
    assert places(settings, image=f"/cvmfs/unpacked.cern.ch/{BASE}") == [f"/cvmfs/unpacked.cern.ch/{BASE}"]
    for image in ("/data/mine.sif", "/cvmfs/unpacked.cern.ch", PINNED):
        with pytest.raises(RefusalError, match="400"):
            choose(settings, image=image)


def test_only_what_an_allow_list_holds(load: Any) -> None:
    settings = load(site(f"policy: allow_list\n  allowed: ['{BASE}', '{MINE}:2']"))
    assert places(settings, image=PINNED) == [f"docker://{MINE}@sha256:{'a' * 64}"]
    assert places(settings, image="base")[0] == f"docker://{BASE}"
    for image, why in ((f"{MINE}:3", f"allowed here: {BASE}, {MINE}:2"), ("/data/mine.sif", "not an image")):
        with pytest.raises(RefusalError, match=f"400 .*{why}"):
            choose(settings, image=image)
    assert f'<option value="{MINE}:2">' in settings.Spawner.options_form


def test_without_custom_images_only_those_of_choices_run(load: Any) -> None:
    settings = load(site(more=PROFILES.replace("    custom_image: true\n", "")))
    assert places(settings, profile="base")[0] == f"docker://{BASE}"
    assert 'name="image"' not in settings.Spawner.options_form
    with pytest.raises(RefusalError, match="400 images of your own are not offered"):
        choose(settings, image=BASE)


HOSTILE = [
    *("$(id)", "`id`", "a b", "x;y", "x\n+Other = 1", '"', "'", "{cmd}", "docker://", "x" * 600, "host.example.org"),
    *("/", "../x", "/../root", "/a/../b", "/.hidden", "/a b", "/a\nb", "/a" * 300),
    *(7, [BASE], {"a": 1}, True),
]


@pytest.mark.parametrize("image", HOSTILE)
def test_anything_else_is_refused(image: Any, load: Any) -> None:
    for body in (site(), site(batch=HTCONDOR, more="    custom_image: true\n")):
        with pytest.raises(RefusalError, match="400"):
            choose(load(body), image=image)


def test_no_text_becomes_more_than_one_word(load: Any) -> None:
    settings = load(site())

    @given(st.one_of(st.text(max_size=40), st.from_regex(r"/[a-z$`'\"; ]{1,9}(:[a-z0-9]+)?", fullmatch=True)))
    def holds(text: str) -> None:
        try:
            found = places(settings, image=text)
        except RefusalError:
            return
        except AssertionError:
            assert not text  # no image was asked for
            return
        word = text.strip().removeprefix("docker://")
        assert found[0] in {word, f"docker://{word}", f"docker://{BASE}"}
        assert "\n" not in choose(settings, image=text).req_prologue.splitlines()[0]

    holds()


def test_a_session_without_an_image_starts_as_ever(load: Any, tmp_path: Path) -> None:
    text = script(load(site()), profile="plain", cmd="echo 'two  words'", home=str(tmp_path))
    done = subprocess.run(["bash", "-eu"], input=text, capture_output=True, text=True, check=True)
    assert done.stdout == "two  words\n"


def job(load: Any, folder: Path, programs: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs the batch script of a Slurm session with an Apptainer that takes notes, and runs the command as it is.

    The path inside has the programs of the image, in `programs`.
    """
    own = folder / "hub/bin"
    for where, name, says in (
        (own, "batchspawner-singleuser", "hub"),
        (own, "jupyterhub-singleuser", "hub"),
        (folder / programs, "batchspawner-singleuser", "image"),
        (folder / programs, "jupyterhub-singleuser", "image"),
    ):
        where.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(f'#!/bin/sh\nprintf "%s|" {says} "$@"\n')
        (where / name).chmod(0o755)
    (folder / "sdf").mkdir(exist_ok=True)
    stub = folder / "bin/apptainer"
    stub.parent.mkdir(exist_ok=True)
    notes = f'printf "%s\\n" "$@" > {folder}/notes; while [ "$1" != /bin/sh ]; do shift; done'
    stub.write_text(f'#!/bin/bash\n{notes}; PATH={folder}/inside:/usr/bin:/bin exec "$@"\n')
    stub.chmod(0o755)
    body = (
        site()
        .replace("/sdf", f"{folder}/sdf")
        .replace("/opt/hub", f"{folder}/hub")
        .replace("/cvmfs/unp", f"{folder}/unp")
    )
    cmd = f"{own}/batchspawner-singleuser {own}/jupyterhub-singleuser --a=1 '--b=two  words'"
    text = script(load(body), cmd=cmd, home=str(folder), **options)
    environment = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "USER": "jdoe"}
    return subprocess.run(["bash"], input=text, capture_output=True, text=True, check=False, env=environment)


def test_a_job_runs_the_images_own_server_with_the_binds_that_exist(load: Any, tmp_path: Path) -> None:
    done = job(load, tmp_path, "inside", profile="base")
    # The server of the image, by its own name.
    assert done.stdout == "image|jupyterhub-singleuser|--a=1|--b=two  words|", done.stderr
    words = (tmp_path / "notes").read_text().splitlines()
    assert words[:7] == [
        *("exec", "--nv", "--bind", f"{tmp_path}/sdf", "--bind", f"{tmp_path}/hub"),
        f"docker://{BASE}",
    ]
    (tmp_path / "unpacked.cern.ch" / BASE).mkdir(parents=True)
    job(load, tmp_path, "inside", profile="base")
    assert f"{tmp_path}/unpacked.cern.ch/{BASE}" in (tmp_path / "notes").read_text().splitlines()


def test_an_image_without_a_server_runs_the_hubs(load: Any, tmp_path: Path) -> None:
    done = job(load, tmp_path, "elsewhere", profile="base")
    assert done.stdout == f"hub|{tmp_path}/hub/bin/jupyterhub-singleuser|--a=1|--b=two  words|"


def test_an_image_that_is_not_there_ends_the_job_and_is_named(load: Any, tmp_path: Path) -> None:
    done = job(load, tmp_path, "inside", image="/nowhere/x.sif")
    assert done.returncode == 69
    assert "there is no such image: /nowhere/x.sif" in done.stderr


@pytest.mark.parametrize(
    ("universe", "mine", "base"),
    [
        (
            "vanilla",
            [f'+SingularityImage = "docker://{MINE}"'],
            [f'+SingularityImage = "/cvmfs/unpacked.cern.ch/{BASE}"'],
        ),
        (
            "container",
            ["universe = container", f"container_image = docker://{MINE}"],
            ["universe = container", f"container_image = /cvmfs/unpacked.cern.ch/{BASE}"],
        ),
        ("docker", ["universe = docker", f"docker_image = {MINE}"], ["universe = docker", f"docker_image = {BASE}"]),
    ],
)
def test_an_htcondor_job_asks_as_its_pool_does(universe: str, mine: list[str], base: list[str], load: Any) -> None:
    pool = HTCONDOR.replace("    queues", f"    container_universe: {universe}\n    queues")
    settings = load(site(batch=pool, more="    custom_image: true\n"))
    for image, lines in ((MINE, mine), ("base", base)):
        spawner = choose(settings, image=image)
        assert spawner.req_options.splitlines()[-len(lines) :] == lines
        assert spawner.req_prologue == "image"
    assert choose(settings).req_prologue == "none"
    if universe == "docker":
        with pytest.raises(RefusalError, match="400"):
            choose(settings, image="/data/mine.sif")


@pytest.mark.parametrize("image", ["", "base"])
def test_a_condor_job_has_the_hubs_variables_and_the_images_programs(image: str, load: Any, tmp_path: Path) -> None:
    """What HTCondor gives /bin/sh: its double quotes are gone, and a doubled one is one."""
    text = script(load(site(batch=HTCONDOR, more="    custom_image: true\n")), home=str(tmp_path), image=image,
                  cmd=f"{tmp_path}/hub/batchspawner-singleuser {tmp_path}/hub/jupyterhub-singleuser --a=1")  # fmt: skip
    line = next(line for line in text.splitlines() if line.startswith("arguments"))
    command = line.removeprefix("arguments = \"-c '").removesuffix("'\"").replace('""', '"')
    for where in ("hub", "inside"):
        (tmp_path / where).mkdir()
        for name in ("batchspawner-singleuser", "jupyterhub-singleuser"):
            (tmp_path / where / name).write_text(f'#!/bin/sh\necho {where} "$TOKEN" "$@"\n')
            (tmp_path / where / name).chmod(0o755)
    (tmp_path / ".jupyterhub.env").write_text(f"export PATH='{tmp_path}/none:/usr/bin:/bin'\nexport TOKEN='a b'\n")
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=True, env={"PATH": f"{tmp_path}/inside:/bin"}
    )
    own = "inside a b jupyterhub-singleuser --a=1\n"
    assert done.stdout == (own if image else f"hub a b {tmp_path}/hub/jupyterhub-singleuser --a=1\n")


def test_choices_on_the_hubs_own_machine_run_in_no_image(load: Any) -> None:
    settings = load(site(more=PROFILES + "      - {name: here, spawner: local}\n"))
    assert choose(settings, profile="here").user_options == {"profile": "here"}
    with pytest.raises(RefusalError, match="400 this session runs in no image"):
        choose(settings, profile="here", image=BASE)
