"""Every code that is not a rule's: the areas are AF0 source, AF1 bases, AF2 schema, AF4 output, AF5 what tools say.

Semantic rules (AF3) document themselves, each in its own module under `afspec.rules`.
A code keeps its meaning for ever; a code that is dropped is not used again.
"""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """What a code means, and what a person does about it."""

    title: str
    advice: str


# The tool's own words are in the message.
_VERIFIED = "If you edited the file, undo it; else this is a defect of the generator: report it with the spec."
_REFERENCE = "If somebody else makes what is named, it belongs into requires.yaml: that is a defect of the generator."

CODES: dict[str, Code] = {
    "AF0001": Code("File not found", "Check the path; it is looked up as given, then under specs/."),
    "AF0002": Code("File cannot be read", "Check that it is an ordinary file and that you may read it."),
    "AF0003": Code("File is too large for a spec", "A spec holds at most 1 MiB; split what is shared into a base."),
    "AF0004": Code("File is not UTF-8 text", "Save it as UTF-8."),
    "AF0005": Code("Character not allowed in YAML", "Remove the control character; indent with spaces."),
    "AF0006": Code("YAML syntax error", "Correct the line; the place is where the parser gave up."),
    "AF0007": Code("Key given twice", "Keep one: YAML would silently drop the first."),
    "AF0008": Code("Key is not a plain word", "Write the key as one word; lists and maps cannot be keys."),
    "AF0009": Code("Nested too deeply", "A spec needs no more than 32 levels."),
    "AF0010": Code("Aliases expand to too much", "Write the values out; aliases may expand to 20,000 nodes in all."),
    "AF0011": Code("Unknown YAML tag", "Known are !replace on maps and lists, !file and !!str on values."),
    "AF0012": Code("Merge key", "Use `extends:` for what files share; `<<` is not part of the language."),
    "AF0013": Code("Unknown alias", "Define the anchor (&name) before the alias (*name)."),
    "AF0014": Code("File is empty", "A spec starts with `afspec: 1` and a name."),
    "AF0015": Code("File is not a map", "A spec is a map: `afspec: 1`, `name: ...`, and the sections."),
    "AF1001": Code("Base not found", "Paths in `extends:` are relative to the file that names them."),
    "AF1002": Code("Bases extend each other in a circle", "Remove one of the `extends:` entries."),
    "AF1003": Code("Two items of a list have the same name", "Names tell items apart: rename one."),
    "AF1004": Code("Override does not fit what the base says", "Keep the kind of value, or mark it !replace."),
    "AF1005": Code("`extends:` is not a list of paths", "Write `extends: [../base/us-atlas.yaml]`."),
    "AF1006": Code("Bases nested too deeply", "At most 16 files may extend each other in a row."),
    "AF1007": Code(
        "File that a value names cannot be read",
        "Its path is relative to the file that names it; `afspec lock SPEC` makes the lock of an image's packages.",
    ),
    "AF2001": Code("Unknown key", "Correct the key, or remove it."),
    "AF2002": Code("Required key is missing", "Add the key."),
    "AF2003": Code("Value has the wrong type", "Write a value of the type that is named."),
    "AF2004": Code("Value is not one of those allowed", "Choose one of the values that are listed."),
    "AF2005": Code("Value is not in the form that is needed", "Write it in the form that is shown."),
    "AF2006": Code("Value is out of range", "Choose a value within the bounds."),
    "AF2007": Code("Text holds a character that could be executed", "Remove control characters and template marks."),
    "AF4001": Code("Generator failed", "This is a defect of the generator: report it with the spec."),
    "AF4002": Code("Generated file is not valid", "This is a defect of the generator: report it with the spec."),
    "AF4003": Code("Two generators write the same file", "Rename one output; outputs belong to one generator."),
    "AF4004": Code("Output path leaves the output folder", "Names that become paths must stay inside the folder."),
    "AF4005": Code("Symbolic link in the output folder", "Remove the link; afspec writes through none."),
    "AF4006": Code("File was not written by afspec", "Move it away, or give --force to overwrite it."),
    "AF4007": Code("Generated file was edited by hand", "Put the change into the spec or an overlay, or give --force."),
    "AF4008": Code("Output cannot be written", "Check permissions and free space."),
    "AF4009": Code("Lock file cannot be read", "Remove afspec.lock.json and compile again with --force."),
    "AF4010": Code("Two specs have the same name", "Each would overwrite the other: rename one."),
    "AF4011": Code("Unknown generator", "`afspec targets` lists the generators."),
    "AF4012": Code(
        "Packages of an image cannot be resolved",
        "Correct what the image wants, or try again with the network; the old lock is as it was.",
    ),
    "AF4013": Code("What resolves packages is not installed", "pip install 'afspec[lock]' brings it."),
    "AF4014": Code("Image says too little to be locked", "Give it `build:`, packages, and a file for its `lock:`."),
    "AF4020": Code("File is no output", "Name a file below the folder that `afspec compile` wrote, or SPEC POINTER."),
    "AF4021": Code("Spec of an output not found", "Name it: --spec SPEC."),
    "AF4022": Code("File was not generated", "Name a file that the folder's afspec.lock.json lists."),
    "AF4023": Code("Line is not in what the spec gives", "Compile again, or ask about a line that was not edited."),
    "AF4024": Code("Spec has nothing there", "Name a value, map or list of the spec: /batch/slurm/max_walltime."),
    "AF4030": Code("Folder holds no compiled facility", "Name a spec, or a folder that `afspec compile` wrote."),
    "AF4031": Code("Compiled facility is not what the lock says", "Compile again: facility.json is not to be edited."),
    "AF5001": Code("Folder is not a compiled one", "Name the folder of a site that `afspec compile` wrote."),
    "AF5002": Code("Compiled file is missing", "Compile again."),
    "AF5003": Code("Files were not checked (--strict)", "Install the tool; `afspec verify --list` says which."),
    "AF5101": Code("bash does not read a script", _VERIFIED),
    "AF5102": Code("shellcheck finds fault with a script", _VERIFIED),
    "AF5103": Code("JSON or YAML is not as a parser wants it", _VERIFIED),
    "AF5104": Code("Ruby does not compile a template", _VERIFIED),
    "AF5105": Code("ssh does not read its configuration", _VERIFIED),
    "AF5106": Code("sshd does not accept its configuration", _VERIFIED),
    "AF5107": Code("Prometheus does not accept a rule", _VERIFIED),
    "AF5108": Code("JupyterHub does not accept its configuration", _VERIFIED),
    "AF5109": Code("Dask or dask-jobqueue does not accept its settings", _VERIFIED),
    "AF5110": Code("dask-gateway does not accept its configuration", _VERIFIED),
    "AF5111": Code("condor_submit does not accept a submit file", _VERIFIED),
    "AF5112": Code("HTCondor does not read its configuration", _VERIFIED),
    "AF5113": Code("sbatch refuses a script", _VERIFIED),
    "AF5114": Code("Slurm does not read slurm.conf", _VERIFIED),
    "AF5115": Code("Apptainer does not understand a definition", _VERIFIED),
    "AF5116": Code("buildah does not understand a Containerfile", _VERIFIED),
    "AF5117": Code("Python does not compile a file", _VERIFIED),
    "AF5118": Code("Object is none that a Kubernetes API server accepts", _VERIFIED),
    "AF5119": Code("Custom resource does not fit its definition", _VERIFIED),
    "AF5120": Code("Values do not fit the chart", _VERIFIED),
    "AF5121": Code("Reference between a cluster's objects leads nowhere", _REFERENCE),
    "AF5122": Code(
        "Compiled file holds a secret",
        "Take it out, and out of the spec: name a Secret instead. Whoever could read the file may know it: replace it.",
    ),
    "AF5123": Code("kustomize does not build a folder", _VERIFIED),
    "AF5124": Code("Helm does not render a chart with its values", _VERIFIED),
    "AF9001": Code("Internal error", "This is a defect of afspec: report it with the spec."),
}
