/* train/event_file.c: see event_file.h. A record: u64 length, u32 masked checksum of it, the message, u32 masked
 * checksum of the message. The messages here are three fields deep, so they are put together by hand. */
#include "train/event_file.h"

#include "base/alloc.h"
#include "base/status.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint32_t lm__crc32c(const void *data, size_t bytes)
{
    const uint8_t *at = data;
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0x82F63B78u & -(crc & 1));
    }
    return ~crc;
}

static uint32_t masked(const void *data, size_t bytes)
{
    uint32_t crc = lm__crc32c(data, bytes);
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

enum { MESSAGE = 512 };

/* A message being written: little-endian, as protobuf has it. Tags are cut to fit. */
typedef struct message {
    uint8_t data[MESSAGE];
    size_t size;
} message;

static void put(message *m, const void *data, size_t bytes)
{
    memcpy(m->data + m->size, data, bytes);
    m->size += bytes;
}

static void put_varint(message *m, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) m->data[m->size++] = (uint8_t)(value | 0x80);
    m->data[m->size++] = (uint8_t)value;
}

static void put_little(message *m, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) m->data[m->size++] = (uint8_t)(value >> 8 * i);
}

static void put_double(message *m, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_little(m, bits, 8);
}

/* Bytes with their field's tag and length before them. */
static void put_field(message *m, uint8_t tag, const void *data, size_t bytes)
{
    m->data[m->size++] = tag;
    put_varint(m, bytes);
    put(m, data, bytes);
}

static double wall_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void begin_event(message *event)
{
    event->size = 0;
    event->data[event->size++] = 0x09;          /* wall_time, a double */
    put_double(event, wall_time());
}

static lm_status write_record(lm__append *file, const message *event)
{
    message record = {.size = 0};
    put_little(&record, event->size, 8);
    put_little(&record, masked(record.data, 8), 4);
    put(&record, event->data, event->size);
    put_little(&record, masked(event->data, event->size), 4);
    return lm__append_write(file, record.data, record.size);
}

lm_status lm__event_open(lm__append *file, const char *folder)
{
    static atomic_uint counter;
    static const char version[] = "brain.Event:2";
    char host[128] = "host";
    message event;
    gethostname(host, sizeof host - 1);
    size_t bytes = strlen(folder) + strlen(host) + 128;
    char *path = lm__alloc(bytes);
    if (!path) return lm__no_memory(bytes);
    snprintf(path, bytes, "%s/events.out.tfevents.%010lld.%s.%ld.%u", folder, (long long)time(NULL), host,
             (long)getpid(), atomic_fetch_add(&counter, 1));
    lm_status status = lm__append_open(file, path, 0);
    lm__free(path);
    begin_event(&event);
    put_field(&event, 0x1a, version, sizeof version - 1);
    return status ? status : write_record(file, &event);
}

lm_status lm__event_scalar(lm__append *file, const char *tag, double value, int64_t step)
{
    message event, one = {.size = 0}, summary = {.size = 0};
    float narrow = (float)value;
    uint32_t bits;
    size_t length = strlen(tag);
    memcpy(&bits, &narrow, sizeof bits);
    put_field(&one, 0x0a, tag, length < 200 ? length : 200);
    one.data[one.size++] = 0x15;                /* simple_value, a float */
    put_little(&one, bits, 4);
    put_field(&summary, 0x0a, one.data, one.size);
    begin_event(&event);
    event.data[event.size++] = 0x10;            /* step, a varint */
    put_varint(&event, (uint64_t)step);
    put_field(&event, 0x2a, summary.data, summary.size);
    return write_record(file, &event);
}
