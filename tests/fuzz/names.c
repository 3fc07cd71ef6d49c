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
#include "core/options.h"
#include "input.h"
#include "transport/pci.h"
#include "transport/vhost_user.h"

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
}

static bool is_valid(const char *value)
{
	MUST(strlen(value) < LONGEST);
	return value[0] == 'm';
}

static void apply(struct kl_device *device, const char *value)
{
	MUST(device == NULL && value[0] == 'm');
}

static void parse_options(const char *text)
{
	static const struct kl_driver_option own[] = {{"m", "m", is_valid, apply}, {0}};
	static const uint32_t types[] = {63, 0};
	static const struct kl_driver driver = {.name = "fuzzed", .types = types, .options = own};
	const struct kl__options_scope scope = {
		.name = "fuzzed",
		.driver = text[0] == '.' ? NULL : &driver,
		.transport = text[0] == ';' ? kl__vhost_user_options : kl__pci_options,
	};
	struct kl__options options;

	if (kl__options_parse(&scope, text, &options) != 0)
		return;
	if (options.common.kick_given && options.common.kick.mode == KL_KICK_LAZY)
		MUST(options.common.kick.wait_ns != 0);
	kl__options_apply(&options, NULL);
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
