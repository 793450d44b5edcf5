/* codec/sink.c: the two sinks that need nothing but base. */
#include "codec/sink.h"

#include "base/status.h"

static lm_status to_file(void *user, const void *data, size_t bytes)
{
    return lm__file_write(user, data, bytes);
}

static lm_status to_text(void *user, const void *data, size_t bytes)
{
    lm__text *text = user;
    lm__text_append(text, data, bytes);
    return text->bad ? lm__no_memory(text->size + bytes) : LM_OK;
}

lm__sink lm__sink_file(lm__file_writer *writer)
{
    return (lm__sink){to_file, writer};
}

lm__sink lm__sink_text(lm__text *text)
{
    return (lm__sink){to_text, text};
}
