"""What a generator reads: no way around the notes, and nothing noted that was not asked for."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from support import HEAD, tree

from afspec.explain.leaves import leaves
from afspec.explain.reads import reads_of
from afspec.facility import Capability, Facility, Model
from afspec.facility.batch import HTCondorPool, SlurmPool
from afspec.generators import Artifact, Format, Generator
from afspec.source import to_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPEC = (
    HEAD
    + """\
contact: help@example.org
access:
  ssh: {stance: promised, hosts: [{name: a, host: a.org}, {name: b, host: b.org}], key_types: [rsa, ecdsa]}
batch:
  - {name: slurm, scheduler: slurm, stance: promised, accounts: [one, two]}
services:
  triton: {stance: promised, read_key: {env: KEY}}
agc: {environment: {AF: local}}
sources:
  /contact: {doc: A page, as_of: 2025-11, conflict: {value: x, doc: Another page}}
"""
)
NEVER_ASKED = {"/batch/slurm/scheduler", "/afspec"}


def read_by(make: Callable[[Any], object]) -> set[str]:
    """The pointers that a generator of one file reads, whose text is what `make` makes of a facility."""

    class Probe(Generator):
        """A probe."""

        name: ClassVar[str] = "probe"

        def applies(self, facility: Facility) -> bool:  # noqa: ARG002
            return True

        def render(self, facility: Facility) -> Iterator[Artifact]:
            yield Artifact("probe", str(make(facility)), Format.TEXT)

    root = tree(SPEC)
    facility = Facility.model_validate(to_plain(root))
    reads = reads_of(Probe(), facility, list(Probe().render(facility)))
    assert not reads.everything
    return {leaf.pointer for leaf in leaves(root) if reads.covers(leaf.steps)} - NEVER_ASKED


def below(*starts: str) -> set[str]:
    return {leaf.pointer for leaf in leaves(tree(SPEC)) if leaf.pointer.startswith(starts)} - NEVER_ASKED


def test_nothing() -> None:
    assert read_by(lambda _: "") == set()


def test_field_alone() -> None:
    assert read_by(lambda facility: facility.name) == {"/name"}


def test_item_of_a_list_by_itself() -> None:
    assert read_by(lambda facility: facility.access.ssh.hosts[1].host) == {"/access/ssh/hosts/b/host"}


def test_list_of_words_is_read_as_one() -> None:
    assert read_by(lambda facility: facility.access.ssh.key_types[0]) == below("/access/ssh/key_types/")


def test_map_of_words_is_read_as_one() -> None:
    assert read_by(lambda facility: facility.agc.environment["AF"]) == {"/agc/environment/AF"}


def test_property_reads_what_it_needs() -> None:
    assert read_by(lambda facility: [pool.name for pool in facility.slurm_pools]) == {
        "/batch/slurm/name",
        "/batch/slurm/stance",
    }


def test_models_with_validators_of_their_own_are_read_as_one() -> None:
    # The state of a source comes from its conflict.
    assert read_by(lambda facility: facility.sources["/contact"].state) == below("/sources/~1contact/")


def test_copies_keep_their_notes() -> None:
    host = "/access/ssh/hosts/a/"
    assert host + "host" in read_by(lambda facility: copy.copy(facility.access.ssh.hosts[0]).host)
    assert host + "host" in read_by(lambda facility: facility.access.ssh.hosts[0].model_copy(update={"port": 1}).host)


@pytest.mark.parametrize(
    "bypass",
    [
        lambda ssh: ssh.model_dump(mode="json"),
        lambda ssh: ssh.model_dump_json(),
        lambda ssh: repr(ssh).count("a.org"),
        lambda ssh: f"{ssh}".count("a.org"),
        lambda ssh: ssh == ssh.model_copy(),
        lambda ssh: hash(ssh) == 0,
        lambda ssh: sorted(name for name, _ in ssh),
        lambda ssh: {ssh: 1}[ssh],
        lambda ssh: len(copy.deepcopy(ssh).hosts),
    ],
)
def test_no_way_around(bypass: Callable[[Any], object]) -> None:
    assert read_by(lambda facility: bypass(facility.access.ssh)) >= below("/access/ssh/stance", "/access/ssh/key_types")


def test_dict_of_a_model() -> None:
    assert read_by(lambda facility: len(vars(facility.access.ssh))) >= below("/access/ssh/stance")


def test_deep_dump_reads_all_below() -> None:
    assert read_by(lambda facility: facility.access.model_dump(mode="json")) == below("/access/")


def test_classes_are_those_of_the_models() -> None:
    def kinds(facility: Any) -> list[bool]:
        pool = facility.batch[0]
        return [
            isinstance(facility, Facility),
            isinstance(pool, SlurmPool),
            isinstance(pool, Capability),
            isinstance(pool, HTCondorPool),
            isinstance(pool, Model),
        ]

    assert read_by(kinds) == set()


def test_generator_that_sees_a_difference_reads_everything() -> None:
    class Curious(Generator):
        """It compares classes, as it should not."""

        name: ClassVar[str] = "curious"

        def applies(self, facility: Facility) -> bool:  # noqa: ARG002
            return True

        def render(self, facility: Facility) -> Iterator[Artifact]:
            yield Artifact("curious", str(type(facility) is Facility), Format.TEXT)

    facility = Facility.model_validate(to_plain(tree(SPEC)))
    assert reads_of(Curious(), facility, list(Curious().render(facility))).everything
