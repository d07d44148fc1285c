"""What is defined here, found by folder."""
