"""afspec lock: which packages, file by file, an image gets."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from afspec.cli.shared import EXIT_DIFFERS, day_of, exit_code, fleet_of

if TYPE_CHECKING:
    from afspec.fleet import Fleet
    from afspec.pinning import Changes, Request


@click.command("lock")
@click.argument("spec")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@click.option("--check", is_flag=True, help="Write nothing, use no network; exit 3 if a lock is not of what is wanted.")
@click.option("--upgrade", is_flag=True, help="Take newer versions, too; otherwise what is locked is kept if it fits.")
@click.option("--json", "as_json", is_flag=True, help="Print what changed as JSON.")
def lock(spec: str, images: tuple[str, ...], *, check: bool, upgrade: bool, as_json: bool) -> None:
    """Lock the packages of a facility's images, with their digests. The one command that uses the network.

    A lock is a file beside the specs, which an image names: `lock: !file ../images/NAME.lock`. It is committed, so that
    `afspec compile` needs no network. Without IMAGE, every image that names one is locked. An image that pip fills is
    resolved by uv, one that micromamba fills by rattler: pip install 'afspec[lock]' brings both.

    \b
      afspec lock sites/slac.yaml                          after a change of what an image wants
      afspec lock sites/slac.yaml analysis-systems-slurm   one image only
      afspec lock sites/slac.yaml --upgrade                what is new since
      afspec lock sites/slac.yaml --check                  in CI: do the locks fit what the spec wants?
    """
    if check and upgrade:
        raise click.UsageError("--check and --upgrade exclude each other: --check writes nothing")
    rows: list[dict[str, Any]] = []
    with fleet_of([spec], None, "text") as fleet:
        for path in fleet.paths():
            rows += _lock(fleet, path, images, check=check, upgrade=upgrade, quiet=as_json)
        if as_json:
            click.echo(json.dumps(rows, indent=2))
    stale = check and any(row["state"] != "fits" for row in rows)
    sys.exit(exit_code(fleet.diagnostics) or (EXIT_DIFFERS if stale else 0))


def _lock(
    fleet: Fleet, path: str, images: tuple[str, ...], *, check: bool, upgrade: bool, quiet: bool
) -> list[dict[str, Any]]:
    """Lock the images of one spec; a row for each. What fails is reported, and leaves its old lock."""
    from afspec.diagnostics import AfspecError  # noqa: PLC0415 - keeps --help fast
    from afspec.facility import validate  # noqa: PLC0415
    from afspec.pinning import ABSENT, fit_of, requests  # noqa: PLC0415
    from afspec.source import Loader  # noqa: PLC0415

    fleet.frontend.loader = Loader(absent=ABSENT)
    rows = []
    try:
        document = fleet.frontend.loader.load(path)
        facility = validate(document)
        known = [image.name for image in (*facility.images.named, *facility.images.planned)] if facility.images else []
        if unknown := [name for name in images if name not in known]:
            raise click.UsageError(f"{path} has no image {unknown[0]}; it has: {', '.join(known) or 'none'}")
        found = requests(facility, document, images)
    except AfspecError as error:
        fleet.report(error.diagnostics)
        return []
    if not found and not quiet:
        fleet.say(f"{path}: no image of it names a lock; `afspec lock --help` says how to")
    for request in found:
        if check:
            rows.append({"image": request.image, "lock": request.path, "state": fit_of(request).value})
            if not quiet:
                fleet.say(f"{request.path}: {request.image}: {_SAID[fit_of(request).value]}")
            continue
        try:
            rows.append(_renew(fleet, request, upgrade=upgrade, quiet=quiet))
        except AfspecError as error:
            fleet.report(error.diagnostics)
    return rows


_SAID = {
    "fits": "fits what the spec wants",
    "stale": "is older than what the spec wants: run `afspec lock`",
    "absent": "is not there yet: run `afspec lock`",
}


def _renew(fleet: Fleet, request: Request, *, upgrade: bool, quiet: bool) -> dict[str, Any]:
    """Make a lock, and write it where it differs."""
    from afspec.pinning import compare, make, write  # noqa: PLC0415

    new = make(request, day_of(None), upgrade=upgrade)
    changes = compare(request.old, new)
    if new != request.old:
        write(request.path, new)
    if not quiet:
        fleet.say(_told(request, changes, written=new != request.old))
    return {
        "image": request.image,
        "lock": request.path,
        "state": "fits",
        "written": new != request.old,
        "packages": changes.packages,
        "changes": [{"kind": change.kind, **change._asdict()} for change in changes.versions],
        "files": list(changes.files),
    }


def _told(request: Request, changes: Changes, *, written: bool) -> str:
    python = f"Python {request.python}, " if request.python else ""
    about = f"{changes.packages} packages ({request.manager}, {python}{', '.join(request.platforms)})"
    head = f"{request.path}: {request.image}: {about}"
    if not request.old:
        return f"{head}: new"
    if not changes.any:
        return f"{head}: {'the same packages for what is wanted now' if written else 'unchanged'}"
    lines = [head]
    for change in changes.versions:
        versions = " -> ".join(filter(None, (change.old, change.new)))
        lines.append(f"  {change.kind:<8}{change.name} {versions}")
    lines += [f"  {'files':<8}{name}: the same version, other files" for name in changes.files]
    return "\n".join(lines)
