"""The ground that everything stands on: money, ids, clock, errors, event. It imports nothing of ours."""
