"""The style sheet: every colour that text has stands out from every colour behind it, in both schemes."""

from __future__ import annotations

import itertools
import re

import pytest

from afspec.report.html import faces
from afspec.report.html.jinja import OF_OUTCOME, style

LEAST = 4.5  # WCAG 2.2, 1.4.3
_BLOCK = re.compile(r"(:root|\.twin) \{([^}]*)\}")
_DARK = "@media screen and (prefers-color-scheme: dark)"


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def scheme(*, dark: bool, twin: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    sheet = style()
    for match in _BLOCK.finditer(sheet):
        in_dark = sheet[: match.start()].rstrip().endswith(f"{_DARK} {{")
        if (in_dark and not dark) or (match[1] == ".twin" and not twin):
            continue
        found |= colours(match[2])
    return found


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def pairs(given: dict[str, str]) -> dict[tuple[str, str], float]:
    """Every ink with every paper that it is put on."""
    papers = ("page", "card", "head")
    wanted = [(ink, paper) for ink in ("ink", "soft", "link") for paper in papers]
    wanted += [("frame-ink", "frame"), ("tag-ink", "tag"), ("promise", "card")]
    for ink in [name for name in given if name.endswith("-ink") and name[:-4] in given]:
        base = ink.removesuffix("-ink")
        wanted += [(ink, name) for name in (base, f"{base}-hatch", f"{base}-dot") if name in given]
    return {(ink, paper): contrast(given[ink], given[paper]) for ink, paper in wanted}


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("dark", "twin"), [*itertools.product([False, True], repeat=2)])
def test_every_ink_stands_out(*, dark: bool, twin: bool) -> None:
    weak = {pair: round(ratio, 2) for pair, ratio in pairs(scheme(dark=dark, twin=twin)).items() if ratio < LEAST}
    assert weak == {}


def test_schemes_name_the_same_colours() -> None:
    light, dark = scheme(dark=False, twin=False), scheme(dark=True, twin=False)
    assert light.keys() == dark.keys()
    assert light["page"] != dark["page"]
    assert scheme(dark=False, twin=True)["frame"] != light["frame"]


def test_every_kind_of_face_has_a_style() -> None:
    sheet = style()
    known = [value for value in vars(faces).values() if isinstance(value, faces.Face)]
    for face in [*known, *OF_OUTCOME.values()]:
        assert re.search(rf"(?m)(^|, |\s)(\.strip |\.k)?\.{face.kind}\b[^;]*\{{", sheet), face


def test_unverified_and_stale_are_hatched_and_nothing_verified_is() -> None:
    rules = dict(re.findall(r"(?m)^\.(\w+) \{([^}]*)\}", style()))
    hatched = {name for name, rule in rules.items() if "repeating-linear-gradient" in rule}
    assert hatched == {"unverified", "stale"}


def test_style_reaches_for_nothing() -> None:
    assert not re.search(r"url\(|@import|@font-face|expression", style())
