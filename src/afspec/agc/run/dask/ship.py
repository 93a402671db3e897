"""How afspec.agc reaches workers whose image is older, or has none: the installed package is sent, or it is refused.

It is pure Python, so that its files run wherever the same minor version of Python does. What it needs is compiled and
is not sent: workers that lack it are refused, by name, with what they have and what is wanted.
"""

from __future__ import annotations

import io
import pickle
import sys
import uuid
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import afspec
from afspec.agc.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from distributed import Client

    from afspec.agc.run.dask.far import Outfit

# What workers need, as the project's own metadata asks of an installation that runs the analysis.
NEEDS = (("awkward", "2.14"), ("cramjam", "2.14"), ("numba", "0.68"), ("numpy", "2"), ("uproot", "5.7.7"))
# What files at such addresses need besides.
_FILES = {
    "root": (("fsspec-xrootd", "0.5.5"), ("xrootd", "6")),
    "http": (("aiohttp", "3.14"),),
    "https": (("aiohttp", "3.14"),),
}
# This process, and no other.
PROCESS = uuid.uuid4().hex
# operator.call, which graphs are made of, is that young.
_SCHEDULER = (3, 11)
_TOLD = 3
_HINT = (
    "Use one image, with one tag, for this program and for its workers: open the session in it, or name the workers' "
    "image; what the analysis needs is in afspec[agc]"
)


@dataclass(frozen=True, slots=True)
class Shipped:
    """How the workers were equipped.

    Attributes:
        outfit: the name of the plugin that equips those who come later.
        workers: address -> what was found there.
    """

    outfit: str
    workers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        """How many workers had another afspec.agc, or none."""
        return sum(1 for told in self.workers.values() if told.get("sent"))

    def reach(self, files: Iterable[str]) -> None:
        """See that workers can open files at such addresses.

        Raises:
            ClusterError: one of them lacks what that takes.
        """
        from afspec.agc.run.dask import far  # noqa: PLC0415

        schemes = sorted({file.partition("://")[0] for file in files if "://" in file})
        needs = tuple(dict.fromkeys(need for scheme in schemes for need in _FILES.get(scheme, ())))
        unfit = {
            address: {**told, "trouble": "; ".join(missing)}
            for address, told in self.workers.items()
            if (missing := far.lacking(told["packages"], needs))
        }
        refuse(unfit, len(self.workers))


def by_value(thing: Any) -> bytes:
    """Something of `far`, pickled with its code."""
    import cloudpickle  # noqa: PLC0415 - it comes with Dask

    _travels()
    return bytes(cloudpickle.dumps(thing))


def _travels() -> None:
    """From now on what is defined in `far` is pickled with its code, by Dask too."""
    import cloudpickle  # noqa: PLC0415

    from afspec.agc.run.dask import far  # noqa: PLC0415

    cloudpickle.register_pickle_by_value(far)


def archive(package: Path) -> bytes:
    """A zip file of the part of an installed afspec that the analysis is; the same for the same files."""
    from afspec.agc.run.dask import far  # noqa: PLC0415

    return zipped(far.contents(package))


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files of the package, as it is unpacked."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(f"afspec/{name}"), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _outfit(*, deaf: bool) -> Outfit:
    from afspec.agc.run.dask import far  # noqa: PLC0415

    files = far.contents(Path(afspec.__path__[0]))
    name = f"afspec-agc-{uuid.uuid4().hex[:12]}"
    wishes = tuple(dict.fromkeys(each for needs in _FILES.values() for each, _ in needs))
    return far.Outfit(name, far.digest_of(files), zipped(files), NEEDS, wishes, origin=PROCESS, deaf=deaf)


def equip(client: Client, *, deaf: bool = False) -> Shipped:
    """Bring afspec.agc to all workers, those that come later included.

    Raises:
        ClusterError: Python, or a package that is needed, is another one there.
    """
    from afspec.agc.run.dask import far  # noqa: PLC0415

    same_python(cast("Mapping[str, Any]", client.get_versions()))
    _travels()
    outfit = _outfit(deaf=deaf)
    client.register_plugin(outfit)
    workers: dict[str, dict[str, Any]] = client.run(far.look, outfit.name)
    refuse({address: told for address, told in workers.items() if told["trouble"]}, len(workers))
    return Shipped(outfit.name, workers)


def same_python(versions: Mapping[str, Any]) -> None:
    """Workers run our minor version of Python: what travels by value, and numba's types, are its own.

    Args:
        versions: what Client.get_versions tells.

    Raises:
        ClusterError: one does not.
    """
    ours = sys.version_info[:2]
    theirs = {address: _python(told) for address, told in versions["workers"].items()}
    odd = {
        address: {"trouble": f"Python {found[0]}.{found[1]} (here it is {ours[0]}.{ours[1]})"}
        for address, found in theirs.items()
        if found and found != ours
    }
    refuse(odd, len(theirs))
    scheduler = _python(versions["scheduler"])
    if scheduler and scheduler < _SCHEDULER:
        raise ClusterError(f"The Dask scheduler runs Python {scheduler[0]}.{scheduler[1]}, older than 3.11", _HINT)


def _python(told: Any) -> tuple[int, ...]:
    """The minor version of Python that get_versions tells, (3, 11); () where it tells none."""
    host = told.get("host", {}) if isinstance(told, dict) else {}
    words = str(host.get("python", "")).split(".")[:2]
    return tuple(int(word) for word in words) if all(word.isdigit() for word in words) else ()


def refuse(unfit: Mapping[str, Mapping[str, Any]], of: int) -> None:
    """Say which workers cannot run the analysis, and why.

    Args:
        unfit: address -> facts, with the trouble.
        of: how many workers there are.

    Raises:
        ClusterError: unless there are none.
    """
    if not unfit:
        return
    told = [f"{address} has {_words(facts)}" for address, facts in sorted(unfit.items())[:_TOLD]]
    rest = f"; and {len(unfit) - _TOLD} more" if len(unfit) > _TOLD else ""
    raise ClusterError(
        f"{len(unfit)} of {of} Dask workers cannot run the analysis: {'; '.join(told)}{rest}",
        _HINT,
    )


def _words(facts: Mapping[str, Any]) -> str:
    place = f" (Python {facts['python']}, {facts['platform']})" if "python" in facts else ""
    return f"{facts['trouble']}{place}"


def pickled(analysis: object) -> bytes:
    """An analysis as workers take it: by its name where it is afspec's, with its code where it is the user's own."""
    import cloudpickle  # noqa: PLC0415

    made = bytes(cloudpickle.dumps(analysis))
    pickle.loads(made)  # noqa: S301 - what cannot be read again is found here, and not on a thousand workers
    return made
