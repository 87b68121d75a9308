"""Buying and selling: catalog, ledger, orders, payments, delivery."""
