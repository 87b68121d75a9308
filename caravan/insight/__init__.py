"""What is known: who somebody is, what a number means, what fits whom."""
