"""How fast clicksoap is, beside the other ways to send the same SMS. ``python -m benchmarks`` runs everything."""
