"""Rules that turn evidence into decisions: pure, so that a whole library is decided again in seconds."""
