"""The knowledge side: from a source to published chunks, and found again."""
