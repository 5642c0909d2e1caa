"""What the README's figures come from: the program as its own process, beside the same work done directly."""
