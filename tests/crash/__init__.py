"""The crash harness: `detak serve` under load, killed and damaged again and again, and counted."""
