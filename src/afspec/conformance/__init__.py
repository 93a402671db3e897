"""The kit that proves a facility: requirements joined with a spec's promises, asked by pytest, judged and reported.

`catalogue` says what is required and `subjects` of what; `plan` joins them with a spec; `reach` holds the ways to a
facility and `probe` what a check may do there; `execute` asks each check once, whoever waits for it; `draft` makes the
report. The checks themselves are the pytest files of the top-level conformance/ (afspec.conformance.suite when
installed), which `plugin` runs.
"""
