"""One analysis over many files: work is split by file and entry range, spread, retried, added up, and resumed."""
