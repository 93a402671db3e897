"""How fast the analysis is here, and what it could be: rates, where the time goes, and the floor under it."""
