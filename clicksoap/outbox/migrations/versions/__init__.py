"""The steps of the migrations, in order of their numbers."""
