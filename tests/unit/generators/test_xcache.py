"""The generator xcache: what the cache and its source are told."""

from __future__ import annotations

import pytest
from afspec.generators.xcache import XCache
from support import facility

SLAC = """
storage:
  areas:
    - {name: data, stance: promised, purpose: data, path: /sdf/data/<u>/<user>}
  xcache:
    - {name: atlfax, stance: promised, door: "root://atlfax.slac.stanford.edu//"}
"""
BNL = """
storage:
  areas:
    - {name: dcache, stance: promised, path: /pnfs/usatlas.bnl.gov/users/<user>, inside: "root://dc.bnl.gov:1096/"}
  xcache:
    - name: xrootd03
      stance: promised
      door: root://xrootd03.usatlas.bnl.gov:2094
      server: {directory: /big/cache, memory: 16 GiB, block: 512 KiB, prefetch: 8, low: 50 TB, high: 55 TiB}
    - {name: other, door: "root://other.bnl.gov"}
"""


def rendered(body: str) -> dict[str, str]:
    return {artifact.path: artifact.text for artifact in XCache().render(facility(body))}


def directives(text: str) -> dict[str, list[str]]:
    """What follows each directive, line by line."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            found.setdefault(name, []).append(rest)
    return found


def test_a_cache_forwards_to_any_source() -> None:
    cache = directives(rendered(SLAC)["xcache/atlfax/xcache.cfg"])
    assert cache["ofs.osslib"] == ["libXrdPss.so"]
    assert cache["pss.cachelib"] == ["libXrdPfc.so"]
    assert cache["pss.origin"] == ["="]
    # Addresses within the address, and no paths of this machine.
    assert [export.split()[0] for export in cache["all.export"]] == ["/root:/", "/xroot:/"]
    assert all("r/o" in export for export in cache["all.export"])


def test_the_port_is_that_of_the_door() -> None:
    assert directives(rendered(SLAC)["xcache/atlfax/xcache.cfg"])["xrd.port"] == ["1094"]
    assert directives(rendered(BNL)["xcache/xrootd03/xcache.cfg"])["xrd.port"] == ["2094"]


def test_sizes_are_exact_in_the_units_that_xrootd_reads() -> None:
    cache = directives(rendered(BNL)["xcache/xrootd03/xcache.cfg"])
    assert cache["oss.localroot"] == ["/big/cache"]
    assert cache["pfc.ram"] == ["16g"]
    assert cache["pfc.blocksize"] == ["512k"]
    assert cache["pfc.prefetch"] == ["8"]
    low, high = cache["pfc.diskusage"][0].split()
    assert int(low.removesuffix("k")) * 1024 == 50 * 1000**4
    assert high == "55t"
    assert "pfc.diskusage" not in directives(rendered(SLAC)["xcache/atlfax/xcache.cfg"])


@pytest.mark.parametrize("size", ["memory: 512 MiB", "memory: 512 GiB", "block: 1 KiB", "block: 1 GiB"])
def test_a_size_that_xrootd_refuses_is_an_error(size: str) -> None:
    body = SLAC.replace('stanford.edu//"', f'stanford.edu//", server: {{{size}}}')
    with pytest.raises(ValueError, match="XRootD takes"):
        rendered(body)


def test_the_source_plays_the_sites_own_storage_where_that_has_a_door() -> None:
    origin = directives(rendered(BNL)["xcache/xrootd03/replica/origin.cfg"])
    assert origin["xrd.port"] == ["1096"]
    assert origin["all.export"] == ["/pnfs/usatlas.bnl.gov/users r/o"]
    assert "oss.localroot" not in origin


@pytest.mark.parametrize("change", [("stance: promised, path", "stance: planned, path"), ('"root://dc', '"https://dc')])
def test_a_door_that_is_not_offered_or_not_xrootds_is_nobodys_source(change: tuple[str, str]) -> None:
    origin = directives(rendered(BNL.replace(*change))["xcache/xrootd03/replica/origin.cfg"])
    assert origin["xrd.port"] == ["1095"]
    assert origin["all.export"] == ["/store r/o"]


def test_else_it_has_a_folder_of_its_own_and_leaves_the_caches_port_alone() -> None:
    files = rendered(SLAC)
    origin = directives(files["xcache/atlfax/replica/origin.cfg"])
    assert origin["xrd.port"] == ["1095"]
    assert origin["oss.localroot"] == ["/var/lib/afspec/xrootd/files"]
    cache = directives(files["xcache/atlfax/xcache.cfg"])
    assert not set(cache["xrd.port"]) & set(origin["xrd.port"])
    assert not set(cache["all.adminpath"]) & set(origin["all.adminpath"])


def test_only_offered_caches_get_files() -> None:
    assert {path.split("/")[1] for path in rendered(BNL)} == {"xrootd03"}
    assert XCache().applies(facility(BNL))
    assert not XCache().applies(facility(BNL.replace("name: xrootd03\n      stance: promised", "name: xrootd03")))
    assert not XCache().applies(facility())


def test_text_of_the_spec_stays_in_comments() -> None:
    head = "afspec: 1\nname: toy\ntitle: 'all.export / $(touch pwned)'\ndeclared_by: site\n"
    for artifact in XCache().render(facility(SLAC, head)):
        assert all(line.startswith("#") for line in artifact.text.splitlines() if "pwned" in line)


def test_same_bytes_every_time() -> None:
    assert rendered(BNL) == rendered(BNL)
