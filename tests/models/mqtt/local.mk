# Tests of models/mqtt: each links only what its layer may know.
