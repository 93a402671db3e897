"""A spec that is moved to folders and ports of a twin's own."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.twin.relocate import choose, is_free, ports, relocate

SPEC = {
    "jupyter": [
        {"name": "hub", "url": "http://127.0.0.1:8000/", "hub": {"state": "/var/lib/afspec/hub", "api_port": 8081}}
    ],
    "services": {"triton": {"repository": "s3://http://127.0.0.1:5555/models/<user>", "grpc": "127.0.0.1:9001"}},
    "elsewhere": "http://10.127.0.0.1:8000/ and host 1127.0.0.1:8000",
}


def test_ports_are_those_of_loopback_addresses_and_of_port_keys() -> None:
    assert ports(SPEC) == [8000, 5555, 9001, 8081]


def test_moved_ports_and_prefixes_are_replaced_everywhere() -> None:
    moved = relocate(SPEC, {"/var/lib/afspec": "/home/me/twin"}, {8000: 20001, 8081: 20002, 5555: 20003, 9001: 9001})
    assert moved["jupyter"][0]["url"] == "http://127.0.0.1:20001/"
    assert moved["jupyter"][0]["hub"] == {"state": "/home/me/twin/hub", "api_port": 20002}
    assert moved["services"]["triton"] == {
        "repository": "s3://http://127.0.0.1:20003/models/<user>",
        "grpc": "127.0.0.1:9001",
    }


def test_other_addresses_that_look_alike_stay() -> None:
    assert relocate(SPEC, {}, {8000: 20001})["elsewhere"] == SPEC["elsewhere"]


def test_a_prefix_is_whole_path_components() -> None:
    assert relocate(["/opt/afspec/hub", "/opt/afspec/hubs"], {"/opt/afspec/hub": "/x"}, {}) == [
        "/x",
        "/opt/afspec/hubs",
    ]


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(0, 70000) | st.text(max_size=20) | st.just("127.0.0.1:8000"),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b_port", "url"]), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(json_like)
def test_nothing_to_move_changes_nothing(data: object) -> None:
    assert relocate(data, {}, {}) == data


@given(json_like)
def test_every_port_that_is_found_is_moved_and_none_else(data: object) -> None:
    found = ports(data)
    moved = {port: 100_000 + index for index, port in enumerate(found)}
    assert sorted(ports(relocate(data, {}, {port: port for port in found}))) == sorted(found)
    # A number beyond any port is not found again in an address, but every one that was there is gone.
    assert not set(found) & set(ports(relocate(data, {}, moved)))


def test_a_port_that_is_free_is_kept_and_a_taken_one_moves() -> None:
    assert choose([8000, 8001], free=lambda port: port != 8001) == {8000: 8000, 8001: 20000}


def test_no_two_get_the_same_port() -> None:
    chosen = choose([20000, 8000, 8001], free=lambda port: port >= 20000)
    assert len(set(chosen.values())) == 3
    assert chosen[20000] == 20000


def test_no_free_port_is_an_error() -> None:
    with pytest.raises(OSError, match="no loopback port"):
        choose([8000], free=lambda _: False)


def test_a_port_with_a_listener_is_taken() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert not is_free(listener.getsockname()[1])
