/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands behind a device's name: key=value[,key=value...]. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "core/device.h"
#include "spec/features.h"

/* Keys that are short words for one feature of the rings. */
static const struct kl_feature_name common_keys[] = {
	{VIRTIO_F_EVENT_IDX, "event_idx"},
	{VIRTIO_F_INDIRECT_DESC, "indirect"},
	{VIRTIO_F_RING_PACKED, "packed"},
	{VIRTIO_F_IN_ORDER, "in_order"},
	{0, NULL},
};

static int bad(const struct kl_device *device, const char *key, const char *value,
	const char *allowed)
{
	kl_error("%s: %s=%s is not possible; allowed: %s", device->info.name, key, value, allowed);
	return -EINVAL;
}

static int parse_number(const struct kl_device *device, const char *key, const char *value,
	unsigned long limit, const char *allowed, uint16_t *number)
{
	unsigned long parsed;
	char *end;

	errno = 0;
	parsed = strtoul(value, &end, 10);
	if (errno != 0 || value[0] < '0' || value[0] > '9' || *end != '\0' || parsed < 1 ||
		parsed > limit)
		return bad(device, key, value, allowed);
	*number = (uint16_t)parsed;
	return 0;
}

static int parse_queue_size(struct kl_device *device, const char *key, const char *value)
{
	/* Which of them the ring's format allows is known only when it is negotiated. */
	return parse_number(device, key, value, 32768, "1 to 32768, of split rings powers of two",
		&device->options.queue_size);
}

static int choose_feature(struct kl_device *device, const char *key, const char *value,
	unsigned int bit, bool insist)
{
	if (kl_features_has(insist ? &device->options.declined : &device->options.insisted, bit))
		return bad(device, key, value, "a feature either wanted or not, not both");
	kl_features_set(insist ? &device->options.insisted : &device->options.declined, bit);
	return 0;
}

static int parse_switch(struct kl_device *device, const char *key, const char *value,
	unsigned int bit)
{
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return bad(device, key, value, "0 or 1");
	return choose_feature(device, key, value, bit, value[0] == '1');
}

/* features=+NAME/-NAME/... */
static int parse_features(struct kl_device *device, const char *value)
{
	char *copy = strdup(value), *save = NULL;
	int rc = 0;

	if (copy == NULL)
		return kl_no_memory(device->info.name, strlen(value) + 1);
	for (char *word = strtok_r(copy, "/", &save); word != NULL && rc == 0;
		word = strtok_r(NULL, "/", &save)) {
		int bit = kl__feature_by_name(device->driver, word + 1);

		if ((word[0] != '+' && word[0] != '-') || bit < 0)
			rc = bad(device, "features", word,
				"+NAME or -NAME, NAME as in the specification, "
				"such as EVENT_IDX");
		else
			rc = choose_feature(device, "features", word, (unsigned int)bit,
				word[0] == '+');
	}
	free(copy);
	return rc;
}

static int parse_kick(struct kl_device *device, const char *value)
{
	if (kl_kick_policy_parse(value, &device->options.kick) != 0)
		return bad(device, "kick", value,
			"eager, auto or lazy:NS with NS from 1 to 1000000000");
	device->options.kick_given = true;
	return 0;
}

/* The name of a device may say what it should be; a vhost-user socket's has to. */
static int check_type(const struct kl_device *device, const char *key, const char *value)
{
	return strcmp(value, device->driver->name) == 0 ?
		0 :
		bad(device, key, value, device->driver->name);
}

/* Which interface is used was decided on opening; here it shows whether it could be had. */
static int check_legacy(const struct kl_device *device, const char *key, const char *value)
{
	bool is_legacy = (device->transport->quirks & KL__QUIRK_LEGACY) != 0;

	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return bad(device, key, value, "0 or 1");
	if ((value[0] == '1') == is_legacy)
		return 0;
	return bad(device, key, value,
		is_legacy ? "1, since the device has no other interface" :
			    "0, since the device has no legacy interface");
}

/* It was obeyed when the device was opened; here it only must make sense. */
static int check_server(const struct kl_device *device, const char *key, const char *value)
{
	bool can_serve = device->transport->ops->reconnect != NULL;

	if (strcmp(value, "0") == 0 || (can_serve && strcmp(value, "1") == 0))
		return 0;
	return bad(device, key, value, can_serve ? "0 or 1" : "0: there is no socket here");
}

static int parse_one(struct kl_device *device, const char *key, const char *value)
{
	int rc = -ENOENT, bit;

	if (strcmp(key, "queues") == 0)
		return parse_number(device, key, value, 32768, "1 to 32768",
			&device->options.queues);
	if (strcmp(key, "queue_size") == 0)
		return parse_queue_size(device, key, value);
	if (strcmp(key, "type") == 0)
		return check_type(device, key, value);
	if (strcmp(key, "legacy") == 0)
		return check_legacy(device, key, value);
	if (strcmp(key, "server") == 0)
		return check_server(device, key, value);
	if (strcmp(key, "features") == 0)
		return parse_features(device, value);
	if (strcmp(key, "kick") == 0)
		return parse_kick(device, value);
	bit = kl__feature_find(common_keys, key);
	if (bit < 0)
		bit = kl__feature_find(device->driver->feature_keys, key);
	if (bit >= 0)
		return parse_switch(device, key, value, (unsigned int)bit);
	if (device->driver->option != NULL)
		rc = device->driver->option(device, key, value);
	if (rc == -ENOENT) {
		kl_error(
			"%s: unknown key %s; known are type, legacy, queues, queue_size, event_idx, indirect, "
			"packed, in_order, features, kick and those of the %s driver",
			device->info.name, key, device->driver->name);
		rc = -EINVAL;
	}
	return rc;
}

int kl__device_parse_options(struct kl_device *device, const char *options)
{
	char *copy, *save = NULL;
	int rc = 0;

	if (options == NULL)
		return 0;
	copy = strdup(options);
	if (copy == NULL)
		return kl_no_memory(device->info.name, strlen(options) + 1);
	for (char *key = strtok_r(copy, ",", &save); key != NULL && rc == 0;
		key = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(key, '=');

		if (equals == NULL) {
			kl_error("%s: %s has no value; write %s=VALUE", device->info.name, key,
				key);
			rc = -EINVAL;
			continue;
		}
		*equals = '\0';
		rc = parse_one(device, key, equals + 1);
	}
	free(copy);
	return rc;
}
