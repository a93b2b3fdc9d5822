"""The front door: clients send debts by HTTP, or by a page."""
