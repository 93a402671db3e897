"""The site's images in the twin of SLAC, spoiled for real: what the kit says of each fault."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from engines.conformance.changed import declaring

from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engines.conformance.conftest import Asked
    from engines.conftest import Miniature

    from afspec.twin.engines.images import Images

    Begin = Callable[..., Asked]

IMAGE = "analysis-systems-base"


def unpacked(slac: Miniature) -> str:
    """Where the image's tree is."""
    engine: Images = slac.engine("images")  # type: ignore[assignment]
    return next(iter(engine.unpacked.values()))


@contextmanager
def hidden(slac: Miniature, path: str) -> Iterator[None]:
    """An empty folder over another, which is root's."""
    slac.room.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", path])
    try:
        yield
    finally:
        slac.room.run(["umount", path])


@contextmanager
def without(slac: Miniature, path: str) -> Iterator[None]:
    """The image's tree without something in it: a layer above it, for the tree itself is for reading only."""
    tree = unpacked(slac)
    # Colons part the folders of an overlay: the tree is given another name first.
    script = """
        mkdir -p /run/spoiled && mount -t tmpfs tmpfs /run/spoiled && cd /run/spoiled && mkdir lower upper work
        mount --bind "$1" lower
        mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay "$1"
        rm -r "$1$2"
    """
    try:
        slac.room.run(["sh", "-ec", script, "sh", tree, path])
        yield
    finally:
        slac.room.run(
            ["sh", "-c", 'umount "$1"; cd /run/spoiled && umount lower; cd / && umount /run/spoiled', "sh", tree]
        )


def prefix(slac: Miniature) -> str:
    """Where the image's Python is, inside."""
    image = slac.facility.default_image
    assert image is not None
    assert image.prefix is not None
    return image.prefix


def test_a_runtime_of_another_version(slac: Miniature, kit: Begin) -> None:
    outcome, text = declaring(kit(slac), "images", version="0.9").outcome("AF-IMAGES-001", "apptainer")
    assert outcome is Outcome.FAIL
    assert "the version of apptainer is 0.9: 1." in text


def test_a_runtime_that_is_not_there(slac: Miniature, kit: Begin) -> None:
    outcome, text = declaring(kit(slac), "images", executable="/opt/none").outcome("AF-IMAGES-001", "apptainer")
    assert outcome is Outcome.FAIL
    assert "apptainer runs for the user" in text


def test_an_image_without_its_python(slac: Miniature, kit: Begin) -> None:
    asked = kit(slac)
    with without(slac, f"{prefix(slac)}/bin/python"):
        outcome, text = asked.outcome("AF-IMAGES-002", IMAGE)
        above = asked.ask("AF-IMAGES-004", "apptainer")
    assert outcome is Outcome.FAIL
    assert "the image starts, and its Python runs" in text
    assert above.cause == f"AF-IMAGES-002[{IMAGE}]"


def test_an_image_without_its_kernel(slac: Miniature, kit: Begin) -> None:
    with without(slac, f"{prefix(slac)}/share/jupyter/kernels/analysis-systems"):
        outcome, text = kit(slac).outcome("AF-IMAGES-002", IMAGE)
    assert outcome is Outcome.FAIL
    assert "it has the kernel analysis-systems" in text
    assert "No such file" in text


def test_an_image_without_a_declared_package(slac: Miniature, kit: Begin) -> None:
    asked = kit(slac)
    images = asked.run.facility.images
    assert images is not None
    image = images.named[0].model_copy(update={"packages": ("dask", "no-such-package")})
    outcome, text = declaring(asked, "images", named=(image,)).outcome("AF-IMAGES-002", IMAGE)
    assert outcome is Outcome.FAIL
    assert "no-such-package: ModuleNotFoundError" in text


def test_a_corrupt_image_file(slac: Miniature, kit: Begin) -> None:
    image = slac.facility.default_image
    assert image is not None
    file = f"/sdf/data/atlas/u/alice/images/{image.reference.replace(':', '+')}.sif"
    with hidden(slac, unpacked(slac)):
        # Not unpacked and not pulled: that is no fault, and nothing is pulled.
        told = kit(slac).ask("AF-IMAGES-002", IMAGE)
        slac.room.run(["mkdir", "-p", file.rpartition("/")[0]], user="alice")
        slac.room.write(file, b"#!/usr/bin/env run-singularity\n\0SIF_MAGIC\0" + b"\xff\x00" * 4096, owner="alice")
        try:
            outcome, text = kit(slac).outcome("AF-IMAGES-002", IMAGE)
        finally:
            slac.room.run(["rm", "-f", file])
    assert told.attempts[-1].reason is Reason.BUDGET_EXHAUSTED
    assert outcome is Outcome.FAIL
    assert "the image starts" in text


def test_an_image_without_its_batch_client(slac: Miniature, kit: Begin) -> None:
    with without(slac, "/usr/bin/sbatch"):
        outcome, text = kit(slac).outcome("AF-IMAGES-003", IMAGE)
    assert outcome is Outcome.FAIL
    assert "the job is refused" in text
    assert "sbatch" in text


def test_a_bind_that_the_host_lacks(slac: Miniature, kit: Begin) -> None:
    slac.room.run(["mv", "/fs", "/fs.away"])
    try:
        outcome, text = kit(slac).outcome("AF-IMAGES-004", "apptainer")
    finally:
        slac.room.run(["mv", "/fs.away", "/fs"])
    assert outcome is Outcome.FAIL
    assert "the host has what it says it binds: /fs" in text


def test_a_bind_that_hides_another_folder(slac: Miniature, kit: Begin) -> None:
    """The image has an empty /lscratch of its own: that it is there proves nothing."""
    asked = kit(slac)
    setup = "user-setup/setup.sh"
    text = asked.run.files[setup]
    assert " /lscratch " in text
    asked.run.files = {**asked.run.files, setup: text.replace(" /lscratch ", " ")}
    outcome, said = asked.outcome("AF-IMAGES-004", "apptainer")
    assert outcome is Outcome.FAIL
    assert "a container sees it: /lscratch" in said


def test_a_cache_that_cannot_be_made(slac: Miniature, kit: Begin) -> None:
    with hidden(slac, "/sdf/scratch/users/a"):
        outcome, text = kit(slac).outcome("AF-IMAGES-005", "apptainer")
    assert outcome is Outcome.FAIL
    assert "the setup says where pulled layers go" in text
    assert "cannot be made here" in text
