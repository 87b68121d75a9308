"""Sockets to other programs, one file each; only bootstrap knows them."""
