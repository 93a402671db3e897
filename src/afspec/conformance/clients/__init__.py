"""How services are asked, apart from how they are reached: a module for each kind of service that checks ask."""
