/* SPDX-License-Identifier: BSD-3-Clause */
#include "dpdk_devices.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "common/leftover.h"
#include "common/message.h"

#define LONGEST_TEXT 1024
#define OTHER_BUS "this program opens virtio devices only, which --dev names; --help has the forms"

struct sentence {
	char *text;
	size_t size;
	size_t length;
};

static void add_text(struct sentence *sentence, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_text(struct sentence *sentence, const char *format, ...)
{
	va_list args;

	if (sentence->length >= sentence->size)
		return;
	va_start(args, format);
	sentence->length += vsnprintf(sentence->text + sentence->length,
		sentence->size - sentence->length, format, args);
	va_end(args);
}

/* The value of a key behind a device's name: its length in *length, NULL when there is none. */
static const char *find_value(const char *device, const char *key, int *length)
{
	for (const char *at = strchr(device, ','); at != NULL; at = strchr(at, ',')) {
		at++;
		if (strncmp(at, key, strlen(key)) != 0 || at[strlen(key)] != '=')
			continue;
		at += strlen(key) + 1;
		*length = (int)strcspn(at, ",");
		return at;
	}
	*length = 0;
	return NULL;
}

/* Keys of DPDK's virtio drivers, with ours; NULL for one that has no effect here. */
static const struct {
	const char *theirs;
	const char *ours;
} keys[] = {
	{"server", "server"},
	{"mac", "mac"},
	{"queues", "queues"},
	{"queue_size", "queue_size"},
	{"mrg_rxbuf", "mrg_rxbuf"},
	{"in_order", "in_order"},
	{"packed_vq", "packed"},
	{"cq", NULL},
	{"iface", NULL},
	{"speed", NULL},
	{"vectorized", NULL},
};

static void add_keys(struct sentence *sentence, const char *device)
{
	int length;

	for (size_t i = 0; i < RTE_DIM(keys); i++) {
		const char *value = find_value(device, keys[i].theirs, &length);

		if (value != NULL && keys[i].ours != NULL)
			add_text(sentence, ",%s=%.*s", keys[i].ours, length, value);
	}
}

static void add_dropped_keys(struct sentence *sentence, const char *device)
{
	const char *separator = " (without effect here:";
	int length;

	for (size_t i = 0; i < RTE_DIM(keys); i++) {
		const char *value = find_value(device, keys[i].theirs, &length);

		if (value == NULL || keys[i].ours != NULL)
			continue;
		add_text(sentence, "%s %s=%.*s", separator, keys[i].theirs, length, value);
		separator = ",";
	}
	if (separator[0] == ',')
		add_text(sentence, ")");
}

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static void explain_tap(struct sentence *sentence, const char *device)
{
	int length;
	const char *interface = find_value(device, "iface", &length);

	add_text(sentence, "use --dev tap:%.*s behind the --dev of the port that it joins",
		interface != NULL ? length : 4, interface != NULL ? interface : "NAME");
}

static void explain_virtio_user(struct sentence *sentence, const char *device)
{
	int length;
	const char *path = find_value(device, "path", &length);

	if (path != NULL && begins_with(path, "/dev/vhost-net")) {
		explain_tap(sentence, device);
		return;
	}
	if (path != NULL && begins_with(path, "/dev/vhost-vdpa")) {
		add_text(sentence,
			"%.*s is not opened here; bind the function behind it by kickless-devbind -b vfio-pci "
			"ADDRESS, and use --dev ADDRESS",
			length, path);
		return;
	}
	add_text(sentence, "use --dev vhost-user:%.*s", path != NULL ? length : 4,
		path != NULL ? path : "PATH");
	add_keys(sentence, device);
	add_dropped_keys(sentence, device);
}

/* The other end of the same socket: when it listens there, this program connects. */
static void explain_vhost(struct sentence *sentence, const char *device)
{
	int length, client_length, queues_length;
	const char *path = find_value(device, "iface", &length);
	const char *client = find_value(device, "client", &client_length);
	const char *queues = find_value(device, "queues", &queues_length);

	add_text(sentence,
		"this program is the driver, and the back end another one; to connect with it use --dev "
		"vhost-user:%.*s",
		path != NULL ? length : 4, path != NULL ? path : "PATH");
	if (client != NULL && *client == '1')
		add_text(sentence, ",server=1");
	if (queues != NULL)
		add_text(sentence, ",queues=%.*s", queues_length, queues);
}

static void explain_other(struct sentence *sentence, const char *device)
{
	(void)device;
	add_text(sentence, OTHER_BUS);
}

/* Names of drivers, also as DPDK had them before 17.05; longer ones first. */
static const struct {
	const char *name;
	void (*explain)(struct sentence *sentence, const char *device);
} drivers[] = {
	{"net_virtio_user", explain_virtio_user},
	{"eth_virtio_user", explain_virtio_user},
	{"virtio_user", explain_virtio_user},
	{"virtio-user", explain_virtio_user},
	{"net_vhost", explain_vhost},
	{"eth_vhost", explain_vhost},
	{"net_tap", explain_tap},
	{"net_", explain_other},
	{"eth_", explain_other},
	{"crypto_", explain_other},
};

bool dpdk_vdev_explain(const char *device, char *text, size_t size)
{
	struct sentence sentence = {.text = text, .size = size};

	for (size_t i = 0; i < RTE_DIM(drivers); i++) {
		if (!begins_with(device, drivers[i].name))
			continue;
		drivers[i].explain(&sentence, device);
		return true;
	}
	return false;
}

static void explain_vdev(struct sentence *sentence, const char *device)
{
	if (!dpdk_vdev_explain(device, sentence->text, sentence->size))
		explain_other(sentence, device);
}

/* A PCI address, or a virtual device. */
static void explain_allowed(struct sentence *sentence, const char *device)
{
	const char *name = begins_with(device, "pci:") ? device + 4 : device;

	if (!isxdigit((unsigned char)name[0]) || strchr(name, ':') == NULL) {
		explain_vdev(sentence, device);
		return;
	}
	add_text(sentence, "use --dev %.*s", (int)strcspn(name, ","), name);
	add_keys(sentence, name);
	add_dropped_keys(sentence, name);
}

static void explain_blocked(struct sentence *sentence, const char *device)
{
	(void)device;
	add_text(sentence, "leave it out: no device is opened but those that --dev names");
}

#define OPTION(word) \
	{ \
		.name = (word), .has_value = true \
	}

static const struct {
	struct leftover_option option;
	void (*explain)(struct sentence *sentence, const char *device);
} options[] = {
	{OPTION("-a"), explain_allowed},
	{OPTION("--allow"), explain_allowed},
	{OPTION("-w"), explain_allowed},
	{OPTION("--pci-whitelist"), explain_allowed},
	{OPTION("-b"), explain_blocked},
	{OPTION("--block"), explain_blocked},
	{OPTION("--pci-blacklist"), explain_blocked},
	{OPTION("--vdev"), explain_vdev},
};

static bool refuse_word(const char *word, const char *next)
{
	char text[LONGEST_TEXT] = "";
	struct sentence sentence = {.text = text, .size = sizeof(text)};

	for (size_t i = 0; i < RTE_DIM(options); i++) {
		const char *value = leftover_match(&options[i].option, word, next);

		if (value == NULL)
			continue;
		options[i].explain(&sentence, value);
		print_error(
			"%s %s: EAL's options choose no device here, those behind \"--\" do: %s",
			options[i].option.name, value, text);
		return true;
	}
	return false;
}

int dpdk_devices_refuse(int argc, char *const *argv)
{
	int rc = 0;

	for (int i = 0; i < argc; i++)
		if (refuse_word(argv[i], i + 1 < argc ? argv[i + 1] : NULL))
			rc = -EINVAL;
	return rc;
}
