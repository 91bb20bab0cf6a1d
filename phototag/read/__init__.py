"""What is already in the files: which there are, what they say about themselves, and the picture itself."""
