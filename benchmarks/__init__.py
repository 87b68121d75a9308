"""What is promised about speed: each module is one benchmark that `caravan bench NAME` runs, with its peers."""
