"""Steps that ask a maker about a picture and bring back evidence."""
