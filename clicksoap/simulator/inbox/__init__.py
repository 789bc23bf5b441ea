"""The inbox: web pages with the simulator's messages and traffic."""
