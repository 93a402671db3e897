"""What goes wrong for users, where it can go wrong here, and what prevents it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.generators.quoting import Raw, code

from .layout import codes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility


class Problem(NamedTuple):
    """A problem in a user's words, and what prevents it, as Markdown."""

    title: str
    remedy: Raw


def problems(facility: Facility) -> list[Problem]:
    """Those that apply to the facility."""
    return [*_images(facility), *_batch(facility), *_reading(facility), *_dask(facility), *_services(facility)]


def _images(facility: Facility) -> Iterator[Problem]:
    images, image = facility.images, facility.default_image
    if images is None or not images.offered:
        return
    apptainer = images.runtime in {None, "apptainer"}
    if facility.jupyter and apptainer and image and image.prefix:
        yield Problem(
            "A kernel of the image is not in Jupyter's list",
            Raw(
                f"A hub looks for kernels in its own folder and in your home, the image keeps its own below "
                f"{code(image.prefix + '/share/jupyter')}. Run `af_kernels` once inside the image, then reload "
                "the page."
            ),
        )
    if apptainer:
        cache = images.cache or "your scratch space"
        yield Problem(
            "The home is full, or an image takes minutes to start",
            Raw(
                f"Apptainer keeps what it pulls in the home unless told otherwise. `setup.sh` moves that to "
                f"{code(cache)}, and `af_image` prefers a copy that is there already"
                + (f", first of all one below {code(images.unpacked)}" if images.unpacked else "")
                + "."
            ),
        )
    if apptainer and images.binds:
        yield Problem(
            "The container does not start: a mount point is missing",
            Raw(f"An image of your own needs a folder for every path that the site mounts: {codes(images.binds)}."),
        )
    clients = {pool.scheduler for pool in facility.batch if pool.offered}
    unfit = [item for item in images.named if item.batch_client not in {None, "none", *clients}]
    if unfit and clients:
        yield Problem(
            "Jobs cannot be submitted from inside the image",
            Raw(
                f"The batch client in {codes(item.name for item in unfit)} is not that of this site. "
                "Submit from a login node, outside the container."
            ),
        )
    if images.policy == "allow_list":
        yield Problem(
            "An image of your own is refused",
            Raw("Only the site's list is run here: " + (codes(images.allowed) or "it is not published") + "."),
        )


def _batch(facility: Facility) -> Iterator[Problem]:
    for pool in facility.batch:
        if not pool.offered:
            continue
        if pool.unset:
            yield Problem(
                f"Jobs on {pool.title} fail at once",
                Raw(f"These variables of your shell break them, and the job files unset them: {codes(pool.unset)}."),
            )
        if pool.scheduler == "htcondor" and pool.log_directory:
            yield Problem(
                "A job is held, or never starts, because of its log",
                Raw(f"Its log belongs in {code(pool.log_directory)}, not on a shared file system."),
            )


def _reading(facility: Facility) -> Iterator[Problem]:
    xcache = [door for door in (facility.storage.xcache if facility.storage else ()) if door.offered]
    if xcache:
        door = xcache[0]
        port = " The source host needs its port, `:1094`." if door.source_port else ""
        yield Problem(
            "A file cannot be read through the cache",
            Raw(
                f"The address is {code(door.door + '//root://host:1094//path')}: one door, a double slash, the whole "
                f"address of the file.{port} `af_xcache URL` writes it, `af_input URL` tries it and falls back to a "
                "direct read. An https address has to become a root one first."
            ),
        )
    agc = facility.agc
    if xcache or (agc and agc.offered):
        yield Problem(
            "Reading over https is slow, or fails",
            Raw("Servers refuse requests of many ranges at once. Use uproot 5.3.2 or newer, and root addresses."),
        )


def _dask(facility: Facility) -> Iterator[Problem]:
    dask = facility.dask
    if dask is None or not dask.offered:
        return
    yield Problem(
        "Dask tasks fail with errors that make no sense",
        Raw(
            "Notebook and workers run different software. Start both from one image with one tag; `connect()` compares "
            "them and names the packages that differ."
        ),
    )
    if dask.jobqueue and dask.jobqueue.ports and dask.jobqueue.ports.worker:
        yield Problem(
            "Dask workers start, but never show up",
            Raw(
                f"Between nodes only some ports are open; workers use {code(dask.jobqueue.ports.worker)}. "
                "The files in `dask` keep to them."
            ),
        )


def _services(facility: Facility) -> Iterator[Problem]:
    triton = facility.services.triton
    if triton and triton.offered and triton.shared_repository:
        yield Problem(
            "Somebody else's model breaks yours",
            Raw(
                "All users share one model repository. Begin the names of your models with your user name, and look at "
                "your own model's state, `/v2/models/NAME/ready`, not at the server's."
            ),
        )
