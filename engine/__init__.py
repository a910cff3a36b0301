"""Sound in, sound out: no Qt, no network, no database, no rights."""

import os

# OpenBLAS keeps a pool of threads that spin for tenths of a second after each product: a meter that multiplies 50
# times a second would burn a whole core. The pool is made when NumPy is first imported, so this comes before it;
# what is worth more than one thread (models, plans) brings its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
