/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics_http.h"
#include "metrics_text.h"
#include "say.h"

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Whoever asks gets little of our time and memory. */
#define CONNECTIONS_MAX 8u
#define CONNECTION_SECONDS 5u
#define CONNECTION_BYTES ((size_t)16 * 1024)

struct metrics_server {
	const struct metrics_http *http;
	struct MHD_Daemon *daemon;
	struct testpmd *pmd;
};

static enum MHD_Result reply(const struct metrics_http *http, struct MHD_Connection *connection,
	unsigned int status, char *text, size_t bytes)
{
	struct MHD_Response *response = http->create_response_from_buffer(bytes, text,
		MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	http->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, TEXT_TYPE);
	result = http->queue_response(connection, status, response);
	http->destroy_response(response);
	return result;
}

static enum MHD_Result refuse(const struct metrics_http *http, struct MHD_Connection *connection,
	unsigned int status, const char *why)
{
	char *text = strdup(why);

	return text != NULL ? reply(http, connection, status, text, strlen(text)) : MHD_NO;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *data_bytes, void **state)
{
	const struct metrics_server *server = context;
	char *text = NULL;
	size_t bytes = 0;
	FILE *file;

	(void)version;
	(void)data;
	(void)data_bytes;
	(void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(server->http, connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			"only GET is answered\n");
	if (strcmp(url, "/metrics") != 0)
		return refuse(server->http, connection, MHD_HTTP_NOT_FOUND,
			"there is only /metrics\n");
	file = open_memstream(&text, &bytes);
	if (file == NULL)
		return MHD_NO;
	metrics_write_text(server->pmd, file);
	if (fclose(file) != 0) {
		free(text);
		return MHD_NO;
	}
	return reply(server->http, connection, MHD_HTTP_OK, text, bytes);
}

static struct MHD_Daemon *listen_on(const struct sockaddr_storage *address,
	struct metrics_server *server)
{
	const unsigned int flags = MHD_USE_EPOLL | MHD_NO_FLAG |
		(address->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);

	return server->http->start_daemon(flags, 0, NULL, NULL, answer, server,
		MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_END);
}

struct metrics_server *metrics_server_open(const char *text, struct testpmd *pmd)
{
	struct metrics_server *server = calloc(1, sizeof(*server));
	struct sockaddr_storage address;

	if (server == NULL)
		return NULL;
	server->pmd = pmd;
	server->http = metrics_http_load();
	if (server->http == NULL) {
		free(server);
		return NULL;
	}
	/* The option's parser has seen that it is one. */
	metrics_parse_address(text, &address);
	server->daemon = listen_on(&address, server);
	if (server->daemon == NULL) {
		say_error("--metrics-listen=%s: can't listen there: %s", text, strerror(errno));
		free(server);
		return NULL;
	}
	printf("Metrics: port %u, /metrics\n",
		server->http->get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	return server;
}

void metrics_server_close(struct metrics_server *server)
{
	if (server == NULL)
		return;
	server->http->stop_daemon(server->daemon);
	free(server);
}

int metrics_server_fd(const struct metrics_server *server)
{
	if (server == NULL)
		return -1;
	return server->http->get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

void metrics_server_run(struct metrics_server *server)
{
	if (server != NULL)
		server->http->run(server->daemon);
}
