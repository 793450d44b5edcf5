/* train/sink.c: where progress bars and summaries go. */
#define _GNU_SOURCE
#include "train/model.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;   /* a sink may set the next one */
static lm_sink_fn *sink;
static void *sink_user;
static bool sink_terminal;

void lm_set_sink(lm_sink_fn *write, void *user, bool terminal)
{
    pthread_mutex_lock(&lock);
    sink = write, sink_user = user, sink_terminal = terminal;
    pthread_mutex_unlock(&lock);
}

void lm__show(const char *text, size_t bytes)
{
    pthread_mutex_lock(&lock);
    if (sink) sink(sink_user, text, bytes);
    else {
        fwrite(text, 1, bytes, stdout);
        fflush(stdout);
    }
    pthread_mutex_unlock(&lock);
}

bool lm__show_live(void)
{
    pthread_mutex_lock(&lock);
    bool terminal = sink ? sink_terminal : isatty(STDOUT_FILENO);
    pthread_mutex_unlock(&lock);
    return terminal;
}

int lm__show_columns(void)
{
    struct winsize size = {0};
    pthread_mutex_lock(&lock);
    bool own = !sink;
    pthread_mutex_unlock(&lock);
    return own && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? size.ws_col : 0;
}
