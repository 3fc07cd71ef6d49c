/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server of --metrics-listen, which answers GET /metrics. It has no thread: the control thread
 * polls its descriptor, so nothing changes while it makes an answer.
 */
#ifndef TESTPMD_METRICS_H
#define TESTPMD_METRICS_H

#include <stddef.h>

#include <sys/socket.h>

struct fwd;
struct metrics_server;

/*
 * Parses "[ADDRESS:]PORT" with a numeric address, IPv6 in brackets; the default address is
 * loopback. Returns 0 or -EINVAL.
 */
int metrics_parse_address(const char *text, struct sockaddr_storage *address);

/* Listens, and prints the port. Returns NULL after a message. */
struct metrics_server *metrics_server_open(const char *address, const struct fwd *fwd);
void metrics_server_close(struct metrics_server *server); /* NULL is allowed */

/* A descriptor that is readable at a request; -1 for a NULL server. */
int metrics_server_fd(const struct metrics_server *server);

/* Serves pending requests without waiting. Call it from time to time as well, for its deadlines. */
void metrics_server_run(struct metrics_server *server);

#endif
