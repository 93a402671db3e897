"""Where a value of a spec was written: through which bases, and what it overrides in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from afspec.explain.leaves import Leaf, leaves
from afspec.explain.provenance import Provenance
from afspec.source import Loader


def leaf_at(path: Path, pointer: str) -> tuple[Provenance, Leaf]:
    document = Loader().load(str(path))
    return Provenance(document), next(leaf for leaf in leaves(document.root) if leaf.pointer == pointer)


class TestProvenance:
    @pytest.fixture(autouse=True)
    def _chain(self, tmp_path: Path) -> None:
        (tmp_path / "base").mkdir()
        (tmp_path / "base/far.yaml").write_text("afspec: 1\ndocs: https://far.example\ncontact: far@example.org\n")
        (tmp_path / "base/near.yaml").write_text("extends: far.yaml\ncontact: near@example.org\n")
        (tmp_path / "site.yaml").write_text(
            "extends:\n  - base/near.yaml\nname: toy\ntitle: Toy\ndeclared_by: site\ncontact: own@example.org\n"
        )

    def test_own_value(self, tmp_path: Path) -> None:
        provenance, leaf = leaf_at(tmp_path / "site.yaml", "/name")
        assert provenance.through(leaf) == ()
        assert provenance.overrides(leaf) == ()

    def test_value_of_a_base_of_a_base(self, tmp_path: Path) -> None:
        provenance, leaf = leaf_at(tmp_path / "site.yaml", "/docs")
        assert [(Path(span.file).name, span.line) for span in provenance.through(leaf)] == [
            ("site.yaml", 2),
            ("near.yaml", 1),
        ]
        assert [provenance.text_at(span) for span in provenance.through(leaf)] == ["base/near.yaml", "far.yaml"]

    def test_overridden_values(self, tmp_path: Path) -> None:
        provenance, leaf = leaf_at(tmp_path / "site.yaml", "/contact")
        assert [node.text for node in provenance.overrides(leaf)] == ["near@example.org", "far@example.org"]
