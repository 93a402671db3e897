"""Events of NanoAOD files, TTree and RNTuple, local and remote: `open_events` gives their columns chunk by chunk."""
