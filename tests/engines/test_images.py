"""The site's own images: pulled, unpacked, run with the site's binds; jobs sent from inside, kernels found there."""

from __future__ import annotations

import json
import shlex
import signal
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest
from support import until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from engines.conftest import Miniature

    from afspec.facility.images import Image
    from afspec.twin.engines.images import Images

HUB = "/opt/afspec/hub"
# gzip's part in making a SIF of an image: a minute of one core.
PULL_SECONDS = 400


class Site(NamedTuple):
    """A twin, its batch client and a job for it, a bind that the client needs, and the flavours of its image."""

    miniature: Miniature
    client: str
    bind: str
    flavours: tuple[str, ...]

    @property
    def image(self) -> Image:
        image = self.miniature.facility.default_image
        assert image is not None
        return image

    @property
    def unpacked(self) -> str:
        engine: Images = self.miniature.engine("images")  # type: ignore[assignment]
        return engine.unpacked[self.image.reference]

    @property
    def digest(self) -> str:
        """Digest of the image in the registry, as it was when it was built."""
        images = self.miniature.facility.images
        assert images is not None
        known: dict[str, str] = json.loads(self.miniature.room.read(f"{images.replica.directory}/digests.json"))
        return known[self.image.reference]

    @property
    def setup(self) -> str:
        return self.miniature.files.path("user-setup/setup.sh")

    def shell(
        self, script: str, *, timeout: float = 60, check: bool = True, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """A script in alice's shell, with the compiled setup."""
        return self.miniature.room.run(
            ["bash", "-c", f"source {self.setup} && {script}"], user="alice", env=env, timeout=timeout, check=check
        )

    def inside(
        self, script: str, *, timeout: float = 60, check: bool = True, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """A script in the image, as alice runs it: with the hub's environment and the compiled files bound, too."""
        places = f"{HUB},{self.miniature.files.inside}"
        return self.shell(
            f"af_exec bash -c {shlex.quote(script)}", timeout=timeout, check=check, APPTAINER_BIND=places, **env
        )


SITES = {
    "slac": ("sbatch", "/etc/slurm", ("slurm",)),
    "bnl": ("condor_submit", "/etc/condor", ("htcondor", "slurm")),
}


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest) -> Site:
    return Site(request.getfixturevalue(request.param), *SITES[request.param])


@pytest.fixture
def no_links(site: Site) -> Iterator[None]:
    """Alice has linked no kernels, neither before nor after."""
    command = ["rm", "-rf", ".local/share/jupyter"]
    site.miniature.room.run(command, user="alice")
    yield
    site.miniature.room.run(command, user="alice")


def kernels(site: Site, before: str) -> dict[str, str]:
    """Kernels that the hub's Jupyter finds in the image after some commands, and their folders.

    The image's own JUPYTER_PATH is taken away: what is tried is what the site does for images that say nothing.
    """
    script = f"unset JUPYTER_PATH; {before} {HUB}/bin/jupyter kernelspec list --json"
    found = json.loads(site.inside(script).stdout)["kernelspecs"]
    return {name: kernel["resource_dir"] for name, kernel in found.items()}


def test_the_unpacked_image_is_found_first_and_runs_its_own_python(site: Site) -> None:
    assert site.shell("af_image").stdout.strip() == site.unpacked
    done = site.inside("echo $APPTAINER_CONTAINER; python -c 'import sys, dask_jobqueue; print(sys.executable)'")
    assert done.stdout.split() == [site.unpacked, f"{site.image.prefix}/bin/python"]


def test_nobody_writes_to_the_unpacked_tree(site: Site) -> None:
    for user in ("alice", "root"):
        done = site.miniature.room.run(["touch", f"{site.unpacked}/x"], user=user, check=False)
        assert "Read-only file system" in done.stderr, user


def test_without_the_unpacked_image_the_registry_is_named_and_health_says_so(site: Site) -> None:
    room = site.miniature.room
    room.run(["mount", "-t", "tmpfs", "tmpfs", site.unpacked])
    try:
        assert site.shell("af_image").stdout.strip() == f"docker://{site.image.reference}"
        ailing = {ailment.daemon: ailment.reason for ailment in site.miniature.ailments()}
        assert site.unpacked in ailing["unpacked images"]
    finally:
        room.run(["umount", site.unpacked])
    assert site.shell("af_image").stdout.strip() == site.unpacked


def test_an_image_is_pulled_by_digest_once_and_run(site: Site) -> None:
    pinned = f"{site.image.reference}@{site.digest}"
    begin = time.monotonic()
    file = site.shell(f"af_pull {pinned}", timeout=PULL_SECONDS).stdout.strip()
    pulled = time.monotonic() - begin
    try:
        assert file.endswith(f"{pinned.replace(':', '+')}.sif")
        images = site.miniature.facility.images
        assert images is not None
        assert images.cache is not None
        begin = time.monotonic()
        assert site.shell(f"af_pull {pinned}").stdout.strip() == file
        assert time.monotonic() - begin < pulled / 4
        done = site.inside("echo $APPTAINER_CONTAINER; command -v $0 $CLIENT", AF_IMAGE=pinned, CLIENT=site.client)
        assert done.stdout.splitlines()[0] == file
        assert done.stdout.splitlines()[-1].endswith(f"/{site.client}")
        # The home has a small quota: nothing of it is there.
        assert site.shell("test ! -e ~/.apptainer/cache", check=False).returncode == 0
    finally:
        site.miniature.room.run(["rm", "-f", file], user="alice")


def test_a_digest_that_the_registry_does_not_have_is_not_pulled(site: Site) -> None:
    wrong = f"{site.image.reference}@sha256:{'0' * 64}"
    done = site.shell(f"af_pull {wrong}", check=False)
    assert done.returncode != 0
    assert "manifest unknown" in done.stderr
    assert done.stdout == ""


def test_a_container_sees_what_the_site_binds(site: Site) -> None:
    images = site.miniature.facility.images
    assert images is not None
    room = site.miniature.room
    there = [path for path in (*images.binds, site.bind) if room.exists(path)]
    assert site.bind in there
    mounted = site.inside("cut -d ' ' -f 5 /proc/self/mountinfo").stdout.split()
    # A path below another bind comes with it.
    assert [path for path in there if path not in mounted] == []
    marker = room.run(["mktemp", f"{there[0]}/marker.XXXXXX"], user="root").stdout.strip()
    try:
        assert site.inside(f"ls {marker}").stdout.strip() == marker
    finally:
        room.run(["rm", marker])


def test_a_compiled_slurm_job_runs_in_the_image_with_the_binds(slac: Miniature) -> None:
    site = Site(slac, *SITES["slac"])
    name = next(iter(slac.files.glob("slurm/roma/container.sh")))
    output = f"{slac.twin.users[0].home}/container-job.out"
    inside = "echo $APPTAINER_CONTAINER; cut -d ' ' -f 5 /proc/self/mountinfo; command -v sbatch"
    command = ["sbatch", "--wait", f"--output={output}", slac.files.path(name), "sh", "-c", inside]
    slac.room.run(command, user="alice", timeout=120)
    try:
        lines = slac.room.read(output).splitlines()
        assert lines[0] == site.unpacked
        assert {"/sdf", "/etc/slurm"} <= set(lines)
        assert lines[-1] == "/usr/bin/sbatch"
    finally:
        slac.room.run(["rm", output], user="alice")


def test_a_job_is_sent_from_inside_the_image_to_slurm(slac: Miniature) -> None:
    site = Site(slac, *SITES["slac"])
    job = "#!/bin/sh\\necho out of the container: ${APPTAINER_CONTAINER:-none}\\n"
    options = "--account=atlas:usatlas --partition=roma --mem=50M --time=1 --wait --output=from-inside.out"
    done = site.inside(f"command -v sbatch && printf '{job}' | env -u APPTAINER_CONTAINER sbatch {options}", timeout=90)
    try:
        assert "Submitted batch job" in done.stdout
        said = slac.room.run(["cat", "from-inside.out"], user="alice").stdout
        assert said.strip() == "out of the container: none"
    finally:
        slac.room.run(["rm", "-f", "from-inside.out"], user="alice")


def test_a_job_is_sent_from_inside_the_image_to_htcondor(bnl: Miniature) -> None:
    site = Site(bnl, *SITES["bnl"])
    home = bnl.twin.users[0].home
    submit = (
        "executable = /bin/echo\narguments = from a job\noutput = from-inside.out\nlog = from-inside.log\n"
        "accounting_group = group_atlas.general\nrequest_memory = 64 MB\nqueue\n"
    )
    bnl.room.write(f"{home}/from-inside.sub", submit, owner="alice")
    try:
        done = site.inside("command -v condor_submit && condor_submit from-inside.sub", timeout=90)
        assert "1 job(s) submitted" in done.stdout
        read = ["cat", "from-inside.out"]
        assert until(lambda: bnl.room.run(read, user="alice", check=False).stdout == "from a job\n", seconds=90)
    finally:
        bnl.room.run(["sh", "-c", "rm -f from-inside.*"], user="alice")


@pytest.mark.usefixtures("no_links")
def test_the_kernel_is_missing_without_the_compiled_fix_and_found_with_it(site: Site) -> None:
    kernel = site.image.kernel
    assert kernel is not None
    own = f"{site.image.prefix}/share/jupyter/kernels/{kernel.name}"
    assert kernel.name not in kernels(site, "")
    # af_kernels, which the setup runs in an image: in this shell by JUPYTER_PATH ...
    assert kernels(site, f"source {site.setup};")[kernel.name] == own
    # ... and in sessions that know nothing of it by a link.
    assert kernels(site, "")[kernel.name].endswith(f"/.local/share/jupyter/kernels/{kernel.name}")


def test_the_images_own_environment_tells_a_hub_of_its_kernel(site: Site) -> None:
    kernel = site.image.kernel
    assert kernel is not None
    found = json.loads(site.inside(f"{HUB}/bin/jupyter kernelspec list --json").stdout)["kernelspecs"]
    argv = found[kernel.name]["spec"]["argv"]
    assert argv[0] == f"{site.image.prefix}/bin/python"


RUN_CODE = """
import sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name=sys.argv[1])
try:
    said = []
    hook = lambda message: said.append(message["content"].get("text", ""))
    reply = client.execute_interactive(
        "import sys; print(sys.executable, 6 * 7)", timeout=60, output_hook=hook)
    print(reply["content"]["status"], *said)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


@pytest.mark.usefixtures("no_links")
def test_the_kernel_runs_code_in_the_images_python(site: Site) -> None:
    kernel = site.image.kernel
    assert kernel is not None
    script = f"{HUB}/bin/python -c {shlex.quote(RUN_CODE)} {kernel.name}"
    said = site.inside(script, timeout=120).stdout.split()
    assert said == ["ok", f"{site.image.prefix}/bin/python", "42"]


def test_podman_runs_each_flavour_from_the_registry(site: Site) -> None:
    room = site.miniature.room
    clients = {"slurm": "sbatch", "htcondor": "condor_submit"}
    for flavour in site.flavours:
        tag = "" if flavour == site.flavours[0] else f"-{flavour}"
        reference = f"{site.image.reference}{tag}"
        command = ["podman", "run", "--rm", "--network=none", "--quiet", reference]
        script = f"command -v {clients[flavour]} && python -c 'import sys; print(sys.prefix)'"
        try:
            done = room.run([*command, "sh", "-c", script], user="root", timeout=200)
        finally:
            room.run(["podman", "rmi", "--force", reference], user="root", timeout=60, check=False)
        assert done.stdout.split() == [f"/usr/bin/{clients[flavour]}", site.image.prefix]
    runtime = room.run(["podman", "info", "--format", "{{.Host.OCIRuntime.Name}}"], user="root").stdout
    assert runtime.strip() == "runc"


def test_a_dead_registry_is_named_and_fails_fast_and_comes_back(site: Site) -> None:
    images = site.miniature.facility.images
    assert images is not None
    host = images.registries[0]
    site.miniature.room.kill("registry", signal.SIGKILL)
    assert until(lambda: not site.miniature.room.alive("registry"))
    try:
        assert ("registry", "not running") in [tuple(ailment) for ailment in site.miniature.ailments()]
        begin = time.monotonic()
        done = site.shell(f"af_pull {host}/iris-hep/other:1", check=False)
        assert time.monotonic() - begin < 15
        assert done.returncode != 0
        assert host in done.stderr
        assert "connection refused" in done.stderr
        # What is unpacked needs no registry.
        assert site.inside("echo well").stdout.strip() == "well"
    finally:
        site.miniature.heal()
    assert site.miniature.ailments() == []
    done = site.shell(f"af_pull {host}/iris-hep/other:1", check=False)
    assert "manifest unknown" in done.stderr


def test_a_registry_that_hangs_is_ill(site: Site) -> None:
    site.miniature.room.kill("registry", signal.SIGSTOP)
    try:
        begin = time.monotonic()
        reasons = [ailment.reason for ailment in site.miniature.engine("registry").ailments()]
        assert time.monotonic() - begin < 10
        assert len(reasons) == 1
        assert "timed out" in reasons[0]
    finally:
        site.miniature.room.kill("registry", signal.SIGCONT)
    assert until(lambda: site.miniature.engine("registry").ailments() == [])


def test_a_pull_from_a_registry_that_hangs_comes_to_an_end(slac: Miniature) -> None:
    site = Site(slac, *SITES["slac"])
    host = site.image.reference.partition("/")[0]
    slac.room.kill("registry", signal.SIGSTOP)
    try:
        done = site.shell(f"af_pull {host}/iris-hep/other:1", timeout=90, check=False)
    finally:
        slac.room.kill("registry", signal.SIGCONT)
    assert done.returncode != 0
    assert host in done.stderr
    assert "timeout" in done.stderr
    assert until(lambda: slac.engine("registry").ailments() == [])
