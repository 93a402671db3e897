"""Images from locks: the packages of the lock and no others, for the Python that they are for; the check proves it."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from unit.generators.containers import (
    APT,
    CHECK,
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
from afspec.generators import Format

if TYPE_CHECKING:
    from collections.abc import Mapping

SBATCH = "echo slurm-wlm 22.05.8"
DIGEST = "0" * 64
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def pin(name: str, number: str, condition: str = "") -> str:
    return f"{name}=={number}{condition} \\\n    --hash=sha256:{DIGEST}\n"


def locked(text: str, build: str) -> str:
    """The site, whose image has a lock."""
    lines = "".join(f"        {line}\n" for line in text.splitlines())
    return with_build(f"{build}\n      lock: |\n{lines}").rstrip("\n") + "\n"


def with_pip(text: str, python: str = HERE) -> str:
    return locked(text, f'{{manager: pip, python: "{python}"}}')


def with_conda(text: str) -> str:
    return locked(text, "{channels: [lab, conda-forge]}")


CONDA = f"""# made: 2026-11-23
# platform: linux-64
numpy==2.4.6[build="py312_0",sha256="{DIGEST}"]
# platform: linux-aarch64
numpy==2.4.5[build="py312_1",sha256="{DIGEST}"]
"""


def run(body: str, folder: Path, extra: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Installation and check, with a lock where the image has it."""
    share = folder / "usr/local/share/afspec"
    share.mkdir(parents=True)
    for path, file in rendered(body).items():
        if "/packages." in path:
            (share / Path(path).name).write_text(file.text)
    tools = APT | {"python3": venv(folder), "sbatch": SBATCH} | dict(extra or {})
    return play(body, folder, **tools)[0]


def venv(folder: Path) -> str:
    """A python3 of this Python's version that can make an environment."""
    return f'[ "$1" != -c ] || exec {sys.executable} "$@"; {environment(folder)}'


def test_what_is_installed_is_the_lock_and_nothing_by_name() -> None:
    text = rendered(with_pip(pin("dask", "2026.8.0")))[SCRIPT].text
    found = re.search(r"-m pip install (.*)", text)
    assert found
    wanted = "--no-cache-dir --require-hashes --only-binary :all: --requirement /usr/local/share/afspec/packages.txt"
    assert found[1] == wanted
    text = rendered(with_conda(CONDA))[SCRIPT].text
    found = re.search(r"micromamba create (.*)", text)
    assert found
    assert found[1] == (
        "--yes --prefix /opt/envs/af --override-channels --channel lab --channel conda-forge "
        '--file /usr/local/share/afspec/packages."$platform".txt'
    )


def test_the_builders_have_the_lock_and_the_check_and_end_with_it() -> None:
    files = rendered(with_pip(pin("dask", "2026.8.0")))
    assert files["images/base/packages.txt"].text == pin("dask", "2026.8.0")
    container = files[CONTAINERFILE].text
    assert "COPY slurm.sh packages.txt /usr/local/share/afspec/\n" in container
    assert "COPY slurm.check.sh /usr/local/share/afspec/check.sh\n" in container
    # After the environment is set: the check asks for JUPYTER_PATH.
    assert container.index("ENV ") < container.index("RUN /bin/sh /usr/local/share/afspec/check.sh")
    definition = files[DEFINITION].text
    copied = re.search(r"%files\n((?:    .*\n)+)", definition)
    assert copied
    assert [line.split() for line in copied[1].splitlines()] == [
        ["slurm.check.sh", "/usr/local/share/afspec/check.sh"],
        ["packages.txt", "/usr/local/share/afspec/packages.txt"],
    ]
    assert re.search(r"%test\n    sh /usr/local/share/afspec/check\.sh\n", definition)


def test_conda_has_a_file_a_platform_each_with_the_whole_head() -> None:
    files = rendered(with_conda(CONDA))
    for name, number, other in (("linux-64", "2.4.6", "2.4.5"), ("linux-aarch64", "2.4.5", "2.4.6")):
        text = files[f"images/base/packages.{name}.txt"].text
        assert text.startswith(f"# made: 2026-11-23\n# platform: {name}\n")
        assert f"numpy=={number}[" in text
        assert other not in text


def test_an_image_with_what_was_locked_is_as_it_should_be(tmp_path: Path) -> None:
    other = f" ; platform_machine == 'not-{platform.machine()}'"
    here = f" ; platform_machine == '{platform.machine()}'"
    lock = pin("pytest", version("pytest")) + pin("click", version("click"), here) + pin("nobody-has-it", "1", other)
    done = run(with_pip(lock), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("base: as it should be\n")


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        (pin("pytest", "1.0"), f"pytest {version('pytest')}, locked is 1.0"),
        (pin("nobody-has-it", "1"), "nobody-has-it nothing, locked is 1"),
        (pin("nobody-has-it", "1", f" ; platform_machine == '{platform.machine()}'"), "locked is 1"),
    ],
)
def test_a_package_that_was_not_locked_so_fails_the_build(lock: str, message: str, tmp_path: Path) -> None:
    done = run(with_pip(lock), tmp_path)
    assert done.returncode == 1
    assert message in done.stderr


@pytest.mark.parametrize("there", [True, False])
def test_conda_packages_are_looked_for_by_name_version_and_build(there: bool, tmp_path: Path) -> None:  # noqa: FBT001
    record = tmp_path / "opt/envs/af/conda-meta/numpy-2.4.6-py312_0.json"
    make = f"{environment(tmp_path)}; mkdir -p {record.parent}; {'/usr/bin/touch ' + str(record) if there else ':'}"
    tools = {"micromamba": make, "uname": "echo x86_64", "sed": 'exec /bin/sed "$@"'}
    done = run(with_conda(CONDA), tmp_path, tools)
    assert done.returncode == (0 if there else 1)
    assert ("numpy-2.4.6-py312_0 was locked and is not there" in done.stderr) is not there


def test_packages_for_another_python_than_that_of_the_base_are_refused(tmp_path: Path) -> None:
    done = run(with_pip(pin("pytest", version("pytest")), python="3.7"), tmp_path)
    assert done.returncode == 1
    assert f"the base has Python {HERE}, the packages are for 3.7" in done.stderr


def test_a_python_beside_that_of_the_base_is_taken(tmp_path: Path) -> None:
    tools = {"python3": "echo 2.7", f"python{HERE}": venv(tmp_path)}
    done = run(with_pip(pin("pytest", version("pytest"))), tmp_path, tools)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("rm -r {root}/sdf", "no folder {root}/sdf/home"),
        ("rm {root}/usr/lib64/libmunge.so.2", "no file {root}/usr/lib64/libmunge.so.2"),
        ("JUPYTER_PATH=/elsewhere", "JUPYTER_PATH lacks {root}/opt/envs/af/share/jupyter"),
        (
            """echo '{{"argv": ["/x"]}}' > {root}/opt/envs/af/share/jupyter/kernels/af/kernel.json""",
            "the kernel does not name its Python by an absolute path: /x",
        ),
        (
            """echo 'echo "{{\\"kernelspecs\\": {{}}}}"' > {root}/opt/envs/af/bin/jupyter""",
            "does not have the kernel af",
        ),
    ],
)
def test_the_check_says_what_an_image_lacks(spoil: str, message: str, tmp_path: Path) -> None:
    done = checked(SLURM, tmp_path, spoil.format(root=tmp_path))
    assert done.returncode == 1
    assert message.format(root=tmp_path) in done.stderr


def test_the_check_asks_jupyter_in_a_home_of_its_own(tmp_path: Path) -> None:
    jupyter = f"{tmp_path}/opt/envs/af/bin/jupyter"
    spy = f"#!/bin/sh\\necho $HOME > {tmp_path}/home\\nexec {jupyter}-itself\\n"
    between = (
        f"HOME=/users/alice; export HOME; mv {jupyter} {jupyter}-itself; "
        f"printf '{spy}' > {jupyter}; chmod 755 {jupyter}"
    )
    done = checked(SLURM, tmp_path, between)
    assert done.returncode == 0, done.stderr
    home = (tmp_path / "home").read_text().strip()
    assert home not in {"", "/users/alice"}
    assert not Path(home).exists()


def checked(body: str, tmp_path: Path, between: str) -> subprocess.CompletedProcess[str]:
    """Installation, something that happens to the image, and the check once more."""
    done, _ = play(body, tmp_path, **APT, python3=venv(tmp_path), sbatch=SBATCH)
    assert done.returncode == 0, done.stderr
    script = (tmp_path / "slurm.sh").read_text()
    check = script[script.rindex("#!/bin/sh") :]
    path = f"{tmp_path}/opt/envs/af/share/jupyter"
    text = f"export JUPYTER_PATH={path}\n{between}\n{check}"
    environ = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    return subprocess.run(["/bin/sh", "-c", text], env=environ, capture_output=True, text=True, check=False)


def test_a_planned_image_is_built_and_asked_of_cvmfs_in_its_own_folder() -> None:
    files = rendered(SLURM.replace("  named:", "  planned:"))
    assert {SCRIPT, CHECK, DEFINITION, CONTAINERFILE, "images/base/README.md"} <= set(files)
    # Nobody unpacks what is not in the registry.
    assert "images/unpacked.yaml" not in files
    wishes = yaml.safe_load(files["images/base/unpacked.yaml"].text)
    assert wishes["version"] == 1
    assert wishes["input"] == ["https://hub.example.org/iris-hep/base:1"]
    assert "images/base/unpacked.yaml" not in rendered(SLURM)


def test_the_readme_has_the_commands_of_every_flavour() -> None:
    body = locked(pin("dask", "1"), '{manager: pip, python: "3.11", flavours: [slurm, htcondor]}')
    text = rendered(body.replace("  named:", "  planned:"))["images/base/README.md"].text
    commands = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    assert "apptainer build --fakeroot base-htcondor.sif htcondor.def" in commands
    assert "podman build --tag hub.example.org/iris-hep/base:1-htcondor --file htcondor.Containerfile ." in commands
    assert "podman run --rm hub.example.org/iris-hep/base:1 sh /usr/local/share/afspec/check.sh" in commands
    assert "/cvmfs/unpacked.cern.ch/hub.example.org/iris-hep/base:1-htcondor" in commands
    both = body.replace("      prefix:", "      platforms: [linux/amd64, linux/arm64]\n      prefix:")
    text = rendered(both)["images/base/README.md"].text
    assert "podman build --platform=linux/amd64,linux/arm64 --manifest hub.example.org/iris-hep/base:1 " in text


def test_shellcheck_accepts_the_scripts_of_locked_images(tmp_path: Path) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    for number, body in enumerate((with_pip(pin("dask", "1")), with_conda(CONDA))):
        for path, file in rendered(body).items():
            assert problem_of(file) == ""
            if file.format is Format.SHELL:
                (tmp_path / f"{number}-{path.replace('/', '-')}").write_text(file.text)
    found = subprocess.run([str(shellcheck), *tmp_path.iterdir()], capture_output=True, text=True, check=False)
    assert found.stdout == ""
