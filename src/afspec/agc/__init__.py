"""The Analysis Grand Challenge: events are read, one compiled pass fills every histogram, histograms are fitted.

It knows nothing of sites, pytest or reports. `columns` says what an analysis reads and how it lies in memory; `events`
brings it there from ROOT files; `ttbar` and `hzz` are the analyses, and `kept` keeps what is compiled of them; `run`
spreads their work over threads or a Dask cluster; `generate` writes synthetic input; `compare` and `fit` judge
histograms; `bench` measures.
"""
