"""Planning from a terminal and a browser: what planners read, and what they write."""
