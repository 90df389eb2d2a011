"""Everything that touches the disk. Only the gate, the sink and the engine import it."""
