"""The question side: from a message to an answer whose every sentence was checked."""
