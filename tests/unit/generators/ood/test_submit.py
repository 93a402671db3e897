"""What is asked of Slurm, and what a user sends that is refused."""

from __future__ import annotations

import pytest
from ood_site import HOSTILE, App


def test_the_defaults_are_taken(app: App) -> None:
    assert app.native() == [
        "--partition=roma",
        "--account=atlas:usatlas",
        "--nodes=1",
        "--ntasks=1",
        "--cpus-per-task=1",
        "--mem=4G",
        "--time=4:00:00",
        "--qos=normal",
    ]


def test_a_gpu_is_asked_for_by_its_model(app: App) -> None:
    native = app.native(partition="ampere", gpu="a100", gpus="2", cores="8", memory="64", hours="48")
    assert {"--partition=ampere", "--gpus=a100:2", "--cpus-per-task=8", "--mem=64G", "--time=48:00:00"} <= set(native)


def test_a_partitions_own_qos_is_its_default(app: App) -> None:
    assert "--qos=preemptable" in app.native(partition="milano")
    assert "--qos=preemptable" in app.native(qos="preemptable")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"partition": "silent"}, "partition: not one of ampere, roma, milano"),
        ({"partition": "roma", "hours": "13"}, "hours: not a whole number from 1 to 12"),
        ({"cores": "121"}, "cores: not a whole number from 1 to 120"),
        ({"memory": "481"}, "memory: not a whole number from 1 to 480"),
        ({"cores": "0"}, "cores"),
        ({"cores": "1.5"}, "cores"),
        ({"cores": ""}, "cores"),
        ({"partition": "milano", "qos": "normal"}, "qos: not one of preemptable"),
        ({"gpu": "a100"}, "gpu: partition roma has none"),
        ({"partition": "ampere", "gpu": "h200"}, "gpu: partition ampere has a100"),
        ({"partition": "ampere", "gpu": "a100", "gpus": "5"}, "gpus: not a whole number from 1 to 4"),
        ({"account": "root"}, "account: not one of atlas:usatlas, atlas:other"),
        ({"image": "image-other"}, "image: not one of site, image-base, commands"),
    ],
)
def test_what_a_partition_lacks_is_refused_by_name(values: dict[str, str], reason: str, app: App) -> None:
    done = app.press(**values)
    assert done.returncode == 3
    assert reason in done.stderr
    assert not app.notes.exists()


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("partition", HOSTILE),
        *((field, HOSTILE[1:4:2]) for field in ("image", "account", "qos", "hours", "cores", "memory", "gpu")),
    ],
)
def test_hostile_values_are_refused(field: str, values: list[str], app: App) -> None:
    for value in values:
        done = app.press(**{field: value})
        assert done.returncode == 3, value
        assert done.stderr.startswith(f"{field}: ")
    assert not app.notes.exists()
    assert not list(app.folder.rglob("pwned"))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_template_that_is_given_an_unchecked_value_quotes_it(value: str, app: App) -> None:
    submit = app.folder / "ood/af-jupyter/submit.yml.erb"
    submit.write_text("batch_connect: {template: basic}\nscript: {native: []}\n")
    done = app.start(image=value)
    assert done.returncode == 64
    assert f"there is no such image: {value}" in done.stderr
    assert not list(app.folder.rglob("pwned"))
