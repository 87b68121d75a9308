"""The language: everything that can happen, one file a domain, in the past tense, without logic."""
