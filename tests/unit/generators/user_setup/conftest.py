"""The sites that the tests of user-setup start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from user_setup_site import Site, full

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ready(tmp_path: Path) -> Site:
    """The full site with its file systems in place."""
    for folder in ("scratch/j", "data", "home/j/jdoe", "sdf", "etc/slurm", "cvmfs/unpacked.cern.ch", "proxy/jdoe"):
        (tmp_path / folder).mkdir(parents=True)
    return Site(tmp_path, full(tmp_path))


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
