"""Templates of Open OnDemand: the Ruby in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from afspec.verify.bench import ToolError
from afspec.verify.check import Check, Finding
from afspec.verify.tools import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled

# Trim mode "-" is Open OnDemand's; the text between the tags becomes Ruby as well, so that lines stay what they are.
_COMPILE = """\
require "erb"
require "json"
found = ARGV.flat_map do |path|
  RubyVM::InstructionSequence.compile(ERB.new(File.read(path), trim_mode: "-").src.sub(/\\A#coding.*\\n/, ""), path)
  []
rescue SyntaxError => e
  said = e.message.split(/^(?=#{Regexp.escape(path)}:)/).map(&:strip).reject(&:empty?)
  place = /\\A#{Regexp.escape(path)}:(\\d+): */
  said.map { |one| [path, one[place, 1].to_i, one.sub(place, "")] }
end
puts JSON.generate(found)
"""


class Ruby(Check):
    """Ruby compiles the templates of Open OnDemand (ERB)."""

    name = "ruby"
    code = "AF5104"
    tool = Program(("ruby",), "install Ruby", ("bookworm",))

    def files(self, site: Compiled) -> list[str]:
        return site.like("*.erb")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        del site
        done = bench.run(["ruby", "-W0", "-e", _COMPILE, "--", *files])
        if done.returncode:
            raise ToolError(f"ruby: {done.said}")
        for path, line, said in json.loads(done.out):
            yield Finding(path, line, " ".join(said.split()))
