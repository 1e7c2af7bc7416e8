"""What arrives, taken in: read, checked, stored once, and told to whoever watches."""
