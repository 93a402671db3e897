"""A facility in miniature on one machine: real engines, started from the files that `afspec compile` wrote.

`engine` is what an engine is, `engines/` holds them, one module each; `room/` is where they run: a private network and
file system of their own (root), or plain processes on loopback (anybody). `needs` says what must be installed, `state`
what is on disk so that a twin can be found and taken down by anybody later, `lifecycle` brings twins up and down.
"""
