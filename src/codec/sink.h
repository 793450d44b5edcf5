/* codec/sink.h: where bytes go: a file, a member of a ZIP archive, memory. */
#ifndef LM_CODEC_SINK_H
#define LM_CODEC_SINK_H

#include "base/bytes.h"
#include "base/file.h"

typedef struct lm__sink {
    lm_status (*write)(void *user, const void *data, size_t bytes);
    void *user;
} lm__sink;

static inline lm_status lm__sink_write(const lm__sink *sink, const void *data, size_t bytes)
{
    return bytes ? sink->write(sink->user, data, bytes) : LM_OK;
}

/* What writes must outlive the sink. For ZIP members see lm__zip_sink. */
lm__sink lm__sink_file(lm__file_writer *writer);
lm__sink lm__sink_text(lm__text *text);

#endif
