"""The simulator's own JSON API: reads and changes everything that the simulator holds."""
