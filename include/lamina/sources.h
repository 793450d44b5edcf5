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

/* --- combinators ------------------------------------------------------------------------------------------------ */

/* The given elements, in that order; takes over `ds`, copies the numbers. */
lm_dataset *lm_data_pick(lm_dataset *ds, int64_t count, const int64_t *elements);

/* x becomes float32 x * scale + offset; takes over `ds`. Pixels of 0…255 get 0…1 by a scale of 1.0 / 255. */
lm_dataset *lm_data_rescale(lm_dataset *ds, double scale, double offset);

#ifdef __cplusplus
}
#endif
#endif
