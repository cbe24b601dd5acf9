/* metadata.h - what streams carry beside samples, packed into chunks (BITSTREAM.md, "Metadata"). */
#ifndef GHM_CODEC_METADATA_H
#define GHM_CODEC_METADATA_H

#include "bitstream.h"

/* Refuse what ghm_stream_get_metadata() would not give back. */
ghm_status metadata_check(const ghm_metadata *metadata, ghm_diagnostics *diag);

/* A chunk for each kind that is there; NULL: none. source: of the memory to pack them in. GHM_ERR_MEMORY, GHM_ERR_LIMIT. */
ghm_status metadata_write_chunks(const ghm_metadata *metadata, bytes_writer *w, memory_source *source, ghm_diagnostics *diag);

/* What the chunks found so far hold; untouched on failure. GHM_ERR_BITSTREAM, GHM_ERR_MEMORY. */
ghm_status metadata_read(const stream_index *index, ghm_metadata *metadata, ghm_diagnostics *diag);

#endif
