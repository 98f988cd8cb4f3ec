# Tests of models/spec: each links only what its layer may know.
