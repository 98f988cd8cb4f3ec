# Tests of models/world: each links only what its layer may know.
