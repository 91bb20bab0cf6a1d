"""The only room that touches a user's files, and the journal that it writes first."""
