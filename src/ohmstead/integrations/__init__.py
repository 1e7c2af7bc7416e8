"""The way out to integrations: one report in, one message for each integration out."""
