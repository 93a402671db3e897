"""What bash really does with the script that users source, and what that does to their shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from afspec.generators.user_setup import UserSetup
from user_setup_site import BARE, HOSTILE, Site, full, recorded, variants

from afspec.facility import Facility

MARKS = ("{{", "}}", "{%", "%}", "{#", "#}", "<%", "%>", "@@")
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
        assert os.environ.get("CI") != "true", "CI runs on Debian, whose sh is dash"
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
