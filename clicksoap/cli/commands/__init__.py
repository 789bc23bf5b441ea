"""Commands of the program ``clicksoap``: one module per command, loaded when the command is used."""
