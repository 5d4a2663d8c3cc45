"""The parts of forgetting: what words left behind, ``…`` in their place, and wiping what was freed."""
