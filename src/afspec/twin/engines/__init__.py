"""The engines, one module each: what it needs, what must be prepared, its daemons, and how it is asked for its health.

A module is found by being here; `registry` in the folder above collects them.
"""
