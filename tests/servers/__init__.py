"""Small servers that answer as ServiceX, REANA, a Kubernetes API server and coffea-casa do: no machine here runs those.

They are for the tests of the probes alone: healthy, or with one fault each. They live below tests/ and nothing of the
kit imports them, so that no run over a facility can ever ask them.
"""
