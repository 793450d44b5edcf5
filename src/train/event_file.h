/* train/event_file.h: TensorBoard's event files: records of protobuf messages, each with its checksums. */
#ifndef LM_TRAIN_EVENT_FILE_H
#define LM_TRAIN_EVENT_FILE_H

#include "base/append.h"

/* A new file in a folder, named as TensorBoard looks for them, and its first record. */
lm_status lm__event_open(lm__append *file, const char *folder);
/* One number under a name at a step. */
lm_status lm__event_scalar(lm__append *file, const char *tag, double value, int64_t step);

/* CRC-32C (Castagnoli), as the records have it; for tests too. */
uint32_t lm__crc32c(const void *data, size_t bytes);

#endif
