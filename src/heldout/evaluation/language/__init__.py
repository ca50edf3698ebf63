"""Answers and captions: the text processing that the field's reference scripts do, exactly."""
