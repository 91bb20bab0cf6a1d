"""Models and services behind one small door each. A backend gets pictures and text, never paths or the library."""
