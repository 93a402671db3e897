"""The models of a facility, one module a section of the spec; no I/O.

`Facility` is what rules and generators read. Validation maps every problem back to the line of YAML.
"""

from afspec.facility.common import Capability, Model, Named, Stance
from afspec.facility.facility import Facility
from afspec.facility.validate import validate
from afspec.facility.walk import walk

__all__ = ["Capability", "Facility", "Model", "Named", "Stance", "validate", "walk"]
