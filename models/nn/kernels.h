/* kernels.h - from the backend a caller asks for to its table of kernels. */
#ifndef GHM_NN_KERNELS_H
#define GHM_NN_KERNELS_H

#include <gingham/gingham.h>

#include "models/nn/layers.h"

/* NULL when this CPU or this build cannot run the backend. AUTO always finds one. */
const nn_kernels *nn_kernels_get(ghm_backend backend);

/* Which backend a table is. (To find it with nn_kernels_get() would load OpenBLAS.) */
ghm_backend nn_kernels_backend(const nn_kernels *kernels);

/* Tables of the tolerant zone, where not every backend has a table. Models use AUTO, whatever their backend is, so that
 * a stream does not depend on it. */
const nn_float_kernels *nn_float_kernels_get(ghm_backend backend);

#endif
