"""What all sections share: the base model, stances, named items, secrets by reference."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from afspec.facility.quantities import Duration
from afspec.facility.words import DnsName, EnvironmentName, Name, Path, SecretKey, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

UNDECLARED = "undeclared"


class Model(BaseModel):
    """A part of a spec: immutable, and closed to keys that the language does not know."""

    # defer_build: the whole facility's validator is built once, when it is needed, instead of one for each section.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_enum_values=False, defer_build=True)


class Stance(StrEnum):
    """What a facility says of a capability; saying nothing is none of these, and never "no"."""

    PROMISED = "promised"
    BEST_EFFORT = "best_effort"
    ON_REQUEST = "on_request"
    PLANNED = "planned"
    NOT_PROMISED = "not_promised"

    @property
    def offers(self) -> bool:
        """Whether a user may have it today, if only after asking."""
        return self in {Stance.PROMISED, Stance.BEST_EFFORT, Stance.ON_REQUEST}


# From the strongest word to the weakest; "undeclared" is not a stance and ranks below all.
STRENGTH = (Stance.PROMISED, Stance.BEST_EFFORT, Stance.ON_REQUEST, Stance.PLANNED, Stance.NOT_PROMISED)


def strongest(stances: Iterable[Stance | None]) -> Stance | None:
    """The strongest of some stances; None (undeclared) where there is none."""
    said = set(stances)
    return next((stance for stance in STRENGTH if stance in said), None)


class Capability(Model):
    """Something that a facility may promise."""

    stance: Stance | None = Field(
        None,
        description="What the facility says of it. Leave it out where nothing was declared: that is never a no.",
        examples=["promised"],
    )
    lead_time: Duration | None = Field(None, description="How long it takes when it is given on request.")
    note: Text | None = Field(None, description="One sentence that a user should know.")

    @property
    def offered(self) -> bool:
        """Whether a user may have it today, if only after asking."""
        return self.stance is not None and self.stance.offers

    @property
    def standing(self) -> str:
        """The stance as a word; "undeclared" where nothing was said."""
        return self.stance.value if self.stance else UNDECLARED


class Named(Model):
    """An item of a list that is known, merged and pointed to by its name."""

    name: Name = Field(description="Unique in its list; pointers and overrides use it.")


class NamedCapability(Capability):
    """A capability that a facility may have several of."""

    name: Name = Field(description="Unique in its list; pointers and overrides use it.")


class KubernetesSecret(Model):
    """A key of a Kubernetes Secret."""

    name: DnsName = Field(description="The Secret's name.")
    key: SecretKey = Field(description="The key inside the Secret.")


class SecretRef(Model):
    """Where a secret is to be found; the secret itself is never part of a spec."""

    env: EnvironmentName | None = Field(None, description="Name of an environment variable.")
    file: Path | None = Field(None, description="Path of a file.")
    kubernetes_secret: KubernetesSecret | None = Field(None, description="A key of a Kubernetes Secret.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            message = "a secret is referred to in exactly one way"
            raise PydanticCustomError("afspec_form", message, {"expected": "Give one of env, file, kubernetes_secret."})
        return self


class Architecture(StrEnum):
    """Processor architectures, as the field writes them."""

    X86_64 = "x86-64"
    AARCH64 = "AArch64"

    @property
    def platform(self) -> str:
        """The OCI platform of the architecture."""
        return {"x86-64": "linux/amd64", "AArch64": "linux/arm64"}[self.value]


Platform = Literal["linux/amd64", "linux/arm64"]

N = TypeVar("N", bound=Named | NamedCapability)


def by_name(items: Iterable[N], name: str) -> N | None:
    """The item of that name, or None."""
    return next((item for item in items if item.name == name), None)
