/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --metrics-listen: answers GET /metrics. It has no thread: the control thread polls its
 * descriptor, and so nothing changes while an answer is made.
 */
#ifndef TESTPMD_METRICS_H
#define TESTPMD_METRICS_H

#include <stddef.h>

#include <sys/socket.h>

struct fwd;
struct metrics_server;

/*
 * "[ADDRESS:]PORT" with a numeric address, IPv6 in brackets; without one, loopback. 0 or -EINVAL.
 */
int metrics_parse_address(const char *text, struct sockaddr_storage *address);

/* Listens, and says where. NULL after a message. */
struct metrics_server *metrics_server_open(const char *address, const struct fwd *fwd);
void metrics_server_close(struct metrics_server *server); /* NULL is allowed */

/* Readable when somebody asks; -1 for a NULL server. */
int metrics_server_fd(const struct metrics_server *server);

/*
 * Serves who asks, without waiting for anyone; to be called also now and then, for its deadlines.
 */
void metrics_server_run(struct metrics_server *server);

#endif
