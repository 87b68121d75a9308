"""The doors for browsers and programs: API, storefront, console."""
