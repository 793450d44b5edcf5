/* lamina/sources.h: datasets as a person has them: a folder of pictures, a table, NumPy's arrays, a built-in set.
 *
 * All of it is deterministic: the order of files is that of their names, byte by byte ("10" before "2"), whatever the
 * file system says. Datasets are new references, poisoned on failure. */
#ifndef LAMINA_SOURCES_H
#define LAMINA_SOURCES_H

#include <lamina/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- a folder with one sub-folder a class --------------------------------------------------------------------- */

/* x: u8 (height, width, channels), decoded when it is read and resized; y: int32, the place of the sub-folder's name
 * in the order of names; classes are those names. Pictures (PNG, JPEG, told by content) may lie deeper. Hidden files
 * and what is no picture are passed over: lm_data_passed_over counts the latter. 0 for a size, for channels: those of
 * the first picture. A picture that cannot be read ends the iteration with an error that names it. */
typedef struct lm_data_from_folder_args {
    size_t size;
    int64_t height, width;
    int channels;
} lm_data_from_folder_args;
lm_data_from_folder_args lm_data_from_folder_defaults(void);
lm_dataset *lm_data_from_folder_with(const char *path, const lm_data_from_folder_args *args);
#define lm_data_from_folder(path, ...)                                                                           \
    LM__WITH(lm_data_from_folder_args, LM__LIST(.channels = 0), lm_data_from_folder_with((path), &lm__a),        \
             __VA_ARGS__)
int64_t lm_data_passed_over(const lm_dataset *ds);      /* 0 for other datasets */

/* --- a table ---------------------------------------------------------------------------------------------------- */

/* A CSV file, plain or gzip. x: float32 (columns,), all but the target and those in `skip`; y: float32, or int32
 * where the target is text: its place in the order of those texts, which are the classes. Separated by comma,
 * semicolon or tab. The first line is a header if no cell of it is a number (or one is the target's name); without
 * one, columns are called "1", "2", and so on. Empty cells and text among the numbers are LM_INVALID, with line and
 * column. */
enum { LM_DATA_MAX_SKIP = 64 };
typedef struct lm_data_from_csv_args {
    size_t size;
    const char *target;
    const char *skip[LM_DATA_MAX_SKIP];
    char separator;                                     /* 0: told by the first line        */
    int header;                                         /* 1 there is one, 0 none, -1: told */
    bool no_target;                                     /* x alone: rows to be predicted    */
} lm_data_from_csv_args;
#define LM_DATA_FROM_CSV_DEFAULTS .header = -1
lm_data_from_csv_args lm_data_from_csv_defaults(void);
lm_dataset *lm_data_from_csv_with(const char *path, const lm_data_from_csv_args *args);
#define lm_data_from_csv(path, ...)                                                                              \
    LM__WITH(lm_data_from_csv_args, LM__LIST(LM_DATA_FROM_CSV_DEFAULTS), lm_data_from_csv_with((path), &lm__a),  \
             __VA_ARGS__)

/* --- arrays ----------------------------------------------------------------------------------------------------- */

/* Arrays x and y of an .npz archive; part "test": x_test and y_test. "train", NULL: x and y, or x_train and y_train.
 * Without y the elements are x alone. LM_NOT_FOUND names the arrays that are there. */
lm_dataset *lm_data_from_npz(const char *path, const char *part);

/* --- whatever it is --------------------------------------------------------------------------------------------- */

/* Opens a built-in name, an .npz, a .csv or .tsv (or with .gz) or a folder, in two parts. A folder with sub-folders
 * train/ and test/ has them already, and so has an .npz with x_test; of the others a fifth is put aside for testing,
 * drawn at random, always the same, or the last fifth where `ordered`. What was done is written to `said` (NULL:
 * nowhere). The message of a failure says what would fit. Both are poisoned then; either may be NULL. */
typedef struct lm_data_open_args {
    size_t size;
    const char *target;                                 /* of a table                      */
    const char *skip[LM_DATA_MAX_SKIP];
    int64_t height, width;                              /* of a folder's pictures          */
    int channels;
    bool ordered;
    char *said;
    size_t said_size;
} lm_data_open_args;
lm_data_open_args lm_data_open_defaults(void);
lm_status lm_data_open(const char *what, const lm_data_open_args *args, lm_dataset **train, lm_dataset **test);

/* --- the built-in sets ------------------------------------------------------------------------------------------ */

typedef struct lm_data_set {
    const char *name;                                   /* for lm_data_load                        */
    const char *title, *source, *licence;               /* one line each                           */
    int files;
    const char *file[4];                                /* as they are called unpacked             */
    int64_t bytes[4];                                   /* unpacked                                */
    const char *sha256[4];                              /* of the unpacked bytes                   */
} lm_data_set;
/* The i-th set, counted from 0; NULL after the last. Static. */
const lm_data_set *lm_data_set_at(int i);
/* The folder where the set was found. A new string, given back with lm_string_free; NULL where it is not there. */
char *lm_data_set_folder(const char *name);

/* Told now and then how far a download is: bytes of this file and of the whole (0: not known yet), and the seconds
 * that are left (negative: not known). False ends it with LM_STOPPED. */
typedef bool lm_download_fn(void *user, const char *file, int64_t done, int64_t total, double seconds_left);

/* Brings the set's files to the user's cache (~/.cache/lamina), where lm_data_load finds them. What is there already
 * stays; an interrupted download goes on where it was. A file gets its name only once its SHA-256 was found right;
 * otherwise it is LM_CORRUPT and removed. With LAMINA_MIRROR in the environment, such as "https://example.org/data"
 * or "file:///mnt/data", the files are taken from $LAMINA_MIRROR/FOLDER/FILE.gz. Needs libcurl, opened here. LM_BUSY
 * where another process is at it. `progress` may be NULL. */
lm_status lm_data_download(const char *name, lm_download_fn *progress, void *user);

/* --- combinators ------------------------------------------------------------------------------------------------ */

/* The given elements, in that order; takes over `ds`, copies the numbers. */
lm_dataset *lm_data_pick(lm_dataset *ds, int64_t count, const int64_t *elements);

/* x becomes float32 x * scale + offset; takes over `ds`. Pixels of 0…255 get 0…1 by a scale of 1.0 / 255. */
lm_dataset *lm_data_rescale(lm_dataset *ds, double scale, double offset);

#ifdef __cplusplus
}
#endif
#endif
