"""The second step of signing in at the desk: a code, and before the first one setting it up."""
