"""The generator images: what is installed in an image, what CVMFS is asked for, what the registry listens on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from afspec.generators.containers import Images
from support import facility
from unit.generators.containers import (
    APT,
    CONTAINERFILE,
    DEFINITION,
    SCRIPT,
    SLURM,
    environment,
    play,
    rendered,
    with_build,
)

from afspec.compiler.verify import problem_of
from afspec.diagnostics import AfspecError
from afspec.generators import Format, all_generators

if TYPE_CHECKING:
    from collections.abc import Callable

HTCONDOR = SLURM.replace("slurm\n    scheduler: slurm", "htcondor\n    scheduler: htcondor")
HOSTILE = """Site "$(touch pwned)" `touch pwned`'; touch pwned\\"""


def sections(definition: str) -> dict[str, list[str]]:
    """A definition file as Apptainer splits it: what is before the first section is the header."""
    found: dict[str, list[str]] = {"": []}
    current = ""
    for line in definition.splitlines():
        if match := re.match(r"%(\w+)", line):
            current = match[1]
            found[current] = []
        elif current or not line.startswith("#"):
            found[current].append(line.strip())
    return found


def instructions(containerfile: str) -> list[str]:
    """The instructions of a Containerfile, continued lines joined."""
    joined = containerfile.replace("\\\n", " ")
    return [" ".join(line.split()) for line in joined.splitlines() if line and not line.startswith("#")]


def value(body: str, path: str) -> Any:
    return yaml.safe_load(rendered(body)[path].text)


def test_an_image_without_base_or_build_is_not_built() -> None:
    whole = {SCRIPT, DEFINITION, CONTAINERFILE}
    assert whole <= set(rendered(SLURM))
    for missing in ("      base: docker.io/library/debian:12\n", "      build: {manager: pip}\n"):
        assert not whole & set(rendered(SLURM.replace(missing, "")))


def test_nothing_is_made_where_containers_are_not_offered() -> None:
    assert Images().applies(facility(SLURM))
    assert not Images().applies(facility(SLURM.replace("stance: promised\n  runtime", "stance: planned\n  runtime")))
    assert not Images().applies(facility("images: {stance: promised}\n"))
    assert all_generators()["images"].title() == Images.title()


def test_the_flavour_is_that_of_the_sites_scheduler() -> None:
    assert "images/base/htcondor.def" in rendered(HTCONDOR)
    assert SCRIPT not in rendered(HTCONDOR)
    text = rendered(HTCONDOR)["images/base/htcondor.sh"].text
    assert "--no-install-recommends ca-certificates condor " in text
    assert "command -v condor_submit" in rendered(HTCONDOR)["images/base/htcondor.check.sh"].text


def test_each_flavour_is_an_image_with_a_name_of_its_own() -> None:
    files = rendered(with_build("{manager: pip, flavours: [htcondor, slurm]}"))
    names = {path: re.search(r"--tag (\S+)", file.text) for path, file in files.items() if path.endswith("file")}
    assert {path: found and found[1] for path, found in names.items()} == {
        "images/base/htcondor.Containerfile": "hub.example.org/iris-hep/base:1",
        "images/base/slurm.Containerfile": "hub.example.org/iris-hep/base:1-slurm",
    }


def test_the_definition_and_the_containerfile_run_the_same_script() -> None:
    files = rendered(SLURM)
    script = files[SCRIPT].text.partition("\n\n")[2]
    assert script in files[DEFINITION].text
    assert [line for line in script.splitlines() if line.startswith("%")] == []
    lines = instructions(files[CONTAINERFILE].text)
    assert "COPY slurm.sh /usr/local/share/afspec/" in lines
    assert "RUN /bin/sh /usr/local/share/afspec/slurm.sh" in lines


@pytest.mark.parametrize(
    ("source", "start"),
    [("docker", "FROM /a/b.tar"), ("oci-archive", "FROM oci-archive:/a/b.tar"), ("localimage", None)],
)
def test_the_base_is_named_as_each_builder_wants(source: str, start: str | None) -> None:
    body = with_build(f"{{manager: pip, source: {source}}}").replace("docker.io/library/debian:12", "/a/b.tar")
    files = rendered(body)
    header = sections(files[DEFINITION].text)[""]
    assert header[:2] == [f"Bootstrap: {source}", "From: /a/b.tar"]
    # podman cannot start from Apptainer's own images.
    assert (CONTAINERFILE in files) == bool(start)
    if start:
        assert instructions(files[CONTAINERFILE].text)[0] == start


@pytest.mark.parametrize("base", ["debian:12 AS x", "debian'", "$(id)"])
def test_a_base_that_would_be_more_than_a_base_is_refused(base: str) -> None:
    with pytest.raises(AfspecError, match="is not a base of an image"):
        rendered(SLURM.replace("docker.io/library/debian:12", f'"{base}"'))


def test_requirements_are_taken_as_pinned_and_a_kernel_brings_ipykernel() -> None:
    def installed(body: str) -> str:
        found = re.search(r"pip install --no-cache-dir -- (.*)", rendered(body)[SCRIPT].text)
        assert found
        return found[1]

    assert installed(SLURM) == "coffea dask ipykernel"
    assert (
        installed(with_build("{manager: pip, requirements: ['dask>=2026.8,<2027']}"))
        == "'dask>=2026.8,<2027' ipykernel"
    )
    assert installed(with_build("{manager: pip, requirements: [ipykernel==7.4.0]}")) == "ipykernel==7.4.0"
    no_kernel = SLURM.replace("""      kernel: {name: af, title: "The site's kernel"}\n""", "")
    assert installed(no_kernel) == "coffea dask"
    assert "ipykernel install" not in rendered(no_kernel)[SCRIPT].text


def test_micromamba_chooses_python_from_conda_forge() -> None:
    text = rendered(with_build('{python: "3.12"}'))[SCRIPT].text
    assert "--prefix /opt/envs/af --override-channels --channel conda-forge python=3.12 coffea dask ipykernel\n" in text
    assert "venv" not in text


def test_the_environment_is_first_on_the_path_and_its_kernels_are_known() -> None:
    files = rendered(SLURM)
    lines = "\n".join(sections(files[DEFINITION].text)["environment"])
    shell = f"unset JUPYTER_PATH; {lines}\necho $PATH $JUPYTER_PATH; JUPYTER_PATH=/x\n{lines}\necho $JUPYTER_PATH"
    done = subprocess.run(["/bin/sh", "-euc", shell], env={"PATH": "/bin"}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "/opt/envs/af/bin:/bin",
        *["/opt/envs/af/share/jupyter"],
        "/opt/envs/af/share/jupyter:/x",
    ]
    environment = next(line for line in instructions(files[CONTAINERFILE].text) if line.startswith("ENV"))
    assert "PATH=/opt/envs/af/bin:${PATH:-/usr" in environment
    assert "JUPYTER_PATH=/opt/envs/af/share/jupyter" in environment
    assert all("JUPYTER_DATA_DIR" not in file.text for file in files.values())


def test_every_bind_and_area_has_a_mount_point(tmp_path: Path) -> None:
    done, _ = play(SLURM, tmp_path, **APT, python3=environment(tmp_path), sbatch="echo slurm-wlm 22.05.8")
    assert done.returncode == 0, done.stderr
    for folder in ("sdf/home", "lscratch", "etc/slurm", "run/slurm/conf"):
        assert (tmp_path / folder).is_dir(), folder
    # A bind of a library is one of a file.
    assert (tmp_path / "usr/lib64/libmunge.so.2").is_file()
    assert not (tmp_path / "sdf/nowhere").exists()


def test_a_library_that_is_there_is_left(tmp_path: Path) -> None:
    library = tmp_path / "usr/lib64/libmunge.so.2"
    library.parent.mkdir(parents=True)
    library.write_text("ELF")
    play(SLURM, tmp_path, **APT, python3=environment(tmp_path), sbatch="echo slurm-wlm 22.05.8")
    assert library.read_text() == "ELF"


def test_the_client_comes_from_the_packages_of_the_base(tmp_path: Path) -> None:
    for number, (manager, package) in enumerate([("apt_get", "slurm-client"), ("dnf", "slurm")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        tools = {manager: "exit 0", "useradd": "", "getent": "exit 2", "python3": environment(folder)}
        done, commands = play(SLURM, folder, **tools, sbatch="echo slurm-wlm 22.05.8")
        assert done.returncode == 0, done.stderr
        installing = next(line.split() for line in commands if " install " in line)
        assert package in installing
        assert "useradd --system --no-create-home --shell /usr/sbin/nologin slurm" in commands


@pytest.mark.parametrize(
    ("change", "tools", "message"),
    [
        (lambda body: body, {"apt_get": ""}, "no sbatch"),
        (lambda body: body, {"sbatch": "echo slurm-wlm 22.05.8"}, "neither apt-get nor dnf"),
        (lambda body: body.replace("{manager: pip}", "{}"), APT, "has no micromamba"),
        (
            lambda body: body.replace("    scheduler: slurm", '    scheduler: slurm\n    version: "22.05"'),
            APT | {"sbatch": "echo slurm-wlm 24.11.5"},
            "the client is of Slurm 24.11, the site runs 22.05",
        ),
    ],
)
def test_a_build_that_would_be_of_no_use_fails(
    change: Callable[[str], str], tools: dict[str, str], message: str, tmp_path: Path
) -> None:
    usual = {"useradd": "", "getent": "exit 2", "python3": environment(tmp_path)}
    done, _ = play(change(SLURM), tmp_path, **usual | tools)
    assert done.returncode == 1
    assert message in done.stderr


def test_an_older_client_is_good_enough(tmp_path: Path) -> None:
    body = SLURM.replace("    scheduler: slurm", '    scheduler: slurm\n    version: "24.11.5"')
    done, _ = play(body, tmp_path, **APT, python3=environment(tmp_path), sbatch="echo slurm-wlm 22.05.8")
    assert done.returncode == 0, done.stderr


def test_a_kernel_whose_python_is_relative_fails_the_build(tmp_path: Path) -> None:
    relative = environment(tmp_path).replace(f"KERNEL_PYTHON={tmp_path}/opt/envs/af/bin/python", "KERNEL_PYTHON=python")
    done, _ = play(SLURM, tmp_path, **APT, python3=relative, sbatch="echo slurm-wlm 22.05.8")
    assert done.returncode == 1
    assert "absolute path" in done.stderr


def test_cvmfs_is_asked_for_tags() -> None:
    assert value(SLURM, "images/unpacked.yaml") == {
        "version": 1,
        "user": "cvmfsunpacker",
        "cvmfs_repo": "unpacked.cern.ch",
        "output_format": "$(scheme)://$(registry)/thin/$(image)",
        "input": ["https://hub.example.org/iris-hep/base:1"],
    }
    latest = SLURM.replace("iris-hep/base:1", "iris-hep/base")
    assert value(latest, "images/unpacked.yaml")["input"] == ["https://hub.example.org/iris-hep/base:latest"]


@pytest.mark.parametrize(
    "body",
    [
        SLURM.replace("base:1", "base:1@sha256:" + "0" * 64),
        SLURM.replace("  unpacked: /cvmfs/unpacked.cern.ch\n", ""),
        SLURM.replace("/cvmfs/unpacked.cern.ch", "/gpfs/images"),
    ],
    ids=["pinned", "nowhere", "no-cvmfs"],
)
def test_cvmfs_is_not_asked_for_what_it_cannot_unpack(body: str) -> None:
    assert "images/unpacked.yaml" not in rendered(body)


def test_the_registry_listens_under_its_own_name_with_tls() -> None:
    config = value(SLURM, "images/replica/registry.yml")
    assert config["http"] == {
        "addr": "hub.example.org:443",
        "host": "https://hub.example.org",
        "tls": {"certificate": "/etc/afspec/tls/registry.pem", "key": "/etc/afspec/tls/registry.key"},
    }
    assert config["storage"]["filesystem"]["rootdirectory"] == "/var/lib/afspec/registry"
    assert config["storage"]["delete"]["enabled"] is True
    moved = value(
        SLURM.replace("  unpacked", "  replica: {port: 5443, directory: /srv/r}\n  unpacked"),
        "images/replica/registry.yml",
    )
    assert (moved["http"]["addr"], moved["http"]["host"]) == ("hub.example.org:5443", "https://hub.example.org:5443")
    assert moved["storage"]["filesystem"]["rootdirectory"] == "/srv/r"
    without = SLURM.replace("  registries: [hub.example.org]\n", "")
    assert "images/replica/registry.yml" not in rendered(without)


def test_nothing_of_a_hostile_text_leaves_its_place(tmp_path: Path) -> None:
    body = SLURM.replace("The site's kernel", "$(touch pwned) `touch pwned`")
    files = rendered(body, HOSTILE)
    for file in files.values():
        assert problem_of(file) == ""
        assert file.text.isascii()
    for path in (DEFINITION, CONTAINERFILE):
        outside = [line for line in files[path].text.splitlines() if "pwned" in line and not line.startswith("#")]
        assert all("ipykernel install" in line or line.startswith("    base for") for line in outside)
    script = tmp_path / "slurm.sh"
    script.write_text(files[SCRIPT].text)
    shellcheck = Path(sys.executable).parent / "shellcheck"
    found = subprocess.run(
        [str(shellcheck), "--exclude=SC2016", str(script)], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
    title = re.search(r"--display-name (.*)", files[SCRIPT].text)
    assert title
    said = subprocess.run(
        ["/bin/sh", "-c", f"printf %s {title[1]}"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert said.stdout == "$(touch pwned) `touch pwned`"
    assert not (tmp_path / "pwned").exists()


def test_shellcheck_accepts_every_script(tmp_path: Path) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    bodies = (SLURM, HTCONDOR, with_build("{}"), with_build("{flavours: [slurm, htcondor]}"))
    for number, body in enumerate(bodies):
        for path, file in rendered(body).items():
            if file.format is Format.SHELL:
                assert file.executable
                (tmp_path / f"{number}-{path.replace('/', '-')}").write_text(file.text)
    found = subprocess.run([str(shellcheck), *tmp_path.iterdir()], capture_output=True, text=True, check=False)
    assert found.stdout == ""


def test_rendering_is_deterministic() -> None:
    assert list(rendered(SLURM).items()) == list(rendered(SLURM).items())
