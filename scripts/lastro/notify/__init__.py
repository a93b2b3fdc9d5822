"""Notifications: each batch that ends is told, at least once, through one port with four senders."""
