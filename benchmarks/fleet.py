"""A fleet of sites varied from the three real ones: `python benchmarks/fleet.py 1000 FOLDER`.

Writes FOLDER/sites/*.yaml and a copy of the bases and locks that they name. Each site keeps the text of its model,
comments included, with its own name, title, numbers of nodes, quotas and up to three partitions or queues more; all
are valid. The same seed gives the same fleet. Sites are written one by one, so that ten thousand need no more memory
than ten.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from afspec.source import Mapping, Node, Scalar, Sequence
from afspec.source.nodes import item_name
from afspec.source.parser import parse
from afspec.source.text import decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPECS = Path(__file__).resolve().parents[1] / "specs"
MODELS = ("bnl", "uchicago", "slac")
MORE_SLOTS = 3
_SLOTS = {"partitions", "queues"}


class Edit(NamedTuple):
    """A stretch of a file's text, by offsets, and what is put in its place."""

    start: int
    end: int
    text: str


def walk(node: Node, parts: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every node with its pointer's parts, list items by name."""
    yield parts, node
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            yield from walk(entry.value, (*parts, key))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from walk(item, (*parts, item_name(item) or str(index)))


class Model:
    """A real spec, and the places in its text where sites differ."""

    def __init__(self, path: Path) -> None:
        source = decode(str(path), read_bytes(str(path)))
        root = parse(source).root
        if root is None:
            raise SystemExit(f"{path} is not YAML")
        self.name = path.stem
        self.text = source.text
        self.starts = [0]
        for line in source.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.nodes = list(walk(root))
        self.by_parts = dict(self.nodes)

    def offset(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column - 1

    def replace(self, node: Node, text: str) -> Edit:
        span = node.span
        return Edit(self.offset(span.line, span.column), self.offset(span.end_line, span.end_column), text)

    def edits(self, number: int, rng: random.Random) -> Iterator[Edit]:
        """What makes a site of this model the one with this number."""
        for parts, node in self.nodes:
            if isinstance(node, Scalar):
                if text := self.value(parts, node, number, rng):
                    yield self.replace(node, text)
            elif isinstance(node, Sequence) and parts[:1] == ("batch",) and parts[-1] in _SLOTS:
                yield from self.more_slots(node, parts[-1], rng)

    def value(self, parts: tuple[str, ...], node: Scalar, number: int, rng: random.Random) -> str:
        """What a scalar becomes; empty where it stays."""
        match parts:
            case ("name",):
                return f"{node.text}-{number:05}"
            case ("title",) | ("label",):
                return json.dumps(f"{node.text} {number}")
            case ("batch", _, "partitions" | "queues", _, "nodes") if self.without_gpus(parts[:-1]):
                return str(rng.randint(1, int(node.text)))
            case ("storage", "areas" | "rses", _, "quota"):
                return f"{rng.randint(1, 2000)} GB"
        return ""

    def without_gpus(self, parts: tuple[str, ...]) -> bool:
        # Their nodes must add up to the number of GPUs that the site gives elsewhere.
        slots = self.by_parts.get(parts)
        return isinstance(slots, Mapping) and "gpus" not in slots.entries

    def more_slots(self, node: Sequence, kind: str, rng: random.Random) -> Iterator[Edit]:
        """Some more partitions or queues, written before the first of the list."""
        first = node.items[0].span
        start = self.offset(first.line, 1)
        lead = self.text[start : self.offset(first.line, first.column)]
        if lead.strip() != "-":
            return
        for index in range(rng.randint(0, MORE_SLOTS)):
            own = f"attributes: {{queue: more{index}}}" if kind == "queues" else f"nodes: {rng.randint(1, 200)}"
            size = f"cores: {rng.randint(1, 128)}, memory: {rng.randint(4, 1000)} GB"
            yield Edit(start, start, f"{lead}{{name: more-{index}, stance: on_request, {own}, {size}}}\n")

    def site(self, number: int, rng: random.Random) -> str:
        """The text of a site."""
        done: list[str] = []
        at = 0
        for edit in sorted(self.edits(number, rng), key=lambda edit: edit.start):
            done += [self.text[at : edit.start], edit.text]
            at = edit.end
        return "".join([*done, self.text[at:]])


def sites(count: int, seed: int = 2023) -> Iterator[tuple[str, str]]:
    """File name and text of `count` sites, the models by turns."""
    rng = random.Random(seed)  # noqa: S311 - to vary, not to hide
    models = [Model(SPECS / "sites" / f"{name}.yaml") for name in MODELS]
    for number in range(count):
        model = models[number % len(models)]
        yield f"{model.name}-{number:05}.yaml", model.site(number, rng)


def write(count: int, folder: Path, seed: int = 2023, said: Callable[[int], None] = lambda _: None) -> None:
    """Write a fleet into a folder; `said` is told how many sites there are so far."""
    for shared in ("base", "images"):
        shutil.copytree(SPECS / shared, folder / shared, dirs_exist_ok=True)
    (folder / "sites").mkdir(parents=True, exist_ok=True)
    for number, (name, text) in enumerate(sites(count, seed), 1):
        (folder / "sites" / name).write_text(text, encoding="utf-8")
        said(number)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a fleet of sites varied from the three real ones.")
    parser.add_argument("count", type=int, help="how many sites")
    parser.add_argument("folder", type=Path, help="where; sites/, base/ and images/ are made in it")
    parser.add_argument("--seed", type=int, default=2023, help="another fleet (default: %(default)s)")
    given = parser.parse_args()
    write(given.count, given.folder, given.seed)


if __name__ == "__main__":
    main()
