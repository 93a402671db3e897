"""Clients of the AGC: it is run on the site's own Dask cluster and again here, and the two are held side by side.

`here` computes what must come out; `cluster` runs it at the site, by batch jobs or by a gateway; `exact` compares,
`rate` makes statistics of rounds; `notebook` runs upstream's own notebook, `device` the kernel on a GPU.
"""
