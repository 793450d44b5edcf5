/* cli/web.c: a small web server for this machine alone. */
#include "web.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 16, SECONDS_IDLE = 30, MOST_CONNECTIONS = 32 };

/* The functions of libmicrohttpd that are used here. */
#define FUNCTIONS(X)                                                                                             \
    X(MHD_start_daemon) X(MHD_stop_daemon) X(MHD_create_response_from_buffer) X(MHD_add_response_header)         \
    X(MHD_queue_response) X(MHD_destroy_response) X(MHD_lookup_connection_value)
typedef struct library {
#define X(name) __typeof__(name) *name;
    FUNCTIONS(X)
#undef X
} library;

struct web_server {
    library mhd;
    struct MHD_Daemon *daemon;
    web_answer *answer;
    void *user;
    int port;
};

static bool open_library(library *to, char *error, size_t size)
{
    void *handle = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL);
    bool whole = handle != NULL;
#define X(name)                                                                                                  \
    if (whole) {                                                                                                 \
        *(void **)&to->name = dlsym(handle, #name);                                                              \
        whole = to->name != NULL;                                                                                \
    }
    FUNCTIONS(X)
#undef X
    if (!whole)
        snprintf(error, size, "the page needs libmicrohttpd.so.12 (Debian: apt-get install libmicrohttpd12)");
    return whole;
}

/* --- requests --------------------------------------------------------------------------------------------------- */

/* Does the Host header name this server? */
static bool own_name(const web_server *server, struct MHD_Connection *connection)
{
    static const char *const names[] = {"localhost", "127.0.0.1"};
    const char *host = server->mhd.MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    char own[64];
    for (int i = 0; host && i < 2; i++) {
        snprintf(own, sizeof own, "%s:%d", names[i], server->port);
        if (!strcmp(host, own) || (server->port == 80 && !strcmp(host, names[i]))) return true;
    }
    return false;
}

static void refuse(web_reply *reply, int status, const char *text)
{
    free(reply->body);
    *reply = (web_reply){status, "text/plain; charset=utf-8", strdup(text), strlen(text)};
}

static void decide(web_server *server, struct MHD_Connection *connection, const char *method, const char *path,
                   web_reply *reply)
{
    bool post = !strcmp(method, "POST");
    if (!own_name(server, connection))
        refuse(reply, 403, "this page is for this machine: open it as http://localhost\n");
    else if (!post && strcmp(method, "GET"))
        refuse(reply, 405, "GET and POST are understood\n");
    else if (post && !server->mhd.MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Lamina"))
        refuse(reply, 403, "the header X-Lamina is missing\n");
    else
        server->answer(server->user, method, path, reply);
    if (reply->status == 200 && !reply->body) refuse(reply, 500, "out of memory\n");
}

static enum MHD_Result send_reply(web_server *server, struct MHD_Connection *connection, web_reply *reply)
{
    const library *mhd = &server->mhd;
    static const char *const headers[][2] = {
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Content-Security-Policy", "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'"},
    };
    struct MHD_Response *response =
        mhd->MHD_create_response_from_buffer(reply->bytes, reply->body, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(reply->body);
        return MHD_NO;
    }
    mhd->MHD_add_response_header(response, "Content-Type", reply->type);
    for (int i = 0; i < 3; i++) mhd->MHD_add_response_header(response, headers[i][0], headers[i][1]);
    enum MHD_Result result = mhd->MHD_queue_response(connection, (unsigned)reply->status, response);
    mhd->MHD_destroy_response(response);
    return result;
}

/* The library calls this when a request's headers are there, for each piece of its body (which is thrown away), and
 * at its end. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *data, size_t *bytes, void **seen)
{
    static int once;
    web_server *server = user;
    (void)version, (void)data;
    if (!*seen || *bytes) {
        *seen = &once;
        *bytes = 0;
        return MHD_YES;
    }
    web_reply reply = {.status = 200, .type = "application/json"};
    decide(server, connection, method, path, &reply);
    return send_reply(server, connection, &reply);
}

/* --- the server ------------------------------------------------------------------------------------------------- */

/* A socket that listens on 127.0.0.1, or -1. */
static int listen_on(int *port, char *error, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    socklen_t length = sizeof address;
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, length) && !listen(fd, BACKLOG) &&
        !getsockname(fd, (struct sockaddr *)&address, &length)) {
        *port = ntohs(address.sin_port);
        return fd;
    }
    if (errno == EADDRINUSE)
        snprintf(error, size, "port %d is in use; take another one, or 0 for any that is free", *port);
    else
        snprintf(error, size, "port %d: %s", *port, strerror(errno));
    if (fd >= 0) close(fd);
    return -1;
}

web_server *web_start(int port, web_answer *answer, void *user, char *error, size_t size)
{
    web_server *server = calloc(1, sizeof *server);
    if (!server) snprintf(error, size, "out of memory");
    if (!server || !open_library(&server->mhd, error, size)) {
        free(server);
        return NULL;
    }
    server->answer = answer, server->user = user;
    int fd = listen_on(&port, error, size);
    server->port = port;
    if (fd >= 0) {
        server->daemon = server->mhd.MHD_start_daemon(
            MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SECONDS_IDLE, MHD_OPTION_CONNECTION_LIMIT,
            (unsigned)MOST_CONNECTIONS, MHD_OPTION_END);
        if (server->daemon) return server;
        snprintf(error, size, "libmicrohttpd could not be started on port %d", port);
        close(fd);
    }
    free(server);
    return NULL;
}

int web_port(const web_server *server) { return server->port; }

void web_stop(web_server *server)
{
    if (!server) return;
    server->mhd.MHD_stop_daemon(server->daemon);
    free(server);
}
