"""The JSON API of the simulator, and what watches over it: health, figures, and who may call."""
