/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <rte_version.h>

#include <kickless/device.h>
#include <kickless/text.h>

#include "common/clock.h"
#include "common/message.h"
#include "common/number.h"
#include "forward/plan.h"
#include "metrics_http.h"

#define LONGEST_ADDRESS 64
#define LONGEST_NAME 256

static int parse_ipv4(const char *text, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)address;

	ipv4->sin_family = AF_INET;
	ipv4->sin_port = htons(port);
	return inet_pton(AF_INET, text, &ipv4->sin_addr) == 1 ? 0 : -EINVAL;
}

static int parse_ipv6(const char *text, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)address;

	ipv6->sin6_family = AF_INET6;
	ipv6->sin6_port = htons(port);
	return inet_pton(AF_INET6, text, &ipv6->sin6_addr) == 1 ? 0 : -EINVAL;
}

int metrics_parse_address(const char *text, struct sockaddr_storage *address)
{
	const char *colon = strrchr(text, ':');
	const char *digits = colon != NULL ? colon + 1 : text;
	const size_t length = colon != NULL ? colon - text : 0;
	char host[LONGEST_ADDRESS];
	uint64_t port;

	memset(address, 0, sizeof(*address));
	if (number_parse(digits, '\0', &port, NULL) != 0 || port > UINT16_MAX ||
		length >= sizeof(host))
		return -EINVAL;
	if (length == 0)
		return parse_ipv4("127.0.0.1", port, address);
	if (text[0] != '[') {
		snprintf(host, sizeof(host), "%.*s", (int)length, text);
		return parse_ipv4(host, port, address);
	}
	if (text[length - 1] != ']')
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)length - 2, text + 1);
	return parse_ipv6(host, port, address);
}

/* Writes a label's value: the path of a socket may contain any byte. */
static void write_escaped(const char *name, FILE *file)
{
	char shown[KL_TEXT_BYTES(LONGEST_NAME)];

	kl_text_escape(name, strlen(name), "", shown, sizeof(shown));
	for (const char *text = shown; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', file);
		fputc(*text, file);
	}
}

static void write_head(const char *name, const char *type, const char *help, FILE *file)
{
	fprintf(file, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A metric with one value per open port. */
struct port_metric {
	const char *name;
	const char *help;
	double (*value)(const struct port *port);
};

static double is_started(const struct port *port)
{
	return port_is_started(port);
}

static double is_link_up(const struct port *port)
{
	return kl_net_info(port->net)->link_up;
}

static double is_faulty(const struct port *port)
{
	return port->fault_reported || port->reset_reported;
}

static double get_mtu(const struct port *port)
{
	return kl_net_info(port->net)->mtu;
}

static double get_queue_pairs(const struct port *port)
{
	return port_is_started(port) ? port->conf.queue_pairs : 0;
}

static const struct port_metric port_metrics[] = {
	{"kickless_port_started", "1 if the port is started.", is_started},
	{"kickless_port_link_up", "1 if the device reports link up.", is_link_up},
	{"kickless_port_faulty", "1 if a queue failed or the device needs a reset.", is_faulty},
	{"kickless_port_mtu_bytes", "MTU.", get_mtu},
	{"kickless_port_queue_pairs", "Started queue pairs.", get_queue_pairs},
};

static void write_port_metric(const struct ports *ports, const struct port_metric *metric,
	FILE *file)
{
	write_head(metric->name, "gauge", metric->help, file);
	for (uint16_t i = 0; i < ports->count; i++)
		if (port_is_open(&ports->at[i]))
			fprintf(file, "%s{port=\"%u\"} %.0f\n", metric->name, i,
				metric->value(&ports->at[i]));
}

static void write_devices(const struct ports *ports, FILE *file)
{
	write_head("kickless_port_info", "gauge", "Device and transport of a port; always 1.",
		file);
	for (uint16_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->at[i];

		if (!port_is_open(port))
			continue;
		fprintf(file, "kickless_port_info{port=\"%u\",device=\"", i);
		write_escaped(port_name(port), file);
		fprintf(file, "\",transport=\"%s\"} 1\n", kl_device_info(port->device)->transport);
	}
}

static void write_counter(const struct port *port, const struct counter_field *field,
	enum kl_net_direction direction, FILE *file)
{
	static const char *const words[] = {[KL_NET_RX] = "rx", [KL_NET_TX] = "tx"};

	for (uint16_t i = 0; i < port->conf.queue_pairs; i++) {
		struct kl_net_queue_stats stats;

		if (kl_net_queue_stats_get(port->net, direction, i, &stats) == 0)
			fprintf(file,
				"kickless_queue_%s_total{port=\"%u\",queue=\"%u\","
				"direction=\"%s\"} %" PRIu64 "\n",
				field->name, port->number, i, words[direction],
				counter_value(&stats, field));
	}
}

static void write_counters(const struct ports *ports, const struct counter_field *field, FILE *file)
{
	char name[64];

	snprintf(name, sizeof(name), "kickless_queue_%s_total", field->name);
	write_head(name, "counter", field->help, file);
	for (uint16_t i = 0; i < ports->count; i++) {
		if (!port_is_open(&ports->at[i]))
			continue;
		write_counter(&ports->at[i], field, KL_NET_RX, file);
		write_counter(&ports->at[i], field, KL_NET_TX, file);
	}
}

/* Writes all counters in Prometheus' text format 0.0.4. */
static void write_metrics(const struct fwd *fwd, FILE *file)
{
	write_head("kickless_build_info", "gauge", "Versions; always 1.", file);
	fprintf(file, "kickless_build_info{version=\"%s\",dpdk=\"%s\"} 1\n", KL_VERSION,
		rte_version());
	write_head("kickless_forwarding", "gauge", "1 if packets are being forwarded.", file);
	fprintf(file, "kickless_forwarding %d\n", fwd->running);
	write_devices(fwd->ports, file);
	for (size_t i = 0; i < RTE_DIM(port_metrics); i++)
		write_port_metric(fwd->ports, &port_metrics[i], file);
	for (const struct counter_field *field = counter_fields; field->name != NULL; field++)
		write_counters(fwd->ports, field, file);
}

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * Limits of the time and memory for clients. A connection has so long for a request, and again to
 * read the answer, whatever it sends meanwhile. Of more than CONNECTIONS_KEPT the oldest make room:
 * so many idle ones keep nobody away. CONNECTIONS_MAX is what may arrive between two runs.
 */
#define CONNECTIONS_KEPT 8u
#define CONNECTIONS_MAX 64u
#define CONNECTION_SECONDS 5u
#define CONNECTION_BYTES ((size_t)16 * 1024)

struct metrics_connection {
	int fd; /* -1: this entry is free */
	uint64_t since_ns; /* it was opened, or its last request was complete */
	bool is_ended; /* by end_connection; the library closes it at its next run */
};

struct metrics_server {
	const struct metrics_http *http;
	struct MHD_Daemon *daemon;
	const struct fwd *fwd;
	struct metrics_connection connections[CONNECTIONS_MAX];
};

/* The library sees the end of the stream, and closes its side. */
static void end_connection(struct metrics_connection *connection)
{
	connection->is_ended = true;
	shutdown(connection->fd, SHUT_RDWR);
}

static void end_late(struct metrics_server *server, uint64_t now)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct metrics_connection *connection = &server->connections[i];

		if (connection->fd >= 0 && !connection->is_ended &&
			now - connection->since_ns > CONNECTION_SECONDS * SECOND_NS)
			end_connection(connection);
	}
}

static struct metrics_connection *find_oldest(struct metrics_server *server, unsigned int *count)
{
	struct metrics_connection *oldest = NULL;

	*count = 0;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct metrics_connection *connection = &server->connections[i];

		if (connection->fd < 0 || connection->is_ended)
			continue;
		++*count;
		if (oldest == NULL || connection->since_ns < oldest->since_ns)
			oldest = connection;
	}
	return oldest;
}

static void make_room(struct metrics_server *server)
{
	unsigned int count;
	struct metrics_connection *oldest = find_oldest(server, &count);

	if (count > CONNECTIONS_KEPT)
		end_connection(oldest);
}

static struct metrics_connection *find_free(struct metrics_server *server)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (server->connections[i].fd < 0)
			return &server->connections[i];
	return NULL;
}

/* Keeps the list of connections; its entry is the context of each one. */
static void note_connection(void *context, struct MHD_Connection *connection, void **entry,
	enum MHD_ConnectionNotificationCode code)
{
	struct metrics_server *server = context;
	struct metrics_connection *noted;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		noted = *entry;
		if (noted != NULL)
			noted->fd = -1;
		return;
	}
	noted = find_free(server);
	*entry = noted;
	if (noted == NULL)
		return;
	*noted = (struct metrics_connection){
		.fd = server->http
			      ->get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
			      ->connect_fd,
		.since_ns = clock_ns(),
	};
	make_room(server);
}

/* Its request is complete. */
static void renew_connection(const struct metrics_http *http, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = http->get_connection_info(connection,
		MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct metrics_connection *noted = info != NULL ? info->socket_context : NULL;

	if (noted != NULL)
		noted->since_ns = clock_ns();
}

static enum MHD_Result send_reply(const struct metrics_http *http,
	struct MHD_Connection *connection, unsigned int status, char *text, size_t bytes)
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

static enum MHD_Result send_refusal(const struct metrics_http *http,
	struct MHD_Connection *connection, unsigned int status, const char *why)
{
	char *text = strdup(why);

	return text != NULL ? send_reply(http, connection, status, text, strlen(text)) : MHD_NO;
}

static enum MHD_Result answer_request(void *context, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *data,
	size_t *data_bytes, void **state)
{
	const struct metrics_server *server = context;
	char *text = NULL;
	size_t bytes = 0;
	FILE *file;

	(void)version;
	(void)data;
	(void)data_bytes;
	(void)state;
	renew_connection(server->http, connection);
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_refusal(server->http, connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			"only GET is answered\n");
	if (strcmp(url, "/metrics") != 0)
		return send_refusal(server->http, connection, MHD_HTTP_NOT_FOUND,
			"there is only /metrics\n");
	file = open_memstream(&text, &bytes);
	if (file == NULL)
		return MHD_NO;
	write_metrics(server->fwd, file);
	if (fclose(file) != 0) {
		free(text);
		return MHD_NO;
	}
	return send_reply(server->http, connection, MHD_HTTP_OK, text, bytes);
}

static struct MHD_Daemon *listen_on(const struct sockaddr_storage *address,
	struct metrics_server *server)
{
	const unsigned int flags = MHD_USE_EPOLL | MHD_NO_FLAG |
		(address->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);

	return server->http->start_daemon(flags, 0, NULL, NULL, answer_request, server,
		MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_NOTIFY_CONNECTION,
		note_connection, server, MHD_OPTION_END);
}

struct metrics_server *metrics_server_open(const char *text, const struct fwd *fwd)
{
	struct metrics_server *server = calloc(1, sizeof(*server));
	struct sockaddr_storage address;

	if (server == NULL)
		return NULL;
	server->fwd = fwd;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		server->connections[i].fd = -1;
	server->http = metrics_http_load();
	if (server->http == NULL) {
		free(server);
		return NULL;
	}
	/* The option's parser has checked the address. */
	metrics_parse_address(text, &address);
	server->daemon = listen_on(&address, server);
	if (server->daemon == NULL) {
		print_error("--metrics-listen=%s: can't listen there: %s", text, strerror(errno));
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
	if (server == NULL)
		return;
	end_late(server, clock_ns());
	server->http->run(server->daemon);
}
