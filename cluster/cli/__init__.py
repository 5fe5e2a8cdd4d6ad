"""The operators' commands: one file per group, and what they share (exits, output, finding the desk, documents)."""
