"""The generator user-setup: what bash really does with the script that users source."""

from __future__ import annotations

import ast
import itertools
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from afspec.generators.user_setup import UserSetup

from afspec.facility import Facility

REFERENCE = "hub.opensciencegrid.org/iris-hep/analysis-systems-base:2022-12-15"
DIGEST = "sha256:" + "0123456789abcdef" * 4
HOSTILE = "$(touch pwned) `touch pwned` ' \" ; touch pwned # \\ é \u2019 && touch pwned || touch pwned > pwned"
# All that the script may call, so that nothing of this machine (a real sbatch) is mistaken for the site's.
TOOLS = (
    "bash cat comm cut date dirname env grep id ln ls mkdir mktemp mv readlink rm sleep sort stat timeout touch tr true"
)
MARKS = ("{{", "}}", "{%", "%}", "{#", "#}", "<%", "%>", "@@")
BARE: dict[str, Any] = {"afspec": 1, "name": "bare", "title": "A bare site", "declared_by": "site"}


def full(root: Path, **changes: Any) -> dict[str, Any]:
    """A spec with everything, whose file systems lie below `root`."""
    spec: dict[str, Any] = {
        **BARE,
        "name": "full",
        "title": "A full site",
        "contact": "help@example.org",
        "batch": [
            {
                "name": "slurm",
                "stance": "promised",
                "scheduler": "slurm",
                "unset": ["KRB5CCNAME"],
                "scratch_variable": "LSCRATCH",
                "binds": [f"{root}/etc/slurm"],
            }
        ],
        "gpus": {"stance": "promised"},
        "images": {
            "stance": "promised",
            "policy": "any",
            "unpacked": f"{root}/cvmfs/unpacked.cern.ch",
            "binds": [f"{root}/sdf", f"{root}/absent"],
            "cache": f"{root}/scratch/<u>/<user>/apptainer",
            "store": f"{root}/data/<user>/images",
            "named": [
                {
                    "name": "base",
                    "reference": REFERENCE,
                    "prefix": f"{root}/opt/env",
                    "kernel": {"name": "analysis-systems"},
                }
            ],
        },
        "software": {
            "cvmfs": {"stance": "promised", "repositories": ["atlas.example.org"]},
            "setup_atlas": {"stance": "promised", "root": f"{root}/cvmfs/alrb"},
            "rucio": {"stance": "promised", "site": "AF_200"},
            "voms": {
                "stance": "promised",
                "attribute": "atlas/usatlas",
                "valid": "96 h",
                "proxy": f"{root}/proxy/<user>/x509",
            },
        },
        "jupyter": [
            {
                "name": "ood",
                "stance": "promised",
                "kind": "open_ondemand",
                "paste_in": True,
                "url": "https://s3df.example.org/ondemand",
            }
        ],
        "storage": {
            "stance": "promised",
            "areas": [
                {"name": "home", "stance": "promised", "purpose": "home", "path": f"{root}/home/<u>/<user>"},
                {"name": "gone", "stance": "not_promised", "purpose": "data", "path": f"{root}/old/<user>"},
                {"name": "data", "stance": "promised", "purpose": "data", "path": f"{root}/data/<user>"},
                {"name": "scratch", "stance": "promised", "purpose": "scratch", "path": f"{root}/scratch/<u>/<user>"},
            ],
            "xcache": [
                {"name": "x", "stance": "promised", "door": "root://xcache.example.org:1094//", "source_port": True}
            ],
        },
        "agc": {
            "rewrites": [
                {"prefix": "https://xrootd.example.edu:1094", "replacement": "root://xrootd.example.edu:1094"},
                {"prefix": "https://eos.example.ch/", "replacement": "root://eos.example.ch//"},
            ]
        },
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = spec
        for parent in parents:
            place = place[parent]
        place[last] = value
    return spec


class Site:
    """A compiled site, and a user's shell at it."""

    def __init__(self, root: Path, spec: dict[str, Any]) -> None:
        self.root = root
        self.bin = root / "bin"
        self.home = root / "user"
        self.out = root / "out"
        for folder in (self.bin, self.home):
            folder.mkdir(exist_ok=True)
        self.tools = root / "tools"
        if not self.tools.exists():
            self.tools.mkdir()
            for name in TOOLS.split():
                (self.tools / name).symlink_to(shutil.which(name) or f"/bin/{name}")
        self.texts = {}
        for artifact in UserSetup().render(Facility.model_validate(spec)):
            path = self.out / artifact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artifact.text, encoding="ascii")
            path.chmod(0o755 if artifact.executable else 0o644)
            self.texts[path.name] = artifact.text
        self.setup = self.out / "user-setup" / "setup.sh"
        self.environment: dict[str, str | None] = {
            "PATH": f"{self.bin}:{self.tools}",
            "HOME": str(self.home),
            "USER": "jdoe",
            "LC_ALL": "C",
        }

    def stub(self, name: str, body: str = "") -> Path:
        """A command that records its arguments, NUL-ended, and returns the record's path."""
        log = self.root / f"{name}.log"
        path = self.bin / name
        path.write_text(f"#!/bin/bash\nprintf '%s\\0' \"$@\" >> {shlex.quote(str(log))}\n{body}\n")
        path.chmod(0o755)
        return log

    def bash(self, command: str, *, strict: bool = True, **environment: str | None) -> subprocess.CompletedProcess[str]:
        """`command` in a shell that has sourced the script."""
        options = "set -euo pipefail\n" if strict else ""
        script = f"{options}source {shlex.quote(str(self.setup))}\n{command}"
        merged = {**self.environment, **environment}
        return subprocess.run(
            ["bash", "--norc", "--noprofile", "-c", script],
            env={name: value for name, value in merged.items() if value is not None},
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def prints(self, command: str, **environment: str | None) -> str:
        """What a command prints; it must succeed without a word on standard error."""
        done = self.bash(command, strict=True, **environment)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.rstrip("\n")


def recorded(log: Path) -> list[str]:
    """The arguments that a stub was given."""
    return log.read_text().split("\0")[:-1]


@pytest.fixture
def ready(tmp_path: Path) -> Site:
    """The full site with its file systems in place."""
    for folder in ("scratch/j", "data", "home/j/jdoe", "sdf", "etc/slurm", "cvmfs/unpacked.cern.ch", "proxy/jdoe"):
        (tmp_path / folder).mkdir(parents=True)
    return Site(tmp_path, full(tmp_path))


def kernel(prefix: Path, name: str = "analysis-systems") -> Path:
    """A kernel's folder below an environment."""
    folder = prefix / "share/jupyter/kernels" / name
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text('{"argv": ["/opt/env/bin/python"]}')
    return folder


def variants(root: Path) -> dict[str, dict[str, Any]]:
    """Specs that reach every branch of the templates."""
    specs = {
        "bare": BARE,
        "full": full(root),
        "hostile": full(root, title=HOSTILE, gpus={"stance": "promised", "note": HOSTILE}, organisation=HOSTILE),
        "allow-list": full(root, images__policy="allow_list", images__allowed=[REFERENCE, "docker.io/library/x:1"]),
        "no-allowed": full(root, images__policy="allow_list", images__allowed=[]),
        "unpacked": full(root, images__policy="unpacked"),
        "kubernetes": full(root, images__runtime="kubernetes"),
        "nothing-named": full(root, images__named=[], images__unpacked=None, images__executable="/opt/apptainer"),
        "no-folders": full(root, images__cache=None, images__store=None, storage={"stance": "promised"}),
        "no-paste": full(root, jupyter=[], gpus=None, agc=None, software={}),
        "one-bind": full(root, images__binds=["/sdf"], batch=[]),
        "no-cache": full(root, storage__xcache=[]),
    }
    pools = [
        {
            "name": "shared-pool.1",
            "stance": "best_effort",
            "scheduler": "htcondor",
            "log_directory": f"{root}/logs/<user>",
        },
        {"name": "hpc", "stance": "promised", "scheduler": "slurm", "unset": ["KRB5CCNAME", "A_B"]},
    ]
    specs["two-pools"] = full(root, batch=pools)
    return specs


VARIANTS = list(variants(Path("/nowhere")))


@pytest.mark.parametrize("name", VARIANTS)
def test_scripts_are_plain_correct_bash(name: str, tmp_path: Path) -> None:
    site = Site(tmp_path, variants(tmp_path)[name])
    scripts = sorted(map(str, site.setup.parent.glob("*.sh")))
    for text in site.texts.values():
        assert text.isascii()
        assert not [mark for mark in MARKS if mark in text]
        assert "SINGULARITY_" not in text
        assert "\n\n\n" not in text or text.startswith("#!/usr/bin/env python3")
        assert all(line == line.rstrip() for line in text.split("\n"))
    for script in scripts:
        subprocess.run(["bash", "-n", script], check=True)
    shellcheck = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if shellcheck is None:
        if os.environ.get("CI") == "true":
            pytest.fail("shellcheck is needed: it is in the requirements of the tests")
        pytest.skip("shellcheck is not installed")
    # The hostile title looks to it like something that was meant to expand: only a remark, not a warning.
    severity = "warning" if name == "hostile" else "style"
    checked = subprocess.run(
        [shellcheck, "-s", "bash", "-S", severity, *scripts], capture_output=True, text=True, check=False
    )
    assert checked.stdout == ""


@pytest.mark.parametrize("name", VARIANTS)
def test_sourcing_is_silent_strict_and_leaves_the_shell_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / "scratch/j").mkdir(parents=True)
    site = Site(tmp_path, variants(tmp_path)[name])
    before = "set -euo pipefail; shopt -s expand_aliases; a=$(set +o; shopt)"
    done = site.bash(
        f'[ "$a" = "$(set +o; shopt)" ]; source \'{site.setup}\'; echo fine',
        strict=False,
        BASH_ENV=None,
    )
    again = subprocess.run(
        ["bash", "--norc", "-c", f'{before}; source \'{site.setup}\'; [ "$a" = "$(set +o; shopt)" ] && echo same'],
        env={"PATH": str(site.tools), "HOME": str(site.home), "USER": "jdoe"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (again.returncode, again.stdout, again.stderr) == (0, "same\n", "")
    assert "fine" in done.stdout
    assert not (tmp_path / "pwned").exists()


def test_same_bytes_every_time(tmp_path: Path) -> None:
    facility = Facility.model_validate(full(tmp_path))
    assert list(UserSetup().render(facility)) == list(UserSetup().render(facility))


def test_a_bare_site_has_a_shorter_script(tmp_path: Path) -> None:
    site = Site(tmp_path, BARE)
    assert "jupyter.sh" not in site.texts
    names = site.prints("declare -F | cut -d' ' -f3 | tr '\\n' ' '").split()
    assert [name for name in names if not name.startswith("af__")] == ["af_check", "af_kernels"]
    assert "apptainer" not in site.texts["setup.sh"]
    assert len(site.texts["setup.sh"]) < 6000


def test_only_its_own_names_appear(ready: Site) -> None:
    names = "{ compgen -v; declare -F | cut -d' ' -f3; } | sort"
    script = f"a=$({names}); source '{ready.setup}'; comm -13 <(echo \"$a\") <({names})"
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={"PATH": str(ready.tools), "HOME": str(ready.home), "USER": "jdoe"},
        capture_output=True,
        text=True,
        check=True,
    )
    standard = {
        "ATLAS_LOCAL_ROOT_BASE",
        "X509_USER_PROXY",
        "SITE_NAME",
        "APPTAINER_CACHEDIR",
        "APPTAINER_TMPDIR",
        "setupATLAS",
        "jupyter",
    }
    shell_own = {"a", "BASH_REMATCH", "PIPESTATUS", "FUNCNAME"}
    new = {name for name in done.stdout.split() if not name.startswith(("af_", "AF_"))} - shell_own
    assert new == standard


@pytest.mark.parametrize("home", [None, "", "missing"])
@pytest.mark.parametrize("user", [None, "", "jdoe"])
def test_home_and_user_may_be_unset(home: str | None, user: str | None, ready: Site) -> None:
    me = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    (ready.root / "scratch" / me[0]).mkdir(exist_ok=True)
    value = str(ready.root / "missing") if home else home
    assert ready.prints("echo $AF_DATA", HOME=value, USER=user) == f"{ready.root}/data/{user or me}"


def test_running_it_tells_how_to_use_it(ready: Site) -> None:
    done = subprocess.run(["bash", ready.setup], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "source setup.sh" in done.stderr


def test_another_shell_is_told_that_it_needs_bash(ready: Site) -> None:
    dash = shutil.which("dash")
    if dash is None:
        pytest.skip("dash is not installed")
    done = subprocess.run(
        [dash, "-c", f". '{ready.setup}' || echo status $?"], capture_output=True, text=True, check=False
    )
    assert done.stdout == "status 2\n"
    assert "for bash" in done.stderr


def test_interactive_shells_get_one_line(ready: Site) -> None:
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-i", "-c", f"source '{ready.setup}'"],
        env={"PATH": str(ready.tools), "HOME": str(ready.home), "USER": "jdoe"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "afspec: A full site is set up; af_check says what works here\n"


def test_aliases_of_startup_files_do_no_harm(ready: Site) -> None:
    log = ready.stub("apptainer")
    script = f"""shopt -s expand_aliases
alias setupATLAS='echo old' jupyter='echo old' mv='mv -i' ls='ls --color=always' mkdir='mkdir -v' grep='grep -v'
source '{ready.setup}'
jupyter lab
type -t setupATLAS
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={name: value for name, value in ready.environment.items() if value},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("function\n", "")
    assert recorded(log)[-2:] == ["jupyter", "lab"]


def test_hostile_text_is_only_text(ready: Site) -> None:
    spec = full(ready.root, title=HOSTILE, contact="https://example.org/?a=$b&c=;d".replace("$", ""))
    site = Site(ready.root, spec)
    site.stub("apptainer")
    done = site.bash("af_check || :; af_image; af_pull || :; setupATLAS || :", strict=False)
    assert done.returncode == 0
    assert not list(ready.root.rglob("pwned"))


# --- storage, ATLAS, proxy, Rucio


def test_areas_are_named_after_their_purpose(ready: Site) -> None:
    root = ready.root
    assert ready.prints('echo "$AF_SITE $AF_HOME $AF_DATA $AF_SCRATCH"').split() == [
        "full",
        f"{root}/home/j/jdoe",
        f"{root}/data/jdoe",
        f"{root}/scratch/j/jdoe",
    ]


def test_setup_atlas_sources_sloppy_scripts_and_stays_strict(ready: Site) -> None:
    script = ready.root / "cvmfs/alrb/user/atlasLocalSetup.sh"
    script.parent.mkdir(parents=True)
    script.write_text('false; : $NOT_SET; export GOT="$*"; af=1; (exit 3)\n')
    done = ready.bash('setupATLAS -c "el 9" || status=$?; echo "$GOT $status $-"; false; echo unreached')
    assert done.stdout.startswith("-c el 9 3 ")
    assert {"e", "u"} <= set(done.stdout.split()[-1])
    assert done.returncode == 1
    loose = ready.bash("setupATLAS; echo $-", strict=False)
    assert not {"e", "u"} & set(loose.stdout.strip())


def test_setup_atlas_without_cvmfs_says_whom_to_ask(ready: Site) -> None:
    done = ready.bash("setupATLAS || echo $?")
    assert done.stdout == "1\n"
    assert "CVMFS" in done.stderr
    assert "help@example.org" in done.stderr


def test_proxy_is_at_the_sites_path_unless_the_user_has_one(ready: Site, tmp_path: Path) -> None:
    assert ready.prints("echo $X509_USER_PROXY") == f"{ready.root}/proxy/jdoe/x509"
    assert ready.prints("echo $X509_USER_PROXY", X509_USER_PROXY="/tmp/mine") == "/tmp/mine"  # noqa: S108 - a name
    assert Site(tmp_path, BARE).prints("echo $X509_USER_PROXY") == f"/tmp/x509up_u{os.getuid()}"  # noqa: S108 - a name


def test_af_proxy_asks_for_what_the_site_wants(ready: Site) -> None:
    log = ready.stub("voms-proxy-init")
    ready.prints("af_proxy -rfc")
    path = f"{ready.root}/proxy/jdoe/x509"
    assert recorded(log) == ["-voms", "atlas:/atlas/usatlas", "-valid", "96:00", "-out", path, "-rfc"]


def test_af_proxy_without_the_command_says_what_to_do(ready: Site) -> None:
    done = ready.bash("af_proxy || echo $?")
    assert done.stdout == "127\n"
    assert "setupATLAS" in done.stderr


def test_rucio_finds_the_near_caches(ready: Site) -> None:
    assert ready.prints("echo $SITE_NAME") == "AF_200"
    assert ready.prints("echo $SITE_NAME", SITE_NAME="MINE") == "MINE"


# --- caches and images


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


def sif(site: Site) -> Path:
    """Where the default image is kept."""
    return site.root / "data/jdoe/images/hub.opensciencegrid.org/iris-hep/analysis-systems-base+2022-12-15.sif"


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


# --- Jupyter


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


# --- kernels


def test_the_images_kernel_is_linked_where_hubs_look(ready: Site) -> None:
    folder = kernel(ready.root / "opt/env")
    kernel(ready.root / "opt/env", "python3")
    (folder.parent / "not-a-kernel").mkdir()
    twice = f"source '{ready.setup}'; af_kernels; echo \"$JUPYTER_PATH ${{JUPYTER_DATA_DIR-unset}}\""
    share = f"{ready.root}/opt/env/share/jupyter"
    assert ready.prints(twice) == f"{share} unset"
    assert ready.prints(twice, JUPYTER_PATH="/a:/b") == f"{share}:/a:/b unset"
    links = ready.home / ".local/share/jupyter/kernels"
    assert {path.name: str(path.readlink()) for path in links.iterdir()} == {"analysis-systems": str(folder)}


def test_nothing_is_linked_outside_the_image(ready: Site) -> None:
    assert ready.prints('echo "${JUPYTER_PATH-unset}"') == "unset"
    assert list(ready.home.iterdir()) == []
    done = ready.bash("af_kernels || echo $?")
    assert done.stdout == "1\n"


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_the_users_stays(kind: str, ready: Site) -> None:
    kernel(ready.root / "opt/env")
    mine = ready.home / ".local/share/jupyter/kernels/analysis-systems"
    mine.parent.mkdir(parents=True)
    if kind == "folder":
        mine.mkdir()
        (mine / "kernel.json").write_text("mine")
    elif kind == "file":
        mine.write_text("mine")
    else:
        mine.symlink_to(ready.root / "sdf")
    done = ready.bash("echo fine")
    assert done.stdout == "fine\n"
    assert "is yours and stays" in done.stderr
    if kind == "folder":
        assert [path.name for path in mine.iterdir()] == ["kernel.json"]
    elif kind == "link":
        assert mine.readlink() == ready.root / "sdf"


def test_the_link_follows_a_new_image(ready: Site) -> None:
    old, new = kernel(ready.root / "old"), kernel(ready.root / "new")
    link = ready.home / ".local/share/jupyter/kernels/analysis-systems"
    ready.prints(f"af_kernels '{ready.root}/old'")
    assert link.readlink() == old
    ready.prints(f"af_kernels '{ready.root}/new'; af_kernels '{ready.root}/new'")
    assert link.readlink() == new
    shutil.rmtree(ready.root / "new")
    ready.prints(f"af_kernels '{ready.root}/old'")
    assert link.readlink() == old


def test_a_home_that_cannot_be_written_leaves_the_path(ready: Site) -> None:
    kernel(ready.root / "opt/env")
    blocked = ready.root / "blocked"
    blocked.write_text("not a folder")
    done = ready.bash("echo $JUPYTER_PATH", HOME=str(blocked))
    assert done.stdout == f"{ready.root}/opt/env/share/jupyter\n"
    assert "cannot be made" in done.stderr


# --- inputs

DOOR = "root://xcache.example.org:1094"


@pytest.mark.parametrize(
    ("given", "cached"),
    [
        ("root://some.org//a/b.root", f"{DOOR}//root://some.org:1094//a/b.root"),
        ("root://some.org/a/b.root", f"{DOOR}//root://some.org:1094//a/b.root"),
        ("root://some.org:2094///a/b.root", f"{DOOR}//root://some.org:2094//a/b.root"),
        ("xroots://some.org//a?authz=t", f"{DOOR}//xroots://some.org:1094//a?authz=t"),
        ("root://[2001:db8::1]//a", f"{DOOR}//root://[2001:db8::1]:1094//a"),
        ("root://some.org//a/root://b", f"{DOOR}//root://some.org:1094//a/root://b"),
        ("root://some.org//a b*$x'\"", f"{DOOR}//root://some.org:1094//a b*$x'\""),
        (f"{DOOR}//root://some.org//a", f"{DOOR}//root://some.org//a"),
        (f"{DOOR}/a", f"{DOOR}/a"),
        ("root://other.org//root://some.org//a", "root://other.org//root://some.org//a"),
        ("root://other.org:1094/root://some.org//a", "root://other.org:1094/root://some.org//a"),
        ("https://xrootd.example.edu:1094//store/x", f"{DOOR}//root://xrootd.example.edu:1094//store/x"),
        ("https://eos.example.ch/eos/x", f"{DOOR}//root://eos.example.ch:1094//eos/x"),
        ("https://eos.example.ch//eos/x", f"{DOOR}//root://eos.example.ch:1094//eos/x"),
        ("/local/file.root", "/local/file.root"),
        ("file.root", "file.root"),
        ("root://some.org", "root://some.org"),
    ],
)
def test_addresses_through_the_cache(given: str, cached: str, ready: Site) -> None:
    assert ready.prints(f"af_xcache {shlex.quote(given)}") == cached


@pytest.mark.parametrize(
    "url", ["https://xrootd.example.edu:10945/x", "https://xrootd.example.edu/x", "davs://x.org/y", "http://z.org/?t=1"]
)
def test_https_without_a_root_address_is_left_with_a_note(url: str, ready: Site) -> None:
    done = ready.bash(f"af_xcache '{url}'")
    assert (done.returncode, done.stdout) == (0, f"{url}\n")
    assert "cannot go through the cache" in done.stderr
    assert "?t=" not in done.stderr, "what follows a question mark may be a token"


@pytest.mark.parametrize("door", ["", DOOR + "//", "root://mine.org/", "roots://mine.org"])
def test_twice_through_the_cache_is_once(door: str, ready: Site) -> None:
    schemes = ["root://", "xroot://", "roots://", "https://", "davs://", "", "/", DOOR + "//root://"]
    hosts = ["a.org", "a.org:1094", "xrootd.example.edu:1094", "eos.example.ch", "xcache.example.org:1094", "[::1]"]
    paths = ["", "/", "//", "/x", "//x/y", "///x", "//root://b.org//x", "/x?u=root://b//c", "//x//y"]
    urls = [a + b + c for a, b, c in itertools.product(schemes, hosts, paths)]
    words = " ".join(map(shlex.quote, urls))
    script = f'af_xcache {words} > once; mapfile -t list < once; af_xcache "${{list[@]}}" > twice'
    done = ready.bash(script, AF_XCACHE=door)
    assert done.returncode == 0
    once = (ready.root / "once").read_text().splitlines()
    assert (ready.root / "twice").read_text().splitlines() == once
    assert len(once) == len(urls)
    through = (door or DOOR).rstrip("/")
    for given, url in zip(urls, once, strict=True):
        if url == given:
            continue
        if re.match(r"x?roots?://[^/]+/+x?roots?://", url) and not url.startswith(through):
            continue  # a rewritten address that names a cache of its own
        assert url.startswith((f"{through}//root", f"{through}//xroot"))
        rest = url.removeprefix(f"{through}//").split("?")[0]
        assert not re.match(r"x?roots?://[^/]+/+x?roots?://", rest), "one door, one source"
        assert re.match(r"x?roots?://[^/]+:\d+//[^/]", rest)


def test_a_port_is_added_only_where_the_cache_asks_for_it(ready: Site) -> None:
    doors = [{"name": "x", "stance": "promised", "door": "root://atlfax.example.org"}]
    site = Site(ready.root, full(ready.root, storage__xcache=doors))
    assert site.prints("af_xcache root://a.org//x") == "root://atlfax.example.org//root://a.org//x"


def test_af_xcache_without_addresses_is_wrong_usage(ready: Site) -> None:
    assert ready.bash("af_xcache || echo $?").stdout == "2\n"


GIVEN = "https://xrootd.example.edu:1094//store/x.root"
STRAIGHT = "root://xrootd.example.edu:1094//store/x.root"


@pytest.mark.parametrize(
    ("works", "status", "printed"),
    [
        ("root://xcache*", 1, f"{DOOR}//{STRAIGHT}"),
        ("root://xrootd*", 1, STRAIGHT),
        ("nothing", 1, GIVEN),
        ("nothing", 3, GIVEN),
    ],
)
def test_af_input_prints_what_can_be_read(works: str, status: int, printed: str, ready: Site) -> None:
    log = ready.stub("python-stub", f"case $3 in {works}) exit 0 ;; esac; exit {status}")
    found = ready.prints(f"af_input {GIVEN} Events nJet", AF_PYTHON=str(ready.bin / "python-stub"))
    assert found == printed
    asked = recorded(log)
    assert asked[:5] == [str(ready.setup.with_name("check_inputs.py")), "--", f"{DOOR}//{STRAIGHT}", "Events", "nJet"]
    assert len(asked) == (10 if not works.startswith("root://xcache") and status != 3 else 5)


def test_af_input_does_not_wait_for_ever(ready: Site) -> None:
    ready.stub("slow", "exec sleep 30")
    done = ready.bash(f"af_input '{STRAIGHT}?t=1'", AF_PYTHON=str(ready.bin / "slow"), AF_INPUT_TIMEOUT="0.2")
    assert done.stdout == f"{STRAIGHT}?t=1\n"
    assert "no answer from" in done.stderr
    assert "?t=1" not in done.stderr


def test_local_files_need_no_probe(ready: Site) -> None:
    assert ready.prints("af_input /data/x.root", AF_PYTHON="/no/python") == "/data/x.root"
    assert ready.bash("af_input || echo $?").stdout == "2\n"


UPROOT = """
__version__ = {version!r}
class AsDtype: pass
class AsJagged: pass
class Branch:
    def __init__(self, kind, entries): self.interpretation, self.entries = kind(), entries
    def array(self, entry_stop, library): return list(range(min(entry_stop, self.entries)))
class Tree(dict):
    def keys(self, recursive): return list(super().keys())
class File(dict):
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def classnames(self, recursive): return {{"metadata;1": "TObjString", "Events;1": "TTree"}}
def open(url, timeout):
    if url.startswith("roots"): raise ImportError("Install fsspec-xrootd\\nto read this")
    if "broken" in url: raise OSError("cannot open " + url)
    n = 0 if "empty" in url else 5000
    return File({{name: Tree(Jet_pt=Branch(AsJagged, n), nJet=Branch(AsDtype, n)) for name in ("Events", "Events;1")}})
"""


def check(site: Site, *arguments: str, version: str | None = "5.7.7") -> subprocess.CompletedProcess[str]:
    """check_inputs.py with a stand-in for uproot of that version, or with one that cannot be imported."""
    text = UPROOT.format(version=version) if version else "raise ImportError('none here')"
    (site.root / "uproot.py").write_text(text)
    return subprocess.run(
        [sys.executable, str(site.setup.with_name("check_inputs.py")), *arguments],
        env={"PYTHONPATH": str(site.root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_check_inputs_reads_one_branch(ready: Site) -> None:
    done = check(ready, "root://a//x.root")
    assert (done.returncode, done.stdout) == (0, "ok root://a//x.root: 1000 entries of Events;1/nJet\n")
    named = check(ready, "root://a//x.root", "Events", "Jet_pt", "--entries", "7")
    assert named.stdout == "ok root://a//x.root: 7 entries of Events/Jet_pt\n"


def test_check_inputs_fails_on_what_it_cannot_read(ready: Site) -> None:
    broken = check(ready, "root://a//broken.root?authz=secret")
    assert broken.returncode == 1
    assert "cannot open" in broken.stderr
    assert "secret" not in broken.stderr
    missing = check(ready, "root://a//x.root", "Events", "Nothing")
    assert (missing.returncode, "KeyError" in missing.stderr) == (1, True)
    empty = check(ready, "root://a//empty.root")
    assert (empty.returncode, "nothing was read" in empty.stderr) == (1, True)


@pytest.mark.parametrize("version", [None, "5.3.1", "4.9.99"])
def test_check_inputs_says_what_to_install(version: str | None, ready: Site) -> None:
    done = check(ready, "root://a//x.root", version=version)
    assert done.returncode == 3
    assert "pip install 'uproot>=5.3.2'" in done.stderr


def test_check_inputs_does_not_blame_the_address_for_a_missing_package(ready: Site) -> None:
    done = check(ready, "roots://a//x.root")
    assert done.returncode == 3
    assert "Install fsspec-xrootd to read this" in done.stderr


def test_check_inputs_usage(ready: Site) -> None:
    assert check(ready).returncode == 2
    assert "Exit status" in check(ready, "--help").stdout
    # A login node may have no newer Python than RHEL 8's.
    ast.parse(ready.texts["check_inputs.py"], feature_version=(3, 6))


# --- batch and af_check


def test_af_submit_hides_the_variables_that_break_jobs(ready: Site) -> None:
    ready.stub("sbatch", 'echo "${KRB5CCNAME-unset}"')
    assert ready.prints("af_submit 'my job.sh'; echo $KRB5CCNAME", KRB5CCNAME="/tmp/k").split() == ["unset", "/tmp/k"]  # noqa: S108
    assert recorded(ready.root / "sbatch.log") == ["my job.sh"]


def test_in_a_job_they_are_unset_at_once(ready: Site) -> None:
    assert ready.prints('echo "${KRB5CCNAME-unset}"', KRB5CCNAME="k", SLURM_JOB_ID="1") == "unset"
    assert ready.prints('echo "${KRB5CCNAME-unset}"', KRB5CCNAME="k") == "k"


def test_af_submit_without_the_client_says_where_it_is(ready: Site) -> None:
    done = ready.bash("af_submit x || echo $?")
    assert done.stdout == "127\n"
    assert "login node" in done.stderr


def test_a_pool_is_chosen_by_name_and_its_log_folder_made(ready: Site) -> None:
    (ready.root / "logs").mkdir()
    site = Site(ready.root, variants(ready.root)["two-pools"])
    condor, slurm = site.stub("condor_submit"), site.stub("sbatch")
    site.prints("af_submit a.sub; AF_POOL=hpc af_submit b.sh; AF_POOL=shared-pool.1 af_submit c.sub")
    assert (recorded(condor), recorded(slurm)) == (["a.sub", "c.sub"], ["b.sh"])
    assert stat.S_IMODE((ready.root / "logs/jdoe").stat().st_mode) == 0o700
    wrong = site.bash("AF_POOL=none af_submit a || echo $?")
    assert wrong.stdout == "2\n"
    assert "shared-pool.1 hpc" in wrong.stderr


@pytest.fixture
def complete(ready: Site) -> Site:
    """The full site where everything that it promises is there."""
    script = ready.root / "cvmfs/alrb/user/atlasLocalSetup.sh"
    script.parent.mkdir(parents=True)
    script.touch()
    (ready.root / "data/jdoe").mkdir()
    for name in ("apptainer", "sbatch", "openssl"):
        ready.stub(name)
    ready.stub("jupyter", 'echo \'{"kernelspecs": {"analysis-systems": {}}}\'')
    (ready.root / "proxy/jdoe/x509").write_text("a proxy")
    # CVMFS is always at /cvmfs, which a test cannot make.
    spec = full(ready.root)
    del spec["software"]["cvmfs"]
    return Site(ready.root, spec)


def lines(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What af_check said of each thing: ok or missing."""
    return {line[8:32].strip(): line.split()[0] for line in done.stdout.splitlines()}


def test_af_check_is_content_where_everything_works(complete: Site) -> None:
    done = complete.bash("af_check")
    assert (done.returncode, done.stderr) == (0, "")
    assert set(lines(done).values()) == {"ok"}
    assert set(lines(done)) == {
        "setupATLAS",
        "AF_HOME",
        "AF_DATA",
        "AF_SCRATCH",
        "batch slurm",
        "apptainer",
        "image cache",
        "image",
        "kernel",
        "proxy",
    }


@pytest.mark.parametrize(
    ("gone", "what", "fault"),
    [
        ("bin/sbatch", "batch slurm", True),
        ("bin/apptainer", "apptainer", True),
        ("data/jdoe", "AF_DATA", True),
        ("cvmfs/alrb/user", "setupATLAS", True),
        ("proxy/jdoe/x509", "proxy", False),
    ],
)
def test_af_check_fails_for_what_the_site_promises(gone: str, what: str, fault: bool, complete: Site) -> None:  # noqa: FBT001
    path = complete.root / gone
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    done = complete.bash("af_check", strict=False)
    assert done.returncode == int(fault)
    assert [name for name, state in lines(done).items() if state == "missing"] == [what]


def test_af_check_knows_an_expired_proxy_and_a_missing_kernel(complete: Site) -> None:
    complete.stub("openssl", "exit 1")
    complete.stub("jupyter", "echo '{}'")
    done = complete.bash("af_check")
    assert done.returncode == 0
    assert [name for name, state in lines(done).items() if state == "missing"] == ["kernel", "proxy"]


def test_af_check_names_a_repository_that_is_not_mounted(ready: Site) -> None:
    done = ready.bash("af_check", strict=False)
    assert done.returncode == 1
    assert "atlas.example.org is not mounted on this machine: ask help@example.org" in done.stdout


def test_what_is_only_best_effort_is_told_and_forgiven(complete: Site) -> None:
    pools = [{"name": "slurm", "stance": "best_effort", "scheduler": "slurm"}]
    spec = full(complete.root, batch=pools)
    del spec["software"]["cvmfs"]
    site = Site(complete.root, spec)
    (site.bin / "sbatch").unlink()
    done = site.bash("af_check")
    assert (done.returncode, lines(done)["batch slurm"]) == (0, "missing")
