/* SPDX-License-Identifier: BSD-3-Clause */
#include "dry_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <kickless/discover.h>

#include "common/number.h"
#include "options.h"
#include "parse_settings.h"
#include "port/port.h"

#define NET_TYPE 1 /* virtio 1.x, 5 */

static const char *driver_of(const struct kl_function *function)
{
	return function->driver[0] != '\0' ? function->driver : "no driver";
}

/* The n-th network function, in the order of their addresses, that is bound for us. */
static const struct kl_function *find_nth(const struct kl_function *functions, size_t count,
	uint64_t n)
{
	for (size_t i = 0; i < count; i++)
		if (functions[i].type == NET_TYPE && kl_function_is_bound(&functions[i]) &&
			n-- == 0)
			return &functions[i];
	return NULL;
}

static const struct kl_function *find_address(const struct kl_function *functions, size_t count,
	const char *address)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(functions[i].address, address) == 0)
			return &functions[i];
	return NULL;
}

static int print_function(const struct kl_function *function)
{
	struct kl_obstacle obstacles[KL_OBSTACLES_MAX];
	const size_t count = kl_function_obstacles(&kl_machine_current, function->address, 0,
		obstacles);

	printf("  %s: %s, bound to %s, NUMA node %d\n", function->address, function->name,
		driver_of(function), function->numa_node);
	if (function->type != NET_TYPE)
		printf("  in the way: it is not a network device but of virtio type %" PRIu32 "\n",
			function->type);
	for (size_t i = 0; i < count; i++)
		printf("  in the way: %s\n", obstacles[i].text);
	return count > 0 || function->type != NET_TYPE ? -ENODEV : 0;
}

static int print_device(const struct kl_function *functions, size_t count, uint16_t port,
	const char *spec)
{
	const struct kl_function *function;
	char address[KL_ADDRESS_SIZE];
	char name[256];
	uint64_t n;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(spec, ","), spec);
	printf("Port %u: %s\n", port, spec);
	if (kl_pci_address(name, address) == 0) {
		function = find_address(functions, count, address);
	} else if (strncmp(name, "net@", 4) == 0 && number_parse(name + 4, '\0', &n, NULL) == 0) {
		function = find_nth(functions, count, n);
	} else {
		printf("  found when it is opened\n");
		return 0;
	}
	if (function != NULL)
		return print_function(function);
	printf("  in the way: there is no such device\n");
	return -ENODEV;
}

static int print_devices(const struct options *options)
{
	struct kl_function *functions;
	uint16_t port = 0;
	size_t count;
	int result = kl_function_discover(&functions, &count);

	if (result != 0)
		return result;
	for (uint16_t i = 0; i < options->device_count; i++) {
		const char *spec = options->devices[i];
		int rc = 0;

		if (tap_is_named(spec))
			printf("  joined to the TAP interface %s\n", spec + strlen(TAP_PREFIX));
		else
			rc = print_device(functions, count, port++, spec);
		if (rc != 0)
			result = rc;
	}
	kl_function_discover_free(functions);
	return result;
}

static void print_or(const char *label, uint64_t value, const char *otherwise)
{
	if (value != 0)
		printf("%s: %" PRIu64 "\n", label, value);
	else
		printf("%s: %s\n", label, otherwise);
}

static void print_settings(const struct options *options)
{
	const struct fwd_settings *settings = &options->settings;
	char kick[32];

	print_or("Queue pairs per port", options->queues, "as its queues= says, or 1");
	print_or("RX ring size", options->rxd, "the device's");
	print_or("TX ring size", options->txd, "the device's");
	printf("Kick policy: %s\n", kick_policy_text(&options->kick, kick, sizeof(kick)));
	printf("Mbuf size: %" PRIu64 "\n", options->mbuf_size);
	print_or("Mbufs per pool", options->mbuf_count, "what the rings need");
	printf("Forwarding mode: %s\n", settings->engine->name);
	printf("Port topology: %s\n", topology_name(settings->topology));
	printf("Packets per burst: %u\n", settings->burst);
	printf("Forwarding lcores: %u\n", settings->cores);
}

int dry_run(const struct options *options)
{
	const int rc = print_devices(options);

	print_settings(options);
	return rc;
}
