/* kernels.h - from the backend a caller asks for to its table of kernels. */
#ifndef GHM_NN_KERNELS_H
#define GHM_NN_KERNELS_H

#include <gingham/gingham.h>

#include "models/nn/layers.h"

/* NULL when this CPU or this build cannot run the backend. AUTO always finds one. */
const nn_kernels *nn_kernels_get(ghm_backend backend);

#endif
