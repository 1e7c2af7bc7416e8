"""The dashboard: the JSON API of the pages, sessions, the live stream, and the pages themselves."""
