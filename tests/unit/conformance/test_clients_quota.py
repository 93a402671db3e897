"""What the kit reads of quotas: a user's own limit, never the size of everybody's file system."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from afspec.conformance.clients import quota
from afspec.conformance.clients.quota import KIB, Limit

HOME = "/sdf/home/a/anna"
SHARED = "nas:/home 1000000 400000 600000 40% /sdf/home"


def said(folder: str, mount: str, quotas: str = "", lfs: str = "", where: str = HOME) -> str:
    return f"{where}\n-- folder\n{folder}\n-- mount\n{mount}\n-- quota\n{quotas}-- lfs\n{lfs}"


def limits(*parts: str) -> tuple[Limit, ...]:
    found = quota.parse(said(*parts))
    assert found
    return found.limits


def test_everybodys_file_system_tells_nothing_of_a_user() -> None:
    assert limits(SHARED, SHARED) == ()


def test_a_file_system_of_ones_own_is_the_limit() -> None:
    own = f"tmpfs 262144 4 262140 1% {HOME}"
    assert limits(own, own) == (Limit("df", (262144 * KIB,), 4 * KIB),)


def test_a_folder_whose_size_is_not_its_file_systems_has_a_limit() -> None:
    folder = "ceph:/ 5000 100 4900 2% /data"
    assert limits(folder, "ceph:/ 900000 100 899900 1% /data") == (Limit("df", (5000 * KIB,), 100 * KIB),)


def test_quota_names_the_file_system_that_is_meant() -> None:
    table = (
        "Disk quotas for user anna (uid 1000):\n"
        "     Filesystem   space   quota   limit   grace   files   quota   limit   grace\n"
        "     nas:/other     10     20      30              1       0       0\n"
        "     nas:/home     600*   500     700   6days      1       0       0\n"
    )
    assert limits(SHARED, SHARED, table) == (Limit("quota", (500 * KIB, 700 * KIB), 600 * KIB),)
    assert limits(SHARED, SHARED, table.replace("nas:/home", "nas:/homes")) == ()


def test_no_limit_is_none() -> None:
    assert limits(SHARED, SHARED, "  nas:/home  600  0  0  1  0  0\n") == ()
    assert limits(SHARED, SHARED, "Disk quotas for user anna (uid 1000): none\n") == ()


def test_lustre() -> None:
    row = "              .     10  0  4000       -       1       0       0       -\n"
    assert limits(SHARED, SHARED, "", row) == (Limit("lfs quota", (4000 * KIB,), 10 * KIB),)


def test_nearest_of_a_soft_and_a_hard_limit() -> None:
    assert Limit("quota", (500, 700)).nearest(690) == 700
    assert Limit("quota", (500, 700)).nearest(1) == 500


def test_folders_with_spaces() -> None:
    volume = quota.volume_of("//nas/my share 10 4 6 40% /mnt/my folder")
    assert volume == quota.Volume("//nas/my share", 10 * KIB, 4 * KIB, 6 * KIB, "/mnt/my folder")


@given(out=st.text())
def test_no_words_break_it(out: str) -> None:
    quota.parse(out)
    quota.volume_of(out)
    found = quota.parse(said(SHARED, SHARED, f"{out}\n"))
    assert found is None or found.volume.size == 1000000 * KIB


@given(size=st.integers(1, 2**50), used=st.integers(0, 2**50), free=st.integers(-(2**50), 2**50))
def test_volumes(size: int, used: int, free: int) -> None:
    volume = quota.volume_of(f"/dev/sda1 {size} {used} {free} 5% /")
    assert volume == quota.Volume("/dev/sda1", size * KIB, used * KIB, max(free, 0) * KIB, "/")
