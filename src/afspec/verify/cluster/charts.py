"""The folder that `--charts` names: charts with their values and schemas, and CustomResourceDefinitions.

It is what `helm pull --untar` leaves, NAME/{Chart.yaml,values.yaml,values.schema.json,crds/}, or a collection of such
files by other names: `..._values.yaml` beside `..._Chart.yaml` in the folder of a chart, `4.4.0_values.yaml` for the
values of one version.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.source.text import fail
from afspec.verify.cluster.crds import KIND, Crd
from afspec.verify.cluster.reading import UnreadableError, documents
from afspec.verify.cluster.schemas import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from afspec.diagnostics import AfspecError

# Folders of charts have some hundreds of files; whoever names his home folder meant another one.
_MOST_FILES = 20_000
_DATA = (".yaml", ".yml", ".json")
_FILE = re.compile(r"^(?:(?P<head>.*)_)?(?P<what>Chart|values|values\.schema|requirements)\.(?:ya?ml|json)$")
_NUMBER = re.compile(r"^v?\d+\.\d+\.\d+(?:[-+].*)?$")
# A chart's folder in a collection, where it is called otherwise than its Chart.yaml says, or has none.
_ALIASES = {"z2jh": "jupyterhub"}
# A chart's source tree has no version: it is set when the chart is released.
_UNSET = re.compile(r"^0\.0\.1(?:-.*)?$|set\.by\.chartpress")


class Chart(NamedTuple):
    """A chart of the folder; `version` is empty where its source does not say one.

    `whole` is its folder where that has templates, which Helm can render.
    """

    name: str
    version: str
    values: Path
    schema: Path | None
    parts: tuple[str, ...]
    whole: Path | None

    @property
    def defaults(self) -> dict[str, Any]:
        """Its default values.

        Raises:
            SchemaError: they cannot be read.
        """
        try:
            found = documents(str(self.values), self.values.read_text(errors="replace"))
        except (UnreadableError, OSError) as error:
            raise SchemaError(f"the chart's {self.values.name} cannot be read ({error})") from None
        read = found[0].data if found else {}
        return read if isinstance(read, dict) else {}

    def fits(self, version: str) -> bool:
        """Whether it is the version that is asked for, as far as it says one."""
        return not self.version or self.version.removeprefix("v") == version.removeprefix("v")

    def schema_data(self) -> dict[str, Any] | None:
        """Its schema of values.

        Raises:
            SchemaError: it cannot be read, or is no map.
        """
        if self.schema is None:
            return None
        try:
            text = self.schema.read_text()
            read = json.loads(text) if self.schema.suffix == ".json" else _yaml(self.schema)
        except (ValueError, OSError, RecursionError) as error:
            raise SchemaError(f"its {self.schema.name} cannot be read ({error})") from None
        if not isinstance(read, dict):
            raise SchemaError(f"its {self.schema.name} is no map")
        return read

    def mentioned(self) -> str:
        """What its values and templates mention, in one text: keys that are only commented on, or read, are there."""
        texts = [self.values.read_text(errors="replace")]
        if self.whole:
            texts += [path.read_text(errors="replace") for path in _files(self.whole / "templates")]
        return "\n".join(texts)


class Charts:
    """What a folder has; nothing is read before it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        if not self.folder.is_dir():
            hint = "Name the folder that `helm pull --untar` wrote charts to."
            raise fail("AF0001", "no folder of charts", place=str(folder), hint=hint)

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Every file below it.

        Raises:
            AfspecError: AF0002 where there are far too many for a folder of charts.
        """
        found: list[Path] = []
        try:
            for path in self.folder.rglob("*"):
                if path.is_file():
                    found.append(path)
                if len(found) > _MOST_FILES:
                    hint = "Name the folder that has the charts alone."
                    raise fail("AF0002", f"more than {_MOST_FILES} files", place=str(self.folder), hint=hint)
        except OSError as error:
            raise _unread(self.folder, error) from None
        return tuple(sorted(found))

    @cached_property
    def digest(self) -> str:
        """One digest of all files, by name and content."""
        whole = hashlib.sha256()
        for path in self.files:
            try:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                raise _unread(path, error) from None
            whole.update(f"{path.relative_to(self.folder)}\0{content}\n".encode())
        return whole.hexdigest()

    def chart(self, name: str, version: str) -> Chart | None:
        """The chart of that name: of that version where there are several, else the last one."""
        named = [chart for chart in self._charts if chart.name == name]
        exact = [chart for chart in named if chart.version and chart.fits(version)]
        return next(iter(exact), named[-1] if named else None)

    @cached_property
    def _charts(self) -> tuple[Chart, ...]:
        return tuple(chart for folder in self._by_folder.values() for chart in _charts(folder))

    @cached_property
    def _by_folder(self) -> dict[Path, list[Path]]:
        found: dict[Path, list[Path]] = {}
        for path in self.files:
            # What a chart brings along is not what anybody gives values to by itself.
            if "charts" not in path.relative_to(self.folder).parts[1:-1] and _FILE.match(path.name):
                found.setdefault(path.parent, []).append(path)
        return found

    def crd(self, group: str, kind: str) -> Crd | None:
        """The definition of a kind."""
        key = (group, kind)
        if key not in self._crds:
            self._crds[key] = next(self._find(group, kind), None)
        return self._crds[key]

    @cached_property
    def _crds(self) -> dict[tuple[str, str], Crd | None]:
        return {}

    @cached_property
    def _definitions(self) -> tuple[tuple[Path, str], ...]:
        """The files that hold definitions: large ones, which are parsed when they are asked for."""
        texts = ((path, path.read_text(errors="replace")) for path in self.files if path.suffix in _DATA)
        return tuple((path, text) for path, text in texts if KIND in text and "{{" not in text)

    def _find(self, group: str, kind: str) -> Iterator[Crd]:
        for path, text in self._definitions:
            if group in text and re.search(rf"\bkind\"?: *\"?{re.escape(kind)}\b", text):
                try:
                    read = documents(str(path), text)
                except UnreadableError:
                    continue
                for found in read:
                    if isinstance(found.data, dict) and found.data.get("kind") == KIND:
                        crd = _definition(found.data, path.name)
                        if crd and (crd.group, crd.kind) == (group, kind):
                            yield crd


def _unread(path: Path, error: OSError) -> AfspecError:
    return fail("AF0002", f"cannot be read: {error.strerror}", place=str(error.filename or path))


def _definition(data: dict[str, Any], source: str) -> Crd | None:
    try:
        return Crd(data, source)
    except (KeyError, TypeError, AttributeError):
        return None


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _yaml(path: Path) -> Any:
    try:
        found = documents(str(path), path.read_text(errors="replace"))
    except (UnreadableError, OSError):
        return None
    return found[0].data if found else None


def _charts(files: list[Path]) -> Iterator[Chart]:
    """The charts of one folder: a set of default values each."""
    parts: dict[tuple[str, str], Path] = {}
    for path in files:
        match = _FILE.match(path.name)
        if match:
            parts[match["what"], match["head"] or ""] = path
    for (what, head), values in parts.items():
        if what != "values":
            continue
        about = _yaml(parts["Chart", head]) if ("Chart", head) in parts else None
        about = about if isinstance(about, dict) else {}
        number = head if _NUMBER.match(head) else str(about.get("version", ""))
        requirements = _yaml(parts["requirements", head]) if ("requirements", head) in parts else None
        listed = [*_dependencies(about), *_dependencies(requirements)]
        folder = values.parent
        name = _name(about, parts, folder)
        whole = folder if values.name == "values.yaml" and (folder / "templates").is_dir() else None
        yield Chart(
            name,
            "" if _UNSET.search(number) else number,
            values,
            parts.get(("values.schema", head)),
            tuple(listed),
            whole,
        )


def _name(about: dict[str, Any], parts: dict[tuple[str, str], Path], folder: Path) -> str:
    if about.get("name"):
        return str(about["name"])
    # Values of one version lie beside a Chart.yaml of another, or of the source tree.
    others = [_yaml(path) for (what, _), path in parts.items() if what == "Chart"]
    named = [str(other["name"]) for other in others if isinstance(other, dict) and other.get("name")]
    return named[0] if named else _ALIASES.get(folder.name, folder.name)


def _dependencies(about: Any) -> list[str]:
    listed = about.get("dependencies") if isinstance(about, dict) else None
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return [str(item.get("alias") or item.get("name")) for item in items]
