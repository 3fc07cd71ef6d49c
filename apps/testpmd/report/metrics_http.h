/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libmicrohttpd, loaded when the first server is opened. It depends on a dozen libraries for TLS;
 * loading them takes longer than all else at a start, and only --metrics-listen needs them.
 */
#ifndef TESTPMD_METRICS_HTTP_H
#define TESTPMD_METRICS_HTTP_H

#include <microhttpd.h>

/* The functions in use, each with its own type and its name without MHD_. */
struct metrics_http {
	__typeof__(MHD_add_response_header) *add_response_header;
	__typeof__(MHD_create_response_from_buffer) *create_response_from_buffer;
	__typeof__(MHD_destroy_response) *destroy_response;
	__typeof__(MHD_get_connection_info) *get_connection_info;
	__typeof__(MHD_get_daemon_info) *get_daemon_info;
	__typeof__(MHD_queue_response) *queue_response;
	__typeof__(MHD_run) *run;
	__typeof__(MHD_start_daemon) *start_daemon;
	__typeof__(MHD_stop_daemon) *stop_daemon;
};

/* Loads the library. Main lcore only. Returns NULL after a message. The library stays loaded. */
const struct metrics_http *metrics_http_load(void);

#endif
