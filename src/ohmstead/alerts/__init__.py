"""What people are told outside of the pages: letters, and the ways they go."""
