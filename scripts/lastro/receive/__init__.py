"""The gate: every file from outside is kept, judged as a whole, and then published or refused."""
