# Tests of models/app: each links only what its layer may know.
