/* cli/web.h: a small web server for this machine alone, on libmicrohttpd, which is opened at first use: it would add
 * milliseconds to the start of every command. */
#ifndef CLI_WEB_H
#define CLI_WEB_H

#include <stdbool.h>
#include <stddef.h>

/* What to answer. `body` is malloc'ed; the server frees it. */
typedef struct web_reply {
    int status;                         /* 200 unless changed */
    const char *type;                   /* "text/html; charset=utf-8", … */
    char *body;
    size_t bytes;
} web_reply;

/* Called on the server's own thread, one request at a time. `method`: "GET" or "POST". */
typedef void web_answer(void *user, const char *method, const char *path, web_reply *reply);

/* Listens on 127.0.0.1, port 0 being any that is free. Answers only requests that name this host, so that a page from
 * elsewhere cannot read it through a name that leads here; POST only with the header X-Lamina, which such a page
 * cannot send. NULL on failure, with the reason in `error`. */
typedef struct web_server web_server;
web_server *web_start(int port, web_answer *answer, void *user, char *error, size_t size);
int web_port(const web_server *server);
void web_stop(web_server *server);      /* answers what is under way; NULL does nothing */

#endif
