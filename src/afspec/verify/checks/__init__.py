"""One module a tool: which compiled files it is about, and what it says of them."""
