#include <zlib.h>

/// `inflateInit2` is a macro. Negative window bits: raw deflate, as in a zip.
static inline int brigade_inflate_begin(z_stream *stream) { return inflateInit2(stream, -MAX_WBITS); }
