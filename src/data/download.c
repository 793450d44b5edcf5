/* data/download.c: the files of built-in sets, brought to the user's cache through libcurl. */
#define CURL_DISABLE_TYPECHECK
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/library.h"
#include "base/sha256.h"
#include "base/status.h"
#include "codec/inflate.h"
#include "data/builtin/builtin.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CURL_FUNCTIONS(X) X(curl_easy_init) X(curl_easy_setopt) X(curl_easy_perform) X(curl_easy_cleanup)  \
    X(curl_easy_strerror)

static struct { CURL_FUNCTIONS(LM__LIBRARY_MEMBER) } curl;
static lm__library library = {
    .name = "curl", .use = "downloading", .package = "libcurl4", .functions = &curl,
    .files = (const char *const[]){"libcurl.so.4", "libcurl-gnutls.so.4", NULL},
    .symbols = (const char *const[]){CURL_FUNCTIONS(LM__LIBRARY_NAME) NULL}, LM__LIBRARY_CLOSED};

/* MOST_SILENCE: how long less than a byte a second may come. LONGER: what packing may add, and a thousandth. */
enum { MOST_SILENCE = 30, MOST_REDIRECTS = 5, LONGER = 4096 };

/* One file on its way. */
typedef struct fetch {
    const lm__builtin *set;
    int index;
    lm_download_fn *progress;
    void *user;
    char *path, *part;          /* FILE.gz, FILE.gz.part        */
    int out;                    /* part, open and locked        */
    int64_t begun, come;        /* bytes that were there before, that came since */
    double started;
    int stopped, write_error, too_many;
    char why[CURL_ERROR_SIZE];
} fetch;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static lm_status failed(const char *what, const char *path)
{
    return lm__fail(LM_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

/* The most bytes that the file may have: its unpacked size is known. */
static int64_t most_bytes(const fetch *f)
{
    int64_t bytes = f->set->about.bytes[f->index];
    return bytes + bytes / 1000 + LONGER;
}

/* --- curl's calls ----------------------------------------------------------------------------------------------- */

static size_t on_bytes(char *data, size_t one, size_t count, void *user)
{
    fetch *f = user;
    f->come += (int64_t)(one * count);
    f->too_many = f->begun + f->come > most_bytes(f);
    if (f->too_many) return 0;
    for (size_t at = 0; at < one * count;) {
        ssize_t wrote = write(f->out, data + at, one * count - at);
        if (wrote <= 0) {
            if (wrote < 0 && errno == EINTR) continue;
            f->write_error = wrote < 0 ? errno : ENOSPC;
            return 0;
        }
        at += (size_t)wrote;
    }
    return one * count;
}

static int on_progress(void *user, curl_off_t total, curl_off_t done, curl_off_t up_total, curl_off_t up)
{
    fetch *f = user;
    (void)up_total, (void)up;
    if (!f->progress) return 0;
    double spent = now() - f->started, left = -1;
    if (total > 0 && done > 0 && spent > 0.2) left = spent / (double)done * (double)(total - done);
    int64_t whole = total > 0 ? f->begun + total : 0;
    f->stopped = !f->progress(f->user, f->set->about.file[f->index], f->begun + done, whole, left);
    return f->stopped;
}

/* --- one address ------------------------------------------------------------------------------------------------ */

static void set_options(fetch *f, CURL *c, const char *url)
{
    (curl.curl_easy_setopt)(c, CURLOPT_URL, url);
    (curl.curl_easy_setopt)(c, CURLOPT_WRITEFUNCTION, on_bytes);
    (curl.curl_easy_setopt)(c, CURLOPT_WRITEDATA, f);
    (curl.curl_easy_setopt)(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    (curl.curl_easy_setopt)(c, CURLOPT_XFERINFODATA, f);
    (curl.curl_easy_setopt)(c, CURLOPT_NOPROGRESS, 0L);
    (curl.curl_easy_setopt)(c, CURLOPT_NOSIGNAL, 1L);
    (curl.curl_easy_setopt)(c, CURLOPT_ERRORBUFFER, f->why);
    (curl.curl_easy_setopt)(c, CURLOPT_FOLLOWLOCATION, 1L);
    (curl.curl_easy_setopt)(c, CURLOPT_MAXREDIRS, (long)MOST_REDIRECTS);
    (curl.curl_easy_setopt)(c, CURLOPT_FAILONERROR, 1L);
    (curl.curl_easy_setopt)(c, CURLOPT_CONNECTTIMEOUT, (long)MOST_SILENCE);
    (curl.curl_easy_setopt)(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (curl.curl_easy_setopt)(c, CURLOPT_LOW_SPEED_TIME, (long)MOST_SILENCE);
    (curl.curl_easy_setopt)(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)most_bytes(f));
    (curl.curl_easy_setopt)(c, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)f->begun);
}

/* Adds to what is there already; where the server has no such rest, once more from the beginning. */
static lm_status transfer(fetch *f, const char *url)
{
    CURL *c = (curl.curl_easy_init)();
    if (!c) return lm__no_memory(0);
    f->begun = lseek(f->out, 0, SEEK_END);
    f->come = 0, f->too_many = 0;
    f->started = now();
    f->why[0] = 0;
    set_options(f, c, url);
    CURLcode code = (curl.curl_easy_perform)(c);
    (curl.curl_easy_cleanup)(c);
    if (code == CURLE_OK) return LM_OK;
    if (f->stopped)
        return lm__fail(LM_STOPPED, "the download of %s was stopped; next time it goes on from there", url);
    if (f->write_error) {
        errno = f->write_error;
        return failed("write", f->part);
    }
    bool too_many = f->too_many || code == CURLE_FILESIZE_EXCEEDED;
    bool no_rest = too_many || code == CURLE_RANGE_ERROR || code == CURLE_BAD_DOWNLOAD_RESUME ||
                   code == CURLE_HTTP_RETURNED_ERROR;
    if (no_rest && ftruncate(f->out, 0)) return failed("write", f->part);
    if (no_rest && f->begun > 0) return transfer(f, url);
    if (too_many)
        return lm__fail(LM_CORRUPT, "what came from %s is another file: it has more bytes than %s can have", url,
                        f->set->about.file[f->index]);
    return lm__fail(LM_IO, "cannot download %s: %s", url, *f->why ? f->why : (curl.curl_easy_strerror)(code));
}

/* The unpacked bytes against what the set's descriptor says. */
static lm_status verify(const fetch *f)
{
    uint8_t *data;
    size_t size;
    char hex[65];
    const lm_data_set *about = &f->set->about;
    LM_TRY(lm__gunzip_file(f->part, (size_t)most_bytes(f), &data, &size));
    lm__sha256 sum;
    lm__sha256_begin(&sum);
    lm__sha256_feed(&sum, data, size);
    lm__sha256_end(&sum, hex);
    lm__free(data);
    if (!strcmp(hex, about->sha256[f->index])) return LM_OK;
    return lm__fail(LM_CORRUPT, "what was downloaded as %s is another file: its SHA-256 is %.16s…, expected %.16s…",
                    about->file[f->index], hex, about->sha256[f->index]);
}

static lm_status fetch_from(fetch *f, const char *base, const char *folder)
{
    lm__text url = {0};
    size_t length = strlen(base);
    lm__text_printf(&url, "%s%s%s%s%s.gz", base, length && base[length - 1] == '/' ? "" : "/", folder,
                    *folder ? "/" : "", f->set->about.file[f->index]);
    lm_status status = url.bad ? lm__no_memory(url.size) : LM_OK;
    for (int again = 1; again && !status;) {
        status = transfer(f, url.data);
        if (status) break;
        status = verify(f);
        again = status == LM_CORRUPT && f->begun > 0;   /* a rest was added to another beginning */
        if (status && ftruncate(f->out, 0)) status = failed("write", f->part);
        if (again && status == LM_CORRUPT) status = LM_OK;
        else again = 0;
    }
    lm__free(url.data);
    if (status) return status;
    if (fsync(f->out) || rename(f->part, f->path)) return failed("finish", f->path);
    return LM_OK;
}

/* From the mirror, or from each address until one has it. */
static lm_status fetch_any(fetch *f)
{
    const char *mirror = getenv("LAMINA_MIRROR");
    lm_status status = LM_OK;
    if (mirror && *mirror) return fetch_from(f, mirror, f->set->folder);
    for (size_t i = 0; i < sizeof f->set->urls / sizeof *f->set->urls && f->set->urls[i]; i++) {
        status = fetch_from(f, f->set->urls[i], "");
        if (!status || f->stopped || f->write_error) return status;
    }
    return status;
}

/* --- one file --------------------------------------------------------------------------------------------------- */

static lm_status fetch_locked(fetch *f)
{
    f->out = open(f->part, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (f->out < 0) return failed("write", f->part);
    if (flock(f->out, LOCK_EX | LOCK_NB)) {
        close(f->out);                          /* the part is the other's, though it may be empty yet */
        return lm__fail(LM_BUSY, "another process is downloading %s", f->path);
    }
    lm_status status = lm__file_exists(f->path) ? LM_OK : fetch_any(f);
    struct stat s;
    if (!fstat(f->out, &s) && !s.st_size) unlink(f->part);
    close(f->out);
    return status;
}

static lm_status fetch_file(fetch *f, const char *folder)
{
    lm__text path = {0}, part = {0};
    lm__text_printf(&path, "%s/%s.gz", folder, f->set->about.file[f->index]);
    lm__text_printf(&part, "%s/%s.gz.part", folder, f->set->about.file[f->index]);
    lm_status status = path.bad || part.bad ? lm__no_memory(path.size) : LM_OK;
    f->path = path.data, f->part = part.data;
    if (!status && !lm__file_exists(f->path)) status = fetch_locked(f);
    lm__free(path.data);
    lm__free(part.data);
    return status;
}

lm_status lm_data_download(const char *name, lm_download_fn *progress, void *user)
{
    fetch f = {.set = lm__builtin_find(name), .progress = progress, .user = user};
    if (!name) return lm__fail(LM_INVALID, "lm_data_download needs the name of a dataset");
    if (!f.set) {
        const char *near = lm__builtin_nearest(name);
        return lm__fail(LM_NOT_FOUND, "there is no built-in dataset \"%.80s\"%s%s%s", name,
                        near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
    }
    LM_TRY(lm__library_open(&library));
    char *folder = lm__builtin_cache(f.set);
    if (!folder) return lm_last_status();
    lm_status status = lm__make_folders(folder);
    /* The first file comes last: a set is looked for by it, and then it is whole. */
    for (f.index = f.set->about.files - 1; !status && f.index >= 0; f.index--) status = fetch_file(&f, folder);
    lm__free(folder);
    return status;
}
