"""What runs on workers, whose afspec may be another one, or none.

Everything here travels by value (see `ship`), so that it may import nothing but Python's own library and what every
Dask worker has; afspec is imported inside functions, once it is there. What it answers is bytes, for the same reason:
a scheduler, or a worker that holds a result for another, never looks inside.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import importlib.metadata
import importlib.util
import io
import os
import pickle
import platform
import shutil
import signal
import stat
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

from distributed.diagnostics.plugin import WorkerPlugin
from distributed.worker import get_worker
from packaging.version import Version

# What a task answers: whether it was done, and then the pickled Partial; else why this worker cannot do it.
Answer = tuple[bool, "bytes | str"]

_FOLDER = "afspec-agc-"
_PRIVATE = 0o700


def contents(package: Path) -> dict[str, bytes]:
    """The files of an installed afspec that the analysis is made of, by their names below the package.

    None where the package is none, or has no analysis.
    """
    first = package / "__init__.py"
    if not first.is_file() or not (package / "agc" / "__init__.py").is_file():
        return {}
    files = {
        path.relative_to(package).as_posix(): path.read_bytes()
        for path in sorted((package / "agc").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    return {first.name: first.read_bytes(), **files}


def digest_of(files: dict[str, bytes]) -> str:
    """SHA-256 of files, their names included; "" for none."""
    total = hashlib.sha256()
    for name, content in files.items():
        total.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return total.hexdigest() if files else ""


def version_of(distribution: str) -> str:
    """The version that is installed here; "" for none."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def lacking(packages: dict[str, str], needs: tuple[tuple[str, str], ...]) -> list[str]:
    """What of the needs, (distribution, lowest version), is not met, in words."""
    return [
        f"{name} {packages[name] or 'is missing'} ({least} or newer is needed)"
        for name, least in needs
        if not packages[name] or Version(packages[name]) < Version(least)
    ]


def installed() -> Path | None:
    """Where this Python would import afspec from."""
    try:
        spec = importlib.util.find_spec("afspec")
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec and spec.origin else None


def own_folder() -> Path | None:
    """A folder for this user's workers of this machine, which nobody else can write to; None where there is none."""
    path = Path(tempfile.gettempdir()) / f"afspec-{os.getuid()}"
    try:
        path.mkdir(mode=_PRIVATE, exist_ok=True)
        found = path.lstat()
    except OSError:
        return None
    mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return path if mine and os.access(path, os.W_OK) else None


def unpacked(archive: bytes, digest: str, places: list[Path]) -> Path:
    """The folder that has the sent afspec in it: workers of one machine share it, and numba's cache with it.

    Raises:
        OSError: no place takes it.
    """
    trouble: OSError | None = None
    for place in places:
        folder = place / f"{_FOLDER}{digest[:16]}"
        try:
            if not folder.exists():
                _unpack(archive, folder)
            if digest_of(contents(folder / "afspec")) == digest:
                return folder
        except OSError as error:
            trouble = error
    raise trouble or OSError("the files of afspec arrive changed")


def _unpack(archive: bytes, folder: Path) -> None:
    """All of it or nothing: another worker may do the same at the same time, and the first one wins."""
    new = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            packed.extractall(new)
        new.rename(folder)
    except OSError:
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


class Outfit(WorkerPlugin):
    """Sees to it that a worker has this afspec.agc and what it needs, as soon as the worker is there.

    It never raises: what is wrong is told to whoever asks, and to every task.
    """

    def __init__(
        self,
        name: str,
        digest: str,
        archive: bytes,
        needs: tuple[tuple[str, str], ...],
        wishes: tuple[str, ...] = (),
        *,
        origin: str = "",
        deaf: bool = False,
    ) -> None:
        """Settle what is wanted.

        Args:
            name: of this plugin.
            digest: of the files in the archive.
            archive: a zip file of afspec.
            needs: (distribution, lowest version), without which a worker is refused.
            wishes: distributions whose versions are told.
            origin: what only the client's own process knows; a worker that is a thread of it needs nothing.
            deaf: workers are on the user's own terminal, and the interrupt there is for the program that started them.
        """
        self.name = name
        self.digest = digest
        self.archive = archive
        self.needs = needs
        self.wishes = wishes
        self.origin = origin
        self.deaf = deaf
        self.trouble = ""
        self.facts: dict[str, Any] = {}
        self.folder = ""
        self.sent = False

    def setup(self, worker: Any) -> None:
        """Look around, and unpack afspec where this worker has another one, or none."""
        self.lock = threading.Lock()
        if self.deaf and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._look()
            if not self.trouble and not self._at_home():
                self._settle(Path(worker.local_directory))
        except Exception as error:  # noqa: BLE001 - a worker that cannot be set up is told about, not lost
            self.trouble = f"{type(error).__name__}: {error}"

    def _look(self) -> None:
        packages = {name: version_of(name) for name in (*dict(self.needs), *self.wishes)}
        self.facts = {
            "python": platform.python_version(),
            "platform": f"{sys.platform} {platform.machine()}",
            "packages": packages,
            "afspec": version_of("afspec"),
        }
        if missing := lacking(packages, self.needs):
            self.trouble = "; ".join(missing)

    def _at_home(self) -> bool:
        ship = sys.modules.get("afspec.agc.run.dask.ship")
        return ship is not None and self.origin == ship.PROCESS

    def _settle(self, local: Path) -> None:
        package = installed()
        self.sent = package is None or digest_of(contents(package)) != self.digest
        if package is None or self.sent:
            folder = unpacked(self.archive, self.digest, [each for each in (own_folder(), local) if each])
        else:
            folder = package.parent
        self.folder = str(folder)
        # A package that lies in a read-only image leaves compiled functions no place beside them.
        if not os.access(folder / "afspec" / "agc", os.W_OK) and "NUMBA_CACHE_DIR" not in os.environ:
            os.environ["NUMBA_CACHE_DIR"] = str((own_folder() or local) / "numba")
        self.archive = b""

    def ready(self) -> str:
        """Make this afspec the one that is imported; "" where that went well, else what is wrong.

        Another user's run may have made it another one since.
        """
        with self.lock:
            if not self.trouble and self.folder and _place() != self.folder:
                self._switch()
        return self.trouble

    def _switch(self) -> None:
        sys.path[:] = [entry for entry in sys.path if not Path(entry).name.startswith(_FOLDER)]
        if self.sent:
            sys.path.insert(0, self.folder)
        for name in [name for name in sys.modules if name == "afspec" or name.startswith("afspec.")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        try:
            importlib.import_module("afspec.agc.run.work")
        except ImportError as error:
            self.trouble = f"afspec.agc cannot be imported there: {error}"
        else:
            if (found := _place()) != self.folder:
                self.trouble = f"afspec is imported from {found}, not from {self.folder}"

    def told(self) -> dict[str, Any]:
        """What was found here, for the client."""
        return {**self.facts, "trouble": self.ready(), "sent": self.sent}


def _place() -> str:
    """The folder that the afspec which is loaded lies in; "" where none is."""
    loaded = sys.modules.get("afspec")
    return str(Path(loaded.__file__).parent.parent) if loaded and loaded.__file__ else ""


def look(name: str, dask_worker: Any) -> dict[str, Any]:
    """What a worker's outfit tells; Dask hands the worker in."""
    outfit = dask_worker.plugins.get(name)
    return outfit.told() if outfit else {"trouble": "it did not take the analysis that was sent to it"}


async def warm(name: str, analysis: bytes, dask_worker: Any) -> bool:
    """Have an analysis compiled, or loaded from the cache of compiled code, beside the worker's own business."""
    return await asyncio.to_thread(_warm, dask_worker.plugins.get(name), analysis)


def _warm(outfit: Any, analysis: bytes) -> bool:
    if outfit is None or outfit.ready():
        return False
    from afspec.agc.run.timing import warm as compiled  # noqa: PLC0415 - it is there now

    compiled(pickle.loads(analysis))  # noqa: S301 - it comes from the run's own client
    return True


def _ready(name: str) -> str:
    worker = get_worker()
    outfit: Any = worker.plugins.get(name)
    trouble = outfit.ready() if outfit else "it did not take the analysis that was sent to it"
    return f"{worker.address}: {trouble}" if trouble else ""


def do_unit(name: str, analysis: bytes, unit: bytes, tries: int) -> Answer:
    """One unit. A worker's outfit, the analysis and the unit are those of the run."""
    if trouble := _ready(name):
        return False, trouble
    from afspec.agc.run.work import Failure, Partial, process_unit  # noqa: PLC0415 - it is there now

    wanted = pickle.loads(unit)  # noqa: S301 - it comes from the run's own client
    try:
        partial = process_unit(pickle.loads(analysis), wanted, tries)  # noqa: S301
    except Exception as error:  # noqa: BLE001 - one unit must not end the run of thousands
        text = f"{type(error).__name__}: {error}"
        partial = Partial(failures=(Failure(wanted.number, wanted.file, text, 1),))
    return True, pickle.dumps(partial)


def add(name: str, *answers: Answer) -> Answer:
    """What several come to; a worker that cannot work is told about before anything else."""
    if refused := next((answer for answer in answers if not answer[0]), None):
        return refused
    if trouble := _ready(name):
        return False, trouble
    from afspec.agc.run.work import merge  # noqa: PLC0415 - it is there now

    return True, pickle.dumps(merge(pickle.loads(part) for _, part in answers if isinstance(part, bytes)))  # noqa: S301
