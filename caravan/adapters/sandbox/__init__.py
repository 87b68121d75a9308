"""A payment provider to try things with: it speaks as Stripe does, moves no money, and can be made to misbehave."""
