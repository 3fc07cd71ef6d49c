/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "core/device.h"
#include "spec/features.h"

/* Below it every hiccup of the host loses a device; above it nobody waits. */
#define TIMEOUT_MS_MIN 100
#define TIMEOUT_MS_MAX 600000

/* Keys that are short words for one feature of the rings. */
static const struct kl_feature_name common_keys[] = {
	{VIRTIO_F_EVENT_IDX, "event_idx"},
	{VIRTIO_F_INDIRECT_DESC, "indirect"},
	{VIRTIO_F_RING_PACKED, "packed"},
	{VIRTIO_F_IN_ORDER, "in_order"},
	{0, NULL},
};

static int refuse_value(const struct kl__options_scope *scope, const char *key, const char *value,
	const char *allowed)
{
	kl_error("%s: %s=%s is not possible; allowed: %s", scope->name, key, value, allowed);
	return -EINVAL;
}

/* The drivers that may be meant: the one that is known, or all. */
static const struct kl_driver *next_driver(const struct kl__options_scope *scope,
	const struct kl_driver *driver)
{
	if (scope->driver == NULL)
		return kl_driver_next(driver);
	return driver == NULL ? scope->driver : NULL;
}

static int parse_number(const struct kl__options_scope *scope, const char *key, const char *value,
	const char *allowed, uint16_t *number)
{
	unsigned long parsed;
	char *end;

	errno = 0;
	parsed = strtoul(value, &end, 10);
	if (errno != 0 || value[0] < '0' || value[0] > '9' || *end != '\0' || parsed < 1 ||
		parsed > 32768)
		return refuse_value(scope, key, value, allowed);
	*number = (uint16_t)parsed;
	return 0;
}

static int parse_timeout(const struct kl__options_scope *scope, const char *value,
	struct kl_device_options *options)
{
	unsigned long parsed;
	char *end;

	errno = 0;
	parsed = strtoul(value, &end, 10);
	if (errno != 0 || value[0] < '0' || value[0] > '9' || *end != '\0' ||
		parsed < TIMEOUT_MS_MIN || parsed > TIMEOUT_MS_MAX)
		return refuse_value(scope, "timeout_ms", value, "100 to 600000 (milliseconds)");
	options->timeout_ms = (uint32_t)parsed;
	return 0;
}

static int choose_feature(const struct kl__options_scope *scope, const char *key, const char *value,
	unsigned int bit, bool insist, struct kl_device_options *options)
{
	if (kl_features_has(insist ? &options->declined : &options->insisted, bit))
		return refuse_value(scope, key, value, "a feature either wanted or not, not both");
	kl_features_set(insist ? &options->insisted : &options->declined, bit);
	return 0;
}

static int parse_switch(const struct kl__options_scope *scope, const char *key, const char *value,
	unsigned int bit, struct kl_device_options *options)
{
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return refuse_value(scope, key, value, "0 or 1");
	return choose_feature(scope, key, value, bit, value[0] == '1', options);
}

static int find_feature(const struct kl__options_scope *scope, const char *name)
{
	const struct kl_driver *driver = NULL;
	int bit = -1;

	while (bit < 0 && (driver = next_driver(scope, driver)) != NULL)
		bit = kl__feature_by_name(driver, name);
	return bit;
}

/* features=+NAME/-NAME/... */
static int parse_features(const struct kl__options_scope *scope, const char *value,
	struct kl_device_options *options)
{
	char *copy = strdup(value), *save = NULL;
	int rc = 0;

	if (copy == NULL)
		return kl_no_memory(scope->name, strlen(value) + 1);
	for (char *word = strtok_r(copy, "/", &save); word != NULL && rc == 0;
		word = strtok_r(NULL, "/", &save)) {
		int bit = find_feature(scope, word + 1);

		if ((word[0] != '+' && word[0] != '-') || bit < 0)
			rc = refuse_value(scope, "features", word,
				"+NAME or -NAME, NAME as in the specification, "
				"such as EVENT_IDX");
		else
			rc = choose_feature(scope, "features", word, (unsigned int)bit,
				word[0] == '+', options);
	}
	free(copy);
	return rc;
}

static int parse_isolate(const struct kl__options_scope *scope, const char *value,
	struct kl_device_options *options)
{
	static const char *const words[] = {"0", "1", "auto"};

	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], value) == 0) {
			options->isolate = (enum kl_isolate)i;
			return 0;
		}
	return refuse_value(scope, "isolate", value, "0, 1 or auto");
}

static int parse_kick(const struct kl__options_scope *scope, const char *value,
	struct kl_device_options *options)
{
	if (kl_kick_policy_parse(value, &options->kick) != 0)
		return refuse_value(scope, "kick", value,
			"eager, auto or lazy:NS with NS from 1 to 1000000000");
	options->kick_given = true;
	return 0;
}

/*
 * The name of a device may contain its type; that of a vhost-user socket does unless the program
 * has one.
 */
static int check_type(const struct kl__options_scope *scope, const char *value)
{
	const struct kl_driver *driver = NULL;
	char names[128];

	while ((driver = next_driver(scope, driver)) != NULL)
		if (strcmp(driver->name, value) == 0)
			return 0;
	return refuse_value(scope, "type", value,
		scope->driver != NULL ? scope->driver->name :
					kl__driver_names(names, sizeof(names)));
}

static int parse_transport(const struct kl__options_scope *scope, const char *key,
	const char *value, struct kl__options *options)
{
	for (const struct kl__transport_option *option = scope->transport; option->key != NULL;
		option++) {
		if (strcmp(option->key, key) != 0)
			continue;
		return option->parse(value, &options->transport) ?
			0 :
			refuse_value(scope, key, value, option->allowed);
	}
	return -ENOENT;
}

static int parse_feature_key(const struct kl__options_scope *scope, const char *key,
	const char *value, struct kl_device_options *options)
{
	const struct kl_driver *driver = NULL;
	int bit = kl__feature_find(common_keys, key);

	while (bit < 0 && (driver = next_driver(scope, driver)) != NULL)
		bit = kl__feature_find(driver->feature_keys, key);
	if (bit < 0)
		return -ENOENT;
	return parse_switch(scope, key, value, (unsigned int)bit, options);
}

static const struct kl_driver_option *find_option(const struct kl_driver *driver, const char *key)
{
	const struct kl_driver_option *option = driver->options;

	while (option != NULL && option->key != NULL && strcmp(option->key, key) != 0)
		option++;
	return option != NULL && option->key != NULL ? option : NULL;
}

/* The last of several values of one key counts. */
static bool keep_own(const struct kl_driver_option *option, const char *value,
	struct kl__options *options)
{
	unsigned int i = 0;

	while (i < options->own_count && options->own[i].option != option)
		i++;
	if (i == KL__DRIVER_OPTIONS_MAX || strlen(value) >= sizeof(options->own[i].value))
		return false;
	options->own[i].option = option;
	strcpy(options->own[i].value, value);
	options->own_count = i < options->own_count ? options->own_count : i + 1;
	return true;
}

static int parse_own(const struct kl__options_scope *scope, const char *key, const char *value,
	struct kl__options *options)
{
	const struct kl_driver *driver = NULL;
	const char *allowed = NULL;

	while ((driver = next_driver(scope, driver)) != NULL) {
		const struct kl_driver_option *option = find_option(driver, key);

		if (option == NULL)
			continue;
		if (option->is_valid(value) &&
			(scope->driver == NULL || keep_own(option, value, options)))
			return 0;
		allowed = option->allowed;
	}
	return allowed != NULL ? refuse_value(scope, key, value, allowed) : -ENOENT;
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size,
	const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + length, size - length, format, arguments);
	va_end(arguments);
}

static int refuse_key(const struct kl__options_scope *scope, const char *key)
{
	char known[512] = "type, queues, queue_size, event_idx, indirect, packed, in_order, "
			  "features, kick, isolate, timeout_ms";
	const struct kl_driver *driver = NULL;

	for (const struct kl__transport_option *option = scope->transport; option->key != NULL;
		option++)
		append(known, sizeof(known), ", %s", option->key);
	while ((driver = next_driver(scope, driver)) != NULL) {
		if (driver->feature_keys == NULL && driver->options == NULL)
			continue;
		append(known, sizeof(known), "; of the %s driver:", driver->name);
		for (const struct kl_feature_name *name = driver->feature_keys;
			name != NULL && name->name != NULL; name++)
			append(known, sizeof(known), " %s", name->name);
		for (const struct kl_driver_option *option = driver->options;
			option != NULL && option->key != NULL; option++)
			append(known, sizeof(known), " %s", option->key);
	}
	kl_error("%s: unknown key %s; known are %s", scope->name, key, known);
	return -EINVAL;
}

static int parse_one(const struct kl__options_scope *scope, const char *key, const char *value,
	struct kl__options *options)
{
	struct kl_device_options *common = &options->common;
	int rc;

	if (strcmp(key, "queues") == 0)
		return parse_number(scope, key, value, "1 to 32768", &common->queues);
	/* Which of them the ring's format allows is known only when it is negotiated. */
	if (strcmp(key, "queue_size") == 0)
		return parse_number(scope, key, value, "1 to 32768, of split rings powers of two",
			&common->queue_size);
	if (strcmp(key, "type") == 0)
		return check_type(scope, value);
	if (strcmp(key, "features") == 0)
		return parse_features(scope, value, common);
	if (strcmp(key, "kick") == 0)
		return parse_kick(scope, value, common);
	if (strcmp(key, "isolate") == 0)
		return parse_isolate(scope, value, common);
	if (strcmp(key, "timeout_ms") == 0)
		return parse_timeout(scope, value, common);
	rc = parse_transport(scope, key, value, options);
	if (rc == -ENOENT)
		rc = parse_feature_key(scope, key, value, common);
	if (rc == -ENOENT)
		rc = parse_own(scope, key, value, options);
	return rc == -ENOENT ? refuse_key(scope, key) : rc;
}

int kl__options_parse(const struct kl__options_scope *scope, const char *text,
	struct kl__options *options)
{
	char *copy, *save = NULL;
	int rc = 0;

	*options = (struct kl__options){0};
	if (text == NULL)
		return 0;
	copy = strdup(text);
	if (copy == NULL)
		return kl_no_memory(scope->name, strlen(text) + 1);
	for (char *key = strtok_r(copy, ",", &save); key != NULL && rc == 0;
		key = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(key, '=');

		if (equals == NULL) {
			kl_error("%s: %s has no value; write %s=VALUE", scope->name, key, key);
			rc = -EINVAL;
			continue;
		}
		*equals = '\0';
		rc = parse_one(scope, key, equals + 1, options);
	}
	free(copy);
	options->transport.timeout_ms = options->common.timeout_ms;
	return rc;
}

void kl__options_apply(const struct kl__options *options, struct kl_device *device)
{
	for (unsigned int i = 0; i < options->own_count; i++)
		options->own[i].option->apply(device, options->own[i].value);
}

void kl__options_find(const char *text, const char *key, char *value, size_t size)
{
	size_t length = strlen(key);

	value[0] = '\0';
	for (const char *at = text; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, key, length) != 0 || at[length] != '=')
			continue;
		at += length + 1;
		length = strcspn(at, ",");
		if (length < size)
			snprintf(value, size, "%.*s", (int)length, at);
		return;
	}
}

char *kl__driver_names(char *text, size_t size)
{
	const struct kl_driver *driver = NULL;

	text[0] = '\0';
	while ((driver = kl_driver_next(driver)) != NULL)
		append(text, size, "%s%s", text[0] != '\0' ? ", " : "", driver->name);
	return text;
}
