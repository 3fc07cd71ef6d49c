/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * F9 of the fault catalogue, as far as the library reads what people write: names of devices, their
 * settings, kick policies. The first byte chooses which.
 *
 * What must hold: what is refused leaves the result alone; what is taken is within its limits.
 */
#include <string.h>

#include <kickless/log.h>

#include "attach/name.h"
#include "core/device.h"
#include "input.h"

#define LONGEST 512

static void parse_policy(const char *text)
{
	struct kl_kick_policy policy = {KL_KICK_LAZY, 77};

	if (kl_kick_policy_parse(text, &policy) != 0)
		MUST(policy.mode == KL_KICK_LAZY && policy.wait_ns == 77);
	else if (policy.mode == KL_KICK_LAZY)
		MUST(policy.wait_ns >= 1 && policy.wait_ns <= 1000000000);
}

static void parse_name(const char *text)
{
	struct kl__name name;

	if (kl__name_parse(text, &name) != 0)
		return;
	MUST(memchr(name.address, 0, sizeof(name.address)) != NULL);
	MUST(memchr(name.type, 0, sizeof(name.type)) != NULL);
	MUST(memchr(name.key, 0, sizeof(name.key)) != NULL);
	MUST(memchr(name.value, 0, sizeof(name.value)) != NULL);
	if (name.options != NULL)
		MUST(name.options > text && name.options <= text + strlen(text));
}

static int probe(struct kl_device *device)
{
	(void)device;
	return 0;
}

static int option(struct kl_device *device, const char *key, const char *value)
{
	(void)device;
	MUST(strlen(key) < LONGEST && strlen(value) < LONGEST);
	return key[0] == 'm' ? 0 : -2;
}

static void parse_options(const char *text)
{
	static const uint32_t types[] = {63, 0};
	static const struct kl_driver driver = {.name = "fuzzed",
		.types = types,
		.probe = probe,
		.option = option};
	static const struct kl__transport_ops ops = {0};
	struct kl__transport transport = {.ops = &ops, .type = 63};
	struct kl_device device = {.driver = &driver, .transport = &transport};

	device.info.name = "fuzzed";
	if (kl__device_parse_options(&device, text) == 0 && device.options.kick_given &&
		device.options.kick.mode == KL_KICK_LAZY)
		MUST(device.options.kick.wait_ns != 0);
}

static void discard_message(enum kl_log_level level, const char *message, void *context)
{
	(void)level;
	(void)context;
	MUST(strlen(message) < 65536);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0 || size > LONGEST)
		return 0;
	/* Of its own size, so that a read behind its end is seen. */
	text = malloc(size);
	MUST(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	kl_log_set(KL_LOG_DEBUG, discard_message, NULL);
	switch (data[0] % 3) {
	case 0:
		parse_policy(text);
		break;
	case 1:
		parse_name(text);
		break;
	default:
		parse_options(text);
	}
	free(text);
	return 0;
}
