"""Images that users name themselves: which ones a site takes, for the hub and the form that check what they send."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.words import REFERENCE

if TYPE_CHECKING:
    from afspec.facility.images import Images

# Neither quotes nor anything else that a shell, a submit file or a batch script would take for more than a path; no
# part of it begins with a dot. A pattern of Python and of Ruby, without anchors.
PATH = r"(?:/[A-Za-z0-9_@+-][A-Za-z0-9_.:@+-]*)+"
LONGEST = 512


class Policy(NamedTuple):
    """What a request must match as a whole: `reference` or, where there is one, `path`; and be among `allowed`."""

    reference: str
    path: str | None
    allowed: tuple[str, ...] | None
    unpacked: str | None
    only_unpacked: bool

    @classmethod
    def of(cls, images: Images) -> Policy:
        """The site's policy; where it says nothing, users bring their own."""
        below = f"{images.unpacked}{PATH}" if images.unpacked else None
        return cls(
            reference=REFERENCE.pattern.removesuffix(r"\Z"),
            # Under an allow-list no file will do, under `unpacked` none of the user's own.
            path={"allow_list": None, "unpacked": below}.get(images.policy or "any", PATH),
            allowed=images.allowed if images.policy == "allow_list" else None,
            unpacked=images.unpacked,
            only_unpacked=images.policy == "unpacked",
        )
