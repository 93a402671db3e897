"""Where units of work are done: in this thread (inline), in several (threads); afspec.agc.run.dask is the third."""
