# Tests of sim/random: each links only what its layer may know.
