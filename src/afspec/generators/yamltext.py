"""Plain data as YAML that people read: block style, in the order of the data, ASCII, nothing folded, nothing aliased.

What is written means the same to parsers of YAML 1.1 (PyYAML) and of 1.2: a string stays plain only where neither takes
it for anything else, and scripts of several lines are literal blocks. PyYAML's own dumper writes those in one quoted
line, and takes ten times as long, which counts in a fleet.
"""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Words, paths, addresses, image references, sizes; a colon belongs to one where no space follows, a # where none comes
# before.
_PLAIN = re.compile(r"(?:[A-Za-z_/][\w.,()+/@=-]*(?:[ :#][\w.,()+/@=-]+)*|[0-9]+(?:[KMGT]i|[kKMGTm]))\Z", re.ASCII)
# What YAML 1.1 reads as a truth value or as nothing (YAML 1.1 types: bool, null).
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_PAIRS = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")
_LITERAL = re.compile(r"[\x21-\x7e][\t\n\x20-\x7e]*\Z")


def dump(data: Any) -> str:
    """A document of maps, lists, strings, numbers, truth values and None.

    Raises:
        TypeError: something else is in it.
        ValueError: a number is not finite.
    """
    lines: list[str] = []
    _block(data, "", lines)
    return "\n".join(lines) + "\n"


def _block(value: Any, pad: str, lines: list[str]) -> None:
    """Write a value on lines of its own, each after `pad`."""
    if value and isinstance(value, dict):
        for key, item in value.items():
            _entry(f"{pad}{_scalar(key)}:", item, pad, lines)
    elif value and isinstance(value, (list, tuple)):
        for item in value:
            at = len(lines)
            _block(item, f"{pad}  ", lines)
            # The first line of an item begins beside its dash.
            lines[at] = f"{pad}- {lines[at][len(pad) + 2 :]}"
    else:
        lines.extend(_lines(value, pad))


def _entry(key: str, value: Any, pad: str, lines: list[str]) -> None:
    """Write a key, and its value beside or below it."""
    if value and isinstance(value, dict):
        lines.append(key)
        _block(value, f"{pad}  ", lines)
    elif value and isinstance(value, (list, tuple)):
        lines.append(key)
        _block(value, pad, lines)
    else:
        first, *rest = _lines(value, pad)
        lines.append(f"{key} {first[len(pad) :]}")
        lines.extend(rest)


def _lines(value: Any, pad: str) -> Iterator[str]:
    """A value that is no block: one line after `pad`, or a literal block."""
    if isinstance(value, str) and "\n" in value and _LITERAL.match(value) and not value.endswith("\n\n"):
        yield f"{pad}|" if value.endswith("\n") else f"{pad}|-"
        for line in value.removesuffix("\n").split("\n"):
            yield f"{pad}  {line}" if line else ""
    else:
        yield f"{pad}{_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, int) or (not value and isinstance(value, (dict, list, tuple))):
        return json.dumps(value)
    raise TypeError(f"{type(value).__name__} is not plain data: {value!r}")


@lru_cache(maxsize=4096)  # the same keys and words are in every file
def _text(value: str) -> str:
    is_plain = _PLAIN.match(value) and value.lower() not in _WORDS
    return str(value) if is_plain else _quoted(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    text = repr(value)
    # To YAML 1.1 a number with an exponent has a point as well.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _quoted(value: str) -> str:
    """A string in double quotes: JSON's, but that YAML writes a character beyond 16 bits as one."""
    text = json.dumps(str(value))
    return _PAIRS.sub(_one_character, text) if "\\ud" in text else text


def _one_character(pair: re.Match[str]) -> str:
    high, low = (int(half, 16) for half in pair.groups())
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"
