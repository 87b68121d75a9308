"""Stories over several domains: selling, shopping, checkout, fulfillment, settlement, returns, history."""
