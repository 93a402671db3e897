"""Images: the runtime runs, named images hold what was promised, jobs are sent from inside, caches stay out of homes.

Images are found and started by the site's compiled setup, as its users do it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from afspec.conformance.checks import check
from afspec.conformance.clients.batch import Errand, batch_of, client, follow, pool_of, usual_slots
from afspec.conformance.clients.batch.slurm import Slurm
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from afspec.conformance.probe import Probe
    from afspec.conformance.reach import Answer
    from afspec.facility.images import Images

# Seconds for a container to start and import what it has: over CVMFS much is fetched first.
_START = 180
_SETUP = "user-setup/setup.sh"
# $1 is the setup, $2 the image, $3 a script that runs after the setup, with the rest.
_RUN = """
export AF_IMAGE="$2"
exec bash -c 'setup=$1 script=$3; shift 3; source "$setup" || exit 65; eval "$script"' bash "$@"
"""
_INSIDE = 'af_exec sh -c "$@"'


class _Setup:
    """The site's compiled setup in the user's shell, with an image chosen."""

    def __init__(self, probe: Probe, reference: str) -> None:
        self._probe = probe
        self._reference = reference
        images: Images | None = probe.facility.images
        if images is None or images.runtime != "apptainer":
            runtime = images.runtime if images and images.runtime else "unknown"
            hint = "A session of the site in the image shows it: see AF-JUPYTER."
            text = f"its images are run by {runtime}, which starts them for sessions and not for users"
            probe.unverified(Reason.PREREQUISITE_ABSENT, text, hint)
        home = probe.sh("cd && pwd", check=True).out.strip()
        folder = f"{home}/{probe.name}"
        probe.later(lambda: probe.sh('rm -rf -- "$1"', folder, check=True), f"rm -r {folder}")
        self._path = f"{folder}/setup.sh"
        probe.put(self._path, probe.run.files[_SETUP].encode())

    def run(self, script: str, *args: str, timeout: float = 30, **more: Any) -> Answer:
        """A script of bash after the setup; `args` are its $1, $2, ..."""
        return self._probe.sh(_RUN, self._path, self._reference, script, *args, timeout=timeout, **more)

    def inside(self, script: str, *args: str, timeout: float = _START, **more: Any) -> Answer:
        """A script of sh in the image."""
        return self.run(_INSIDE, script, "sh", *args, timeout=timeout, **more)

    def found(self) -> str:
        """Where the image is, without pulling anything.

        Raises:
            FailedError: the setup finds none.
            UnverifiedError: it would have to be pulled.
        """
        answer = self.run("af_image")
        where = answer.out.strip()
        self._probe.expect(answer.ok and where, "the compiled setup finds the image", answer.words)
        if where.startswith("docker://"):
            hint = f"Pull it once: source setup.sh && af_pull {self._reference}"
            text = "the image is neither unpacked here nor pulled, and pulling it is more than a check may do"
            self._probe.unverified(Reason.BUDGET_EXHAUSTED, text, hint)
        self._probe.note("image", where)
        return where


@check("AF-IMAGES-001", "runs")
def test_runtime_runs(probe: Probe) -> None:
    """Its own word for its version; declared 1.3 is met by 1.3.4."""
    images = probe.value
    if images.runtime == "kubernetes":
        hint = "A session of the site shows it: see AF-JUPYTER."
        probe.unverified(
            Reason.PREREQUISITE_ABSENT, "Kubernetes runs the images, and users have no command for it", hint
        )
    answer = probe.sh('"$1" --version', images.executable or images.runtime)
    probe.expect(answer.ok, f"{images.runtime} runs for the user", answer.words)
    found = re.search(r"\d+(\.\d+)+", answer.out)
    probe.expect(found, f"{images.runtime} tells its version", answer.words)
    version = found[0] if found else ""
    probe.note("version", version)
    if images.version:
        same = f"{version}.".startswith(f"{images.version}.")
        probe.expect(same, f"the version of {images.runtime} is {images.version}", version)


# Names of packages are not always those of their modules: the package says which it brings.
_LOOK = """
import importlib, json, os, sys
nonce, prefix, kernel = sys.argv[1:4]
try:
    from importlib.metadata import distribution
except ImportError:
    distribution = None
def modules(package):
    try:
        text = distribution(package).read_text("top_level.txt") or ""
    except Exception:
        text = ""
    return [name for name in text.split() if not name.startswith("_")] or [package.replace("-", "_")]
wrong = {}
for package in sys.argv[4:]:
    try:
        for name in modules(package):
            importlib.import_module(name)
    except BaseException as error:
        wrong[package] = "%s: %s" % (type(error).__name__, error)
said = {"nonce": nonce, "python": sys.executable, "wrong": wrong, "kernel": ""}
if kernel:
    path = os.path.join(prefix or sys.prefix, "share/jupyter/kernels", kernel, "kernel.json")
    try:
        with open(path) as file:
            argv = json.load(file)["argv"]
        if not os.path.isabs(argv[0]):
            said["kernel"] = "%s starts %s, which is no absolute path" % (path, argv[0])
        elif not os.access(argv[0], os.X_OK):
            said["kernel"] = "%s starts %s, which is not there" % (path, argv[0])
    except BaseException as error:
        said["kernel"] = "%s: %s" % (path, error)
print(json.dumps(said))
"""


@check("AF-IMAGES-002", "starts")
def test_image_holds_what_is_declared(probe: Probe) -> None:
    """Started by the compiled setup; its own Python imports the packages and looks for the kernel."""
    image = probe.value
    setup = _Setup(probe, image.reference)
    setup.found()
    python = f"{image.prefix}/bin/python" if image.prefix else "python3"
    kernel = image.kernel.name if image.kernel else ""
    script = 'python=$1; shift; exec "$python" -c "$@"'
    answer = setup.inside(script, python, _LOOK, probe.nonce, image.prefix or "", kernel, *image.packages)
    said = _json(answer.out)
    probe.expect(said.get("nonce") == probe.nonce, "the image starts, and its Python runs", answer.words)
    probe.note("python", said.get("python", ""))
    wrong = "; ".join(f"{name}: {why}" for name, why in said.get("wrong", {}).items())
    probe.expect(not wrong, "its Python imports the declared packages", wrong)
    if kernel:
        problem = said.get("kernel", "")
        probe.expect(not problem, f"it has the kernel {kernel}, with a Python that is there", problem)


def _json(text: str) -> dict[str, Any]:
    """The object in the last line; programs of the image may say more before it."""
    try:
        found = json.loads(text.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


@check("AF-IMAGES-003", "sends")
def test_job_is_sent_from_inside(probe: Probe) -> None:
    """The image's own batch client sends the job; that it ran is asked outside."""
    image, pool = probe.value, pool_of(probe)
    setup = _Setup(probe, image.reference)
    setup.found()

    def inside(
        script: str, *args: str, timeout: float = 30, hosts: Callable[[str], Iterable[str]] | None = None
    ) -> Answer:
        return setup.inside(script, *args, timeout=timeout + _START, hosts=hosts)

    batch = batch_of(probe, pool)
    seconds = 300 if isinstance(batch, Slurm) else None
    # The setup's folder is this name, too: the job's files go with it.
    errand = Errand(probe.name, 'printf "nonce %s\\n" "$1"', (probe.nonce,), usual_slots(pool), seconds=seconds)
    job = follow.send(probe, batch, errand, through=client(probe.facility, probe.run.files, pool, inside))
    status = follow.to_the_end(probe, batch, job, errand.slots)
    said = follow.written(probe, batch, job, probe.nonce, status)
    probe.expect(
        status.well, "the job that was sent from inside ends well", f"{status.word} {status.reason} {said[-200:]}"
    )
    probe.expect(f"nonce {probe.nonce}" in said, "it brings its nonce back", said[-200:])


_PLACES = """
for path; do
    place=$(stat -L -c %d:%i "$path/." 2>/dev/null || stat -L -c %d:%i "$path" 2>/dev/null)
    printf '%s %s\\n' "$place" "$path"
done
"""


@check("AF-IMAGES-004", "visible")
def test_binds_are_visible(probe: Probe) -> None:
    """The same device and inode inside as outside: an empty folder of that name in the image is not it."""
    image = probe.facility.default_image
    if image is None:
        probe.unverified(Reason.PREREQUISITE_ABSENT, "the site names no image to look into")
    setup = _Setup(probe, image.reference)
    setup.found()
    binds = probe.value.binds
    outside, inside = (_places(answer.out) for answer in (probe.sh(_PLACES, *binds), setup.inside(_PLACES, *binds)))
    absent = [path for path in binds if path not in outside]
    probe.expect(not absent, "the host has what it says it binds", ", ".join(absent))
    hidden = [path for path in binds if inside.get(path) != outside[path]]
    probe.expect(not hidden, "a container sees it", ", ".join(hidden))


def _places(text: str) -> dict[str, str]:
    """Device and inode by path, of the paths that are there."""
    rows = [line.partition(" ") for line in text.splitlines()]
    return {path: place for place, _, path in rows if place}


_FOLDER = """
folder=$1
made=
if [ ! -d "$folder" ]; then mkdir -p "$folder" && made=1; fi || exit 73
printf %s "$2" >"$folder/$2" && [ "$(cat "$folder/$2")" = "$2" ] || exit 74
rm -f "$folder/$2"
cd "$folder" && pwd -P && cd && pwd -P
if [ -n "$made" ]; then rmdir "$folder"; fi
"""


@check("AF-IMAGES-005", "outside_home")
def test_cache_is_outside_home(probe: Probe) -> None:
    """With the compiled setup sourced and nothing set before; the store is where the site says."""
    setup = _Setup(probe, "")
    answer = setup.run(
        'unset APPTAINER_CACHEDIR APPTAINER_TMPDIR; af__caches; printf "%s\\n" "${APPTAINER_CACHEDIR:-}"'
    )
    cache = answer.out.strip()
    probe.expect(cache.startswith("/"), "the setup says where pulled layers go", answer.words)
    images = probe.value
    folders = {"cache": cache} | ({"store": _of_user(probe, images.store)} if images.store else {})
    for name, folder in folders.items():
        said = probe.sh(_FOLDER, folder, probe.name)
        probe.expect(said.ok, f"the {name} can be written", said.words)
        lines = said.out.split()
        place, home = lines if len(lines) == len(("place", "home")) else ("", "/")
        probe.expect(f"{place}/".startswith(f"{home}/") is False, f"the {name} is not in the home", place)


def _of_user(probe: Probe, path: str) -> str:
    return path.replace("<user>", probe.user).replace("<u>", probe.user[0])
