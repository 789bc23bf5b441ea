"""The gateway calls the customer's server: delivery reports, and messages from handsets."""
