"""The inbox: the simulator's messages and traffic, to be looked at in a browser."""
