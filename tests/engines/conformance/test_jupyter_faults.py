"""Notebooks in the twins, when the hub dies, kernels die, or nobody finds them: what the kit says of it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from support import until

from afspec.conformance.clients import kernel
from afspec.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from engines.conformance.conftest import Asked
    from engines.conftest import Miniature

HUB = "hub-jupyterhub"


def test_a_dead_hub_is_the_cause_of_all(local: Miniature, kit: Callable[..., Asked]) -> None:
    assert kit(local).outcome("AF-LOGIN-002", "oidc")[0] is Outcome.PASS
    local.room.kill(HUB, signal.SIGKILL)
    try:
        assert until(lambda: not local.room.alive(HUB))
        asked = kit(local)
        for requirement, item in (
            ("AF-LOGIN-002", "oidc"),
            ("AF-LOGIN-004", "jupyterhub"),
            ("AF-JUPYTER-002", "jupyterhub"),
            ("AF-JUPYTER-005", "jupyterhub"),
            ("AF-DASK-002", "gateway"),
        ):
            outcome, text = asked.outcome(requirement, item)
            assert outcome is Outcome.UNVERIFIED, requirement
            assert text.startswith("AF-JUPYTER-001[jupyterhub]: "), requirement
        assert asked.outcome("AF-JUPYTER-001", "jupyterhub")[0] is Outcome.FAIL
        assert [cause.id for cause in asked.store.causes()] == ["AF-JUPYTER-001[jupyterhub]"]
    finally:
        local.heal()


def test_a_kernel_that_dies_fails(local: Miniature, kit: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "_OPENS", 8)
    home = next(user.home for user in local.twin.users if user.name == "alice")
    file = f"{home}/.ipython/profile_default/startup/00-dies.py"
    local.room.write(file, "import os\nos._exit(3)\n")
    try:
        asked = kit(local)
        outcome, text = asked.outcome("AF-JUPYTER-002", "jupyterhub")
        assert outcome is Outcome.FAIL, text
        assert "the kernel" in text
        # The session was ended all the same.
        assert asked.store.problems() == []
    finally:
        local.room.run(["rm", file])
    asked = kit(local)
    assert asked.outcome("AF-JUPYTER-002", "jupyterhub")[0] is Outcome.PASS
    assert asked.outcome("AF-JUPYTER-005", "jupyterhub")[0] is Outcome.PASS


def test_an_app_without_jupyter_fails(slac: Miniature, kit: Callable[..., Asked]) -> None:
    """Apptainer is broken on the nodes: the image's Jupyter does not start."""
    slac.room.run(["mount", "--bind", "/bin/false", "/usr/bin/apptainer"])
    try:
        asked = kit(slac)
        outcome, text = asked.outcome("AF-JUPYTER-002", "ondemand")
        assert outcome is Outcome.FAIL, text
        assert "the session ended before it answered" in text
        assert asked.store.problems() == []
    finally:
        slac.room.run(["umount", "/usr/bin/apptainer"])


def test_a_kernel_without_its_link_fails(bnl: Miniature, kit: Callable[..., Asked]) -> None:
    """A file is where the folder of links belongs: a hub's server finds nothing there."""
    folder = ".local/share/jupyter"
    bnl.room.run(["sh", "-c", f"rm -rf {folder}/kernels && mkdir -p {folder} && touch {folder}/kernels"], user="alice")
    try:
        outcome, text = kit(bnl).outcome("AF-JUPYTER-003", "jupyterhub")
        assert outcome is Outcome.FAIL, text
        assert "a server that is not the image's own finds analysis-systems in ~/.local" in text
    finally:
        bnl.room.run(["rm", "-rf", f"{folder}/kernels"], user="alice")
