"""What is to be locked: the images of a spec whose `lock:` names a file, and where those files are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.diagnostics import AfspecError, Diagnostic, Severity
from afspec.facility.locks import digest_of_wanted, head_of, platforms_of, requirements_of
from afspec.source import Scalar, find
from afspec.source.pointer import step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.diagnostics import Span
    from afspec.facility import Facility
    from afspec.facility.images import Image
    from afspec.source import Document, Node

# What a spec's `lock:` holds while its file is not there yet.
ABSENT = "# Not made yet.\n"


class Request(NamedTuple):
    """An image whose packages are to be locked; `old` is its lock as it is, empty where there is none."""

    image: str
    manager: str
    python: str
    platforms: tuple[str, ...]
    requirements: tuple[str, ...]
    channels: tuple[str, ...]
    wanted: str
    path: str
    old: str
    place: Span


def requests(facility: Facility, document: Document, only: Iterable[str] = ()) -> list[Request]:
    """The images to lock, in the order of the spec; those that `only` names, where it names any.

    Raises:
        AfspecError: AF4014 where an image lacks what a lock needs, AF4006 where its file is something else.
    """
    names = set(only)
    images = facility.images
    found: list[Request] = []
    problems: list[Diagnostic] = []
    lists = {"named": images.named, "planned": images.planned} if images else {}
    for kind, listed in lists.items():
        for image in listed:
            # Without names, what no lock was asked for stays as it is.
            if image.name in names or (not names and image.build and image.lock):
                try:
                    found.append(_request(image, document, ("images", kind, image.name)))
                except AfspecError as error:
                    problems += error.diagnostics
    problems += _shared(found)
    if problems:
        raise AfspecError(problems)
    return found


def _request(image: Image, document: Document, parts: tuple[str, ...]) -> Request:
    span, _, _ = find(document.root, parts)
    node = _node(document.root, (*parts, "lock"))
    if image.build is None or not requirements_of(image):
        raise _lacking(f"image {image.name} has no `build:` with packages", span, "Say how it is built, and of what.")
    if node is None or node.span[1:3] != (1, 1):
        hint = f"Add `lock: !file ../images/{image.name}.lock` to it: the path is relative to the spec."
        raise _lacking(f"image {image.name} names no file for its lock", span, hint)
    if image.build.manager == "pip" and not image.build.python:
        hint = 'Add `python: "3.11"` to its `build:`, the version of the python3 of its base.'
        raise _lacking(f"image {image.name} does not say which Python its packages are for", span, hint)
    old = "" if node.text == ABSENT else node.text
    if old and not head_of(old).wanted:
        message = f"{node.span.file} was not made by `afspec lock`"
        raise AfspecError([Diagnostic("AF4006", Severity.ERROR, message, span, "Move it away, or name another file.")])
    return Request(
        image=image.name,
        manager=image.build.manager,
        python=image.build.python or "",
        platforms=platforms_of(image),
        requirements=requirements_of(image),
        channels=image.build.channels,
        wanted=digest_of_wanted(image),
        path=node.span.file,
        old=old,
        place=span,
    )


def _node(root: Node, parts: Iterable[str]) -> Scalar | None:
    node = root
    for part in parts:
        found = step(node, part)
        if found is None:
            return None
        node = found[0]
    return node if isinstance(node, Scalar) else None


def _lacking(message: str, span: Span, hint: str) -> AfspecError:
    return AfspecError([Diagnostic("AF4014", Severity.ERROR, message, span, hint)])


def _shared(found: list[Request]) -> list[Diagnostic]:
    """A file that two images name for packages that differ: each would undo the other's."""
    first: dict[str, Request] = {}
    problems = []
    for request in found:
        other = first.setdefault(request.path, request)
        if other.wanted != request.wanted:
            message = f"images {other.image} and {request.image} want other packages, and name one lock, {request.path}"
            hint = "Name a file for each."
            problems.append(Diagnostic("AF4014", Severity.ERROR, message, request.place, hint))
    return problems
