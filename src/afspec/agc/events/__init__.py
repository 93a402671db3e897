"""Events of NanoAOD files, TTree and RNTuple, local and remote: `open_events` gives their columns chunk by chunk.

`opening` looks at a file and `metadata` (through `streamer`, or uproot) says where its baskets lie; `recipes` decides
branch by branch who reads it; `cuts` makes chunks of entries; `storage` has the bytes, `basket` makes numbers of them,
`column` keeps those of one branch, and `tree` brings the branches together. `ntuple` reads RNTuples through uproot.
"""

from afspec.agc.events.opening import open_events

__all__ = ["open_events"]
