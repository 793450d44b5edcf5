"""The makers of parity cases, one file for each kind."""
