/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_http.h"

#include <stddef.h>
#include <string.h>

#include <dlfcn.h>
#include <rte_common.h>

#include "common/message.h"

/* The name holds the version of the binary interface that the header describes. */
#define LIBRARY "libmicrohttpd.so.12"

#define FUNCTION(name) \
	{ \
		"MHD_" #name, offsetof(struct metrics_http, name) \
	}

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
	FUNCTION(add_response_header),
	FUNCTION(create_response_from_buffer),
	FUNCTION(destroy_response),
	FUNCTION(get_connection_info),
	FUNCTION(get_daemon_info),
	FUNCTION(queue_response),
	FUNCTION(run),
	FUNCTION(start_daemon),
	FUNCTION(stop_daemon),
};

static struct metrics_http http;

const struct metrics_http *metrics_http_load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL) {
		print_error("--metrics-listen needs " LIBRARY ": %s; install libmicrohttpd",
			dlerror());
		return NULL;
	}
	for (size_t i = 0; i < RTE_DIM(functions); i++) {
		void *function = dlsym(library, functions[i].name);

		if (function == NULL) {
			print_error("--metrics-listen: " LIBRARY
				    " has no %s; install another version of it",
				functions[i].name);
			dlclose(library);
			return NULL;
		}
		memcpy((char *)&http + functions[i].offset, &function, sizeof(function));
	}
	return &http;
}
