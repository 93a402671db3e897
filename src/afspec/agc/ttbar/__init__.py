"""The CMS open data ttbar analysis: cuts, samples, systematics, and the compiled pass over events that applies them."""
