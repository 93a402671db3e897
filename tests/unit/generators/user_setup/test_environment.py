"""What a shell finds after sourcing: storage areas, setupATLAS, the proxy and Rucio's site."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from user_setup_site import BARE, Site, recorded

if TYPE_CHECKING:
    from pathlib import Path


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
