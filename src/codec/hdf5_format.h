/* codec/hdf5_format.h: numbers of the HDF5 file format (The HDF Group: HDF5 File Format Specification, version 1.1
 * for superblock 0, version 3.0 for the rest). All sizes are in bytes, all fields little-endian. */
#ifndef LM_CODEC_HDF5_FORMAT_H
#define LM_CODEC_HDF5_FORMAT_H

#include <stdint.h>

#define H5_SIGNATURE "\x89HDF\r\n\x1a\n"
#define H5_NOWHERE UINT64_MAX               /* the "undefined address" */

enum {
    H5_SUPERBLOCK = 96,                     /* version 0, with the root group's entry at its end  */
    H5_ROOT_ENTRY = 56,
    H5_LONGEST_HEAD = 128,                  /* no structure is longer before what it counts       */
    H5_LEAF_K = 4,                          /* a symbol node holds at most twice as many entries  */
    H5_INTERNAL_K = 16,                     /* a B-tree node at most twice as many children       */

    H5_ENTRY = 40,                          /* of a symbol table                                  */
    H5_CACHED_GROUP = 1,
    H5_CACHED_LINK = 2,
    H5_SYMBOLS_HEAD = 8,                    /* "SNOD", version, count                             */
    H5_TREE_HEAD = 24,                      /* "TREE", type, level, count, left and right sibling */
    H5_HEAP_HEAD = 32,                      /* "HEAP", version, size, free list, address          */
    H5_COLLECTION_HEAD = 16,                /* "GCOL", version, size                              */
    H5_COLLECTION_OBJECT = 16,              /* index, references, size                            */
    H5_COLLECTION_LEAST = 4096,
    H5_HEADER_HEAD = 16,                    /* of an object header, version 1                     */
    H5_MESSAGE_HEAD = 8,
    H5_MESSAGE_MOST = 65528,

    H5_MESSAGE_SPACE = 0x01,
    H5_MESSAGE_LINK_INFO = 0x02,
    H5_MESSAGE_TYPE = 0x03,
    H5_MESSAGE_FILL = 0x05,
    H5_MESSAGE_LINK = 0x06,
    H5_MESSAGE_EXTERNAL = 0x07,
    H5_MESSAGE_LAYOUT = 0x08,
    H5_MESSAGE_FILTERS = 0x0B,
    H5_MESSAGE_ATTRIBUTE = 0x0C,
    H5_MESSAGE_CONTINUATION = 0x10,
    H5_MESSAGE_SYMBOLS = 0x11,
    H5_FLAG_CONSTANT = 1,
    H5_FLAG_SHARED = 2,

    H5_CLASS_INTEGER = 0,
    H5_CLASS_FLOAT = 1,
    H5_CLASS_STRING = 3,
    H5_CLASS_OPAQUE = 5,
    H5_CLASS_ENUM = 8,
    H5_CLASS_VARIABLE = 9,
    H5_STRING_REFERENCE = 16,               /* a variable-length string in place: length, address, index */

    H5_LAYOUT_COMPACT = 0,
    H5_LAYOUT_CONTIGUOUS = 1,
    H5_LAYOUT_CHUNKED = 2,
};

/* How IEEE floats are described: sign and exponent places, exponent and mantissa bits, exponent bias. */
typedef struct h5_float {
    uint8_t bytes, sign_at, exponent_at, exponent_bits, mantissa_bits;
    uint16_t bias;
} h5_float;
static const h5_float H5_FLOATS[] = {{2, 15, 10, 5, 10, 15}, {4, 31, 23, 8, 23, 127}, {8, 63, 52, 11, 52, 1023}};

#endif
