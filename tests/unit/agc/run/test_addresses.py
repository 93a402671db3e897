"""Rewriting addresses, and sending them through a cache."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.errors import AgcError
from afspec.agc.run.addresses import Addresses, as_root, parse_rewrite, parse_xcache, without_secrets

UNL = "https://xrootd-local.unl.edu:1094//store/user/AGC/a.root"
CACHE = "root://xcache.site:1094//"
HOSTS = st.from_regex(r"[a-z][a-z0-9.-]{0,12}(:[1-9][0-9]{1,3})?", fullmatch=True)
PATHS = st.from_regex(r"/{1,2}[A-Za-z0-9_][A-Za-z0-9_/.-]{0,20}", fullmatch=True)
ADDRESSES = st.builds("{}://{}{}".format, st.sampled_from(["root", "https", "davs", "xroot", "roots"]), HOSTS, PATHS)


def test_the_web_address_of_an_xrootd_server_becomes_its_own() -> None:
    assert as_root(UNL) == "root://xrootd-local.unl.edu:1094//store/user/AGC/a.root"
    # Where no port is told, it is the web's, which nothing but the web is spoken on.
    assert as_root("https://door/store/a.root") == "root://door//store/a.root"
    assert as_root("davs://door:443/store/a.root") == "root://door//store/a.root"
    assert as_root("roots://door//a.root") == "roots://door//a.root"


def test_a_cache_goes_in_front() -> None:
    assert Addresses(xcache=CACHE)(UNL) == f"{CACHE}root://xrootd-local.unl.edu:1094//store/user/AGC/a.root"


@pytest.mark.parametrize("door", ["root://xcache.site:1094//", "root://xcache.site//", "root://XCACHE.site:1094//"])
def test_a_cache_is_not_doubled(door: str) -> None:
    through = f"{door}root://origin//store/a.root"
    assert Addresses(xcache=CACHE)(through) == through


@given(ADDRESSES)
def test_a_cache_goes_in_front_once(address: str) -> None:
    once = Addresses(xcache=CACHE)(address)
    assert once.startswith(CACHE + "root")
    assert Addresses(xcache=CACHE)(once) == once


@given(ADDRESSES)
def test_root_addresses_keep_server_and_path(address: str) -> None:
    mapped = as_root(address)
    host, _, path = address.partition("://")[2].partition("/")
    scheme, _, rest = mapped.partition("://")
    assert scheme in {"root", "roots"}
    assert rest.partition("//")[0] in {host, host.removesuffix(":443")}
    assert rest.partition("//")[2] == path.lstrip("/")
    assert as_root(mapped) == mapped


@pytest.mark.parametrize("address", ["/data/a.root", "a.root", "s3://bucket/a.root", "https://host"])
def test_what_no_cache_serves(address: str) -> None:
    with pytest.raises(AgcError, match=r"XCache|no file"):
        Addresses(xcache=CACHE)(address)


@given(st.lists(st.tuples(st.text("ab/", min_size=1, max_size=3), st.text("XY", max_size=2))), st.text("ab/"))
def test_the_longest_prefix_counts_once(rules: list[tuple[str, str]], address: str) -> None:
    written = Addresses(tuple(rules))(address)
    fitting = sorted((prefix for prefix, _ in rules if address.startswith(prefix)), key=len)
    if not fitting:
        assert written == address
    else:
        rest = address[len(fitting[-1]) :]
        assert written in {new + rest for prefix, new in rules if prefix == fitting[-1]}


def test_the_longest_of_two_prefixes() -> None:
    rules = (("/data", "/short"), ("/data/cms", "/long"), ("/d", "/shortest"))
    assert Addresses(rules)("/data/cms/a.root") == "/long/a.root"
    assert Addresses(rules[::-1])("/data/atlas/a.root") == "/short/atlas/a.root"


def test_rewriting_comes_before_the_cache() -> None:
    rewriting = Addresses((parse_rewrite("https://xrootd-local.unl.edu:1094//=root://redirector//"),), CACHE)
    assert rewriting(UNL) == f"{CACHE}root://redirector//store/user/AGC/a.root"


@pytest.mark.parametrize("text", ["nothing", "=x", ""])
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(AgcError, match="PREFIX=REPLACEMENT"):
        parse_rewrite(text)


def test_a_replacement_may_hold_the_sign() -> None:
    assert parse_rewrite("https://a//=root://b//?x=y") == ("https://a//", "root://b//?x=y")


@pytest.mark.parametrize("text", ["root://cache:1094", "root://cache:1094/", "root://cache:1094//"])
def test_a_cache_as_it_is_typed(text: str) -> None:
    assert parse_xcache(text) == "root://cache:1094//"


@pytest.mark.parametrize("text", ["cache", "https://cache//", "root://", "root://cache//store"])
def test_what_is_no_cache(text: str) -> None:
    with pytest.raises(AgcError, match="is no cache"):
        parse_xcache(text)


def test_no_cache() -> None:
    assert parse_xcache("") == ""
    assert Addresses()("/data/a.root") == "/data/a.root"


def test_secrets_are_not_shown() -> None:
    text = "root://me:word@door//a.root?authz=Bearer%20abc&xrd.wantprot=ztn: it broke"
    assert without_secrets(text) == "root://***@door//a.root?authz=***&xrd.wantprot=*** it broke"
    assert without_secrets(UNL) == UNL


@pytest.mark.parametrize("through", ["root://other//root://origin//a.root", "root://other:1094/xroot://origin//a.root"])
def test_what_is_behind_a_cache_already_stays(through: str) -> None:
    assert Addresses(xcache=CACHE)(through) == through


def test_the_caches_server_is_known_in_any_spelling() -> None:
    cache = Addresses(xcache="root://[2001:db8::1]//")
    assert cache("root://me@[2001:DB8::1]:1094//a") == "root://me@[2001:DB8::1]:1094//a"
    assert cache("root://[2001:db8::2]//a") == "root://[2001:db8::1]//root://[2001:db8::2]//a"
