# Tests of sim/engine: each links only what its layer may know.
