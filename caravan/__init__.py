"""Caravan: what a small business needs to sell anywhere, in one process."""
