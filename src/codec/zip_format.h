/* codec/zip_format.h: the records of a ZIP archive (APPNOTE 6.3, sections 4.3 and 4.5). */
#ifndef LM_CODEC_ZIP_FORMAT_H
#define LM_CODEC_ZIP_FORMAT_H

enum {
    ZIP_LOCAL = 0x04034b50,             /* before each member's data          */
    ZIP_CENTRAL = 0x02014b50,           /* one per member, in the directory   */
    ZIP_END64 = 0x06064b50,             /* ZIP64's end of the directory ...   */
    ZIP_LOCATOR64 = 0x07064b50,         /* ... and where that stands          */
    ZIP_END = 0x06054b50,               /* end of the directory and the file  */

    ZIP_LOCAL_BYTES = 30,
    ZIP_CENTRAL_BYTES = 46,
    ZIP_END64_BYTES = 56,
    ZIP_LOCATOR64_BYTES = 20,
    ZIP_END_BYTES = 22,

    ZIP_EXTRA64 = 1,                    /* the extra field that holds 64-bit sizes          */
    ZIP_STORED = 0,
    ZIP_DEFLATED = 8,
    ZIP_FLAG_ENCRYPTED = 1 << 0,
    ZIP_FLAG_SIZES_LATER = 1 << 3,      /* the local record holds no sizes: a descriptor follows the data */
    ZIP_FLAG_PATCH = 1 << 5,
    ZIP_FLAG_STRONG = 1 << 6,
    ZIP_FLAG_UTF8 = 1 << 11,
    ZIP_FLAG_HIDDEN = 1 << 13,
};

#endif
