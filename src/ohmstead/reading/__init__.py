"""The words that every stage shares: what is measured, in which unit, when. No I/O."""
